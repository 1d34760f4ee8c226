"""`prune`: what it tells, and what it does."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import closing

import pytest

from aggregator.clock import now_ms
from aggregator.model import EntryQuery
from aggregator.store import open_store
from tests.cli.conftest import Desk
from tests.store.drafts import DAY, HOUR, draft, poll

SOURCE = '[[sources]]\nname = "alpha"\nurl = "https://example.org/alpha.xml"\n'
NOW = now_ms()


@pytest.fixture
def stored(desk: Desk) -> Desk:
    desk.write(SOURCE)
    ages = {"new": 1, "old one": 40, "old two": 50, "starred": 60}
    drafts = [
        draft(name, title=name, published=NOW - days * DAY, categories=("star",) if name == "starred" else ())
        for name, days in ages.items()
    ]
    desk.bring("alpha", *drafts, now=NOW)
    return desk


def titles(desk: Desk) -> list[str]:
    return [record["title"] for record in desk.json("entries")]


def test_without_limits_everything_is_kept(stored: Desk) -> None:
    said = stored.done("prune")
    assert said == f"{stored.config_file}: there are no limits, in [retention] or a source: all is kept.\n"
    assert stored.json("prune") == [{"entries": 0, "dry_run": False}]
    assert len(titles(stored)) == 4


def test_a_tag_to_be_kept_that_no_entry_has_is_told(stored: Desk) -> None:
    stored.write(SOURCE + '[retention]\nmax_age = "30d"\nkeep_tags = ["Star", "star", "moon"]\n')
    said = stored.type("prune", "--dry-run").stderr.splitlines()
    where = f"aggregator: {stored.config_file}: [retention] keep_tags: no entry has the tag"
    assert said == [f"{where} 'Star'; did you mean 'star'?", f"{where} 'moon'"]


def test_a_dry_run_tells_how_many_of_which_source_go_and_why_and_deletes_nothing(stored: Desk) -> None:
    stored.write(SOURCE + '[retention]\nmax_age = "30d"\nkeep_tags = ["star"]\n')
    lines = stored.done("prune", "--dry-run").splitlines()
    assert lines[1].split()[:5] == ["alpha", "2", "2", "too", "old"]
    assert "old one; old two" in lines[1]
    assert lines[2:] == ["2 entries would be deleted; nothing was"]
    of_source, total = stored.json("prune", "--dry-run")
    assert of_source == {
        "source": "alpha",
        "entries": 2,
        "reasons": {"age": 2, "source": 0, "store": 0},
        "oldest": NOW - 50 * DAY,
        "newest": NOW - 40 * DAY,
        "titles": ["old one", "old two"],
    }
    assert total == {"entries": 2, "dry_run": True}
    assert len(titles(stored)) == 4


def test_pruning_deletes_what_the_dry_run_told(stored: Desk) -> None:
    stored.write(SOURCE + 'max_entries = 3\n[retention]\nmax_age = "55d"\nkeep = "title:one"\n')
    told = stored.json("prune", "--dry-run")
    assert told[0]["reasons"] == {"age": 1, "source": 0, "store": 0}
    assert stored.json("prune") == [told[0], {"entries": 1, "dry_run": False}]
    assert titles(stored) == ["new", "old one", "old two"]
    assert stored.done("prune") == "0 entries deleted\n"


def test_compaction_makes_the_file_smaller(desk: Desk) -> None:
    desk.write(SOURCE)
    items = [draft(f"{n}", content=f"{n}" * 9000, published=NOW - 90 * DAY - n * HOUR) for n in range(100)]
    desk.bring("alpha", *items, now=NOW)
    before = desk.database.stat().st_size
    desk.write(SOURCE + '[retention]\nmax_age = "30d"\n')
    assert desk.done("prune", "--compact").splitlines()[-1] == "100 entries deleted"
    assert desk.database.stat().st_size < before / 2


def test_a_source_of_the_config_before_is_pruned_under_its_new_name(stored: Desk) -> None:
    renamed = SOURCE.replace('"alpha"', '"beta"')
    stored.write(renamed + 'max_age = "55d"\n[retention]\nmax_age = "30d"\n')
    of_source, _ = stored.json("prune", "--dry-run")
    assert (of_source["source"], of_source["titles"]) == ("alpha", ["starred"])


def test_without_a_database_there_is_nothing_to_prune(desk: Desk) -> None:
    result = desk.type("prune")
    assert (result.exit_code, "there is no database" in result.stderr) == (1, True)


def test_a_killed_run_leaves_whole_entries_and_goes_on(desk: Desk) -> None:
    desk.write(SOURCE)
    many = [
        draft(f"{n}", content=f"text {n} " * 50, published=NOW - 90 * DAY - n * HOUR) for n in range(1500)
    ]
    desk.bring("alpha", *many, now=NOW)
    desk.write(SOURCE + '[retention]\nmax_age = "30d"\n')
    command = [sys.executable, "-m", "aggregator", "prune", "-c", str(desk.config_file)]
    with closing(open_store(str(desk.database))) as store:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while store.entry_count() == len(many) and time.monotonic() < deadline:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()
        left = store.entry_count()
        assert 0 < left < len(many)
        assert len(store.entries(EntryQuery(limit=2000))) == left
        (source,) = desk.config.sources
        assert poll(store, source, many, now=now_ms()).new == 0
    assert desk.json("prune")[-1] == {"entries": left, "dry_run": False}
