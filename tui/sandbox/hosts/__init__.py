"""The daemon's side of the instances: their files, addresses, processes and leases."""
