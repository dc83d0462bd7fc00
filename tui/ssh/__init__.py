"""SSH: sessions, host keys, files, and the state of a terminal. The only importer of paramiko."""
