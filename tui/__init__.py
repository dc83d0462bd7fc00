"""Skydeck: a terminal app for the daily loop of a data scientist or engineer on AWS."""

__version__ = "0.1.0"
