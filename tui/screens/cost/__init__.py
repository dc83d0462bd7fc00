"""The cost pane."""
