from __future__ import annotations

import gzip
import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path
from urllib.parse import quote

import pytest

from aggregator.model import FeedSpec
from tests.web.conftest import ODD_TAGS
from tests.web.site import HOUR, NOW, Reply, Site, config, item, open_site, poll, renamed, source

ATOM = "{http://www.w3.org/2005/Atom}"


def titles(reply: Reply) -> list[str]:
    assert reply.status == 200, reply.text
    return [found["title"] for found in json.loads(reply.body)["items"]]


def self_link(reply: Reply) -> str:
    assert reply.status == 200, reply.text
    return str(json.loads(reply.body)["feed_url"])


# --- what is served where ---------------------------------------------------------------------------


def test_a_feed_holds_the_entries_that_its_spec_selects(site: Site) -> None:
    assert titles(site.get("/feeds/chips.json")) == ["Item 0", "Item 1"]


def test_a_feed_of_a_source_holds_its_entries(site: Site) -> None:
    assert len(titles(site.get("/feeds/by.news.json"))) == 4 + len(ODD_TAGS)


@pytest.mark.parametrize("tag", ODD_TAGS)
def test_a_tag_of_any_characters_has_its_feed(site: Site, tag: str) -> None:
    path = f"/tags/{quote(tag, safe='')}.json"
    reply = site.get(path)
    assert titles(reply) == [f"Item {10 + ODD_TAGS.index(tag)}"]
    assert self_link(reply) == f"https://feeds.example{path}"


def test_a_tag_that_was_not_percent_encoded_is_found_too(site: Site) -> None:
    reply = site.raw("GET /tags/中参馆.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert reply.startswith(b"HTTP/1.1 200 ")


def test_everything_is_at_all(site: Site) -> None:
    assert len(titles(site.get("/all.json"))) == 4 + len(ODD_TAGS)


@pytest.mark.parametrize(
    ("shortcut", "path"), [("/feed.xml", "/all.rss"), ("/rss.xml", "/all.rss"), ("/atom.xml", "/all.atom")]
)
def test_the_shortcuts_are_the_feed_of_everything_to_the_byte(site: Site, shortcut: str, path: str) -> None:
    short, full = site.get(shortcut), site.get(path)
    assert (short.status, short.body, short.headers["etag"]) == (200, full.body, full.headers["etag"])


@pytest.mark.parametrize(
    ("suffix", "content_type"),
    [("rss", "application/rss+xml"), ("atom", "application/atom+xml"), ("json", "application/feed+json")],
)
def test_each_format_has_its_content_type_with_a_charset(site: Site, suffix: str, content_type: str) -> None:
    said = site.get(f"/all.{suffix}").headers["content-type"]
    assert said == f"{content_type}; charset=utf-8"


def test_atom_says_who_and_where_it_is(site: Site) -> None:
    feed = ET.fromstring(site.get("/tags/a%2Fb.atom?limit=5").body)
    links = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    assert feed.findtext(f"{ATOM}id") == "https://feeds.example/tags/a%2Fb"
    assert links["self"] == "https://feeds.example/tags/a%2Fb.atom?limit=5"


def test_rss_links_to_itself_and_to_the_page(site: Site) -> None:
    channel = ET.fromstring(site.get("/feeds/chips.rss").body)[0]
    link = channel.find(f"{ATOM}link[@rel='self']")
    assert link is not None
    assert link.get("href") == "https://feeds.example/feeds/chips.rss"
    assert channel.findtext("link") == "https://feeds.example/"


def test_limit_is_the_number_of_entries_whatever_the_feeds_own_is(site: Site) -> None:
    assert len(titles(site.get("/feeds/chips.json?limit=1"))) == 1
    assert len(titles(site.get("/feeds/chips.json?limit=3"))) == 3
    assert self_link(site.get("/feeds/chips.json?x=1&limit=3")) == (
        "https://feeds.example/feeds/chips.json?limit=3"
    )


def test_a_window_adds_entries_beyond_the_limit_unless_the_reader_sets_one(own_site: Site) -> None:
    poll(own_site.store, "News", *(item(number, "chips") for number in range(5)))
    own_site.config = config(
        feeds=[FeedSpec(slug="chips", title="Chips", any=("chips",), limit=1, window=2 * HOUR)]
    )
    assert len(titles(own_site.get("/feeds/chips.json"))) == 3
    assert len(titles(own_site.get("/feeds/chips.json?limit=2"))) == 2


def test_a_wrong_limit_is_a_clear_400(site: Site) -> None:
    reply = site.get("/all.rss?limit=0")
    assert (reply.status, reply.headers["content-type"]) == (400, "text/plain; charset=utf-8")
    assert "from 1 to 1000" in reply.text


def test_an_unknown_feed_is_a_404_that_names_those_there_are(site: Site) -> None:
    reply = site.get("/feeds/chip.rss")
    assert (reply.status, reply.headers["content-type"]) == (404, "text/plain; charset=utf-8")
    assert "chips, by.news, silent" in reply.text


def test_an_unknown_tag_is_a_404_that_names_its_like(site: Site) -> None:
    reply = site.get("/tags/Chips.rss")
    assert reply.status == 404
    assert "'Chips'" in reply.text
    assert "chips" in reply.text


def test_an_unknown_format_is_a_404_that_names_those_there_are(site: Site) -> None:
    reply = site.get("/feeds/chips.xml")
    assert reply.status == 404
    assert ".rss, .atom, .json" in reply.text


@pytest.mark.parametrize(
    "path", ["/tags/never-used.atom", "/tags/nothing%20has%20this.rss", "/feeds/silent.json"]
)
def test_a_feed_that_the_config_mentions_is_there_before_its_first_entry(site: Site, path: str) -> None:
    reply = site.get(path)
    assert reply.status == 200
    assert "last-modified" not in reply.headers


def test_opml_lists_the_feeds_of_the_config_and_of_everything(site: Site) -> None:
    reply = site.get("/opml.xml")
    outlines = ET.fromstring(reply.body).iter("outline")
    assert [outline.get("xmlUrl") for outline in outlines if outline.get("xmlUrl")] == [
        "https://feeds.example/all.atom",
        "https://feeds.example/feeds/chips.atom",
        "https://feeds.example/feeds/by.news.atom",
        "https://feeds.example/feeds/silent.atom",
    ]
    assert reply.headers["content-type"].startswith("text/x-opml")
    assert site.get("/opml.xml", If_None_Match=reply.headers["etag"]).status == 304


@pytest.mark.parametrize("path", ["/opml.xml", "/tags/news.atom", "/status.atom"])
def test_what_follows_from_the_config_alone_has_its_date(own_site: Site, path: str) -> None:
    own_site.config = replace(own_site.config, modified=NOW)
    reply = own_site.get(path)
    assert parsedate_to_datetime(reply.headers["last-modified"]).timestamp() * 1000 == NOW
    updated = ET.fromstring(reply.body).findtext(f"{ATOM}updated")
    assert updated == (None if path == "/opml.xml" else "2025-11-22T08:26:40Z")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
@pytest.mark.parametrize("path", ["/all.rss", "/feeds/none.rss", "/", "/healthz"])
def test_other_methods_are_refused_naming_those_that_are_not(site: Site, method: str, path: str) -> None:
    reply = site.get(path, method=method, Content_Length="0")
    assert reply.status == 405
    assert {name.strip() for name in reply.headers["allow"].split(",")} == {"GET", "HEAD"}


# --- conditional requests and encodings -------------------------------------------------------------


def test_headers_let_readers_keep_a_copy_and_ask_again(site: Site) -> None:
    headers = site.get("/all.rss").headers
    assert headers["etag"].startswith('"')
    assert headers["vary"] == "Accept-Encoding"
    assert "max-age=60" in headers["cache-control"]
    assert "must-revalidate" in headers["cache-control"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["access-control-allow-origin"] == "*"
    assert int(headers["content-length"]) == len(site.get("/all.rss").body)
    assert parsedate_to_datetime(headers["last-modified"]).timestamp() * 1000 == NOW


def test_an_etag_answers_304_without_a_body_and_with_the_copys_headers(site: Site) -> None:
    full = site.get("/all.rss").headers
    reply = site.get("/all.rss", If_None_Match=f'"other", W/{full["etag"]}')
    assert (reply.status, reply.body) == (304, b"")
    for name in ("etag", "last-modified", "cache-control", "vary"):
        assert reply.headers[name] == full[name]
    assert "content-type" not in reply.headers


def test_a_date_answers_304_only_where_no_etag_is_sent(site: Site) -> None:
    modified = site.get("/all.rss").headers["last-modified"]
    earlier = formatdate(NOW / 1000 - 1, usegmt=True)
    assert site.get("/all.rss", If_Modified_Since=modified).status == 304
    assert site.get("/all.rss", If_Modified_Since=earlier).status == 200
    assert site.get("/all.rss", If_Modified_Since=modified, If_None_Match='"other"').status == 200


def test_after_a_restart_no_date_of_former_bytes_answers_304(own_site: Site) -> None:
    poll(own_site.store, "News", item(0, "tea"), now=NOW)
    poll(own_site.store, "News", item(1, "tea"), now=NOW + 60_000)
    former = own_site.get("/tags/tea.atom").headers["last-modified"]
    poll(own_site.store, "News", item(1, title="No longer of tea"), now=NOW + 120_000)
    with Site(own_site.store, own_site.config) as site:
        later = site.get("/tags/tea.atom", If_Modified_Since=former)
        assert later.status == 200
        assert parsedate_to_datetime(later.headers["last-modified"]) < parsedate_to_datetime(former)
        assert site.get("/tags/tea.atom", If_Modified_Since=later.headers["last-modified"]).status == 304
        assert (
            site.get("/tags/tea.atom", If_Modified_Since=formatdate(site.now / 1000 + 1, usegmt=True)).status
            == 304
        )


@pytest.mark.parametrize("path", ["/all.atom", "/", "/static/style.css", "/opml.xml", "/tags/none.rss"])
def test_head_has_the_headers_of_get_and_no_body(site: Site, path: str) -> None:
    get, head = site.get(path), site.get(path, method="HEAD")
    get_headers, head_headers = dict(get.headers), dict(head.headers)
    get_headers.pop("date")
    head_headers.pop("date")
    assert (head.status, head.body, head_headers) == (get.status, b"", get_headers)


def test_gzip_is_the_same_document_with_an_etag_of_its_own(site: Site) -> None:
    plain, packed = site.get("/all.rss"), site.get("/all.rss", Accept_Encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert packed.body[4:8] == bytes(4), "a time in the bytes would change them under the same ETag"
    assert packed.headers["etag"] == plain.headers["etag"][:-1] + '-gz"'
    assert int(packed.headers["content-length"]) == len(packed.body) < len(plain.body)
    assert "content-encoding" not in plain.headers
    same = site.get("/all.rss", Accept_Encoding="gzip", If_None_Match=packed.headers["etag"])
    assert (same.status, same.headers["etag"]) == (304, packed.headers["etag"])


def test_gzip_that_is_ruled_out_is_not_sent(site: Site) -> None:
    assert "content-encoding" not in site.get("/all.rss", Accept_Encoding="zstd, gzip;q=0, br;q=0").headers


def test_an_unchanged_feed_is_the_same_bytes_each_time(site: Site) -> None:
    first = site.get("/feeds/by.news.atom", Accept_Encoding="gzip")
    site.config = replace(site.config)  # another object: everything is rendered again
    assert site.get("/feeds/by.news.atom", Accept_Encoding="gzip").body == first.body


def test_last_modified_is_never_in_the_future(own_site: Site) -> None:
    poll(own_site.store, "News", item(0, "chips"), now=NOW + 9 * HOUR)
    modified = own_site.get("/all.rss").headers["last-modified"]
    assert parsedate_to_datetime(modified).timestamp() * 1000 == own_site.now


# --- changes ----------------------------------------------------------------------------------------


def test_a_new_entry_is_served_at_the_next_request_under_another_etag(own_site: Site) -> None:
    poll(own_site.store, "News", item(0, "chips"))
    before = own_site.get("/feeds/chips.json")
    poll(own_site.store, "News", item(0, "chips"), item(1, "chips"), now=NOW + 1000)
    after = own_site.get("/feeds/chips.json", If_None_Match=before.headers["etag"])
    assert sorted(titles(after)) == ["Item 0", "Item 1"]
    assert after.headers["etag"] != before.headers["etag"]


def test_an_edited_entry_is_served_at_the_next_request(own_site: Site) -> None:
    poll(own_site.store, "News", item(0, "chips", title="Old"))
    before = own_site.get("/all.json")
    poll(own_site.store, "News", item(0, "chips", title="New"), now=NOW + 1000)
    assert (titles(before), titles(own_site.get("/all.json"))) == (["Old"], ["New"])


def test_other_feeds_entries_leave_a_feed_its_etag(own_site: Site) -> None:
    poll(own_site.store, "News", item(0, "chips"))
    before = own_site.get("/feeds/chips.rss")
    poll(own_site.store, "News", item(0, "chips"), item(1, "tea"), now=NOW + 1000)
    assert own_site.get("/feeds/chips.rss", If_None_Match=before.headers["etag"]).status == 304


def test_a_tag_is_found_once_an_entry_has_it(own_site: Site) -> None:
    assert own_site.get("/tags/tea.rss").status == 404
    poll(own_site.store, "News", item(0, "tea"))
    assert own_site.get("/tags/tea.rss").status == 200


def test_a_reloaded_config_is_in_force_at_the_next_request(own_site: Site) -> None:
    poll(own_site.store, "News", item(0, "chips"))
    before = own_site.get("/all.rss")
    own_site.config = renamed(own_site.config, "Another title")
    after = own_site.get("/all.rss", If_None_Match=before.headers["etag"])
    assert after.status == 200
    assert b"Another title" in after.body


def test_last_modified_is_no_earlier_than_the_config_files_change(own_site: Site) -> None:
    poll(own_site.store, "News", item(0, "chips"))
    before = own_site.get("/all.rss").headers["last-modified"]
    own_site.config = replace(renamed(own_site.config, "Another title"), modified=NOW + 60_000)
    after = own_site.get("/all.rss", If_Modified_Since=before)
    assert after.status == 200
    assert b"Another title" in after.body
    assert parsedate_to_datetime(after.headers["last-modified"]).timestamp() * 1000 == NOW + 60_000
    assert own_site.get("/all.rss", If_Modified_Since=after.headers["last-modified"]).status == 304


def test_a_tag_is_found_however_its_white_space_is_written(own_site: Site) -> None:
    poll(own_site.store, "News", item(0, "日本 経済"))
    for written in ("日本%E3%80%80経済", "日本%20経済", "%20日本%20%20経済"):
        assert len(titles(own_site.get(f"/tags/{quote(written, safe='%')}.json"))) == 1


def test_a_base_url_with_a_path_is_in_the_links_and_may_be_in_the_request(own_site: Site) -> None:
    own_site.config = config(base_url="https://host.example/agg", sources=[source("News", "news")])
    stripped, kept = own_site.get("/tags/news.json"), own_site.get("/agg/tags/news.json")
    assert self_link(stripped) == self_link(kept) == "https://host.example/agg/tags/news.json"
    assert own_site.get("/agg/").body == own_site.get("/").body
    assert own_site.get("/agg/static/style.css").status == 200
    moved = own_site.get("/agg")
    assert (moved.status, moved.headers["location"]) == (308, "/agg/")


@pytest.fixture
def closed_site(tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path, config(feeds=[FeedSpec(slug="chips", title="Chips")])) as site:
        site.store.close()
        yield site


@pytest.mark.parametrize("path", ["/all.rss", "/feeds/chips.json", "/"])
def test_a_database_that_does_not_answer_is_a_503_to_come_back_after(closed_site: Site, path: str) -> None:
    reply = closed_site.get(path)
    assert (reply.status, reply.headers["content-type"]) == (503, "text/plain; charset=utf-8")
    assert int(reply.headers["retry-after"]) > 0
    assert "database" in reply.text


def test_what_needs_no_database_is_served_without_one(closed_site: Site) -> None:
    assert closed_site.get("/opml.xml").status == 200
    assert closed_site.get("/static/style.css").status == 200
