"""What happened to sources, as items."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from aggregator.model import Incident, IncidentKind
from aggregator.publish.feeds import FORMATS, render
from aggregator.publish.status import status_items
from tests.publish.entries import CHANNEL, PUBLISHED
from tests.publish.nasty import nasty_text, nasty_url
from tests.publish.safety import assert_safe

FAILING = Incident(
    id=7,
    at=PUBLISHED + 123,
    kind=IncidentKind.FAILING,
    source="BBC News World",
    url="https://user:secret@bbc.example/feed?key=secret",
    message='it answers 500 at https://user:secret@bbc.example/feed?key=secret: "<b> & c"',
)


def test_an_item_says_which_source_it_is_what_happened_since_when_and_where() -> None:
    (item,) = status_items([FAILING])
    assert item.title == "BBC News World: failing"
    assert item.content == (
        '<p>it answers 500 at https://bbc.example/feed: "&lt;b&gt; &amp; c"</p>'
        "<p>Noticed at 2024-04-03 01:46:32 UTC.</p>"
        '<p>Its feed: <a href="https://bbc.example/feed" rel="noopener noreferrer">'
        "https://bbc.example/feed</a></p>"
    )
    assert (item.published, item.updated, item.changed) == (FAILING.at, FAILING.at, FAILING.at)
    assert item.tags == ("failing",)


@pytest.mark.parametrize("form", FORMATS)
def test_no_format_tells_a_secret(form: str) -> None:
    named = replace(FAILING, source=FAILING.url)
    body = render(form, CHANNEL, status_items([FAILING, named])).body
    assert b"bbc.example" in body
    assert b"secret" not in body


def test_the_newest_is_first_and_each_keeps_its_id() -> None:
    later = replace(FAILING, id=8, at=FAILING.at + 1, kind=IncidentKind.RECOVERED)
    same_time = replace(FAILING, id=9, kind=IncidentKind.MOVED)
    items = status_items([FAILING, later, same_time])
    assert [item.title.rpartition(" ")[2] for item in items] == ["recovered", "moved", "failing"]
    assert items[2].id == "urn:uuid:8c8e680b-c4d7-5d42-b801-9963d4e12e82", "readers would show it again"
    assert len({item.id for item in items}) == 3


def test_an_incident_that_cannot_be_published_leaves_the_others(caplog: pytest.LogCaptureFixture) -> None:
    broken = replace(FAILING, id=8, message=None)  # type: ignore[arg-type]  # that is what is broken
    assert status_items([broken, FAILING]) == status_items([FAILING])
    assert "incident 8 " in caplog.text


@pytest.mark.parametrize(("form", "tag"), [("rss", "item"), ("atom", "{http://www.w3.org/2005/Atom}entry")])
def test_every_kind_is_an_item_of_a_feed(form: str, tag: str) -> None:
    items = status_items([replace(FAILING, id=n, kind=kind) for n, kind in enumerate(IncidentKind)])
    assert len(list(etree.fromstring(render(form, CHANNEL, items).body).iter(tag))) == len(IncidentKind)


def test_what_the_service_says_itself_comes_from_no_source() -> None:
    assert "_aggregator" not in json.loads(render("json", CHANNEL, status_items([FAILING])).body)["items"][0]
    for form in ("rss", "atom"):
        feed = etree.fromstring(render(form, CHANNEL, status_items([FAILING])).body)
        assert not list(feed.iter("source", "{http://www.w3.org/2005/Atom}source"))


@given(st.builds(replace, st.just(FAILING), source=nasty_text, url=nasty_url, message=nasty_text))
def test_whatever_a_server_said_the_item_is_safe(incident: Incident) -> None:
    (item,) = status_items([incident])
    assert_safe(item.content)
    assert item.title.endswith(": failing")
