"""SSH: against real servers on loopback."""
