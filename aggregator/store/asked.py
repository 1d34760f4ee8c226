"""Which rules stored entries were last asked by: what tells whether rules were applied to all of them.

an entry is settled ─► its rules are noted
all entries are asked anew: begin_all ─► … ─► end_all: what was not noted since is gone
"""

from __future__ import annotations

import json
import sqlite3
from functools import lru_cache

from aggregator.model import Rule
from aggregator.rules.keys import Keys, rule_keys
from aggregator.store.rows import to_json


@lru_cache(maxsize=16)
def rules_to_json(rules: tuple[Rule, ...]) -> str:
    """Return the names of rules and what each says."""
    return to_json([[rule.name, rule_keys(rule)] for rule in rules])


def note(conn: sqlite3.Connection, rules: tuple[Rule, ...]) -> None:
    """Note that entries are settled by these rules, in the transaction in which they are."""
    conn.execute(
        "INSERT INTO rules_asked (rules) VALUES (?) ON CONFLICT (rules) DO UPDATE SET replaced = 0"
        " WHERE replaced = 1",
        (rules_to_json(rules),),
    )


def begin_all(conn: sqlite3.Connection) -> None:
    """All entries are being asked anew: each list of rules is gone in the end, unless it is noted again."""
    conn.execute("UPDATE rules_asked SET replaced = 1")


def end_all(conn: sqlite3.Connection) -> None:
    """All entries have been asked since `begin_all`."""
    conn.execute("DELETE FROM rules_asked WHERE replaced = 1")


def read(conn: sqlite3.Connection) -> tuple[tuple[tuple[str, Keys], ...], ...]:
    """Return each list of rules that stored entries were last asked by."""
    rows = conn.execute("SELECT rules FROM rules_asked ORDER BY rules")
    return tuple(tuple((name, keys) for name, keys in json.loads(said)) for (said,) in rows)
