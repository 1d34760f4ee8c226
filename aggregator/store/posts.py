"""Posts that entries were imported from, whole: so that an archive is written back to the letter."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Sequence

from aggregator.model import ImportedPost, KnownPost, OriginalPost, StoryPolicy, TakenPost
from aggregator.store.costs import snapshot
from aggregator.store.postrows import name_bytes
from aggregator.store.roles import Role
from aggregator.store.taking import take_posts
from aggregator.store.tombstones import know_links

POSTS_SCHEMA = (
    # Several rows may have one file name: of archives that are different ones. What is read the most, by
    # which a post is known again, stands before the long body.
    """
    CREATE TABLE posts (
        id         INTEGER PRIMARY KEY,
        entry_id   INTEGER REFERENCES entries (id),  -- NULL: it was deleted since
        source_id  INTEGER NOT NULL REFERENCES sources (id),
        file_name  BLOB NOT NULL,                    -- names of files need not be UTF-8
        digest     BLOB NOT NULL,                    -- of the bytes
        said       INTEGER,                          -- the ID that it asked for
        link       BLOB,                             -- hash
        text       BLOB NOT NULL,                    -- hash
        categories TEXT NOT NULL,                    -- JSON
        edited     INTEGER,                          -- what its entry's was when both said the same
        body       BLOB NOT NULL                     -- zlib; empty when the entry was deleted
    )
    """,
    "CREATE INDEX posts_by_file_name ON posts (file_name, digest, entry_id)",
    "CREATE UNIQUE INDEX posts_by_entry ON posts (entry_id) WHERE entry_id IS NOT NULL",
    # Whoever deletes an entry: its post stays known, so that it is not taken again.
    """
    CREATE TRIGGER posts_outlive_entries AFTER DELETE ON entries BEGIN
        UPDATE posts SET entry_id = NULL, body = x'' WHERE entry_id = OLD.id;
    END
    """,
)


class SqlitePosts(Role):
    """`protocols.Posts`, on connections that are lent for reading and for one transaction."""

    def known(self) -> list[KnownPost]:
        """See `protocols.Posts.known`."""
        with self._read() as conn:
            rows = conn.execute("SELECT file_name, digest, entry_id FROM posts").fetchall()
        return [
            KnownPost(file_name=_text(name), digest=digest, entry_id=entry_id)
            for name, digest, entry_id in rows
        ]

    def take(self, posts: Sequence[ImportedPost], policy: StoryPolicy, *, now: int) -> list[TakenPost]:
        """See `protocols.Posts.take`."""
        with self._write() as conn:
            return take_posts(conn, posts, policy, now=now)

    def rehearse(
        self, posts: Sequence[ImportedPost], policy: StoryPolicy, *, now: int, given: set[int]
    ) -> list[TakenPost]:
        """See `protocols.Posts.rehearse`."""
        with self._read() as conn, snapshot(conn):
            return take_posts(conn, posts, policy, now=now, given=given)

    def rename(self, names: Sequence[tuple[KnownPost, str]]) -> None:
        """See `protocols.Posts.rename`."""
        with self._write() as conn:
            conn.executemany(
                "UPDATE posts SET file_name = ?3 WHERE file_name = ?1 AND digest = ?2",
                [(name_bytes(post.file_name), post.digest, name_bytes(name)) for post, name in names],
            )

    def know_links(self, keys: Sequence[bytes]) -> int:
        """See `protocols.Posts.know_links`."""
        with self._write() as conn:
            return know_links(conn, keys)

    def originals(self, entry_ids: Collection[int]) -> dict[int, OriginalPost]:
        """See `protocols.Posts.originals`."""
        with self._read() as conn:
            rows = conn.execute(
                "SELECT p.entry_id, p.file_name, p.body, p.edited IS e.edited AS current FROM posts AS p"
                " JOIN entries AS e ON e.id = p.entry_id"
                " WHERE p.entry_id IN (SELECT value FROM json_each(?))",
                (json.dumps(list(entry_ids)),),
            ).fetchall()
        return {
            entry_id: OriginalPost(
                entry_id=entry_id,
                file_name=_text(name),
                body=zlib.decompress(body),
                current=bool(current),
            )
            for entry_id, name, body, current in rows
        }


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
