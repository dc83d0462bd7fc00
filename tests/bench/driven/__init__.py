"""The app, driven headless by the benches."""
