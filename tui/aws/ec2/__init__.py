"""Instances, images, key pairs."""
