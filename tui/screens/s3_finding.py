"""The keys of the S3 pane that find: places, bookmarks, a search, a total."""

from __future__ import annotations

from tui.screens.s3_acting import S3Acting


class S3Finding(S3Acting):
    """The part of the S3 pane that goes to places and looks through them."""
