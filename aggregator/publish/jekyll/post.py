"""What every style makes of an entry."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One Jekyll post, ready to be written."""

    file_name: str
    """Safe as the name of a file: no `/`, no control characters, at most 200 bytes of UTF-8."""
    body: bytes
    """UTF-8."""
