"""CSS selectors in the config; pure."""

from __future__ import annotations

from aggregator.config.problems import Refused, show
from aggregator.css import target, to_xpath


def of_elements(text: str) -> str:
    """Return a selector of elements, trimmed. Raises `Refused` for what is none, or names an attribute."""
    if target(text).attribute is not None:
        raise Refused(f"{show(text)} names an attribute: expected a CSS selector of elements")
    return _checked(text, text)


def of_part(text: str) -> str:
    """Return `css`, `css@attribute` or `@attribute`, trimmed. Raises `Refused` for what is none of these."""
    css, attribute = target(text)
    return text.strip() if attribute and not css else _checked(text, css)


def _checked(text: str, css: str) -> str:
    try:
        to_xpath(css)
    except ValueError as error:
        raise Refused(f"{show(text)} is no CSS selector that can be used: {error}") from None
    return text.strip()
