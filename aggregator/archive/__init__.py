"""Entries as files: posts, static sites; the shells around what `publish` makes."""
