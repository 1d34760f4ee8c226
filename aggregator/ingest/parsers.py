"""feedparser's parsers, reading what it reads amiss as it is meant. The only importer of feedparser.

They are driven directly, not by its `parse()`: that decodes wrongly what a server mislabels,
understands dates wrongly and slowly, lets a caption (`media:description`) take the article's
place, and stalls on a long `<author>`. Its sanitizer is not used: see `publish.html`.
"""

from __future__ import annotations

import re
from typing import Any
from xml.sax.xmlreader import AttributesNSImpl

import feedparser.api
import feedparser.urls
from feedparser.namespaces import georss, psc

from aggregator.ingest.mediatags import NAMESPACES, MediaReadings
from aggregator.ingest.plenty import BoundedParser
from aggregator.ingest.urls import absolute

_VOID_ELEMENT = re.compile(
    r"<(/?)(?:area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr)(?=[\s/>])", re.IGNORECASE
)
_PLAIN_TEXTS = frozenset({"author", "category", "id"})
"""feedparser's names of elements that hold text alone (but for Atom's persons)."""
_ADDRESSES = frozenset({"cite", "href", "poster", "src"})
_CANDIDATE = re.compile(r"(^\s*|,\s+)([^\s,]+)")
"""Of a `srcset`: what stands before a URL, and the URL."""
_MARKUP = frozenset({"a", "b", "br", "div", "em", "font", "i", "p", "span", "strong", "sub", "sup", "u"})

_ITEMS = frozenset({"item", "entry"})
_MOST_ATTRIBUTES = 100
"""Of one element."""
_LONGEST_BASE = 4096
_BASES = frozenset({"base", "xml:base"})
_MOST_DATES, _LONGEST_DATE = 4, 100
_MOST_CATEGORIES = 400
"""Of one item; `limits` keeps fewer, and says so."""


class _Readings(MediaReadings):
    """What both parsers read otherwise than feedparser does; mixed in before its classes.

    Method names are feedparser's: `_start_` or `_end_`, the namespace's usual prefix, and the element.
    """

    resolve_relative_uris = False
    sanitize_html = False
    namespaces = feedparser.api.StrictFeedParser.namespaces | NAMESPACES
    _matchnamespaces: dict[str, str] = {}  # noqa: RUF012 - feedparser fills it, for all parsers

    passed_over: str | None = None
    """The first element that feedparser stumbled over."""

    # of feedparser's parsers
    basestack: list[Any]
    baseuri: Any
    contentparams: Any
    depth: int
    elementstack: Any
    entries: list[dict[str, Any]]
    feeddata: dict[str, Any]
    guidislink: Any
    inauthor: Any
    incontent: Any
    inentry: Any
    lang: Any
    langstack: list[Any]
    push: Any
    version: str
    _get_context: Any

    def start(self, url: str) -> None:
        """Take the document's URL as the base that holds where the document names none."""
        # feedparser rewrites a base when it enters an element: compare with what it will be then
        self.document_url = self.baseuri = feedparser.urls.make_safe_absolute_uri(url, url) or url
        # feedparser takes texts for doubly encoded ones and "mends" them, where the name is in lower case
        self.encoding = "UTF-8"

    def resolve_uri(self, uri: str) -> str:
        """Leave a relative URL as it is where no xml:base is in force: `items` knows what it stands for."""
        if self.baseuri == self.document_url:
            return uri
        return str(super().resolve_uri(uri))

    def strattrs(self, attributes: list[tuple[str, str]]) -> str:
        """Return a tag's attributes in XHTML content, URLs resolved where a base is in force inside of it."""
        if self.baseuri != self.contentparams.get("base"):
            attributes = [(name, self._resolved(name, value)) for name, value in attributes]
        return str(super().strattrs(attributes))  # type: ignore[misc]  # of feedparser's class, next in line

    def _resolved(self, attribute: str, value: str) -> str:
        if attribute in _ADDRESSES:
            return absolute(value, self.baseuri) or value
        if attribute == "srcset":
            return _CANDIDATE.sub(lambda said: said[1] + (absolute(said[2], self.baseuri) or said[2]), value)
        return value

    def pop(self, element: str, strip_whitespace: int = 1) -> Any:
        """Return the text of an element that ends; in a link, feedparser would spoil a left-over `&amp;`."""
        if element == "link" and self.elementstack and self.elementstack[-1][0] == element:
            self.elementstack[-1][2] = ["".join(self.elementstack[-1][2]).replace("&amp;", "&")]
        return super().pop(element, strip_whitespace)

    # An element that feedparser stumbles over takes no other with it.

    def unknown_starttag(self, tag: str, attributes: list[tuple[str, str]]) -> None:
        """Read a start tag; those of HTML in what is plain text are left out, and their text is not."""
        if self._is_markup_in_plain_text(tag):
            return
        depth = len(self.basestack)
        room = _LONGEST_BASE - len(self.baseuri or "")  # each base within the others would make it longer
        attributes = [said for said in attributes if said[0] not in _BASES or len(said[1]) <= room]
        try:
            super().unknown_starttag(tag, attributes)  # type: ignore[misc]  # of feedparser's class, next in line
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - feedparser raises whatever it stumbles over
            self.passed_over = self.passed_over or tag
            if len(self.basestack) == depth:  # the end tag takes off what the start tag put on
                self.basestack.append(self.baseuri)
                self.langstack.append(self.lang)
        if tag == "rdf:rdf" and self.lang:
            self.feeddata["language"] = self.lang

    def unknown_endtag(self, tag: str) -> None:
        """Read an end tag."""
        if self._is_markup_in_plain_text(tag):
            return
        try:
            super().unknown_endtag(tag)  # type: ignore[misc]  # of feedparser's class, next in line
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - feedparser raises whatever it stumbles over
            self.passed_over = self.passed_over or tag
            self._leave()

    def _is_markup_in_plain_text(self, tag: str) -> bool:
        return tag in _MARKUP and bool(self.elementstack) and self.elementstack[-1][0] in _PLAIN_TEXTS

    def _leave(self) -> None:
        """Do what feedparser does at the end of an element, had it come so far."""
        self.depth -= 1
        for stack in (self.basestack, self.langstack):
            del stack[-1:]
        if self.basestack and self.basestack[-1]:
            self.baseuri = self.basestack[-1]
        if self.langstack:
            self.lang = self.langstack[-1]

    def handle_data(self, text: str, escape: int = 1) -> None:
        """Read text, or a tag of XHTML content (not escaped), which has to be good as HTML, too."""
        if not escape and (void := _VOID_ELEMENT.match(text)):
            if void[1]:  # HTML takes `</br>` for another break
                return
            text = text.removesuffix(">").removesuffix("/").rstrip() + " />"
        super().handle_data(text, escape)  # type: ignore[misc]  # of feedparser's class, next in line

    def _start_dc_description(self, attributes: dict[str, str]) -> None:
        self._push_text("dc_description", attributes)

    def _end_dc_description(self) -> None:
        self.pop("dc_description")

    # Dates stay text: see `ingest.dates`.

    def _start_dc_date(self, attributes: dict[str, str]) -> None:  # noqa: ARG002 - feedparser's signature
        self.push("dc_date", 1)

    def _end_dc_date(self) -> None:
        self.pop("dc_date")

    def _end_published(self) -> None:
        text = self.pop("published")
        said = self._get_context().setdefault("published_all", [])
        if text and len(text) <= _LONGEST_DATE and len(said) < _MOST_DATES:
            said.append(text)

    _end_issued = _end_pubdate = _end_dcterms_issued = _end_published

    def _end_updated(self) -> None:
        self.pop("updated")

    _end_modified = _end_lastbuilddate = _end_dcterms_modified = _end_updated

    def _end_created(self) -> None:
        self.pop("created")

    _end_dcterms_created = _end_created

    def _end_expirationdate(self) -> None:
        self.pop("expired")

    # Authors as they are written: feedparser's pattern for addresses takes quadratic time.

    def _start_dc_creator(self, attributes: dict[str, str]) -> None:
        self._start_author(attributes)
        self._get_context()["authors"][-1]["kind"] = "dc"

    def _start_itunes_author(self, attributes: dict[str, str]) -> None:
        self._start_author(attributes)
        self._get_context()["authors"][-1]["kind"] = "itunes"

    def _start_author(self, attributes: dict[str, str]) -> None:
        super()._start_author(attributes)  # type: ignore[misc]  # of feedparser's class, next in line

    _start_dc_author = _start_author

    def _start_managingeditor(self, attributes: dict[str, str]) -> None:
        self._start_author(attributes)
        self._get_context()["authors"][-1]["kind"] = "editor"

    def _end_author(self) -> None:
        text = self.pop("author")
        self.inauthor = 0
        authors = self._get_context().get("authors")
        if text and authors:
            authors[-1]["text"] = text

    _end_managingeditor = _end_dc_creator = _end_dc_author = _end_itunes_author = _end_author

    def _sync_author_detail(self, key: str = "author") -> None:
        pass

    def _add_tag(self, term: str | None, scheme: str | None, label: str | None) -> None:
        # feedparser compares each category with all before it
        if len(self._get_context().get("tags", ())) < _MOST_CATEGORIES:
            super()._add_tag(term, scheme, label)  # type: ignore[misc]  # of feedparser's class, next in line

    def _start_item(self, attributes: dict[str, str]) -> None:
        super()._start_item(attributes)  # type: ignore[misc]  # of feedparser's class, next in line
        item = self._get_context()
        if "id" in item:  # RSS 1.0's rdf:about
            item["permalink"] = item["id"]

    _start_entry = _start_item

    # The guid to the letter: resolving it would make it change with the document's address.

    def _start_guid(self, attributes: dict[str, str]) -> None:
        self.is_permalink = attributes.get("ispermalink", "true").strip().lower() != "false"
        self.guidislink = False
        self.push("id", 1)

    def _end_guid(self) -> None:
        value = self.pop("id")
        if self.is_permalink and value:
            self._get_context().setdefault("permalink", value)

    _start_id = _start_guid
    _end_id = _end_guid

    def _start_link(self, attributes: dict[str, str]) -> None:
        untyped = "type" not in attributes
        attributes.pop("uri", None)  # another name of the page, which feedparser takes for its address
        super()._start_link(attributes)  # type: ignore[misc]  # of feedparser's class, next in line
        if untyped and attributes.get("rel") == "enclosure":
            attributes.pop("type", None)
            for link in self._get_context().get("links", ())[-1:]:
                link.pop("type", None)  # feedparser says text/html where nothing is said

    # How often to poll: feedparser keeps only the last hour and day, and no text beside attributes.

    def _end_hour(self) -> None:
        self._end_skipped("hour", within="skiphours")

    def _end_day(self) -> None:
        self._end_skipped("day", within="skipdays")

    def _end_skipped(self, name: str, *, within: str) -> None:
        text = self.pop(name)
        if text and not self.inentry and self.elementstack and self.elementstack[-1][0] == within:
            self.feeddata.setdefault(f"{within}_all", []).append(text)

    def handle_charref(self, reference: str) -> None:
        """Read a reference; an impossible one, which feedparser would raise for, becomes U+FFFD."""
        try:
            super().handle_charref(reference)  # type: ignore[misc]  # of feedparser's class, next in line
        except (ValueError, OverflowError):
            self.elementstack[-1][2].append("\ufffd")


def _as_text(name: str) -> Any:
    def start(parser: _Readings, attributes: dict[str, str]) -> None:  # noqa: ARG001 - feedparser's signature
        parser.push(name, 1)

    return start


for _name in ("ttl", "skiphours", "hour", "skipdays", "day", "sy_updateperiod", "sy_updatefrequency"):
    setattr(_Readings, f"_start_{_name}", _as_text(_name))


def _as_unknown(*_: object) -> None:
    raise AttributeError  # by which feedparser knows that there is no handler


# Nobody asks for places and chapters, and feedparser's handlers for them raise for many a slip.
for _name in (*vars(georss.Namespace), *vars(psc.Namespace)):
    if _name.startswith(("_start_", "_end_")):
        setattr(_Readings, _name, _as_unknown)


class StrictParser(BoundedParser, _Readings, feedparser.api.StrictFeedParser):  # type: ignore[misc]  # feedparser ships no types
    """Reads well-formed XML."""

    def startElementNS(self, name: Any, qname: Any, attrs: AttributesNSImpl) -> None:  # noqa: N802 - SAX's name
        """Read a start tag, without attributes beyond a hundred: feedparser takes quadratic time for them."""
        if len(attrs) > _MOST_ATTRIBUTES:
            names = attrs.getNames()[:_MOST_ATTRIBUTES]
            attrs = AttributesNSImpl(
                {name: attrs.getValue(name) for name in names},
                {name: attrs.getQNameByName(name) for name in names},
            )
        super().startElementNS(name, qname, attrs)

    def cut_off(self) -> None:
        """Return None: what is well-formed is whole."""


class LooseParser(BoundedParser, _Readings, feedparser.api.LooseFeedParser):  # type: ignore[misc]  # feedparser ships no types
    """Reads anything that has tags."""

    root: str | None = None
    """The local name of the document's root element, in lower case."""
    root_ended = False

    def cut_off(self) -> str | None:
        """Take off the item that the document ends in; return what is said when it ends too early."""
        if self.root_ended:
            return None
        if not self.inentry:
            return "The document ends before its last end tag, as if it were cut short."
        del self.entries[-1:]
        return "The document ends in the middle of an item, which is left out until it is whole."

    def unknown_starttag(self, tag: str, attributes: list[tuple[str, str]]) -> None:
        """Read a start tag; that of an item ends the one before, if nothing else did."""
        if self.inentry and tag.rpartition(":")[2] in _ITEMS:
            self._end_what_is_open()
            self.pop("item")
        super().unknown_starttag(tag, attributes)

    def unknown_endtag(self, tag: str) -> None:
        """Read an end tag; that of an item ends what is still open in it."""
        local_name = tag.rpartition(":")[2]
        if local_name in _ITEMS:
            self._end_what_is_open()
        super().unknown_endtag(tag)
        if local_name == self.root:
            self.root_ended = True

    def _end_what_is_open(self) -> None:
        """End the elements of an item that it does not end itself: they would swallow its neighbours."""
        if not any(element[0] == "item" for element in self.elementstack):
            return
        while self.elementstack[-1][0] != "item":
            self.pop(self.elementstack[-1][0])
        self.incontent = self.svgOK = 0
        self.contentparams.clear()

    def _start_item(self, attributes: dict[str, str]) -> None:
        self.root_ended = False  # what follows its end tag is another document, glued on
        super()._start_item(attributes)

    _start_entry = _start_item
