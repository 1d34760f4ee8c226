"""The web face: feeds, pages, health and metrics over HTTP."""
