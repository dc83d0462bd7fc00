"""A subset of the rows of data files, pulled chunk by chunk."""
