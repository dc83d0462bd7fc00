"""The keys of the S3 pane that change what objects are called, cost and allow."""

from __future__ import annotations

from tui.screens.s3_acting import S3Acting


class S3Changing(S3Acting):
    """The part of the S3 pane that changes properties and storage classes and makes links."""
