from __future__ import annotations

from aggregator.model import Outcome
from tests.cli.conftest import Desk
from tests.store.drafts import HOUR, NOW, draft

SOURCE = '[[sources]]\nname = "日経 中文網"\nurl = "https://example.org/nikkei"\ntags = ["japan"]\n'
POLL_KEYS = [
    *("started_at", "name", "outcome", "message", "http_status", "new", "updated", "bytes", "duration_ms"),
]


def test_a_source_is_shown_with_its_last_polls_newest_first(desk: Desk) -> None:
    desk.write(SOURCE)
    desk.bring("日経 中文網", draft("a"), draft("b"), now=NOW)
    desk.bring("日経 中文網", now=NOW + HOUR, outcome=Outcome.TIMEOUT)
    facts, _, table = desk.done("show-source", "日経 中文網").partition("\n\n")
    assert "url:       https://example.org/nikkei" in facts
    assert "state:     timeout" in facts
    head, *rows = table.splitlines()
    assert head.split() == ["time", "outcome", "http", "new", "updated", "bytes", "ms", "message"]
    assert [row.split()[2] for row in rows] == ["timeout", "ok"]


def test_the_history_as_records_has_every_poll_that_was_asked_for(desk: Desk) -> None:
    desk.write(SOURCE)
    for hour in range(4):
        desk.bring("日経 中文網", draft(f"n{hour}"), now=NOW + hour * HOUR)
    records = desk.json("show-source", "日経 中文網", "--limit", "3")
    assert [list(record) for record in records] == [POLL_KEYS] * 3
    assert [record["started_at"] for record in records] == [NOW + hour * HOUR for hour in (3, 2, 1)]
    assert [(record["outcome"], record["new"], record["bytes"]) for record in records] == [("ok", 1, 100)] * 3


def test_a_source_that_was_never_polled_says_so(desk: Desk) -> None:
    desk.write(SOURCE)
    result = desk.type("show-source", "日経 中文網")
    assert result.exit_code == 0
    assert "state:     not polled yet" in result.stdout


def test_an_unknown_source_is_told_with_the_name_that_may_be_meant(desk: Desk) -> None:
    desk.write(SOURCE)
    result = desk.type("show-source", "日経 中文")
    assert result.exit_code == 2
    assert "日経 中文網" in result.stderr
