"""Dialogs about jobs: their items, their limits, and what a start finds unfinished."""
