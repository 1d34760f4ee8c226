"""One source's document → drafts of entries."""
