"""The process that is one instance: an SSH server with shells, exec and SFTP.

Runs inside bwrap where there is one. Imports as little as it can: ten of them must fit.
"""
