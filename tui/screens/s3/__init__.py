"""The S3 pane."""
