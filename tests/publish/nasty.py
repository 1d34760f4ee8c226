"""Whatever entries and channels may hold."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from aggregator.model import Enclosure, Episode, SourceRef
from tests.publish.entries import CHANNEL, an_entry

nasty_text = st.text(max_size=30) | st.text("<>&]\"'\0\x1b\ufffe\ud800\x85 ;#x日", max_size=30)
nasty_instant = st.integers(-(2**62), 2**62)
nasty_url = nasty_text.map(lambda tail: "https://" + tail) | nasty_text
nasty_number = st.integers(-3, 3) | st.integers(-(2**70), 2**70)
nasty_file = st.builds(
    Enclosure, url=nasty_url, type=st.none() | nasty_text, length=st.none() | nasty_instant
)
nasty_entry = st.builds(
    an_entry,
    id=st.integers(1, 2**62),
    sources=st.lists(
        st.builds(
            SourceRef,
            name=nasty_text,
            url=nasty_url,
            site_url=st.none() | nasty_url,
            entry_url=st.none() | nasty_url,
        ),
        min_size=1,
        max_size=3,
    ).map(tuple),
    guid=st.none() | nasty_text,
    url=st.none() | nasty_url,
    title=nasty_text,
    authors=st.lists(nasty_text, max_size=2).map(tuple),
    published=st.none() | nasty_instant,
    updated=st.none() | nasty_instant,
    tags=st.lists(nasty_text, max_size=3).map(tuple),
    language=st.none() | nasty_text,
    summary=st.none() | nasty_text,
    content_html=st.none() | nasty_text,
    enclosures=st.lists(nasty_file, max_size=2).map(tuple),
    base_url=nasty_url,
    episode=st.none()
    | st.builds(
        Episode,
        duration=st.none() | nasty_number,
        image=st.none() | nasty_url,
        number=st.none() | nasty_number,
        season=st.none() | nasty_number,
        kind=st.none() | nasty_text | st.sampled_from(["full", "trailer", "bonus"]),
        explicit=st.none() | st.booleans(),
        chapters=st.none() | nasty_file,
        transcripts=st.lists(nasty_file, max_size=2).map(tuple),
    ),
)
nasty_entries = st.lists(nasty_entry, max_size=3, unique_by=lambda entry: entry.id)
nasty_channel = st.builds(
    lambda **changes: replace(CHANNEL, **changes),
    title=nasty_text,
    description=nasty_text,
    language=st.none() | nasty_text,
    icon=st.none() | nasty_url,
    links=st.lists(
        st.tuples(st.sampled_from(["next", "current", "prev-archive"]) | nasty_text, nasty_url), max_size=2
    ).map(tuple),
    archived=st.booleans(),
)
