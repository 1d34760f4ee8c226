from __future__ import annotations

from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from aggregator.model import FeedSpec, Outcome, Source, SourceStatus, TagCount
from aggregator.web.pages import TAGS_SHOWN, Overview, overview, utc
from tests.web.site import HOUR, NOW, Site, config, item, open_site, poll, source


class Page(HTMLParser):
    """The tags of a page with their attributes, its text, and that each element is closed in order."""

    VOID = frozenset({"meta", "link", "br", "hr", "img", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def links(self) -> list[str]:
        return [attrs["href"] or "" for tag, attrs in self.tags if tag in ("a", "link") and "href" in attrs]


def page_of(site: Site) -> Page:
    reply = site.get("/")
    assert reply.status == 200
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    return Page(reply.text)


def status(**changes: object) -> SourceStatus:
    values: dict[str, object] = {
        "name": "News",
        "url": "https://news.example/feed",
        "tags": (),
        "enabled": True,
        "title": None,
        "site_url": None,
        "outcome": Outcome.OK,
        "message": "",
        "http_status": 200,
        "last_poll": NOW,
        "duration_ms": 80,
        "size": 1200,
        "next_poll": NOW,
        "failures": 0,
        "entries": 1,
    }
    return SourceStatus(**(values | changes))  # type: ignore[arg-type] # a dict of every field


def view(*statuses: SourceStatus, feeds: tuple[FeedSpec, ...] = (), tags: int = 0) -> Overview:
    counts = [TagCount(tag=f"t{number}", entries=1, surfaced=0) for number in range(tags)]
    return overview(config(feeds=feeds), statuses=list(statuses), tags=counts, entries=1)


def test_the_page_lists_feeds_tags_and_sources_with_links_to_subscribe(site: Site) -> None:
    page = page_of(site)
    for path in (
        "feeds/chips",
        "feeds/by.news",
        "all",
        "tags/chips",
        "tags/C%2B%2B",
        "tags/a%2Fb",
        "tags/..",
    ):
        for suffix in ("rss", "atom", "json"):
            assert f"{path}.{suffix}" in page.links()
    assert "opml.xml" in page.links()
    assert "My reading" in page.text
    assert "News" in page.text


def test_every_relative_link_of_the_page_leads_somewhere(site: Site) -> None:
    relative = {link for link in page_of(site).links() if "://" not in link and not link.startswith("#")}
    assert len(relative) > 20
    assert {site.get(f"/{link}", method="HEAD").status for link in relative} == {200}


def test_readers_find_the_feeds_from_the_page_alone(site: Site) -> None:
    found = [attrs for tag, attrs in page_of(site).tags if tag == "link" and attrs.get("rel") == "alternate"]
    assert [(link["type"], link["href"]) for link in found[:4]] == [
        ("application/rss+xml", "all.rss"),
        ("application/atom+xml", "all.atom"),
        ("application/feed+json", "all.json"),
        ("application/atom+xml", "feeds/chips.atom"),
    ]


def test_the_page_may_load_its_own_style_and_nothing_else(site: Site) -> None:
    reply = site.get("/")
    policy = reply.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self' data:;")
    assert "unsafe" not in policy
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["referrer-policy"] == "no-referrer"
    page = Page(reply.text)
    assert not {tag for tag, _ in page.tags} & {"script", "style", "iframe", "img", "form"}
    assert not [
        attrs for _, attrs in page.tags if any(name.startswith("on") or name == "style" for name in attrs)
    ]


def test_the_page_is_marked_up_for_those_who_hear_it(site: Site) -> None:
    tags = page_of(site).tags
    assert ("html", {"lang": "en"}) in tags
    assert [tag for tag, _ in tags if tag == "h1"] == ["h1"]
    assert all(attrs.get("scope") in ("col", "row") for tag, attrs in tags if tag == "th")
    levels = [int(tag[1]) for tag, _ in tags if tag in ("h1", "h2", "h3")]
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_times_are_utc_for_people_and_programs(site: Site) -> None:
    times = [attrs["datetime"] for tag, attrs in page_of(site).tags if tag == "time"]
    assert times == ["2025-11-22T08:26:40Z", "2025-11-22T09:26:40Z", "2025-11-22T08:26:40Z"]


def test_a_failing_source_is_marked_in_words(tmp_path: Path) -> None:
    with open_site(tmp_path, config(sources=[source("Good"), source("Bad")])) as site:
        poll(site.store, "Good", item(0))
        poll(
            site.store,
            "Bad",
            outcome=Outcome.HTTP_ERROR,
            http_status=502,
            failures=3,
            message="bad.example answered 502 Bad Gateway",
        )
        text = page_of(site).text
        site.store.close()
    assert "HTTP error 502, 3 times in a row" in text
    assert "bad.example answered 502 Bad Gateway" in text
    assert "1 source fails: Bad ." in text


def test_what_sources_say_is_text_and_never_markup(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>\"'>&amp;"
    hostile = Source(name=evil, url="https://evil.example/?a=%22%3E", tags=(evil,))
    with open_site(tmp_path, config(sources=[hostile], title=evil)) as site:
        poll(site.store, evil, item(0, evil), site_url="javascript:alert(1)", message=evil)
        page = page_of(site)
        site.store.close()
    assert "script" not in {tag for tag, _ in page.tags}
    assert page.text.count(evil) >= 4
    assert not [link for link in page.links() if link.lower().startswith("javascript")]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "ftp://x/", "//x/", "https://[", "", None]
)
def test_only_web_addresses_become_links(url: str | None) -> None:
    (row,) = view(status(site_url=url)).sources
    assert row.site_url is None


@pytest.mark.parametrize("name", ["token", "api_key", "key", "sig", "password"])
def test_the_page_tells_no_secret_of_a_sources_query(tmp_path: Path, name: str) -> None:
    secret = Source(name="Secret", url=f"https://secret.example/feed?{name}=s3cr3t")
    plain = Source(name="Plain", url="https://plain.example/?feed=rss2")
    with open_site(tmp_path, config(sources=[secret, plain])) as site:
        text = site.get("/").text
        links = Page(text).links()
        site.store.close()
    assert "s3cr3t" not in text
    assert "https://secret.example/feed" in links
    assert "https://plain.example/?feed=rss2" in links


def test_without_sources_the_page_says_what_to_do(tmp_path: Path) -> None:
    with open_site(tmp_path, config()) as site:
        text = page_of(site).text
        site.store.close()
    assert "aggregator add https://example.org/feed.xml" in text
    assert "aggregator.toml" in text


@pytest.mark.parametrize(
    ("changes", "state", "words"),
    [
        ({"outcome": Outcome.OK}, "good", "OK"),
        ({"outcome": Outcome.NOT_MODIFIED}, "good", "Not modified"),
        ({"outcome": None}, "waiting", "Not polled yet"),
        ({"outcome": Outcome.TIMEOUT, "enabled": False}, "off", "Switched off"),
        ({"outcome": Outcome.TLS_ERROR, "failures": 1}, "failing", "TLS error"),
        ({"outcome": Outcome.DNS_ERROR, "failures": 2}, "failing", "DNS error, 2 times in a row"),
        ({"outcome": Outcome.HTTP_ERROR, "http_status": 404, "failures": 1}, "failing", "HTTP error 404"),
    ],
)
def test_a_sources_state_is_said_in_words(changes: dict[str, object], state: str, words: str) -> None:
    (row,) = view(status(**changes)).sources
    assert (row.state, row.words) == (state, words)


def test_the_commonest_tags_are_listed_and_the_others_counted() -> None:
    found = view(tags=TAGS_SHOWN + 7)
    assert (len(found.tags), found.tags_left_out) == (TAGS_SHOWN, 7)


def test_a_feed_without_description_is_described_by_its_conditions() -> None:
    spec = FeedSpec(slug="x", title="X", any=("a", "b"), none=("c",), sources=("News",))
    (row,) = view(feeds=(spec,)).feeds
    assert row.detail == "any of a, b; none of c; from News"


def test_a_thousand_sources_and_many_tags_are_one_page(tmp_path: Path) -> None:
    many = [source(f"Source{number}", f"tag{number}") for number in range(1000)]
    with open_site(tmp_path, config(sources=many)) as site:
        reply = site.get("/", Accept_Encoding="gzip")
        site.store.close()
    assert reply.status == 200
    assert len(reply.body) < 64 * 1024


@pytest.mark.parametrize(
    ("instant", "text"),
    [(NOW, "2025-11-22T08:26:40Z"), (-HOUR, "1970-01-01T00:00:00Z"), (2**62, "9999-12-31T23:59:59Z")],
)
def test_any_instant_can_be_shown(instant: int, text: str) -> None:
    assert utc(instant) == text


@pytest.mark.parametrize("name", ["style.css", "icon.svg"])
def test_static_files_are_served_with_their_type_and_an_etag(site: Site, name: str) -> None:
    reply = site.get(f"/static/{name}")
    assert reply.status == 200
    assert reply.headers["content-type"].split(";")[0] in ("text/css", "image/svg+xml")
    assert site.get(f"/static/{name}", If_None_Match=reply.headers["etag"]).status == 304


@pytest.mark.parametrize(
    "path",
    ["/static/none.css", "/static/", "/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py"],
)
def test_no_other_file_is_served(site: Site, path: str) -> None:
    assert site.get(path).status == 404


def test_an_unknown_address_is_a_404_that_points_to_the_page(site: Site) -> None:
    reply = site.get("/nothing")
    assert (reply.status, reply.headers["content-type"]) == (404, "text/plain; charset=utf-8")
    assert "page at /" in reply.text


def test_each_source_has_a_page_with_its_last_polls(site: Site) -> None:
    (link,) = [link for link in page_of(site).links() if link.startswith("sources/News")]
    page = site.get(f"/{link}")
    assert page.status == 200
    assert "The last polls" in page.text
    assert "HTTP" in page.text
    assert site.get("/static/style.css").status == 200
    assert 'href="../static/style.css"' in page.text


@pytest.mark.parametrize("name", ["a/b", "日本 経済", "C++ & <b>", "100%", "a?b#c", ".."])
def test_a_sources_page_is_found_whatever_its_name(tmp_path: Path, name: str) -> None:
    odd = Source(name=name, url="https://a.example/feed")
    with open_site(tmp_path, config(sources=[odd])) as site:
        (link,) = [link for link in page_of(site).links() if link.startswith("sources/")]
        assert site.get(f"/{link}").status == 200
    site.store.close()


def test_a_source_that_is_not_there_has_no_page(site: Site) -> None:
    assert site.get("/sources/Nobody.html").status == 404


def test_no_message_on_a_page_tells_a_secret(own_site: Site) -> None:
    message = "The source has moved permanently to https://news.example/f?token=TOPSECRET; more."
    poll(own_site.store, "News", outcome=Outcome.MOVED, message=message)
    for path in ("/", "/sources/News.html"):
        text = own_site.get(path).text
        assert "https://news.example/f;" in text
        assert "TOPSECRET" not in text
