"""What is true of each site, whatever is in it, read from its files alone."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import brotli  # type: ignore[import-untyped]  # it ships no types
from lxml import etree

from aggregator.archive.site import SiteTally, export_site
from aggregator.config import Config, Polling, Service
from aggregator.model import FeedSpec, Source, StoryPolicy
from aggregator.protocols import Store
from tests.store.drafts import NOW

ROOT = "https://site.invalid/"
"""Where a site is taken to be served whose links are relative."""

_ENTRY = re.compile(rb'<article id="e(\d+)"')


def config(*feeds: FeedSpec, sources: tuple[Source, ...] = (), base_url: str | None = None) -> Config:
    return Config(
        path=Path("aggregator.toml"),
        service=Service(base_url=base_url or Service().base_url, title="My reading"),
        polling=Polling(),
        stories=StoryPolicy(feeds=feeds),
        sources=sources,
        feeds=feeds,
    )


def export(
    store: Store, settled: Config, folder: Path, *, now: int = NOW, base_url: str | None = None
) -> SiteTally:
    return export_site(store, settled, folder, now=now, base_url=base_url)


def files(folder: Path) -> dict[str, bytes]:
    """Return every file of a site but its mark, by its path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".aggregator"
    }


def plain(folder: Path) -> dict[str, bytes]:
    """Return them without their packed forms, having seen that each has both."""
    found = files(folder)
    named = {name: body for name, body in found.items() if not name.endswith((".gz", ".br"))}
    for name, body in named.items():
        if name != ".nojekyll":
            assert gzip.decompress(found.pop(f"{name}.gz")) == body
            assert brotli.decompress(found.pop(f"{name}.br")) == body
    assert found.keys() == named.keys()
    return named


def pages_of(folder: Path, stem: str) -> dict[str, list[int]]:
    """Return the IDs of the entries on each page of a feed, by the page's path, in their order."""
    paths = [folder / f"{stem}.html", *(folder / stem).glob("*.html")]
    return {
        path.relative_to(folder).as_posix(): [int(found) for found in _ENTRY.findall(path.read_bytes())]
        for path in paths
        if path.exists()
    }


def on_pages(folder: Path, stem: str) -> list[int]:
    """Return the IDs of all entries of a feed, rising, having seen that none is on two pages."""
    counted = Counter(entry_id for entries in pages_of(folder, stem).values() for entry_id in entries)
    assert set(counted.values()) <= {1}
    return sorted(counted)


class _Addresses(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("href", "src") and value]


def addresses(name: str, body: bytes, root: str = ROOT) -> set[str]:
    """Return every address in a file that is one of the site itself, absolute."""
    said: list[str] = []
    if name.endswith(".html"):
        parser = _Addresses()
        parser.feed(body.decode())
        said = parser.found
    elif name.endswith(".json"):
        feed = json.loads(body)
        said = [feed["feed_url"], feed["home_page_url"]]
    elif name.endswith((".rss", ".atom", ".xml")):
        for element in etree.fromstring(body).iter("{*}link", "outline"):
            found = (element.get("href"), element.get("xmlUrl"), element.get("htmlUrl"), element.text)
            said += [value for value in found if value and value.strip()]
    whole = (urljoin(root + name, address) for address in said)
    return {address for address in whole if address.startswith(root)}


def path_of(address: str, root: str = ROOT) -> str:
    """Return the file that an address of the site leads to."""
    rest = urlsplit(address)._replace(query="", fragment="").geturl().removeprefix(root)
    return unquote(rest) or "index.html"


def check(folder: Path, root: str = ROOT) -> None:
    """Every file has its packed forms, and every link leads to a file."""
    found = plain(folder)
    for name, body in found.items():
        for address in addresses(name, body, root):
            assert path_of(address, root) in found, (name, address)


def check_from(folder: Path, known: set[str]) -> None:
    """Whoever starts from files of these names comes to no link that leads to nothing."""
    found = {name: body for name, body in files(folder).items() if not name.endswith((".gz", ".br"))}
    ahead, seen = known & set(found), set[str]()
    while ahead:
        name = ahead.pop()
        seen.add(name)
        targets = {path_of(address) for address in addresses(name, found[name])}
        assert targets <= set(found), name
        ahead |= targets - seen
