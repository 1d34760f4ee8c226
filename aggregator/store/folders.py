"""Which changes a folder of files has taken up, and what was written to it.

Triggers note every change of what is published, under a number that only rises: in the same transaction,
whoever makes it. A folder is known by the mark that lies in it, not by its place.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from aggregator.model import Changes, FolderState, WrittenFile
from aggregator.store.costs import snapshot
from aggregator.store.roles import Role
from aggregator.store.rows import only_row

_NOTED = (
    ("entries", "entry", "id"),
    ("entry_sources", "entry", "entry_id"),
    ("entry_tags", "tag", "tag"),
    ("feed_entries", "feed", "feed_id"),
)
"""Tables whose rows are published, and what has changed with a row."""

_OF_SOURCES = ("name", "url", "site_url", "about")
"""Of sources, what is published: the rest changes with each poll."""


def _trigger(table: str, event: str, kind: str, key: str, *, when: str = "1") -> str:
    """Return SQL that notes a change under the next number.

    What has changed since somebody last looked keeps its number: most rows change more than once in the
    transaction that makes them, and most databases have no folder that follows them.
    """
    key = f"+{key}"  # of no type, as the column is that it is compared with: else its index is not used
    return (
        f"CREATE TRIGGER {table}_{event.lower()}_noted AFTER {event} ON {table} WHEN ({when})"  # noqa: S608 - constants
        f" AND NOT EXISTS (SELECT 1 FROM changes WHERE kind = '{kind}' AND key = {key}"
        " AND number > (SELECT number FROM changes_seen)) BEGIN"
        f" DELETE FROM changes WHERE kind = '{kind}' AND key = {key};"
        f" INSERT INTO changes (kind, key) VALUES ('{kind}', {key});"
        " END"
    )


FOLDERS_SCHEMA = (
    # AUTOINCREMENT: the number of a row that is replaced must not be given again.
    """
    CREATE TABLE changes (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        kind   TEXT NOT NULL,                        -- entry, tag, feed, source
        key    NOT NULL,                             -- its ID; the tag itself
        UNIQUE (kind, key)
    )
    """,
    "CREATE TABLE changes_seen (number INTEGER NOT NULL)",  # up to where somebody has looked
    "INSERT INTO changes_seen VALUES (0)",
    *(
        _trigger(table, event, kind, f"{row}.{key}")
        for table, kind, key in _NOTED
        for event, row in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD"))
    ),
    _trigger(
        "sources",
        "UPDATE",
        "source",
        "0",
        when=" OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in _OF_SOURCES),
    ),
    """
    CREATE TABLE folders (
        id        INTEGER PRIMARY KEY,
        mark      TEXT NOT NULL UNIQUE,              -- as it lies in the folder
        number    INTEGER NOT NULL DEFAULT 0,        -- all changes up to this one are written
        made_with TEXT NOT NULL DEFAULT ''
    )
    """,
    """
    CREATE TABLE folder_files (
        folder_id INTEGER NOT NULL REFERENCES folders (id),
        path      TEXT NOT NULL,
        entry_id  INTEGER,
        digest    BLOB NOT NULL,
        PRIMARY KEY (folder_id, path)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX folder_files_by_entry ON folder_files (folder_id, entry_id) WHERE entry_id IS NOT NULL",
)


class SqliteFolders(Role):
    """`protocols.Folders`, on connections that are lent for reading and for one transaction."""

    def changes(self, *, since: int) -> Changes:
        """See `protocols.Folders.changes`."""
        number = self.number()
        with self._read() as conn, snapshot(conn):
            rows = conn.execute("SELECT kind, key FROM changes WHERE number > ?", (since,)).fetchall()
            feeds = {row["id"]: row["slug"] for row in conn.execute("SELECT id, slug FROM feeds")}
        keys: dict[str, list[str | int]] = {}
        for kind, key in rows:
            keys.setdefault(kind, []).append(key)
        return Changes(
            number=number,
            entries=tuple(sorted(int(key) for key in keys.get("entry", ()))),
            tags=tuple(sorted(str(key) for key in keys.get("tag", ()))),
            feeds=tuple(sorted(feeds[int(key)] for key in keys.get("feed", ()) if int(key) in feeds)),
            sources="source" in keys,
        )

    def number(self) -> int:
        """See `protocols.Folders.number`."""
        with self._read() as conn:
            number, seen = only_row(
                conn, "SELECT (SELECT coalesce(max(number), 0) FROM changes), number FROM changes_seen"
            )
        if number <= seen:
            return int(number)
        # Before anything is read: what changes from now on gets a number of its own.
        with self._write() as conn:
            (seen,) = conn.execute(
                "UPDATE changes_seen SET number = (SELECT max(number) FROM changes) RETURNING number"
            ).fetchone()
        return int(seen)

    def state(self, mark: str) -> FolderState | None:
        """See `protocols.Folders.state`."""
        with self._read() as conn:
            row = conn.execute("SELECT number, made_with FROM folders WHERE mark = ?", (mark,)).fetchone()
        return None if row is None else FolderState(number=row["number"], made_with=row["made_with"])

    def files(self, mark: str, entry_ids: Collection[int] | None = None) -> list[WrittenFile]:
        """See `protocols.Folders.files`."""
        wanted = "" if entry_ids is None else " AND f.entry_id IN (SELECT value FROM json_each(?))"
        params = (mark,) if entry_ids is None else (mark, json.dumps(list(entry_ids)))
        with self._read() as conn:
            rows = conn.execute(
                "SELECT f.path, f.entry_id, f.digest FROM folder_files AS f"  # noqa: S608 - constants
                f" JOIN folders AS o ON o.id = f.folder_id WHERE o.mark = ?{wanted} ORDER BY f.path",
                params,
            ).fetchall()
        return [WrittenFile(path=path, entry_id=entry_id, digest=digest) for path, entry_id, digest in rows]

    def keep(
        self,
        mark: str,
        files: Sequence[WrittenFile] = (),
        *,
        gone: Collection[str] = (),
        state: FolderState | None = None,
    ) -> None:
        """See `protocols.Folders.keep`."""
        with self._write() as conn:
            conn.execute("INSERT INTO folders (mark) VALUES (?) ON CONFLICT (mark) DO NOTHING", (mark,))
            (folder_id,) = conn.execute("SELECT id FROM folders WHERE mark = ?", (mark,)).fetchone()
            conn.executemany(
                "DELETE FROM folder_files WHERE folder_id = ? AND path = ?",
                [(folder_id, path) for path in gone],
            )
            conn.executemany(
                "INSERT INTO folder_files (folder_id, path, entry_id, digest) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (folder_id, path) DO UPDATE SET"
                " entry_id = excluded.entry_id, digest = excluded.digest",
                [(folder_id, file.path, file.entry_id, file.digest) for file in files],
            )
            if state is not None:
                conn.execute(
                    "UPDATE folders SET number = ?, made_with = ? WHERE id = ?",
                    (state.number, state.made_with, folder_id),
                )

    def forget(self, mark: str) -> None:
        """See `protocols.Folders.forget`."""
        with self._write() as conn:
            conn.execute(
                "DELETE FROM folder_files WHERE folder_id = (SELECT id FROM folders WHERE mark = ?)", (mark,)
            )
            conn.execute("DELETE FROM folders WHERE mark = ?", (mark,))
