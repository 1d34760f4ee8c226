"""CSS selectors of the config → XPath: the only importer of cssselect; pure.

What is refused here is refused when the config is read, so that no page finds it out at its poll.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from cssselect import HTMLTranslator, SelectorError
from cssselect.parser import Attrib, Element
from cssselect.xpath import XPathExpr

_ATTRIBUTE = re.compile(r"(?P<css>.*)@(?P<name>[A-Za-z_][\w.:-]*)", re.DOTALL)
_EXPECTED = re.compile(
    r"(?P<expected>.*), got <(?P<kind>\w+)(?: (?P<token>.*))? at (?P<index>\d+)>", re.DOTALL
)
_INDEX = re.compile(r" at (\d+)$")
_VALUES = re.compile(r", got \[.*|: '\[.*", re.DOTALL)
"""What the library shows of its own objects."""
_HINTS = {
    "Pseudo-elements are not supported": (
        ": text is taken without ::text, and an attribute is written as in time@datetime"
    )
}
_NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LONGEST = 1_000
"""Characters: parsing takes a level of the stack for each bracket."""


class Target(NamedTuple):
    """What a selector names: elements, or an attribute of them."""

    css: str
    """Empty for the element that the selector is applied to."""
    attribute: str | None


def target(selector: str) -> Target:
    """Return the parts of `css@attribute`; the attribute's name in lower case, as HTML has it.

    No CSS selector ends in `@` and a name: in strings and brackets a quote or bracket comes after.
    """
    found = _ATTRIBUTE.fullmatch(selector.strip())
    if not found:
        return Target(selector.strip(), None)
    return Target(found["css"].strip(), found["name"].lower())


def to_xpath(css: str) -> str:
    """Return an XPath 1.0 expression for the elements, of one and all within it, that a selector names.

    Raises `ValueError`, which says what is wrong and at which column, for what is no CSS selector, and for
    what XPath cannot do: namespaces, pseudo-elements, and some pseudo-classes.
    """
    if len(css) > _LONGEST:
        raise ValueError(f"longer than {_LONGEST} characters")
    try:
        xpath = _Translator().css_to_xpath(css)
    except SelectorError as error:
        raise ValueError(_explained(str(error), css)) from error
    except RecursionError:
        raise ValueError("nested too deep") from None
    if _NO_XML.search(xpath):
        raise ValueError("it holds a character that no page can hold")
    return xpath


class _Translator(HTMLTranslator):
    """Translates selectors for trees of HTML, whose elements have no namespace."""

    def xpath_element(self, selector: Element) -> XPathExpr:
        """Translate the name of an element."""
        _refuse_namespace(selector.namespace)
        return super().xpath_element(selector)

    @staticmethod
    def _never_matches(xpath: XPathExpr) -> XPathExpr:  # noqa: ARG004 - what it is called with
        raise SelectorError(
            "Pages are read, not shown: :hover, :active, :focus, :visited and :target never match"
        )

    xpath_hover_pseudo = xpath_active_pseudo = xpath_focus_pseudo = _never_matches
    xpath_visited_pseudo = xpath_target_pseudo = _never_matches

    def xpath_attrib(self, selector: Attrib) -> XPathExpr:
        """Translate the condition on an attribute."""
        _refuse_namespace(selector.namespace)
        return super().xpath_attrib(selector)


def _refuse_namespace(namespace: str | None) -> None:
    if namespace not in {None, "*"}:
        raise SelectorError(f"HTML has no namespaces: leave out {namespace}|")


def _explained(complaint: str, css: str) -> str:
    found = _EXPECTED.fullmatch(complaint)
    if not found:
        said = _VALUES.sub("", _INDEX.sub(lambda at: f" at column {int(at[1]) + 1}", complaint)).rstrip(".")
        begins_word = said[1:2].islower()
        return f"{said[:1].lower() if begins_word else said[:1]}{said[1:]}{_HINTS.get(said, '')}"
    expected = found["expected"].replace("ident", "a name").replace("Expected sel", "Expected a sel")
    expected = expected[:1].lower() + expected[1:]
    if found["kind"] == "EOF":
        return f"at its end: {expected}"
    hint = "; for a child of the item write :scope >" if css.startswith(">") else ""
    return f"at column {int(found['index']) + 1}: {expected}, not {found['token']}{hint}"
