"""The pages of a site for people. Pure, but for its templates."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined

from aggregator.archive.sitefeeds import Publication, digest
from aggregator.archive.sitenames import Links, place_of_tag
from aggregator.archive.siteplan import Neighbours
from aggregator.model import Entry, SafeHtml
from aggregator.publish.item import Item
from aggregator.publish.text import excerpt, one_line

GENERATOR = '<meta name="generator" content="aggregator">'
"""Stands in each page: so a folder can be told that holds another site."""

TAGS_SHOWN = 200
ITEMS_SHOWN = 100
"""Of a feed that has one page only."""
_SOURCES_NAMED = 3
_AUTHORS_NAMED = 3
_TAGS_NAMED = 12
_TAG_SHOWN = 60
"""Characters of a tag that an entry is shown with."""

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_LAST_MOMENT = 253_402_300_799_000  # the end of the year 9999, in ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A tag of an entry, with the address of its page where it has one."""

    name: str
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """What a page says of an entry."""

    item: Item
    entry_id: int | None
    """None of a digest, which is no entry."""
    sources: str
    authors: str
    labels: tuple[Label, ...]
    file: str | None
    """What its main file is; None without one."""

    @property
    def text(self) -> str:
        """The beginning of its text, where the title does not say it already."""
        return "" if self.item.title.startswith(self.item.excerpt.removesuffix("…")) else self.item.excerpt

    @property
    def list(self) -> SafeHtml | None:
        """All of a digest's content; None of an entry."""
        return None if self.item.origins else self.item.content


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRow:
    """A feed as the first page lists it."""

    title: str
    detail: str
    entries: int
    page: str
    rss: str
    atom: str
    json: str


class Pages:
    """Renders the pages of a site."""

    def __init__(self, *, title: str, links: Links, known_tags: Callable[[], Collection[str]]) -> None:
        """Take the site's title, how to link, and which tags have pages."""
        self._title = title
        self._links = links
        self._known_tags = known_tags

    @cached_property
    def _templates(self) -> Environment:
        templates = Environment(
            loader=PackageLoader("aggregator.archive"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        templates.filters |= {"iso": _iso, "moment": _moment, "day": _day, "grouped": lambda n: f"{n:,}"}
        return templates

    def feed(
        self,
        publication: Publication,
        name: str,
        *,
        around: Neighbours,
        items: Sequence[Item],
        entries: Mapping[str, Entry],
    ) -> bytes:
        """Return a page of a feed: that of this name; the newest one has none.

        `entries` are those that the items were made of, by the items' ids.
        """
        here = publication.place.page(name)
        address = publication.place.page
        channel = publication.selection.channel
        dates = [item.published for item in items]
        return self._page(
            "feed.html",
            here,
            title=channel.title,
            feed=publication.title,
            number=name,
            description="" if channel.description == publication.title else channel.description,
            language=channel.language,
            views=[self._view(item, entries.get(item.id), here) for item in items],
            span=_span(min(dates), max(dates)) if dates and name else "",
            formats=self._formats(publication, here),
            newest=self._links.to(address(""), here=here),
            around={
                relation: None if other is None else self._links.to(address(other), here=here)
                for relation, other in (
                    ("newer", around.newer),
                    ("older", around.older),
                    ("oldest", around.oldest),
                )
            },
        )

    def front(self, feeds: Sequence[tuple[Publication, int]], tags: Sequence[tuple[str, int]]) -> bytes:
        """Return the first page: feeds with how many entries they have, the first is everything; and tags."""
        here = "index.html"
        return self._page(
            here,
            here,
            title=self._title,
            feeds=[self._row(publication, entries, here) for publication, entries in feeds],
            tags=[self._tag_row(tag, entries, here) for tag, entries in tags[:TAGS_SHOWN]],
            more=max(0, len(tags) - TAGS_SHOWN),
            tag_list=self._links.to("tags.html", here=here),
            opml=self._links.to("opml.xml", here=here),
        )

    def tags(self, tags: Sequence[str]) -> bytes:
        """Return the page of all tags, in their order."""
        here = "tags.html"
        rows = [(tag, self._links.to(place_of_tag(tag).page(""), here=here)) for tag in tags]
        return self._page(here, here, title=f"Tags – {self._title}", tags=rows)

    def missing(self) -> bytes:
        """Return the page for addresses that do not exist; it may be shown at any of them."""
        here = "404.html"
        base = self._links.base_url
        return self._page(here, here, title=f"Not found – {self._title}", style=stylesheet(), base=base)

    def _page(self, template: str, here: str, **shown: object) -> bytes:
        shared = {
            "site": self._title,
            "home": self._links.home(here=here),
            "static": {
                name: self._links.to(f"static/{name}", here=here) for name in ("style.css", "icon.svg")
            },
        }
        html = self._templates.get_template(template).render(shared | shown)
        return html.encode(errors="replace")

    def _formats(self, publication: Publication, here: str) -> dict[str, str]:
        place = publication.place
        return {
            suffix: self._links.to(place.document(suffix), here=here) for suffix in ("rss", "atom", "json")
        }

    def _row(self, publication: Publication, entries: int, here: str) -> FeedRow:
        title = publication.title
        detail = publication.selection.channel.description
        return FeedRow(
            title=title,
            detail="" if detail == title else detail,
            entries=entries,
            page=self._links.to(publication.place.page(""), here=here),
            **self._formats(publication, here),
        )

    def _tag_row(self, tag: str, entries: int, here: str) -> FeedRow:
        place = place_of_tag(tag)
        formats = {name: self._links.to(place.document(name), here=here) for name in ("rss", "atom", "json")}
        page = self._links.to(place.page(""), here=here)
        return FeedRow(title=tag, detail="", entries=entries, page=page, **formats)

    def _view(self, item: Item, entry: Entry | None, here: str) -> EntryView:
        tags = () if entry is None else entry.tags
        known = self._known_tags()
        file = item.main_file
        return EntryView(
            item=item,
            entry_id=None if entry is None else entry.id,
            sources=_named([origin.name for origin in item.origins], _SOURCES_NAMED),
            authors=_named(item.authors, _AUTHORS_NAMED),
            labels=tuple(
                Label(
                    name=excerpt(one_line(tag), _TAG_SHOWN) or "Untitled",
                    url=self._links.to(place_of_tag(tag).page(""), here=here) if tag in known else None,
                )
                for tag in tags[:_TAGS_NAMED]
            ),
            file=None if file is None or not file.plays else _kind_of_file(file.type, file.length),
        )


def look_of_site(*parts: object) -> str:
    """Return a digest of what all pages depend on: these values, the templates and the style."""
    templates = resources.files("aggregator.archive").joinpath("templates")
    texts = [(file.name, file.read_bytes()) for file in templates.iterdir() if file.name.endswith(".html")]
    return digest(parts, sorted(texts), stylesheet())


def stylesheet() -> str:
    """Return the style of all pages: that of the service's own, and of lists of entries."""
    shared = resources.files("aggregator.web").joinpath("static", "style.css")
    own = resources.files("aggregator.archive").joinpath("static", "site.css")
    return f"{shared.read_text('utf-8')}\n{own.read_text('utf-8')}"


def icon() -> bytes:
    """Return the picture of the site."""
    return resources.files("aggregator.web").joinpath("static", "icon.svg").read_bytes()


def _named(names: Sequence[str], most: int) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _kind_of_file(media_type: str, length: int | None) -> str:
    kind = "Audio" if media_type.startswith("audio/") else "Video"
    return kind if not length else f"{kind}, {length / 1_000_000:,.1f} MB"


def _datetime(instant: int) -> datetime:
    return datetime.fromtimestamp(min(max(instant, 0), _LAST_MOMENT) // 1000, UTC)


def _iso(instant: int) -> str:
    return _datetime(instant).strftime("%Y-%m-%dT%H:%M:%SZ")


def _day(instant: int) -> str:
    at = _datetime(instant)
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"


def _span(first: int, last: int) -> str:
    since, until = _day(first), _day(last)
    return since if since == until else f"{since} – {until}"


def _moment(instant: int) -> str:
    return f"{_day(instant)}, {_datetime(instant):%H:%M}"
