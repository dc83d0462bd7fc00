"""The launch wizard: one file a step."""
