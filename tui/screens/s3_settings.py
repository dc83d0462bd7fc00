"""The keys of the S3 pane that make buckets and show and change their settings."""

from __future__ import annotations

from tui.screens.s3_acting import S3Acting


class S3Settings(S3Acting):
    """The part of the S3 pane that makes buckets, and knows what they allow and do on their own."""
