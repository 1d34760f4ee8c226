"""HTML before and after it was made safe."""

from __future__ import annotations

from typing import NewType

RawHtml = NewType("RawHtml", str)
"""HTML as a source said it: never shown to anybody before `publish.html` made it safe."""

SafeHtml = NewType("SafeHtml", str)
"""HTML that `publish.html` has sanitized."""
