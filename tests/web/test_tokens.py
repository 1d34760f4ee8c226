"""Private feeds and a private service, over real connections: who gets in, and what others can learn."""

from __future__ import annotations

import json
import logging
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from aggregator.config import Config
from aggregator.model import FeedSpec, StoryPolicy
from tests.web.site import NOW, Reply, Site, config, item, open_site, poll, source

TOKEN = "Mein Wörter/+buch?&=:%🗝"
OTHER = "another-token"
ALL = "all-of-it"
NEWS = FeedSpec(slug="news", title="News", any=("news",))
MINE = FeedSpec(slug="mine", title="Hidden title", any=("hush-hush",), token=TOKEN)
YOURS = FeedSpec(slug="yours", title="Yours", token=OTHER)
FORMATS = ("rss", "atom", "json")


def told(text: str, user: str = "me") -> str:
    return "Basic " + b64encode(f"{user}:{text}".encode()).decode()


def asked(token: str) -> str:
    return "?token=" + quote(token, safe="")


def with_token(of: Config, token: str | None) -> Config:
    return replace(of, service=replace(of.service, token=token))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    settings = config(sources=[source("News", "news")], feeds=[NEWS, MINE, YOURS])
    with open_site(tmp_path, settings) as site:
        poll(site.store, "News", item(1, "news"), item(2, "hush-hush"))
        yield site
        site.store.close()


@pytest.fixture
def guarded(site: Site) -> Site:
    site.config = with_token(site.config, ALL)
    return site


def ways(token: str) -> list[Callable[[Site, str], Reply]]:
    """Each way to say a token."""
    return [
        lambda site, path: site.get(path + asked(token)),
        lambda site, path: site.get(path, Authorization=f"Bearer {token}".encode().decode("latin-1")),
        lambda site, path: site.get(path, Authorization=told(token)),
        lambda site, path: site.get(path, Authorization=told(token, "")),
    ]


def refused(reply: Reply) -> bool:
    assert (reply.status == 401) == ("www-authenticate" in reply.headers)
    return reply.status == 401


@pytest.mark.parametrize("way", range(4))
def test_a_private_feed_is_given_to_who_says_its_token_in_any_way(site: Site, way: int) -> None:
    for suffix in FORMATS:
        reply = ways(TOKEN)[way](site, f"/feeds/mine.{suffix}")
        assert reply.status == 200
        assert b"Item 2" in reply.body
        assert b"Item 1<" not in reply.body


WRONG = {
    "none": "",
    "empty": "?token=",
    "another feed's": asked(OTHER),
    "its beginning": asked(TOKEN[:-1]),
    "with a space": asked(TOKEN + " "),
    "with a zero": asked(TOKEN + "\0"),
    "in another case": asked(TOKEN.upper()),
    "decomposed": asked(TOKEN.replace("ö", "o\u0308")),
    "encoded twice": "?token=" + quote(quote(TOKEN, safe=""), safe=""),
    "10 kB": "?token=" + "x" * 10_000,
    "no UTF-8": "?token=%FF%FE",
    "doubled": asked(TOKEN) + "&" + asked(TOKEN)[1:],
    "a wrong one beside it": asked(TOKEN) + "&token=x",
    "by another name": asked(TOKEN).replace("token", "Token"),
    "as a list": asked(TOKEN).replace("token", "token[]"),
    "in the fragment's place": "?limit=3%23token=" + quote(TOKEN, safe=""),
}


@pytest.mark.parametrize("query", WRONG.values(), ids=WRONG)
def test_a_wrong_token_in_the_address_is_refused(site: Site, query: str) -> None:
    right = site.get("/feeds/mine.rss")
    wrong = site.get(f"/feeds/mine.rss{query}")
    assert refused(wrong)
    assert (wrong.body, wrong.headers.keys()) == (right.body, right.headers.keys())


AUTHORIZATIONS = {
    "empty": "",
    "scheme alone": "Bearer",
    "another feed's": f"Bearer {OTHER}",
    "its beginning": told(TOKEN[:-1]),
    "as the user": "Basic " + b64encode(f"{TOKEN.replace(':', '')}:x".encode()).decode(),
    "in Latin-1": "Basic " + b64encode(b"me:" + TOKEN.replace("🗝", "").encode("latin-1")).decode(),
    "no base64": "Basic !!!!",
    "cut base64": told(TOKEN)[:-1],
    "no password": told(""),
    "digest": f'Digest username="me", response="{OTHER}"',
    "10 kB": "Bearer " + "x" * 10_000,
    "unknown scheme": "Token " + OTHER,
}


@pytest.mark.parametrize("authorization", AUTHORIZATIONS.values(), ids=AUTHORIZATIONS)
def test_a_wrong_token_in_the_header_is_refused(site: Site, authorization: str) -> None:
    assert refused(site.get("/feeds/mine.atom", Authorization=authorization))


def test_two_headers_are_refused_even_when_both_are_right(site: Site) -> None:
    header = f"Authorization: Bearer {OTHER}\r\n"
    request = "GET /feeds/yours.rss HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{}\r\n"
    assert site.raw(request.format(header).encode()).startswith(b"HTTP/1.1 200 ")
    assert site.raw(request.format(header * 2).encode()).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize(
    "path", ["/feeds/mine.rss/{}", "/feeds/{}/mine.rss", "/{}/feeds/mine.rss", "/feeds/mine.rss%3Ftoken={}"]
)
def test_a_token_in_the_path_opens_nothing(site: Site, path: str) -> None:
    assert site.get(path.format(quote(TOKEN, safe=""))).status in (401, 404)


def test_other_parameters_and_headers_do_not_get_around_the_token(site: Site) -> None:
    for path in (
        "/feeds/mine.rss?limit=3",
        "/feeds/mine.rss?limit=x",
        "/feeds/%6Dine.rss",
        "/feeds/mine%2Erss",
    ):
        assert refused(site.get(path))
    for header in ("X_Forwarded_User", "Proxy_Authorization", "Cookie", "X_Original_URL"):
        assert refused(site.get("/feeds/mine.rss", **{header: told(TOKEN)}))


def test_what_is_known_already_is_no_token(site: Site) -> None:
    etag = site.get("/feeds/mine.rss" + asked(TOKEN)).headers["etag"]
    assert refused(site.get("/feeds/mine.rss", If_None_Match=etag))
    assert refused(site.get("/feeds/mine.rss", If_None_Match="*"))
    assert site.get("/feeds/mine.rss" + asked(TOKEN), If_None_Match=etag).status == 304


def test_who_is_refused_is_told_how_to_say_a_token_and_nothing_of_the_feed(site: Site) -> None:
    raw = site.raw(b"GET /feeds/mine.rss HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").decode()
    assert re.findall("www-authenticate: (.*)\r\n", raw) == [
        'Basic realm="Aggregator", charset="UTF-8"',
        'Bearer realm="Aggregator"',
    ]
    reply = site.get("/feeds/mine.rss")
    assert reply.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in reply.headers
    assert "token" in reply.text
    assert not re.search("hidden|hush|my reading", reply.text, re.IGNORECASE)
    head = site.get("/feeds/mine.rss", method="HEAD")
    assert (head.status, head.body, head.headers.keys()) == (401, b"", reply.headers.keys())


def test_private_documents_are_for_no_shared_cache_and_no_other_site(site: Site) -> None:
    for suffix in FORMATS:
        first = site.get(f"/feeds/mine.{suffix}{asked(TOKEN)}")
        again = site.get(f"/feeds/mine.{suffix}{asked(TOKEN)}", If_None_Match=first.headers["etag"])
        for reply in (first, again):
            assert reply.headers["cache-control"].startswith("private,")
            assert "public" not in reply.headers["cache-control"]
            assert reply.headers["vary"] == "Accept-Encoding, Authorization"
            assert "access-control-allow-origin" not in reply.headers
        public = site.get(f"/feeds/news.{suffix}")
        assert public.headers["cache-control"].startswith("public,")
        assert public.headers["vary"] == "Accept-Encoding"
        assert public.headers["access-control-allow-origin"] == "*"


def test_a_private_document_says_no_token(site: Site) -> None:
    for suffix in FORMATS:
        first = site.get(f"/feeds/mine.{suffix}", Authorization=told(TOKEN))
        second = site.get(f"/feeds/mine.{suffix}{asked(TOKEN)}&limit=50")
        for reply in (first, second):
            assert b"token" not in reply.body
            assert all("token" not in value for value in reply.headers.values())
        assert site.get(f"/feeds/mine.{suffix}{asked(TOKEN)}").body == first.body


def test_one_token_opens_one_feed(site: Site) -> None:
    for path in ("/feeds/mine.rss", "/feeds/yours.rss"):
        right, wrong = (TOKEN, OTHER) if "mine" in path else (OTHER, TOKEN)
        assert [refused(way(site, path)) for way in ways(right)] == [False] * 4
        assert [refused(way(site, path)) for way in ways(wrong)] == [True] * 4


def test_a_token_hides_a_feed_and_not_its_entries(site: Site) -> None:
    assert b"Item 2" in site.get("/all.json").body
    assert b"Item 2" in site.get("/tags/hush-hush.json").body


def test_nobody_learns_what_private_feeds_there_are_or_what_they_hold(site: Site) -> None:
    site.config = replace(site.config, feeds=(NEWS, replace(MINE, any=("quiet",)), YOURS))
    for path in ("/feeds/other.rss", "/tags/quie.rss", "/", "/opml.xml", "/metrics", "/nothing"):
        assert not re.search("mine|yours|hidden|quiet", site.get(path).text, re.IGNORECASE), path
    assert (site.get("/tags/quiet.rss").status, site.get("/tags/loud.rss").status) == (404, 404)


def listed(reply: Reply) -> list[str]:
    return [each.replace("&amp;", "&") for each in re.findall('xmlUrl="([^"]+)"', reply.text)]


def path_of(address: str) -> str:
    return address.removeprefix("https://feeds.example")


def test_the_list_of_feeds_has_the_public_ones_for_all_and_those_that_a_token_opens(site: Site) -> None:
    everything, news = "https://feeds.example/all.atom", "https://feeds.example/feeds/news.atom"
    anybody = site.get("/opml.xml")
    assert listed(anybody) == [everything, news]
    assert anybody.headers["cache-control"].startswith("public,")
    assert anybody.headers["vary"] == "Accept-Encoding, Authorization"
    assert listed(site.get("/opml.xml?token=wrong")) == [everything, news]
    mine = site.get("/opml.xml", Authorization=told(TOKEN))
    assert listed(mine) == [everything, news, "https://feeds.example/feeds/mine.atom" + asked(TOKEN)]
    assert mine.headers["cache-control"].startswith("private,")
    assert "access-control-allow-origin" not in mine.headers
    assert b"Item 2" in site.get(path_of(listed(mine)[2])).body
    assert listed(site.get("/opml.xml")) == [everything, news]


def test_the_list_of_a_private_service_works_as_it_is(guarded: Site) -> None:
    for nobody in (guarded.get("/opml.xml"), guarded.get("/opml.xml" + asked(TOKEN))):
        assert refused(nobody)
    addresses = listed(guarded.get("/opml.xml", Authorization=told(ALL)))
    assert [address.partition("?")[2] for address in addresses] == [
        asked(token)[1:] for token in (ALL, ALL, TOKEN, OTHER)
    ]
    for address in addresses:
        assert guarded.get(path_of(address)).status == 200


GUARDED = (
    *("/", "/sources/News.html", "/metrics", "/opml.xml", "/nothing", "/healthz/", "/%2e/healthz"),
    *(
        "/all.rss",
        "/feed.xml",
        "/tags/news.atom",
        "/feeds/news.json",
        "/feeds/unknown.rss",
        "/all.rss?limit=x",
    ),
)


@pytest.mark.parametrize("path", GUARDED)
def test_the_services_token_guards_everything(guarded: Site, path: str) -> None:
    nobody = guarded.get(path)
    assert refused(nobody)
    if path != "/opml.xml":
        assert nobody.body == guarded.get("/").body
    separator = "&" if "?" in path else "?"
    assert refused(guarded.get(f"{path}{separator}token=wrong"))
    assert refused(guarded.get(path, Authorization=told(OTHER)))
    opened = guarded.get(path, Authorization=told(ALL))
    assert opened.status != 401
    assert opened.status == guarded.get(f"{path}{separator}token={ALL}").status
    assert re.match("private|no-store", opened.headers["cache-control"])
    assert "access-control-allow-origin" not in opened.headers
    assert "Authorization" in opened.headers["vary"]


def test_supervisors_and_what_pages_look_like_need_no_token(guarded: Site) -> None:
    for path in ("/healthz", "/readyz", "/static/style.css"):
        assert guarded.get(path).status == 200
    assert "private" not in guarded.get("/static/style.css").headers["cache-control"]


def test_behind_the_services_token_a_feeds_own_opens_that_feed_alone(guarded: Site) -> None:
    assert guarded.get("/feeds/mine.rss" + asked(TOKEN)).status == 200
    assert guarded.get("/feeds/mine.rss" + asked(ALL)).status == 200
    for path in ("/feeds/news.rss", "/feeds/yours.rss", "/all.rss", "/"):
        assert refused(guarded.get(path + asked(TOKEN)))


def test_the_page_of_a_private_service_lists_all_feeds_and_says_no_token(guarded: Site) -> None:
    page = guarded.get("/", Authorization=told(ALL)).text
    assert "feeds/mine.atom" in page
    assert "token" not in page
    assert ALL not in page


def test_the_services_token_guards_below_a_base_url_with_a_path_too(guarded: Site) -> None:
    guarded.config = replace(
        guarded.config, service=replace(guarded.config.service, base_url="https://feeds.example/static")
    )
    for path in ("/static", "/static/", "/static/all.rss", "/static/feeds/mine.rss", "/static/metrics"):
        assert refused(guarded.get(path)), path
    assert guarded.get("/static/healthz").status == 200
    home = guarded.get("/static" + asked(ALL))
    assert (home.status, home.headers["location"]) == (308, "/static/")


def test_another_token_holds_at_once_and_the_others_stay(site: Site) -> None:
    assert site.get("/feeds/mine.rss" + asked(TOKEN)).status == 200
    site.config = replace(site.config, feeds=(NEWS, replace(MINE, token="fresh"), YOURS))
    assert refused(site.get("/feeds/mine.rss" + asked(TOKEN)))
    assert site.get("/feeds/mine.rss" + asked("fresh")).status == 200
    assert site.get("/feeds/yours.rss" + asked(OTHER)).status == 200
    assert "fresh" in site.get("/opml.xml" + asked("fresh")).text


def test_a_feed_that_gets_a_token_is_private_at_once_and_public_again_without(site: Site) -> None:
    before = site.get("/feeds/news.rss")
    site.config = replace(site.config, feeds=(replace(NEWS, token="t"), MINE, YOURS))
    assert refused(site.get("/feeds/news.rss", If_None_Match=before.headers["etag"]))
    assert site.get("/feeds/news.rss?token=t").headers["cache-control"].startswith("private,")
    site.config = replace(site.config, feeds=(NEWS, MINE, YOURS))
    assert site.get("/feeds/news.rss").headers["cache-control"].startswith("public,")


def test_a_reload_during_a_request_does_not_answer_by_the_tokens_before(site: Site) -> None:
    before, after = site.config, replace(site.config, feeds=(NEWS, replace(MINE, token="fresh"), YOURS))
    configs = iter([before])
    site.app._config = lambda: next(configs, after)  # type: ignore[attr-defined]
    site.app._feeds._config = lambda: after  # type: ignore[attr-defined]
    assert refused(site.get("/feeds/mine.rss" + asked(TOKEN)))


def test_what_a_public_feed_is_asked_with_changes_nothing_of_it(site: Site) -> None:
    plain = site.get("/feeds/news.atom")
    for reply in (
        site.get("/feeds/news.atom?token=wrong"),
        site.get("/feeds/news.atom", Authorization="Basic x"),
    ):
        assert (reply.status, reply.body, reply.headers["etag"]) == (200, plain.body, plain.headers["etag"])
        assert reply.headers["cache-control"] == plain.headers["cache-control"]


def test_a_token_is_not_read_as_part_of_what_is_asked_for(site: Site) -> None:
    assert site.get("/feeds/news.rss?limit=1&token=" + "x" * 10_000).status == 200
    assert site.get("/tags/news.rss?token=" + "x" * 10_000).status == 200


@pytest.mark.parametrize(
    "path", ["/search.atom?q=item", "/status.rss", "/tags/news.rss?all=x", "/all.json?hours=3"]
)
def test_searches_and_whatever_else_is_asked_for_are_guarded_by_the_services_token(
    guarded: Site, path: str
) -> None:
    assert refused(guarded.get(path))
    separator = "&" if "?" in path else "?"
    opened = guarded.get(f"{path}{separator}token={ALL}")
    assert opened.status == 200
    assert ALL not in opened.text


def test_parameters_of_a_private_feed_are_as_private(site: Site) -> None:
    for query in ("limit=1", "hours=3", "content=none", "filter_title=x"):
        assert refused(site.get(f"/feeds/mine.atom?{query}"))
        opened = site.get(f"/feeds/mine.atom?{query}&{asked(TOKEN)[1:]}")
        assert opened.status == 200
        assert opened.headers["cache-control"].startswith("private,")
        assert "token" not in opened.text


def test_the_history_of_a_private_feed_is_as_private(site: Site) -> None:
    feed = replace(YOURS, limit=10, window=0)
    site.config = replace(site.config, feeds=(feed,))
    site.store.sync_sources(site.config.sources, now=NOW, policy=StoryPolicy(feeds=(feed,)))
    poll(site.store, "News", *(item(number, "news") for number in range(200)))
    while site.store.curation.fill_feeds(limit=1000):
        pass
    current = site.get("/feeds/yours.atom" + asked(OTHER)).text
    assert "archive=2" in current
    assert OTHER not in current
    for path in ("/feeds/yours.atom?archive=1", "/feeds/yours.json?archive=1"):
        assert refused(site.get(path))
        opened = site.get(path, Authorization=told(OTHER))
        assert opened.status == 200
        assert opened.headers["cache-control"].startswith("private,")
        assert "access-control-allow-origin" not in opened.headers
        assert site.get(path, Authorization=told(OTHER), If_None_Match=opened.headers["etag"]).status == 304
        assert refused(site.get(path, If_None_Match=opened.headers["etag"]))
        assert site.get(f"{path}&token={OTHER}").body == opened.body
        assert OTHER not in opened.text


def test_the_log_counts_wrong_tokens_once_in_a_while_and_names_none(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        site.get("/feeds/mine.rss")
        assert caplog.messages == []
        for number in range(20):
            site.get(f"/feeds/mine.rss?token=guess-{number}")
            site.get("/feeds/mine.rss" + asked(TOKEN))
    assert caplog.messages == ["web: requests refused because of a wrong token: 1"]


def test_errors_say_no_token_in_the_log_or_to_the_client(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.store.close()
    replies = [
        site.get("/feeds/yours.rss" + asked(OTHER)),
        site.get("/feeds/yours.rss", Authorization=told(OTHER)),
        site.get(f"/sources/x&token={OTHER}.html"),
    ]
    assert [reply.status for reply in replies] == [503] * 3
    assert caplog.messages
    for text in (*caplog.messages, *(reply.text for reply in replies)):
        assert OTHER not in text


def test_tokens_are_in_no_description_of_the_config(guarded: Site) -> None:
    assert not any(token in repr(guarded.config) for token in (TOKEN, OTHER, ALL))


def test_metrics_name_no_feed(site: Site) -> None:
    assert "mine" not in site.get("/metrics").text


def test_json_feeds_of_a_private_service_link_without_a_token(guarded: Site) -> None:
    feed = json.loads(guarded.get("/all.json" + asked(ALL)).body)
    assert feed["feed_url"] == "https://feeds.example/all.json"
