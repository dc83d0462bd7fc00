"""Uploads, downloads and copies: one engine behind every transfer."""

from tui.aws.transfers.service import Transfers

__all__ = ["Transfers"]
