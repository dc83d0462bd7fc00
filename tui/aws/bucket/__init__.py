"""What a bucket allows and does: settings, policies, lifecycle rules."""
