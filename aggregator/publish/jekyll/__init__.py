"""Entries as Jekyll posts, in and out."""
