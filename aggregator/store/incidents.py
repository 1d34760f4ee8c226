"""Turns in sources' lives that people should know of, written in the transaction of the poll that shows them.

three failures in a row ─► failing ─┐
410 ─► gone ────────────────────────┴─ the first success ─► recovered
another address is asked from now on ─► moved
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

from aggregator.model import Incident, IncidentKind, Outcome, PollReport, SourceState
from aggregator.printable import escape
from aggregator.store.rows import to_json

FAILING_AFTER = 3
"""Polls in a row that fail before a source counts as failing for good."""

INCIDENTS_KEPT = 500

_OFFLINE_ODDS = 10
"""Hosts that give no answer for each that gives one: from there on it is our own way to all of them."""

_SHOWN = 200
"""Characters of an address in a message."""

_SILENCE = to_json([outcome.value for outcome in Outcome if outcome.is_silence])

_TURNS = frozenset({IncidentKind.FAILING, IncidentKind.GONE})


def note_turn(conn: sqlite3.Connection, report: PollReport, before: sqlite3.Row, state: SourceState) -> bool:
    """Write what turn, if any, a poll shows in its source's life; return whether it shows one.

    `before` is the source's row as the poll before left it, `state` what is remembered of this one.
    """
    if report.outcome.is_failure:
        turns = [_decline(conn, report, before, state)]
    else:
        turns = [_recovery(conn, before), _move(conn, before, state)]
    written = [turn for turn in turns if turn is not None]
    for kind, message in written:
        conn.execute(
            "INSERT INTO incidents (source_id, at, kind, source, url, address, message)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *(before["id"], report.started_at, kind.value, before["name"], before["url"]),
                *(state.address, message),
            ),
        )
        if kind in _TURNS:
            conn.execute("UPDATE sources SET turn = ? WHERE id = ?", (kind.value, before["id"]))
    if written:
        conn.execute(
            "DELETE FROM incidents WHERE id <= (SELECT id FROM incidents ORDER BY id DESC LIMIT 1 OFFSET ?)",
            (INCIDENTS_KEPT,),
        )
    return bool(written)


def read_incidents(conn: sqlite3.Connection, limit: int) -> list[Incident]:
    """Return the last turns of all sources that are, or were, configured; newest first."""
    rows = conn.execute(
        "SELECT id, at, kind, source, url, message FROM incidents ORDER BY id DESC LIMIT ?", (limit,)
    )
    return [
        Incident(
            id=row["id"],
            at=row["at"],
            kind=IncidentKind(row["kind"]),
            source=row["source"],
            url=row["url"],
            message=row["message"],
        )
        for row in rows
    ]


def _decline(
    conn: sqlite3.Connection, report: PollReport, before: sqlite3.Row, state: SourceState
) -> tuple[IncidentKind, str] | None:
    since = before["failing_since"]
    if state.failures == 1 or since is None:
        since = report.started_at
        conn.execute("UPDATE sources SET failing_since = ? WHERE id = ?", (since, before["id"]))
    last = f"The last time: {report.message or report.outcome.value}"
    # An address that we were sent to may be gone while the source is not: the configured one is asked next.
    if report.outcome is Outcome.GONE and state.address == _address(before):
        if before["turn"] == IncidentKind.GONE:
            return None
        return IncidentKind.GONE, report.message or "Its server says that it is gone for good."
    if state.failures < FAILING_AFTER or before["turn"] is not None:
        return None
    if report.outcome.is_silence and _is_offline(conn, before):
        return None
    return IncidentKind.FAILING, f"It has failed {state.failures} times in a row, since {_utc(since)}. {last}"


def _recovery(conn: sqlite3.Connection, before: sqlite3.Row) -> tuple[IncidentKind, str] | None:
    if before["turn"] is None:
        return None
    conn.execute("UPDATE sources SET turn = NULL WHERE id = ?", (before["id"],))
    since = (
        "" if before["failing_since"] is None else f" It had failed since {_utc(before['failing_since'])}."
    )
    return IncidentKind.RECOVERED, f"It answers again.{since}"


def _move(
    conn: sqlite3.Connection, before: sqlite3.Row, state: SourceState
) -> tuple[IncidentKind, str] | None:
    if state.address in {state.url, _address(before)}:
        return None
    told = conn.execute(
        "SELECT address FROM incidents WHERE source_id = ? AND kind = ? ORDER BY id DESC LIMIT 1",
        (before["id"], IncidentKind.MOVED.value),
    ).fetchone()
    if told is not None and told["address"] == state.address:  # some go there and back for years
        return None
    shown = state.address if len(state.address) <= _SHOWN else f"{state.address[: _SHOWN - 1]}…"
    message = f"It has moved for good to {escape(shown)}, where it is asked now: put this into the config."
    return IncidentKind.MOVED, message


def _is_offline(conn: sqlite3.Connection, row: sqlite3.Row) -> bool:
    """Return whether it is our own network, not the source, that gives no answer.

    So it is when the other hosts that were asked since the source's last poll gave none either, but for a
    few, which may be on this machine. Sources that people know of as failing prove nothing by silence.
    """
    silent, answering = conn.execute(
        "SELECT total(NOT answers), total(answers) FROM ("
        " SELECT max(outcome NOT IN (SELECT value FROM json_each(?))) AS answers FROM sources"
        " WHERE position IS NOT NULL AND enabled AND host != ? AND id != ? AND last_poll_at >= ?"
        " GROUP BY host HAVING answers OR sum(turn IS NULL))",
        (_SILENCE, row["host"], row["id"], row["last_poll_at"] or 0),
    ).fetchone()
    return bool(silent > answering * _OFFLINE_ODDS)


def _address(row: sqlite3.Row) -> str:
    state = SourceState(url=row["url"], moved_to=row["moved_to"], moved_polls=row["moved_polls"])
    return state.address


def _utc(instant: int) -> str:
    return datetime.fromtimestamp(instant // 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
