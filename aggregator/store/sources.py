"""The sources' rows: what is configured, what is remembered, how polls went."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict

from aggregator.model import (
    Field,
    Outcome,
    Pace,
    PollCommit,
    PollJob,
    PollReport,
    PollTally,
    Source,
    SourceState,
    SourceStatus,
    StoryPolicy,
    Validators,
    host_of,
)
from aggregator.rules.membership import mentions
from aggregator.rules.tagging import predecessors, tags_for
from aggregator.store import feeds
from aggregator.store.incidents import note_turn
from aggregator.store.reapply import register_rules
from aggregator.store.rows import to_json
from aggregator.store.schedule import put_off_paused
from aggregator.store.settle import Settler

POLLS_KEPT = 50
"""Records of polls that are kept of each source."""

_FILLED_AT_ONCE = 500
"""Entries that new feeds are filled with before anybody can read them: more than most hold."""


def sync(conn: sqlite3.Connection, sources: Sequence[Source], policy: StoryPolicy, now: int) -> None:
    """Make the rows those of the config: which is which is as `rules.tagging.predecessors` has it."""
    rows = conn.execute("SELECT * FROM sources").fetchall()
    known = {row["name"]: row for row in rows}
    before = predecessors(sources, {name: row["url"] for name, row in known.items()})
    for name, old in before.items():
        if old != name and name not in known:  # first of all: the old name may be another source's by now
            conn.execute("UPDATE sources SET name = ? WHERE name = ?", (name, old))
    conn.execute("UPDATE sources SET position = NULL")
    updated: list[tuple[sqlite3.Row, Source]] = []
    for position, source in enumerate(sources):
        row = known.get(before.get(source.name, ""))
        if row is None:
            _insert(conn, source, position, now)
        else:
            _update(conn, source, position, row, now)
            updated.append((row, source))
    put_off_paused(conn)
    register_rules(conn, policy.rules)
    renamed = any(row["name"] != source.name for row, source in updated)
    feeds.register(conn, policy.feeds, sources_renamed=renamed)
    settler = Settler(conn, policy.rules, now=now)
    asks_names = any(mentions(rule.match, Field.SOURCE) for rule in policy.rules)
    for row, source in updated:
        if _gives_other_tags(row, source) or (asks_names and row["name"] != source.name):
            _retag_entries(conn, row["id"], source, settler)
    feeds.fill(conn, _FILLED_AT_ONCE)


def _configured(source: Source, position: int) -> dict[str, object]:
    return {
        "name": source.name,
        "url": source.url,
        "tags": to_json(source.tags),
        "keep_categories": source.keep_categories,
        "enabled": source.enabled,
        "interval": _longest_wait(source),
        "selectors": _selectors(source),
        "position": position,
    }


def _longest_wait(source: Source) -> int:
    return source.max_interval if source.adaptive else source.interval


def _selectors(source: Source) -> str | None:
    return to_json(asdict(source.selectors)) if source.selectors else None


def _insert(conn: sqlite3.Connection, source: Source, position: int, now: int) -> None:
    conn.execute(
        "INSERT INTO sources"
        " (name, url, host, tags, keep_categories, enabled, interval, selectors, position, next_poll_at)"
        " VALUES (:name, :url, :host, :tags, :keep_categories, :enabled, :interval, :selectors, :position,"
        " :now)",
        {**_configured(source, position), "host": source.host, "now": now},
    )


def _update(conn: sqlite3.Connection, source: Source, position: int, row: sqlite3.Row, now: int) -> None:
    conn.execute(
        "UPDATE sources SET name = :name, url = :url, tags = :tags, keep_categories = :keep_categories,"
        " enabled = :enabled, interval = :interval, selectors = :selectors, position = :position"
        " WHERE id = :id",
        {**_configured(source, position), "id": row["id"]},
    )
    if source.url == row["url"]:
        host = row["host"] or host_of(_state(row).address)
        conn.execute("UPDATE sources SET host = ? WHERE id = ?", (host, row["id"]))
    elif source.url == row["moved_to"]:
        conn.execute(  # what is remembered is of that address already
            "UPDATE sources SET host = ?, document_url = coalesce(document_url, ?), moved_to = NULL,"
            " moved_polls = 0, moving_to = NULL WHERE id = ?",
            (source.host, row["url"], row["id"]),
        )
    else:
        conn.execute(
            "UPDATE sources SET host = ?, document_url = NULL, etag = NULL, last_modified = NULL,"
            " body_hash = NULL, failures = 0, moved_to = NULL, moved_polls = 0, moving_to = NULL,"
            " pace = NULL, max_age = NULL, next_poll_at = ? WHERE id = ?",
            (source.host, now, row["id"]),
        )
    if _selectors(source) != row["selectors"]:  # what an unchanged page holds is another thing now
        conn.execute(
            "UPDATE sources SET document_url = NULL, etag = NULL, last_modified = NULL, body_hash = NULL,"
            " failures = 0, next_poll_at = ?, leased_until = 0 WHERE id = ?",
            (now, row["id"]),
        )
    if row["interval"] is not None and _longest_wait(source) < row["interval"]:
        _hurry(conn, row, _longest_wait(source))


def _hurry(conn: sqlite3.Connection, row: sqlite3.Row, interval: int) -> None:
    """Let a shorter interval hold at once, where nothing but the one before makes the source wait."""
    pace = _pace(row["pace"])
    if row["last_poll_at"] is None or row["failures"] or pace.skip_hours or pace.skip_days:
        return
    wait = max(interval, row["max_age"] or 0, pace.every or 0)
    conn.execute(
        "UPDATE sources SET next_poll_at = min(next_poll_at, ?) WHERE id = ?",
        (row["last_poll_at"] + wait, row["id"]),
    )


def _gives_other_tags(row: sqlite3.Row, source: Source) -> bool:
    before = (tuple(json.loads(row["tags"])), bool(row["keep_categories"]))
    return before != (source.tags, source.keep_categories)


def _retag_entries(conn: sqlite3.Connection, source_id: int, source: Source, settler: Settler) -> None:
    carried = conn.execute(
        "SELECT c.entry_id, c.categories, e.surfaced FROM entry_sources AS c"
        " JOIN entries AS e ON e.id = c.entry_id WHERE c.source_id = ?",
        (source_id,),
    ).fetchall()
    for entry_id, categories, surfaced in carried:
        conn.execute(
            "UPDATE entry_sources SET tags = ? WHERE entry_id = ? AND source_id = ?",
            (to_json(tags_for(source, json.loads(categories))), entry_id, source_id),
        )
        # What is old stays old under its new tag: a change of the config floods nobody.
        settler.settle(entry_id, surfaced)


def lease_rows(conn: sqlite3.Connection, ids: Sequence[int], until: int) -> None:
    """Let the sources' claims hold until that instant (ms); 0 gives them up."""
    conn.executemany("UPDATE sources SET leased_until = ? WHERE id = ?", [(until, each) for each in ids])


def read_job(row: sqlite3.Row) -> PollJob:
    """Return a row as what a poll is given."""
    return PollJob(source_id=row["id"], name=row["name"], host=row["host"], state=_state(row))


def _state(row: sqlite3.Row) -> SourceState:
    validators = Validators(
        url=row["document_url"] or row["url"], etag=row["etag"], last_modified=row["last_modified"]
    )
    return SourceState(
        url=row["url"],
        validators=validators if validators.etag or validators.last_modified else None,
        body_hash=row["body_hash"],
        failures=row["failures"],
        next_poll_at=row["next_poll_at"],
        host=row["host"],
        moved_to=row["moved_to"],
        moved_polls=row["moved_polls"],
        moving_to=row["moving_to"],
        pace=_pace(row["pace"]),
        max_age=row["max_age"],
        rhythm=tuple(json.loads(row["rhythm"] or "[]")),
    )


def _pace(said: str | None) -> Pace:
    every, skip_hours, skip_days = json.loads(said or "[null, [], []]")
    return Pace(every=every, skip_hours=tuple(skip_hours), skip_days=tuple(skip_days))


def write_state(conn: sqlite3.Connection, commit: PollCommit, state: SourceState) -> bool:
    """Write how the source's last poll went and what to remember for the next; give up its claim.

    The claim stays when its pages are fetched next. Returns whether the poll shows a turn in its life.
    """
    report, validators = commit.report, state.validators
    before = conn.execute("SELECT * FROM sources WHERE id = ?", (report.source_id,)).fetchone()
    # The config may have got another URL meanwhile, or other selectors, which end the claim: then all this is
    # of what was asked before.
    written = conn.execute(
        "UPDATE sources SET host = ?, document_url = ?, etag = ?, last_modified = ?, body_hash = ?,"
        " failures = ?, next_poll_at = ?, moved_to = ?, moved_polls = ?, pace = ?, max_age = ?, rhythm = ?,"
        " moving_to = ? WHERE id = ? AND url = ? AND leased_until > 0",
        (
            state.host or host_of(state.address),
            *((validators.url, validators.etag, validators.last_modified) if validators else (None,) * 3),
            *(state.body_hash, state.failures, state.next_poll_at, state.moved_to, state.moved_polls),
            to_json([state.pace.every, state.pace.skip_hours, state.pace.skip_days]),
            *(state.max_age, to_json(state.rhythm), state.moving_to, report.source_id, state.url),
        ),
    )
    conn.execute(
        "UPDATE sources SET leased_until = CASE WHEN ? THEN leased_until ELSE 0 END, last_poll_at = ?,"
        " duration_ms = ?, outcome = ?, message = ?, http_status = ?, size = ? WHERE id = ?",
        (
            commit.full_text,
            *(report.started_at, report.duration_ms, report.outcome.value, report.message),
            *(report.http_status, report.size, report.source_id),
        ),
    )
    return bool(written.rowcount) and note_turn(conn, report, before, state)


def write_poll(conn: sqlite3.Connection, report: PollReport, tally: PollTally) -> None:
    """Add a poll to the source's history, and forget the oldest past `POLLS_KEPT`."""
    conn.execute(
        "INSERT INTO polls (source_id, started_at, duration_ms, outcome, message, http_status, size, new,"
        " updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            report.source_id,
            report.started_at,
            report.duration_ms,
            report.outcome.value,
            report.message,
            report.http_status,
            report.size,
            tally.new,
            tally.updated,
        ),
    )
    conn.execute(
        "DELETE FROM polls WHERE source_id = ? AND id <="
        " (SELECT id FROM polls WHERE source_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
        (report.source_id, report.source_id, POLLS_KEPT),
    )


def read_status(row: sqlite3.Row) -> SourceStatus:
    """Return a row (with its number of entries) as tables and pages show it."""
    state = _state(row)
    return SourceStatus(
        name=row["name"],
        url=row["url"],
        tags=tuple(json.loads(row["tags"])),
        enabled=bool(row["enabled"]),
        keep_categories=bool(row["keep_categories"]),
        title=row["title"],
        site_url=row["site_url"],
        outcome=None if row["outcome"] is None else Outcome(row["outcome"]),
        message=row["message"],
        http_status=row["http_status"],
        last_poll=row["last_poll_at"],
        duration_ms=row["duration_ms"],
        size=row["size"],
        moved_to=state.address if state.address != state.url else None,
        next_poll=row["next_poll_at"] if row["enabled"] else None,
        failures=row["failures"],
        entries=row["entries"],
    )


def read_polls(conn: sqlite3.Connection, name: str, limit: int) -> list[tuple[PollReport, PollTally]]:
    """Return the last polls of a source, newest first."""
    rows = conn.execute(
        "SELECT p.*, s.name FROM polls AS p JOIN sources AS s ON s.id = p.source_id"
        " WHERE s.name = ? ORDER BY p.id DESC LIMIT ?",
        (name, limit),
    )
    return [
        (
            PollReport(
                source_id=row["source_id"],
                name=row["name"],
                started_at=row["started_at"],
                duration_ms=row["duration_ms"],
                outcome=Outcome(row["outcome"]),
                message=row["message"],
                http_status=row["http_status"],
                size=row["size"],
            ),
            PollTally(new=row["new"], updated=row["updated"]),
        )
        for row in rows
    ]
