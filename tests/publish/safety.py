"""What is safe to be shown in any reader, of the little HTML that this service writes itself."""

from __future__ import annotations

from lxml import html

ELEMENTS = {"div", "ul", "li", "p", "a"}


def assert_safe(content: str) -> None:
    for element in html.fragment_fromstring(content, create_parent="div").iter():
        assert element.tag in ELEMENTS
        assert set(element.keys()) in (set(), {"href", "rel"})
        assert (element.get("href") or "https:").startswith(("https:", "http:", "mailto:"))
