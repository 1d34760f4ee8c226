"""The first time that a source's document has an entry which came from an archive.

The scripts that wrote the archive had it from that source, too: so the source's words of today are no edit,
and nothing is new about it. Its guid is noted, and from then on it is an entry like any other; but the labels
that its post has stay, whatever the source says.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace

from aggregator.rules.tagging import clean_tag, union
from aggregator.store.reconcile import UNPOLLED, Candidate, Known


def is_first_contact(entry: Known) -> bool:
    """Return whether the source of a document has never said the entry itself."""
    return entry.revision == UNPOLLED


def labelled(conn: sqlite3.Connection, source_id: int, item: Candidate, entry_id: int) -> Candidate:
    """Return the item of an entry with the categories, and the tags, that its post gave it, if it has one."""
    row = conn.execute(
        "SELECT p.categories, s.keep_categories FROM posts AS p JOIN sources AS s ON s.id = p.source_id"
        " WHERE p.entry_id = ? AND p.source_id = ?",
        (entry_id, source_id),
    ).fetchone()
    if row is None:
        return item
    own = json.loads(row["categories"])
    tagged = item.tagged
    tags = union(tagged.tags, map(clean_tag, own)) if row["keep_categories"] else tagged.tags
    draft = replace(tagged.draft, categories=union(tagged.draft.categories, own))
    return replace(item, tagged=replace(tagged, draft=draft, tags=tags))
