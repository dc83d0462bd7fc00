"""The EC2 pane."""
