"""Documents of every kind: feeds that look odd, and things that are none."""

from __future__ import annotations

import json

from aggregator.model import Outcome
from tests.hostile.scenario import FEED, GOOD, Scenario, http, one, rss

_PAGE = b"<!DOCTYPE html><html><head><title>News</title></head><body><p>Hello</p></body></html>"
_ATOM = (
    '<feed xmlns="http://www.w3.org/2005/Atom"><title>A</title><id>urn:a</id><updated>2024-04-03T01:46:32Z</updated>'
    "<entry><title>One</title><id>urn:1</id><updated>2024-04-03T01:46:32Z</updated></entry></feed>"
)
_RDF = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">'
    '<channel rdf:about="https://news.example/"><title>R</title></channel>'
    '<item rdf:about="https://news.example/1"><title>One</title><link>https://news.example/1</link></item></rdf:RDF>'
)


def _json(name: str, feed: object, outcome: Outcome, *titles: str) -> Scenario:
    body = feed if isinstance(feed, bytes) else json.dumps(feed).encode()
    return one(f"JSON: {name}", http(body, "Content-Type: application/json"), outcome, *titles)


def _json_feed(*items: object, **more: object) -> dict[str, object]:
    return {"version": "https://jsonfeed.org/version/1.1", "title": "J", "items": list(items), **more}


_JSON_ITEM = {"id": "1", "title": "One", "content_text": "x"}

_NO_FEEDS = {
    "page": _PAGE,
    "page without a document type": b"<html><body>x</body></html>",
    "page in capitals": b"<HTML><BODY>x",
    "page of XML": b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0//EN" "x.dtd"><html/>',
    "page behind a comment": b"<!-- x --><html></html>",
    "page behind a mark": b"\xef\xbb\xbf<!doctype html><html>",
    "page in UTF-16": "<!DOCTYPE html><html>".encode("utf-16"),
    "page that shows a feed": b"<html><body><rss><channel><item><title>x</title></item></channel></rss>",
    "challenge": b"<!DOCTYPE html><title>Just a moment...</title><script>challenge()</script>",
    "frame set": b"<html><frameset><frame src='x'></frameset></html>",
    "PNG": b"\x89PNG\r\n\x1a\n" + bytes(50),
    "JPEG": b"\xff\xd8\xff\xe0" + bytes(50),
    "GIF": b"GIF89a" + bytes(50),
    "WebP": b"RIFF\x24\0\0\0WEBPVP8 " + bytes(50),
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "PDF": b"%PDF-1.7\n%\xe2\xe3",
    "ZIP": b"PK\x03\x04" + bytes(50),
    "MP3": b"ID3\x04" + bytes(50),
    "OPML": b'<opml version="2.0"><body><outline xmlUrl="x"/></body></opml>',
    "sitemap": b'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"/>',
    "other XML": b"<response><error>no</error></response>",
    "SOAP": b'<s:Envelope xmlns:s="x"><s:Body/></s:Envelope>',
}
_EMPTY_FEEDS = {
    "RSS": b'<rss version="2.0"><channel><title>Nothing</title></channel></rss>',
    "RSS without title": b'<rss version="2.0"><channel></channel></rss>',
    "RSS without channel": b'<rss version="2.0"/>',
    "Atom": b'<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title></feed>',
    "Atom without anything": b'<feed xmlns="http://www.w3.org/2005/Atom"/>',
    "RDF": b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>',
    "JSON Feed": json.dumps(_json_feed()).encode(),
}
_ONE = "<item><title>One</title></item>"
_FORMATS = {
    "RSS 0.90": _RDF.replace("http://purl.org/rss/1.0/", "http://my.netscape.com/rdf/simple/0.9/"),
    "RSS 0.91": f'<rss version="0.91"><channel><title>x</title>{_ONE}</channel></rss>',
    "RSS 0.92": f'<rss version="0.92"><channel><title>x</title>{_ONE}</channel></rss>',
    "RSS 1.0": _RDF,
    "RSS without version": f"<rss><channel><title>x</title>{_ONE}</channel></rss>",
    "RSS of a version that is none": f'<rss version="7"><channel>{_ONE}</channel></rss>',
    "RSS in capitals": "<RSS><CHANNEL><ITEM><TITLE>One</TITLE></ITEM></CHANNEL></RSS>",
    "RSS with items beside the channel": f"<rss><channel><title>x</title></channel>{_ONE}</rss>",
    "RSS in a default name space": f'<rss xmlns="http://backend.userland.com/rss2"><channel>{_ONE}</channel></rss>',
    "a channel without rss": f"<channel><title>x</title>{_ONE}</channel>",
    "Atom 1.0": _ATOM,
    "Atom 0.3": _ATOM.replace("http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#"),
    "Atom with a prefix": _ATOM.replace("<", "<a:").replace("<a:/", "</a:").replace("xmlns=", "xmlns:a="),
    "Atom without name space": _ATOM.replace(' xmlns="http://www.w3.org/2005/Atom"', ""),
}


SCENARIOS = [
    *(one(f"no feed: {name}", http(body), Outcome.NOT_A_FEED) for name, body in _NO_FEEDS.items()),
    *(one(f"no items: {name}", http(body), Outcome.OK) for name, body in _EMPTY_FEEDS.items()),
    *(one(f"format: {name}", http(body.encode()), Outcome.OK, "One") for name, body in _FORMATS.items()),
    one("page that is called a feed", http(_PAGE, "Content-Type: application/rss+xml"), Outcome.NOT_A_FEED),
    one("feed that is called a page", http(rss("One"), "Content-Type: text/html"), Outcome.OK, "One"),
    _json("feed", _json_feed(_JSON_ITEM), Outcome.OK, "One"),
    _json("version 1", _json_feed(_JSON_ITEM, version="https://jsonfeed.org/version/1"), Outcome.OK, "One"),
    _json("behind a mark", b"\xef\xbb\xbf" + json.dumps(_json_feed(_JSON_ITEM)).encode(), Outcome.OK, "One"),
    _json("in UTF-16", json.dumps(_json_feed(_JSON_ITEM)).encode("utf-16"), Outcome.OK, "One"),
    _json("items of all types", _json_feed(1, None, "x", [], True, {}, _JSON_ITEM), Outcome.OK, "One"),
    _json(
        "values of wrong types",
        _json_feed({"id": 1, "title": "One", "url": [], "tags": {}, "authors": 5}),
        Outcome.OK,
        "One",
    ),
    _json("items that are none", _json_feed(items={"a": 1}), Outcome.OK),
    _json(
        "lone surrogate",
        b'{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"1","title":"A\\ud800B"}]}',
        Outcome.OK,
        "A\ufffdB",
    ),
    _json(
        "NUL",
        b'{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"1","title":"A\\u0000B"}]}',
        Outcome.OK,
        "AB",
    ),
    _json(
        "numbers that are none",
        b'{"version":"https://jsonfeed.org/version/1.1","x":[NaN,-Infinity],"items":[{"id":"1","title":"One"}]}',
        Outcome.OK,
        "One",
    ),
    _json(
        "number of 100,000 figures",
        b'{"version":"https://jsonfeed.org/version/1.1","x":'
        + b"9" * 100_000
        + b',"items":[{"id":"1","title":"One"}]}',
        Outcome.OK,
        "One",
    ),
    _json(
        "nesting of 100,000",
        b'{"version":"https://jsonfeed.org/version/1.1","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        Outcome.UNPARSEABLE,
    ),
    _json("open brackets", b"[" * 100_000, Outcome.UNPARSEABLE),
    _json("cut short", json.dumps(_json_feed(_JSON_ITEM)).encode()[:-9], Outcome.UNPARSEABLE),
    _json("other", {"status": "ok", "data": []}, Outcome.NOT_A_FEED),
    _json("list", [1, 2], Outcome.NOT_A_FEED),
    _json("error", {"error": "not found"}, Outcome.NOT_A_FEED),
    Scenario(
        name="feed that empties itself and comes back",
        answers={FEED: GOOD},
        outcome=Outcome.OK,
        titles=("One", "Two"),
        then=Scenario(
            name="empty",
            answers={FEED: http(_EMPTY_FEEDS["RSS"])},
            outcome=Outcome.OK,
            titles=("One", "Two"),
            then=one("back", GOOD, Outcome.OK, "One", "Two"),
        ),
    ),
    Scenario(
        name="feed that becomes a page and comes back",
        answers={FEED: GOOD},
        outcome=Outcome.OK,
        titles=("One", "Two"),
        then=Scenario(
            name="page",
            answers={FEED: http(_PAGE)},
            outcome=Outcome.NOT_A_FEED,
            titles=("One", "Two"),
            then=one("back again", GOOD, Outcome.UNCHANGED, "One", "Two"),
        ),
    ),
]
