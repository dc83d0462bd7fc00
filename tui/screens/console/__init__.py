"""The SSH console."""
