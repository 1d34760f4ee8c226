"""What a site publishes: each feed, where its files are, and what they are made of. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from uuid import UUID, uuid5

from aggregator.archive.sitenames import ALL, Links, Place, place_of_feed, place_of_tag
from aggregator.config import Config
from aggregator.config.urls import base_url_of
from aggregator.model import Channel, Content, Entry, Series
from aggregator.publish.item import Item, items_of, ordered
from aggregator.publish.opml import Outline, opml
from aggregator.publish.urls import web_url
from aggregator.web.access import public_feeds
from aggregator.web.contents import contents_of
from aggregator.web.history import series_of
from aggregator.web.selection import Selection, Unknown, select
from aggregator.web.urls import FeedTarget, Kind

_FEEDS = UUID("3f0c6a7e-2d51-5b0f-8f43-6f5e0b6a9d17")
"""The name space of the ids of feeds that have no address."""

_SHARED = 4_000
"""Items that are kept for the next documents: most entries are in several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A feed of a site."""

    series: Series
    place: Place
    target: FeedTarget
    selection: Selection
    is_paged: bool
    """Whether its pages hold all that it ever had; else there is one, of what its documents hold."""
    look: str
    """A digest of what all its files depend on but for entries."""

    @property
    def title(self) -> str:
        """What it is called where the site's own title stands beside it."""
        if self.target.kind is Kind.ALL:
            return "Everything"
        return self.series.tag or self.selection.channel.title


def settled_base(config: Config, base_url: str | None) -> str | None:
    """Return where the site is served, without a slash at its end; None when that is not said.

    What the command line or the `[[archives]]` table says counts, else `[service] base_url`, where there is
    one: the address that the service has without it leads to this machine only.
    """
    if base_url:
        return base_url.rstrip("/")
    base = config.service.base_url
    return None if base == base_url_of(config.service.bind) else base


def published_feeds(config: Config, now: int, *, site: str) -> list[Publication]:
    """Return the feed of everything and those of the config that have no token of their own.

    `site` is a digest of what all files of the site depend on.
    """
    targets = [FeedTarget(Kind.ALL, "", "atom")]
    targets += [FeedTarget(Kind.FEED, spec.slug, "atom") for spec in public_feeds(config)]
    return [_publication(target, config, now, site) for target in targets]


def published_tag(tag: str, config: Config, now: int, *, site: str) -> Publication:
    """Return the feed of a tag."""
    return _publication(FeedTarget(Kind.TAG, tag, "atom"), config, now, site)


def _publication(target: FeedTarget, config: Config, now: int, site: str) -> Publication:
    selection = select(target, config, now)
    if isinstance(selection, Unknown):
        raise AssertionError(f"{target} is of the config")  # noqa: TRY004 - a defect of ours
    series = series_of(target, selection)
    channel = replace(selection.channel, updated=0)
    about = (site, channel, selection.content, selection.order, series is not None)
    match target.kind:
        case Kind.FEED:
            key, place = Series(feed=target.name), place_of_feed(target.name)
        case Kind.TAG:
            key, place = Series(tag=target.name), place_of_tag(target.name)
        case _:
            key, place = Series(), ALL
    return Publication(
        series=key,
        place=place,
        target=target,
        selection=selection,
        is_paged=series is not None,
        look=digest(about),
    )


def digest(*parts: object) -> str:
    """Return a digest of values that say all of themselves (`repr`)."""
    hashed = blake2b(digest_size=12)
    for part in parts:
        hashed.update(repr(part).encode(errors="surrogatepass"))
    return hashed.hexdigest()


def channel_of(publication: Publication, suffix: str, links: Links) -> Channel:
    """Return the head of a feed's document: it names nothing that the site does not have.

    Without a base URL its addresses are relative to the document, and its id is a UUID made of its title
    and its path.
    """
    place, said = publication.place, publication.selection.channel
    here, path = place.document(suffix), publication.target.permanent_path
    base = links.base_url
    return replace(
        said,
        id=uuid5(_FEEDS, f"{said.title}\n{path}").urn if base is None else base + path,
        home_url=links.to(place.page(""), here=here),
        self_url=links.to(here, here=here),
        updated=0,  # the config's date says nothing where it is checked out anew for each run
    )


class Shelf:
    """Makes the items of documents; those that were made last are not made again for the next one."""

    def __init__(self) -> None:
        self._items: dict[tuple[int, int, Content], Item | None] = {}

    def of(self, entries: Iterable[Entry], content: Content) -> list[Item]:
        """Return what `items_of` does."""
        items = (self._item(entry, content) for entry in entries)
        return [item for item in items if item is not None]

    def in_document(self, selection: Selection, entries: Sequence[Entry]) -> list[Item]:
        """Return the items of a feed's document, as the service itself would serve them."""
        if selection.digest is None:
            return self.of(ordered(entries, selection.order), selection.content)
        return contents_of(selection, entries).items()  # their ids are made of the served feed's own

    def _item(self, entry: Entry, content: Content) -> Item | None:
        key = (entry.id, entry.changed, content)
        if key not in self._items:
            if len(self._items) >= _SHARED:
                self._items.pop(next(iter(self._items)))
            self._items[key] = next(iter(items_of([entry], content)), None)
        return self._items[key]


def feed_list(config: Config, publications: Iterable[Publication], links: Links) -> bytes:
    """Return everything and the feeds of the config as OPML.

    Without a base URL its addresses are relative, which only who reads it from where it is served can use.
    """
    return opml(
        config.service.title,
        [
            Outline(
                title=each.title,
                xml_url=links.to(each.place.document("atom"), here=""),
                html_url=links.to(each.place.page(""), here=""),
                description=each.selection.channel.description,
            )
            for each in publications
        ],
        address=str if links.base_url is None else web_url,
    )
