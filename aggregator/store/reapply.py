"""Rules asked again about what is stored, in batches: each a transaction, so that it can be broken off.

rules_applied (what is being applied, how far it has come) ─► settle a batch, newest first ─► … ─► gone
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from aggregator.model import Applied, Rule
from aggregator.rules.keys import rule_keys
from aggregator.store import asked
from aggregator.store.rows import to_json
from aggregator.store.settle import Settler

_LAST_ID = (1 << 63) - 1
_DATED_SINCE = "coalesce(published, id) >= :cutoff"


def register_rules(conn: sqlite3.Connection, rules: Sequence[Rule]) -> None:
    """Note the rules of the config in force.

    When they are others than before, what had been applied by half is begun anew: entries may have come under
    the rules before.
    """
    new = [(position, rule.name, to_json(rule_keys(rule))) for position, rule in enumerate(rules)]
    old = conn.execute("SELECT position, name, said FROM rules ORDER BY position").fetchall()
    if new == [tuple(row) for row in old]:
        return
    conn.execute("DELETE FROM rules")
    conn.executemany("INSERT INTO rules (position, name, said) VALUES (?, ?, ?)", new)
    conn.execute("DELETE FROM rules_applied")


def apply_batch(
    conn: sqlite3.Connection, rules: tuple[Rule, ...], *, span: int | None, now: int, limit: int
) -> Applied:
    """Settle the next `limit` entries, those of the last `span` ms only; return how far it has come.

    Must run in a write transaction. What was begun with the same rules and span goes on where it was.
    """
    text = asked.rules_to_json(rules)
    begun = conn.execute("SELECT * FROM rules_applied WHERE rules = ? AND span IS ?", (text, span)).fetchone()
    if begun is None:
        conn.execute("DELETE FROM rules_applied")
        if span is None:
            asked.begin_all(conn)
        begun = conn.execute(
            "INSERT INTO rules_applied (rules, span, cutoff, last_id, looked, changed, total)"  # noqa: S608 - a constant
            " VALUES (:rules, :span, :cutoff, :last, 0, 0,"
            f" (SELECT count(*) FROM entries WHERE {_DATED_SINCE})) RETURNING *",
            {"rules": text, "span": span, "cutoff": 0 if span is None else now - span, "last": _LAST_ID},
        ).fetchone()
    reached = {"cutoff": begun["cutoff"], "last": begun["last_id"], "limit": limit}
    rows = conn.execute(
        f"SELECT id, surfaced FROM entries WHERE id < :last AND {_DATED_SINCE} ORDER BY id DESC LIMIT :limit",  # noqa: S608 - a constant
        reached,
    ).fetchall()
    settler = Settler(conn, rules, now=now)
    # What is old stays old under its new tags and in its new feeds: nobody is flooded.
    changed = begun["changed"] + sum(settler.settle(row["id"], row["surfaced"]) for row in rows)
    looked = begun["looked"] + len(rows)
    if len(rows) < limit:
        conn.execute("DELETE FROM rules_applied")
        if span is None:
            asked.end_all(conn)
        return Applied(looked=looked, changed=changed, total=looked, done=True)
    conn.execute(
        "UPDATE rules_applied SET last_id = ?, looked = ?, changed = ?", (rows[-1]["id"], looked, changed)
    )
    return Applied(looked=looked, changed=changed, total=begun["total"], done=False)
