"""The text of an XML document, made ready for a parser: what it is, what it must not hold; pure.

No parser of ours ever sees a DOCTYPE that a source wrote: nothing can be fetched, and entities are only those
that stand for a short text.
"""

from __future__ import annotations

import html
import io
import re
from collections import Counter
from collections.abc import Callable
from html.entities import html5
from itertools import islice

from aggregator.ingest.limits import MOST_ATTRIBUTES
from aggregator.ingest.text import clean

_MISC = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_DOCTYPE = re.compile(r"<!DOCTYPE\s[^\[<>]*(?:\[(.*?)\]\s*)?>", re.DOTALL | re.IGNORECASE)
_DOCTYPE_OF_FEED = re.compile(r"<!DOCTYPE\s+(?:rss|feed|rdf:RDF)\b", re.IGNORECASE)
_FEED_ROOT = re.compile(r"<(rss|feed|rdf:RDF)\b")
_ENTITY = re.compile(r"<!ENTITY\s+([A-Za-z_][\w.\-]*)\s+(?:\"([^\"&%<]*|&#\w+;)\"|'([^'&%<]*|&#\w+;)')\s*>")
_COMPLAINT = re.compile(r"<(?:br|b|p|div|pre|strong)\b", re.IGNORECASE)
_FEED = re.compile(r"<\?xml\s|<(?:rss|feed|rdf:RDF)\b")
_LONGEST_COMPLAINT = 16_384
_ROOT = re.compile(r"<([A-Za-z_][^\s<>/!?]*)")
_LONGEST_ENTITY = 256
_MOST_ENTITIES = 300

_REFERENCE = re.compile(r"&([A-Za-z_][\w.\-]*);")
_FREE_EXPANSION = 1024 * 1024
"""Characters that entities may grow to in any document; in a longer one, up to its own length."""

_LONG_TAG = re.compile(rf"(<[A-Za-z_:][^<>\s]*+)[^<>]{{{5 * MOST_ATTRIBUTES},}}")
"""Each attribute takes five characters at the least."""
_ATTRIBUTE = re.compile("=\\s*[\"']")

_PIECE = 64 * 1024
"""Characters that are changed at once: a substitution takes a hundred bytes for each place that it finds."""

_VERBATIM = re.compile(r"<!\[CDATA\[|<!--|<\?")
_CLOSINGS = {"<![CDATA[": "]]>", "<!--": "-->", "<?": "?>"}
_CDATA = "<![CDATA["
_ITEM_END = re.compile(
    r"</(?:\w+:)?(?:item|entry)\s*>\s*<(?:(?:\w+:)?(?:item|entry)\b|/(?:channel|rss|feed|rdf:RDF)\b)",
    re.IGNORECASE,
)
_ROOT_END = re.compile(r"</(?:\w+:)?(?:channel|rss|feed|RDF)\s*>\s*\Z", re.IGNORECASE)
_LONGEST_END = 256
_LAST_TAG = re.compile(r"<([\w:.\-]+)[^<>]*>\s*\Z")
_LONGEST_TAG = 512
_CHARACTER_REFERENCE = re.compile(r"&#(?:[xX]([0-9A-Fa-f]{1,40})|([0-9]{1,40}));")
_NAMED_REFERENCE = re.compile(r"&([A-Za-z][A-Za-z0-9]{0,31});")
_BARE_AMPERSAND = re.compile(r"&(?!(?:[A-Za-z_:][\w.:\-]*|#[0-9]+|#x[0-9A-Fa-f]+);)")
_XML_NAMES = frozenset({"amp", "lt", "gt", "quot", "apos"})
_LAST_CODE_POINT = 0x10FFFF
_NONCHARACTERS = re.compile("[\ufffe\uffff]")


class Prologue:
    """What comes before the root element of a document, and the rest of it."""

    __slots__ = ("entities", "is_html", "rest", "root")

    def __init__(self, text: str) -> None:
        """Read the text's prologue; a document without any element has no `root`."""
        at = _start(text)
        self.entities: dict[str, str] = {}
        self.is_html = False
        while True:
            if found := _MISC.match(text, at):
                at = found.end()
            elif found := _DOCTYPE.match(text, at):
                self.is_html = re.match(r"<!DOCTYPE\s+html\b", found[0], re.IGNORECASE) is not None
                self.entities = _affordable(_short_entities(found[1] or ""), text)
                at = found.end()
            else:
                break
        root = _ROOT.match(text, at)
        if not root and (odd := _DOCTYPE_OF_FEED.search(text, 0, at + _LONGEST_TAG)):
            root = _FEED_ROOT.search(text, odd.end())
            at = root.start() if root else at
        self.root = root[1].rpartition(":")[2].lower() if root else None
        self.is_html = self.is_html or self.root == "html"
        # lines are counted as in the document, so that a parser's complaint names the right one
        self.rest = "\n" * text.count("\n", 0, at) + text[at:]

    def document(self) -> str:
        """Return the document without declaration and DOCTYPE but for a safe one with its entities."""
        if not self.entities:
            return self.rest
        declared = " ".join(f'<!ENTITY {name} "{_as_literal(text)}">' for name, text in self.entities.items())
        return f"<!DOCTYPE feed [{declared}]>{self.rest}"


def _start(text: str) -> int:
    """Return where the document begins: what a server's program complained of before is not part of it."""
    at = max(text.find("<"), 0)
    if _COMPLAINT.match(text, at) and (found := _FEED.search(text, at, at + _LONGEST_COMPLAINT)):
        return found.start()
    return at


def cleaned(text: str) -> str:
    """Return the text without what no XML may hold: controls, surrogates, references to what is no character.

    Such references become U+FFFD; the inside of CDATA sections and comments holds none.
    """
    text = _NONCHARACTERS.sub("\ufffd", clean(text))
    if "&#" not in text:
        return text
    return _outside_verbatim(text, lambda piece: _CHARACTER_REFERENCE.sub(_possible, piece))


def without_countless_attributes(text: str) -> str:
    """Return the text with no attributes in tags that have more than any feed's.

    Parsers take 40 times their length in memory.

    Tags in HTML content are held to the same. One long attribute is none of many: it may hold a whole image.
    """
    return _LONG_TAG.sub(_with_few_attributes, text)


def repaired(text: str, entities: frozenset[str]) -> str:
    """Return the text with its commonest faults mended: HTML's named references, bare `&`, CDATA left open.

    `entities` are names that the document itself declares. CDATA sections and comments stay as they are; a
    section that its item does not close, so that it swallows the next ones, is closed where its element ends.
    """

    def mend(piece: str) -> str:
        named = _NAMED_REFERENCE.sub(lambda found: _character(found, entities), piece)
        return _BARE_AMPERSAND.sub("&amp;", named)

    return _outside_verbatim(_with_closed_sections(text), mend)


def _with_closed_sections(text: str) -> str:
    """Return the text with CDATA sections closed that run on into the next item; in linear time.

    One that is closed before the next is opened is right, whatever it holds. In a document that is cut short
    the last one is only not complete yet.
    """
    closed = io.StringIO()
    written = 0
    opening, closing = text.find(_CDATA), 0
    while opening >= 0:
        start = opening + len(_CDATA)
        following = text.find(_CDATA, start)
        if 0 <= closing < start:
            closing = text.find("]]>", start)
        if closing >= 0 and (following < 0 or closing < following):
            opening = text.find(_CDATA, closing)
            continue
        last = following < 0
        ended = None
        if not last or _ROOT_END.search(text, max(start, len(text) - _LONGEST_END)):
            ended = _ITEM_END.search(text, start, len(text) if last else following)
        if ended:
            at = _end_of_element(text, opening, ended.start())
            closed.write(text[written:at] + "]]>")
            written = at
        opening = following if ended or closing < 0 else text.find(_CDATA, closing)
    return closed.getvalue() + text[written:] if written else text


def _end_of_element(text: str, section: int, end: int) -> int:
    """Return where the element ends that a CDATA section is in: before `end`, or there."""
    opened = _LAST_TAG.search(text, max(0, section - _LONGEST_TAG), section)
    at = text.find(f"</{opened[1]}", section, end) if opened else -1
    return at if at >= 0 else end


def _short_entities(subset: str) -> dict[str, str]:
    found = {name: double or single for name, double, single in _ENTITY.findall(subset)}
    short = {name: text for name, text in found.items() if len(text) <= _LONGEST_ENTITY}
    return dict(list(short.items())[:_MOST_ENTITIES])


def _affordable(entities: dict[str, str], text: str) -> dict[str, str]:
    """Return the entities, or none when references make the text grow out of all measure."""
    if not entities:
        return entities
    names = Counter(_REFERENCE.findall(text))
    grown = sum(names[name] * len(meaning) for name, meaning in entities.items())
    return entities if grown <= max(_FREE_EXPANSION, len(text)) else {}


def _as_literal(text: str) -> str:
    return text.replace('"', "&#34;")


def _outside_verbatim(text: str, change: Callable[[str], str]) -> str:
    """Return the text with all changed but CDATA sections, comments and instructions; in linear time."""
    # not a list of pieces: of those there can be as many as tags, each larger than the text in it
    changed = io.StringIO()
    unclosed: set[str] = set()  # looking for the end of each of these again would take quadratic time
    start = at = 0
    while opening := _VERBATIM.search(text, at):
        at = opening.end()
        if opening[0] in unclosed:
            continue
        closing = _CLOSINGS[opening[0]]
        end = text.find(closing, at)
        if end < 0:
            unclosed.add(opening[0])
            continue
        at = end + len(closing)
        _write(changed, change, text, start, opening.start())
        changed.write(text[opening.start() : at])
        start = at
    _write(changed, change, text, start, len(text))
    return changed.getvalue()


def _write(changed: io.StringIO, change: Callable[[str], str], text: str, start: int, end: int) -> None:
    """Write a part of a text, changed, in pieces that no reference reaches beyond."""
    while start < end:
        cut = text.rfind("&", start + 1, start + _PIECE) if end - start > _PIECE else end
        if cut < 0:  # no reference begins here, so none is cut off
            cut = min(start + _PIECE, end) if text[start] != "&" else text.find("&", start + 1, end)
            cut = end if cut < 0 else cut
        changed.write(change(text[start:cut]))
        start = cut


def _with_few_attributes(tag: re.Match[str]) -> str:
    if not next(islice(_ATTRIBUTE.finditer(tag[0]), MOST_ATTRIBUTES, None), None):
        return tag[0]
    return tag[1] + ("/" if tag[0].endswith("/") else "")


def _possible(found: re.Match[str]) -> str:
    code = int(found[1], 16) if found[1] else int(found[2])
    surrogate = 0xD800 <= code <= 0xDFFF  # noqa: PLR2004
    control = code < 0x20 and code not in {0x9, 0xA, 0xD}  # noqa: PLR2004
    if code > _LAST_CODE_POINT or surrogate or code in {0xFFFE, 0xFFFF}:
        return "\ufffd"
    return "" if control else found[0]


def _character(found: re.Match[str], entities: frozenset[str]) -> str:
    name = found[1]
    if name in _XML_NAMES or name in entities:
        return found[0]
    text = html5.get(f"{name};")
    return html.escape(text) if text else f"&amp;{name};"
