"""The long-running service: scheduler, dispatch and the composition root."""
