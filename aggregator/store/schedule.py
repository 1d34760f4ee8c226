"""Which sources are due, whom a host's pause holds back, and the start that does not ask all at once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection

from aggregator.model import PollCommit

_DUE = "position IS NOT NULL AND enabled AND next_poll_at <= :now AND leased_until <= :now"
_ASKABLE = _DUE + " AND host NOT IN (SELECT value FROM json_each(:busy))"  # noqa: S608 - a constant


def is_any_due(conn: sqlite3.Connection, *, now: int, busy: Collection[str] | None) -> bool:
    """Whether `due_rows` would return something; only reads."""
    query = f"SELECT 1 FROM sources WHERE {_ASKABLE} LIMIT 1"  # noqa: S608 - a constant
    return conn.execute(query, {"now": now, "busy": json.dumps([*(busy or ())])}).fetchone() is not None


def due_rows(
    conn: sqlite3.Connection, *, now: int, limit: int, busy: Collection[str] | None
) -> list[sqlite3.Row]:
    """Return up to `limit` rows of sources that are due, longest overdue first.

    One of each host at the most, and none of the `busy` ones; hosts do not matter when that is None.
    """
    due = conn.execute(
        f"SELECT id, host FROM sources WHERE {_ASKABLE} ORDER BY next_poll_at, position",  # noqa: S608 - a constant
        {"now": now, "busy": json.dumps([*(busy or ())])},
    )
    chosen: dict[str, int] = {}
    for source_id, host in due:  # by hand: a window function looks at all that are due, however many
        chosen.setdefault(host if busy is not None else str(source_id), source_id)
        if len(chosen) == limit:
            break
    due.close()
    return [
        conn.execute("SELECT * FROM sources WHERE id = ?", (source_id,)).fetchone()
        for source_id in chosen.values()
    ]


_APART_AT_MOST = 1_000


def spread_due(conn: sqlite3.Connection, *, now: int, apart: int, over: int = 0) -> None:
    """Put the due times of what is due `apart` ms or more from each other, in order, the first one at `now`.

    Few are spread over `over` ms, but not more than a second apart. None is put off by more than half of its
    interval.
    """
    rows = conn.execute(
        f"SELECT id, interval FROM sources WHERE {_DUE} ORDER BY next_poll_at, position",  # noqa: S608 - a constant
        {"now": now},
    ).fetchall()
    count = max(1, len(rows))
    longest = max((interval for _, interval in rows), default=0)
    step = min(max(apart, min(over / count, _APART_AT_MOST)), longest / 2 / count)
    conn.executemany(
        "UPDATE sources SET next_poll_at = ? WHERE id = ?",
        [
            (now + min(int(number * step), interval // 2), source_id)
            for number, (source_id, interval) in enumerate(rows)
        ],
    )


def keep_host_pause(conn: sqlite3.Connection, commit: PollCommit, now: int) -> None:
    """Put off the sources of a host that wants a pause, and this one if its own is in one."""
    if commit.host_pause is not None:
        pause_host(conn, commit.host_pause.host, until=commit.host_pause.until, now=now)
    conn.execute(  # the poll may have been under way when another brought the pause
        "UPDATE sources SET next_poll_at = max(next_poll_at, p.until) FROM host_pauses AS p"
        " WHERE p.host = sources.host AND sources.id = ?",
        (commit.report.source_id,),
    )


def pause_host(conn: sqlite3.Connection, host: str, *, until: int, now: int) -> None:
    """Let nothing be asked of a host before `until`, or before the end of a longer pause that it is in."""
    conn.execute("DELETE FROM host_pauses WHERE until <= ?", (now,))
    conn.execute(
        "INSERT INTO host_pauses (host, until) VALUES (?, ?)"
        " ON CONFLICT (host) DO UPDATE SET until = max(until, excluded.until)",
        (host, until),
    )
    put_off_paused(conn)


def put_off_paused(conn: sqlite3.Connection) -> None:
    """Let no source of a host that wants a pause be due before its end."""
    conn.execute(
        "UPDATE sources SET next_poll_at = p.until FROM host_pauses AS p"
        " WHERE p.host = sources.host AND p.until > sources.next_poll_at"
    )
