"""One screen a pane, the wizard's steps, and what the screens share: services and the fleet."""
