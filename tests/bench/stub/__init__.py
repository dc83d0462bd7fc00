"""Loopback servers that answer from canned replies."""
