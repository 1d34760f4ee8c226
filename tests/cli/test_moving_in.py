"""An archive moves in first, and its feeds are configured later: the first polls bring what is new alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from aggregator.model import Entry, EntryQuery
from aggregator.store import open_store
from tests.archive.test_intake import text, write
from tests.cli.conftest import Desk
from tests.daemon.test_subscriptions import opml
from tests.origin import Origin

SCRIPTED = "https://www.news.example/b?x=1&amp;y=%27&amp;utm_source=rss"
"""What the scripts wrote of a link that its feed escapes twice."""
TWICE_ESCAPED = "https://www.news.example/b?x=1&amp;amp;y='&amp;amp;utm_source=rss"
FEED = f"""<rss version="2.0"><channel><title>News</title>
<item><title>Of today</title><link>https://www.news.example/new</link><guid>3</guid></item>
<item><title>Another title</title><link>{TWICE_ESCAPED}</link><guid>2</guid><description>b</description>
</item>
<item><title>Title of a</title><link>https://www.news.example/a</link><guid>1</guid></item>
</channel></rss>"""


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    folder = tmp_path / "site/_posts"
    write(folder, "2020-01-01-a.md", text("a", author="Anna"))
    write(folder, "2020-01-02-b.md", text("b", author="Anna", said="1577966400000", link=SCRIPTED))
    return folder


@pytest.fixture
def feed(origin: Origin) -> Origin:
    origin.serve("/News", FEED)
    return origin


def stored(desk: Desk) -> dict[str, Entry]:
    with closing(open_store(str(desk.database))) as store:
        return {entry.title: entry for entry in store.entries(EntryQuery(limit=100))}


def by_add(desk: Desk, origin: Origin) -> None:
    desk.done("add", f"{origin.url}/News", "--tag", "News")


def by_opml(desk: Desk, origin: Origin) -> None:
    file = desk.folder / "list.opml"
    file.write_text(opml("News", base=origin.url), encoding="utf-8")
    desk.done("import", "opml", file)


def by_subs(desk: Desk, origin: Origin) -> None:
    file = desk.folder / "subs.json"
    file.write_text(json.dumps([{"site": "News", "url": f"{origin.url}/News"}]))
    assert desk.type("import", "subs", file).exit_code == 0


def by_subscription(desk: Desk, origin: Origin) -> None:
    url = origin.serve("/list", opml("News", base=origin.url))
    desk.write(f'[[subscriptions]]\nurl = "{url}"\n')


def by_hand(desk: Desk, origin: Origin) -> None:
    desk.write(f'[[sources]]\nname = "news"\nurl = "{origin.url}/News"\n')


@pytest.mark.parametrize(
    ("configure", "name"),
    [(by_add, "News"), (by_opml, "News"), (by_subs, "News"), (by_subscription, "News"), (by_hand, "news")],
)
def test_a_feed_that_is_called_as_imported_posts_are_goes_on_with_them(
    desk: Desk, posts: Path, feed: Origin, *, configure: Callable[[Desk, Origin], None], name: str
) -> None:
    desk.done("import", "jekyll", posts)
    configure(desk, feed)
    desk.type("poll")
    entries = stored(desk)
    assert sorted(entries) == ["Another title", "Of today", "Title of a"]
    told_by = {(source.name, source.url) for entry in entries.values() for source in entry.sources}
    assert told_by == {(name, f"{feed.url}/News")}


@pytest.mark.parametrize("by", ["tags", "author", "host"])
def test_a_link_that_was_escaped_twice_is_known_whatever_names_the_sources(
    desk: Desk, posts: Path, feed: Origin, by: str
) -> None:
    by_hand(desk, feed)
    desk.done("import", "jekyll", posts, "--source-from", by)
    desk.type("poll")
    assert len(stored(desk)) == 3


def test_a_known_link_that_was_escaped_twice_brings_nothing(desk: Desk, feed: Origin) -> None:
    file = desk.folder / "allurls.dat"
    file.write_text(f"{SCRIPTED}\nhttps://www.news.example/a\n")
    assert desk.done("import", "urls", file) == f"{file}: 2 links known, 2 of them new\n"
    assert desk.done("import", "urls", file) == f"{file}: 2 links known, 0 of them new\n"
    by_hand(desk, feed)
    desk.type("poll")
    assert list(stored(desk)) == ["Of today"]


@pytest.mark.parametrize("by", ["tags", "author", "host"])
def test_polls_after_moving_in_leave_posts_as_they_were_to_the_byte(
    desk: Desk, posts: Path, feed: Origin, by: str
) -> None:
    by_hand(desk, feed)
    desk.done("import", "jekyll", posts, "--source-from", by)
    for _ in range(2):
        desk.type("poll")
        desk.done("export", "jekyll", desk.folder / "out", "--style", "legacy", "--update")
        for file in posts.iterdir():
            assert (desk.folder / "out/_posts" / file.name).read_bytes() == file.read_bytes()
