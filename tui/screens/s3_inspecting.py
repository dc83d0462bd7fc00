"""The keys of the S3 pane that look closely: all details of an object, a subset of its rows."""

from __future__ import annotations

from tui.screens.s3_acting import S3Acting


class S3Inspecting(S3Acting):
    """The part of the S3 pane that shows all details and pulls subsets."""
