"""The work flow."""
