from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest

from aggregator.model import (
    Dedupe,
    EntryDraft,
    EntryQuery,
    Expression,
    Fate,
    FeedSpec,
    ImportedPost,
    Rule,
    Source,
    StoryPolicy,
    TakenPost,
)
from aggregator.protocols import Store
from aggregator.rules.grammar import parse
from tests.store.drafts import DAY, HOUR, NOW, draft, key, poll

NEWS = Source(name="News", url="https://example.org/feed", tags=("News",))
OTHER = Source(name="Other", url="https://other.example/feed")
WRITTEN = NOW - 40 * DAY


def post(
    name: str = "a",
    *,
    said: int | None = WRITTEN,
    dated: int | None = WRITTEN,
    source: str = "News",
    body: bytes = b"",
    file_name: str = "",
    **said_of_it: object,
) -> ImportedPost:
    item = draft(name, guid=None, published=said or dated, **said_of_it)  # type: ignore[arg-type]  # by their names
    return ImportedPost(
        file_name=file_name or f"2020-01-01-{name}.md",
        body=body or name.encode(),
        draft=replace(item, categories=item.categories or (source,)),
        source=Source(name=source, url=""),
        dated=dated,
        said=said,
    )


def take(store: Store, *posts: ImportedPost, policy: StoryPolicy | None = None) -> list[TakenPost]:
    return store.posts.take(posts, policy or StoryPolicy(), now=NOW)


def ids(taken: Iterable[TakenPost]) -> list[int | None]:
    return [each.entry_id for each in taken]


def fates(taken: Iterable[TakenPost]) -> list[Fate]:
    return [each.fate for each in taken]


def polled(published: int = WRITTEN, name: str = "a", **said: object) -> EntryDraft:
    return draft(name, published=published, **said)  # type: ignore[arg-type]  # by their names


def titles(store: Store) -> list[str]:
    return [entry.title for entry in store.entries(EntryQuery(limit=100))]


def test_a_post_is_an_entry_with_its_id_its_date_and_its_labels(store: Store) -> None:
    (taken,) = take(store, post(said=WRITTEN + DAY, dated=WRITTEN, categories=("News", "extra")))
    entry = store.entry(WRITTEN + DAY)
    assert taken == TakenPost(
        file_name="2020-01-01-a.md", fate=Fate.NEW, entry_id=WRITTEN + DAY, source="News", dated=WRITTEN
    )
    assert entry is not None
    assert (entry.published, entry.source_published) == (WRITTEN, WRITTEN + DAY)
    assert (entry.surfaced, entry.edited, entry.changed) == (WRITTEN, None, NOW)
    assert entry.tags == entry.categories == ("News", "extra")
    assert (entry.source.name, entry.source.url, entry.guid) == ("News", "", None)


def test_an_id_that_cannot_be_had_is_the_next_free_one_of_the_date(store: Store) -> None:
    early, late = 5, NOW + 1
    taken = take(
        store,
        post("a"),
        post("b"),
        post("c", said=early),
        post("d", said=late),
        post("e", said=None, dated=None),
        replace(post("f", said=None, dated=None), name_date=WRITTEN - DAY),
    )
    assert ids(taken) == [WRITTEN, WRITTEN + 1, WRITTEN + 2, WRITTEN + 3, NOW, WRITTEN - DAY]


@pytest.mark.parametrize("wrong", [0, NOW + 365 * DAY])
def test_a_date_beyond_reason_is_that_of_the_name_or_stands_below_everything(
    store: Store, wrong: int
) -> None:
    taken = take(
        store,
        replace(post("named", said=wrong, dated=wrong), name_date=WRITTEN - DAY),
        replace(post("not", said=wrong, dated=wrong), name_date=wrong),
        post("none", said=None, dated=None),
        post("plain"),
        post("of its comment", said=WRITTEN - 2 * DAY, dated=wrong),
    )
    assert ids(taken) == [WRITTEN - DAY, NOW, NOW + 1, WRITTEN, WRITTEN - 2 * DAY]
    dates = [WRITTEN - DAY, None, None, WRITTEN, WRITTEN - 2 * DAY]
    assert [each.dated for each in taken] == dates
    entries = [store.entry(entry_id) for entry_id in ids(taken) if entry_id is not None]
    assert [(entry.published, entry.surfaced) for entry in entries if entry is not None] == [
        (date, 631_152_000_000 if date is None else date) for date in dates
    ]
    assert titles(store)[0] == "Title of plain"


def test_posts_that_share_everything_are_entries_of_their_own(store: Store) -> None:
    first = post("a")
    taken = take(store, first, replace(first, file_name="sub/2020-01-01-a.md"))
    assert fates(taken) == [Fate.NEW, Fate.NEW]
    assert ids(taken) == [WRITTEN, WRITTEN + 1]


def test_a_post_is_known_by_its_name_and_bytes(store: Store) -> None:
    take(store, post("a"))
    revision = store.revision()
    assert fates(take(store, post("a"))) == [Fate.UNCHANGED]
    assert store.revision() == revision


def test_a_file_that_was_edited_brings_its_entry_up_to_date(store: Store) -> None:
    take(store, post("a"))
    (taken,) = take(store, post("a", body=b"new", content="other text", categories=("else",)))
    entry = store.entry(WRITTEN)
    assert (taken.fate, taken.entry_id) == (Fate.UPDATED, WRITTEN)
    assert entry is not None
    assert (entry.content_html, entry.tags, entry.edited) == ("other text", ("else",), NOW)
    original = store.posts.originals([WRITTEN])[WRITTEN]
    assert (original.body, original.current) == (b"new", True)


def test_another_archives_file_of_the_same_name_is_another_post(store: Store) -> None:
    take(store, post("a", file_name="x.md"))
    taken = take(store, post("b", said=WRITTEN + 1, file_name="x.md"))
    assert fates(taken) == [Fate.NEW]
    assert fates(take(store, post("a", file_name="x.md"), post("b", file_name="x.md"))) == [
        Fate.UNCHANGED,
        Fate.UNCHANGED,
    ]


def test_names_that_are_not_utf8_and_any_bytes_come_back(store: Store) -> None:
    name, body = b"\xff caf\xe9.md".decode("utf-8", "surrogateescape"), bytes(range(256))
    take(store, post("a", file_name=name, body=body))
    original = store.posts.originals([WRITTEN, 7])[WRITTEN]
    assert (original.file_name, original.body, original.current) == (name, body, True)
    assert [known.file_name for known in store.posts.known()] == [name]


def test_the_first_poll_knows_an_imported_entry_and_takes_the_sources_words_as_no_edit(store: Store) -> None:
    take(store, post("a", categories=("News", "by hand")))
    store.sync_sources([NEWS], now=NOW)
    words = polled(WRITTEN - HOUR, title="A new title", content="as the source has it", categories=("cat",))
    tally = poll(store, NEWS, [words], now=NOW + HOUR)
    (entry,) = store.entries(EntryQuery())
    assert tally.new == 0
    assert (entry.id, entry.surfaced, entry.edited) == (WRITTEN, WRITTEN, None)
    assert (entry.title, entry.content_html, entry.guid) == ("A new title", "as the source has it", "guid-a")
    assert entry.tags == ("News", "cat", "by hand")
    assert store.posts.originals([entry.id])[entry.id].current


def test_what_changes_after_the_first_poll_is_an_edit_that_keeps_the_posts_labels(store: Store) -> None:
    take(store, post("a", categories=("by hand",)))
    store.sync_sources([NEWS], now=NOW)
    poll(store, NEWS, [polled()], now=NOW + HOUR)
    poll(store, NEWS, [polled(content="edited")], now=NOW + 2 * HOUR)
    (entry,) = store.entries(EntryQuery())
    assert (entry.edited, entry.surfaced) == (NOW + 2 * HOUR, WRITTEN)
    assert entry.tags == ("News", "by hand")
    assert not store.posts.originals([entry.id])[entry.id].current


def test_an_old_link_under_a_new_guid_and_title_is_new_once_its_source_was_polled(store: Store) -> None:
    take(store, post("a"))
    store.sync_sources([NEWS], now=NOW)
    poll(store, NEWS, [polled()], now=NOW + HOUR)
    words = draft("a", guid="another", title="Nothing alike", content="at all", published=NOW)
    assert poll(store, NEWS, [words], now=NOW + 2 * HOUR).new == 1


def test_the_source_of_the_config_gets_the_posts_of_its_name(store: Store) -> None:
    store.sync_sources([NEWS], now=NOW)
    (taken,) = take(store, post("a", source="  nEWS ", categories=("nEWS",)))
    entry = store.entry(WRITTEN)
    assert entry is not None
    assert taken.source == entry.source.name == "News"
    assert entry.source.url == NEWS.url
    assert entry.tags == ("News", "nEWS")


def test_a_source_that_is_configured_later_goes_on_with_its_posts(store: Store) -> None:
    take(store, post("a"))
    assert store.source_statuses() == []
    store.sync_sources([NEWS], now=NOW)
    (status,) = store.source_statuses()
    assert (status.name, status.entries) == ("News", 1)


def test_a_post_that_was_polled_already_is_that_entry(store: Store) -> None:
    store.sync_sources([NEWS], now=NOW)
    poll(store, NEWS, [polled(categories=("cat",))], now=NOW)
    before = store.entries(EntryQuery())
    taken = take(store, post("a", said=WRITTEN - 5, categories=("by hand",), content="as the script had it"))
    (entry,) = store.entries(EntryQuery())
    assert fates(taken) == [Fate.JOINED]
    assert (entry.id, entry.content_html, entry.edited) == (before[0].id, "text", None)
    assert entry.tags == ("News", "cat", "by hand")
    assert poll(store, NEWS, [polled(categories=("cat",))], now=NOW + HOUR).updated == 0


def test_only_one_post_is_a_polled_entry(store: Store) -> None:
    store.sync_sources([NEWS], now=NOW)
    poll(store, NEWS, [polled()], now=NOW)
    first = post("a")
    posts = (first, replace(first, file_name="again.md"))
    rehearsed = store.posts.rehearse(posts, StoryPolicy(), now=NOW, given=set())
    assert fates(rehearsed) == fates(take(store, *posts)) == [Fate.JOINED, Fate.NEW]


def test_another_day_of_a_page_is_another_entry(store: Store) -> None:
    store.sync_sources([NEWS], now=NOW)
    poll(store, NEWS, [polled(NOW - HOUR, title="Today", content="of today")], now=NOW)
    assert fates(take(store, post("a"))) == [Fate.NEW]


def test_another_sources_story_is_joined_unless_that_is_turned_off(store: Store) -> None:
    store.sync_sources([OTHER], now=NOW)
    poll(store, OTHER, [polled()], now=NOW)
    assert fates(take(store, post("b"), policy=StoryPolicy(dedupe=Dedupe.OFF))) == [Fate.NEW]
    assert fates(take(store, post("a"))) == [Fate.JOINED]
    entry = store.entry(WRITTEN)
    assert entry is not None
    assert [source.name for source in entry.sources] == ["Other", "News"]
    off = post("c", url="https://example.org/a")
    assert fates(take(store, off, policy=StoryPolicy(dedupe=Dedupe.OFF))) == [Fate.NEW]


def test_another_source_that_tells_an_imported_story_joins_it(store: Store) -> None:
    take(store, post("a"))
    store.sync_sources([OTHER], now=NOW)
    tally = poll(store, OTHER, [polled()], now=NOW)
    assert (tally.new, tally.joined) == (0, 1)


def test_of_posts_with_one_link_the_latest_meets_the_first_poll(store: Store) -> None:
    old = post("old", said=WRITTEN - DAY, url="https://example.org/a", title="before")
    take(store, old, post("new", url="https://example.org/a", title="after"))
    store.sync_sources([NEWS], now=NOW)
    words = polled(NOW - HOUR, title="neither", content="nor")
    assert poll(store, NEWS, [words], now=NOW).new == 0
    entry = store.entry(WRITTEN)
    assert entry is not None
    assert entry.guid == "guid-a"


def test_a_further_spelling_of_a_link_is_known_too(store: Store) -> None:
    other = "https://example.org/other"
    imported = replace(post("a", title="x"), further_links=(key(other),))
    take(store, imported)
    store.sync_sources([NEWS], now=NOW)
    item = draft("b", url=other, title="y", content="z", published=WRITTEN)
    assert poll(store, NEWS, [item], now=NOW).new == 0


def test_a_further_spelling_of_a_link_is_known_across_sources_too(store: Store) -> None:
    other = "https://example.org/other"
    imported = replace(post("a"), further_stories=(key(other),))
    store.sync_sources([OTHER], now=NOW)
    item = draft("b", url=other, published=WRITTEN)
    poll(store, OTHER, [item], now=NOW)
    again = replace(imported, file_name="again.md")
    assert fates(take(store, imported, again)) == [Fate.JOINED, Fate.NEW]
    assert poll(store, OTHER, [item], now=NOW + HOUR).new == 0


def test_rules_feeds_and_the_search_see_imported_entries(store: Store) -> None:
    def match(text: str) -> Expression:
        return parse(text)

    policy = StoryPolicy(
        rules=(
            Rule(name="t", match=match('title:"of a"'), add=("first",)),
            Rule(name="d", match=match('title:"of b"'), drop=True),
        ),
        feeds=(FeedSpec(slug="firsts", title="Firsts", any=("first",)),),
    )
    store.sync_sources([NEWS], now=NOW, policy=policy)
    take(store, post("a"), post("b"), post("c"), policy=policy)
    assert [entry.tags for entry in store.entries(EntryQuery(feed="firsts"))] == [("News", "first")]
    assert sorted(titles(store)) == ["Title of a", "Title of c"]
    assert [e.title for e in store.entries(EntryQuery(match=match('title:"of c"')))] == ["Title of c"]


def test_a_rehearsal_tells_what_would_come_and_writes_nothing(store: Store) -> None:
    posts: Sequence[ImportedPost] = [post("a"), post("b"), post("c", said=None, dated=WRITTEN)]
    revision, given = store.revision(), set[int]()
    rehearsed = [
        *store.posts.rehearse(posts[:2], StoryPolicy(), now=NOW, given=given),
        *store.posts.rehearse(posts[2:], StoryPolicy(), now=NOW, given=given),
    ]
    assert (store.revision(), store.entry_count(), store.posts.known()) == (revision, 0, [])
    assert rehearsed == take(store, *posts)


def test_a_post_whose_entry_was_deleted_is_not_taken_again(store: Store) -> None:
    take(store, post("a"))
    with store._write() as conn:  # type: ignore[attr-defined]  # as whatever deletes entries does
        conn.execute("DELETE FROM entries WHERE id = ?", (WRITTEN,))
    assert fates(take(store, post("a"))) == [Fate.PURGED]
    assert store.posts.originals([WRITTEN]) == {}


def test_a_renamed_post_is_known_by_its_new_name(store: Store) -> None:
    take(store, post("a"))
    (known,) = store.posts.known()
    store.posts.rename([(known, "new.md")])
    assert fates(take(store, post("a", file_name="new.md"))) == [Fate.UNCHANGED]
