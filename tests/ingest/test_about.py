"""What a document says of the feed that it is: one quirk each."""

from __future__ import annotations

import json

import pytest

from aggregator.ingest.read import read_document
from aggregator.model import NOTHING_SAID, About, Fetched, Reading
from tests.ingest.test_episodes import NAMESPACES, SITE, URL, rss

COVER = "https://show.example.org/cover.jpg"


def about(body: str) -> About:
    fetched = Fetched(
        url=URL, status=200, body=body.encode("utf-8", "surrogatepass"), content_type=None, validators=None
    )
    reading = read_document(fetched)
    assert isinstance(reading, Reading), reading
    return reading.about


def atom(feed: str) -> str:
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom" {NAMESPACES}><title>Show</title>{feed}<entry><id>e</id>'
        "<title>t</title><source><id>other</id><logo>https://other.example/l.png</logo></source>"
        "<icon>https://other.example/i.png</icon></entry></feed>"
    )


def rdf(image: str) -> str:
    return (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">'
        f'<channel rdf:about="{SITE}"><title>Show</title><link>{SITE}</link><image rdf:resource="x"/>'
        f'</channel>{image}<item rdf:about="{SITE}1"><title>t</title></item></rdf:RDF>'
    )


@pytest.mark.parametrize(
    ("body", "image"),
    [
        (rss("", f'<itunes:image href="{COVER}"/>'), COVER),
        (rss("", '<itunes:image href="/cover.jpg"/>'), COVER),
        (rss("", f'<itunes:image url="{COVER}?a=1&amp;b=2"/>'), f"{COVER}?a=1&b=2"),
        (rss("", f"<itunes:image>{COVER}</itunes:image>"), COVER),
        (rss("", f"<image><url> {COVER} </url><title>Show</title><link>{SITE}</link></image>"), COVER),
        (rss("", f'<image><url>https://x.example/</url></image><itunes:image href="{COVER}"/>'), COVER),
        (rss(f"<image><url>{COVER}</url></image><itunes:image href='{COVER}'/>"), None),
        (rss(f"<image><url>{COVER}</url></image>", "<image><url>/c.png</url></image>"), f"{SITE}c.png"),
        (rss("", '<itunes:image href="javascript:x()"/>'), None),
        (rss("", f'<itunes:image href="javascript:x()"/><image><url>{COVER}</url></image>'), COVER),
        (rss("", f'<itunes:image href="{COVER}?{"x" * 4000}"/>'), None),
        (rss("", f'<itunes:image href="{COVER}"/>').replace("</rss>", "<rss>&"), COVER),
        (rdf(f'<image rdf:about="x"><title>t</title><url>{COVER}</url><link>{SITE}</link></image>'), COVER),
        (atom(f"<icon>https://x.example/i.png</icon><logo>{COVER}</logo>"), COVER),
        (atom("<icon>i.png</icon>"), "https://feeds.example.org/i.png"),
        (atom('<logo xml:base="https://show.example.org/a/">../cover.jpg</logo>'), COVER),
        (atom(f'<itunes:image href="{COVER}"/>'), COVER),
        (atom(""), None),
    ],
)
def test_a_feed_s_picture_is_its_own_and_a_web_address(body: str, image: str | None) -> None:
    assert about(body).image == image


@pytest.mark.parametrize("icon", ["https://show.example.org/cover.jpg", "/cover.jpg"])
def test_a_json_feed_s_picture_is_its_icon(icon: str) -> None:
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "t", "home_page_url": SITE, "icon": icon}
    assert about(json.dumps({**feed, "items": [{"id": "1"}]})) == About(image=COVER)


@pytest.mark.parametrize(("said", "explicit"), [("yes", True), ("clean", False), ("perhaps", None)])
def test_a_podcast_is_explicit_where_it_says_so_itself(said: str, explicit: bool | None) -> None:
    assert about(rss("", f"<itunes:explicit>{said}</itunes:explicit>")).explicit is explicit
    assert about(rss(f"<itunes:explicit>{said}</itunes:explicit>")) == NOTHING_SAID


@pytest.mark.parametrize(
    ("body", "feed_id"),
    [
        (atom("<id> tag:a.example,2024:1 </id>"), "tag:a.example,2024:1"),
        (atom(""), None),
        (atom(f"<id>{'x' * 4001}</id>"), None),
        (rss("", "<id>tag:a.example,2024:1</id>"), None),
    ],
)
def test_an_atom_feed_s_id_is_its_own_to_the_letter(body: str, feed_id: str | None) -> None:
    assert about(body).id == feed_id
