"""What the config says about tags, applied to entries: pure."""
