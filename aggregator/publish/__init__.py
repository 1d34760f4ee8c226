"""Entries → bytes: pure and deterministic."""
