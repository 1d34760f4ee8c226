from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from aggregator.config import Config, parse
from aggregator.daemon.changes import tell_changes
from aggregator.daemon.polling import http_fetcher, parse_pool
from aggregator.daemon.subscriptions import ListFollower
from aggregator.ingest.follow import with_lists
from aggregator.ingest.opml import read_opml
from aggregator.ingest.workers import ParsePool
from aggregator.protocols import Store
from aggregator.store import open_store
from tests.daemon.process import Daemon, rss, wait_until
from tests.origin import Origin

DAY = 86_400_000
HOUR = 3_600_000


def opml(*names: str, base: str = "https://feeds.example") -> str:
    outlines = "".join(f'<outline text="{name}" type="rss" xmlUrl="{base}/{name}"/>' for name in names)
    return f'<opml version="2.0"><body><outline text="Folder">{outlines}</outline></body></opml>'


@pytest.fixture(scope="module")
def readers() -> Iterator[ParsePool]:
    with closing(parse_pool(parse("", Path("aggregator.toml"), {}))) as readers:
        yield readers


@dataclass
class Bench:
    """A follower with a clock that a test sets."""

    store: Store
    origin: Origin
    readers: ParsePool
    now: int = 0
    tables: str = ""
    config: Config = field(init=False)
    follower: ListFollower = field(init=False)

    def __post_init__(self) -> None:
        self.follow()

    def follow(self, tables: str = "") -> None:
        self.configure(tables)
        self.follower = ListFollower(
            store=self.store,
            fetch=http_fetcher(self.config).fetch,
            read=partial(self.readers.run, read_opml),
            clock=lambda: self.now,
            dice=lambda: 0.0,
        )

    def configure(self, tables: str = "", **keys: str) -> None:
        more = "".join(f"{key} = {text}\n" for key, text in keys.items())
        text = (
            '[polling]\nallow_private = ["127.0.0.0/8"]\nhost_gap = "0s"\n'
            f'[[subscriptions]]\nurl = "{self.origin.url}/list"\ntags = ["mine"]\n{more}{tables}'
        )
        self.config = parse(text, Path("aggregator.toml"), {})

    def look(self, after: int = DAY) -> None:
        self.now += after
        before = with_lists(self.config, self.store).sources
        self.follower.look_at_due(self.config)
        tell_changes(before, with_lists(self.config, self.store).sources)

    @property
    def names(self) -> list[str]:
        return [source.name for source in with_lists(self.config, self.store).sources]

    @property
    def asked(self) -> int:
        return len(self.origin.seen("/list"))


@pytest.fixture
def bench(
    tmp_path: Path, origin: Origin, readers: ParsePool, caplog: pytest.LogCaptureFixture
) -> Iterator[Bench]:
    caplog.set_level(logging.INFO, logger="aggregator")
    with closing(open_store(str(tmp_path / "x.db"))) as store:
        yield Bench(store, origin, readers)


def test_the_sources_of_a_list_are_those_of_the_config_too(
    bench: Bench, origin: Origin, caplog: pytest.LogCaptureFixture
) -> None:
    origin.serve("/list", opml("a", "b"))
    assert bench.names == []
    bench.look()
    first, second = with_lists(bench.config, bench.store).sources
    assert (first.name, first.url, first.tags) == ("a", "https://feeds.example/a", ("mine", "Folder"))
    assert first.subscription == f"{origin.url}/list"
    assert second.name == "b"
    assert "2 sources added: a, b" in caplog.text


def test_a_list_is_asked_at_its_interval_and_conditionally(bench: Bench, origin: Origin) -> None:
    origin.serve("/list", opml("a"), etag='"1"')
    bench.look()
    bench.look(DAY - 1)
    assert bench.asked == 1
    bench.look(1)
    assert bench.asked == 2
    assert origin.seen("/list")[1].headers["if-none-match"] == '"1"'
    assert bench.names == ["a"]


def test_a_shorter_interval_holds_at_once(bench: Bench, origin: Origin) -> None:
    origin.serve("/list", opml("a"))
    bench.look()
    bench.configure(interval='"1h"')
    bench.look(HOUR - 1)
    assert bench.asked == 1
    bench.look(1)
    assert bench.asked == 2


def test_additions_and_removals_are_taken_and_logged(
    bench: Bench, origin: Origin, caplog: pytest.LogCaptureFixture
) -> None:
    origin.serve("/list", opml("a", "b"))
    bench.look()
    revision = bench.store.lists.revision()
    origin.serve("/list", opml("b", "c"))
    bench.look()
    assert bench.names == ["b", "c"]
    assert bench.store.lists.revision() != revision
    assert "1 source added: c" in caplog.text
    assert "1 source removed, entries stay: a" in caplog.text
    assert caplog.records[-1].levelno == logging.INFO


@pytest.mark.parametrize(
    ("body", "status"),
    [("gone", 410), ("broken", 500), ("<html><body>maintenance</body></html>", 200), ("<opml><", 200)],
)
def test_a_list_that_fails_removes_nothing_however_often(
    bench: Bench, origin: Origin, caplog: pytest.LogCaptureFixture, body: str, status: int
) -> None:
    origin.serve("/list", opml("a", "b"))
    bench.look()
    origin.serve("/list", body, status=status)
    for _ in range(5):
        bench.look(30 * DAY)
    assert bench.asked == 6
    assert bench.names == ["a", "b"]
    assert caplog.records[-1].levelno == logging.WARNING
    assert caplog.messages[-1].startswith(f"list {origin.url}/list: ")
    assert caplog.messages[-1].endswith("What it named stays (2 sources).")


def test_failures_back_off(bench: Bench, origin: Origin) -> None:
    bench.configure(interval='"1h"')
    origin.serve("/list", "no", status=500)
    bench.look()
    bench.look(HOUR)
    bench.look(HOUR)
    assert bench.asked == 2
    bench.look(HOUR)
    assert bench.asked == 3
    origin.serve("/list", opml("a"))
    bench.look(4 * HOUR)
    assert bench.names == ["a"]
    (followed,) = bench.store.lists.all()
    assert (followed.failures, followed.message) == (0, "")


def test_a_host_that_wants_a_pause_is_not_asked_for_any_list(bench: Bench, origin: Origin) -> None:
    origin.serve("/list", "wait", status=429, headers={"Retry-After": "7200"})
    origin.serve("/other", opml("a"))
    bench.configure(f'[[subscriptions]]\nurl = "{origin.url}/other"\n', interval='"1h"')
    bench.look()
    assert origin.seen("/other") == []
    bench.look(HOUR)
    assert (bench.asked, len(origin.seen("/other"))) == (1, 0)
    bench.look(HOUR)
    assert (bench.asked, len(origin.seen("/other"))) == (2, 0)


@pytest.mark.parametrize("etag", [None, '"2"'])
def test_a_list_that_loses_most_sources_must_say_so_three_times(
    bench: Bench, origin: Origin, caplog: pytest.LogCaptureFixture, etag: str | None
) -> None:
    origin.serve("/list", opml(*"abcdef"))
    bench.look()
    origin.serve("/list", opml("a"), etag=etag)
    bench.look()
    assert "5 of its 6 sources are not in it any more" in caplog.text
    bench.look()
    assert bench.names == [*"abcdef"]
    bench.look()
    assert bench.names == ["a"]


def test_a_list_that_is_cut_off_is_asked_for_again_unconditionally(bench: Bench, origin: Origin) -> None:
    origin.serve("/list", opml("a", "b"), etag='"1"')
    bench.look()
    origin.serve("/list", opml("a", "b")[:120], etag='"2"')
    bench.look()
    assert bench.names == ["a", "b"]
    bench.look()
    assert "if-none-match" not in origin.seen("/list")[-1].headers


def test_what_is_beyond_the_limit_is_left_out_and_told_once(
    bench: Bench, origin: Origin, caplog: pytest.LogCaptureFixture
) -> None:
    bench.configure(limit="2")
    origin.serve("/list", opml(*"abc"))
    bench.look()
    bench.look()
    assert bench.names == ["a", "b"]
    assert caplog.text.count("1 source is left out, beyond its limit of 2: c") == 1
    bench.configure(limit="3")
    assert bench.names == ["a", "b", "c"], "a higher limit needs no other look"


def test_a_stop_leaves_no_record(bench: Bench, origin: Origin) -> None:
    origin.serve("/list", "no", status=500)
    follower = ListFollower(
        store=bench.store,
        fetch=http_fetcher(bench.config).fetch,
        read=partial(bench.readers.run, read_opml),
        clock=lambda: DAY,
        cut_off=lambda: bench.asked > 0,
    )
    follower.look_at_due(bench.config)
    assert bench.asked == 1
    assert bench.store.lists.all() == []


def test_a_list_that_left_the_config_is_forgotten(bench: Bench, origin: Origin) -> None:
    origin.serve("/list", opml("a"))
    bench.look()
    bench.store.lists.forget_others([])
    assert bench.store.lists.all() == []


def test_the_service_polls_what_a_list_names_and_follows_it(origin: Origin, tmp_path: Path) -> None:
    for name in "ab":
        origin.serve(f"/{name}", rss(f"from {name}"))
    url = origin.serve("/list", opml("a", base=origin.url))
    table = f'[[subscriptions]]\nurl = "{url}"\ntags = ["mine"]\ninterval = "1s"\n'
    with Daemon(tmp_path, table) as daemon:
        wait_until(lambda: len(daemon.items("/tags/mine.json")) == 1, "the source of the list is polled")
        origin.serve("/list", opml("b", base=origin.url))
        wait_until(lambda: len(daemon.items("/tags/Folder.json")) == 2, "the new one is, and entries stay")
        daemon.wait_for_line("1 source removed, entries stay: a")
        daemon.write("")
        daemon.wait_for_line("1 source removed, entries stay: b")
        daemon.wait_for_line("reloaded: sources: 0")
        assert len(daemon.items()) == 2
    with Daemon(tmp_path, table) as daemon:
        daemon.wait_for_line("1 source added: b")
        assert daemon.stop() < 5


def test_sources_beyond_a_lower_limit_are_told_by_the_names_that_they_had_and_not_endlessly(
    bench: Bench, origin: Origin, caplog: pytest.LogCaptureFixture
) -> None:
    own = '[[sources]]\nname = "a"\nurl = "https://own.example/"\n'
    bench.configure(own)
    origin.serve("/list", opml(*"abcdefghijklm"))
    bench.look()
    assert "13 sources added: a (feeds.example), b, c, d, e, f, g, h, i, j and 3 more" in caplog.text
    before = with_lists(bench.config, bench.store).sources
    bench.configure(own, limit="12")
    tell_changes(before, with_lists(bench.config, bench.store).sources)
    assert caplog.messages[-1] == f"list {origin.url}/list: 1 source removed, entries stay: m"
