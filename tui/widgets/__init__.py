"""Widgets that several screens share. They know Textual and the records, not the screens."""
