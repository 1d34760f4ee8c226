"""The tables of the first release."""

from __future__ import annotations

FIRST_SCHEMA = (
    # A row stays when its source leaves the config (position is then NULL): entries refer to it.
    """
    CREATE TABLE sources (
        id               INTEGER PRIMARY KEY,
        name             TEXT NOT NULL UNIQUE,
        url              TEXT NOT NULL,
        tags             TEXT NOT NULL,              -- JSON, as configured
        keep_categories  INTEGER NOT NULL,
        enabled          INTEGER NOT NULL,
        position         INTEGER,                    -- in the config
        title            TEXT,                       -- as the document says
        site_url         TEXT,
        etag             TEXT,
        last_modified    TEXT,
        body_hash        BLOB,
        failures         INTEGER NOT NULL DEFAULT 0,
        next_poll_at     INTEGER NOT NULL,
        leased_until     INTEGER NOT NULL DEFAULT 0,
        last_poll_at     INTEGER,
        outcome          TEXT,
        message          TEXT NOT NULL DEFAULT '',
        http_status      INTEGER,
        first_read_at    INTEGER,                    -- when a document was first read whole
        newest_published INTEGER                     -- of its entries
    )
    """,
    "CREATE INDEX sources_due ON sources (next_poll_at)",
    """
    CREATE TABLE polls (
        id          INTEGER PRIMARY KEY,
        source_id   INTEGER NOT NULL REFERENCES sources (id),
        started_at  INTEGER NOT NULL,
        duration_ms INTEGER NOT NULL,
        outcome     TEXT NOT NULL,
        message     TEXT NOT NULL,
        http_status INTEGER,
        size        INTEGER NOT NULL,
        new         INTEGER NOT NULL,
        updated     INTEGER NOT NULL
    )
    """,
    "CREATE INDEX polls_by_source ON polls (source_id, id)",
    """
    CREATE TABLE entries (
        id               INTEGER PRIMARY KEY,
        uri              TEXT,                       -- the guid, where it can be the id in our feeds
        guid             TEXT,                       -- as first said
        url              TEXT,
        title            TEXT NOT NULL,
        authors          TEXT NOT NULL,              -- JSON
        published        INTEGER,
        source_published INTEGER,
        updated          INTEGER,
        first_seen       INTEGER NOT NULL,
        surfaced         INTEGER NOT NULL,
        changed          INTEGER NOT NULL,
        edited           INTEGER,                    -- when another text was last seen
        tags             TEXT NOT NULL,              -- JSON, in order; entry_tags is its index
        categories       TEXT NOT NULL,              -- JSON
        language         TEXT,
        summary          TEXT,
        content_html     TEXT,
        enclosures       TEXT NOT NULL,              -- JSON
        base_url         TEXT NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX entries_by_uri ON entries (uri) WHERE uri IS NOT NULL",
    "CREATE INDEX entries_by_surfaced ON entries (surfaced, id)",
    # Which sources carry an entry, the first bringer first (rowid). `surfaced` is when the entry became
    # visible as this source's, so that a story another source had before is not missed by its subscribers.
    """
    CREATE TABLE entry_sources (
        entry_id   INTEGER NOT NULL REFERENCES entries (id),
        source_id  INTEGER NOT NULL REFERENCES sources (id),
        surfaced   INTEGER NOT NULL,
        revision   BLOB NOT NULL,
        title      TEXT NOT NULL,                    -- what this source last said, to recognise it by
        published  INTEGER,
        guid       BLOB,                             -- hash
        link       BLOB,                             -- hash
        categories TEXT NOT NULL,                    -- JSON, as this source said them
        tags       TEXT NOT NULL,                    -- JSON, given by this source
        UNIQUE (entry_id, source_id)
    )
    """,
    "CREATE INDEX entry_sources_by_source ON entry_sources (source_id, surfaced, entry_id)",
    # `surfaced` here is when the entry got the tag, for the same reason.
    """
    CREATE TABLE entry_tags (
        tag      TEXT NOT NULL,
        surfaced INTEGER NOT NULL,
        entry_id INTEGER NOT NULL REFERENCES entries (id),
        PRIMARY KEY (tag, surfaced, entry_id)
    ) WITHOUT ROWID
    """,
    "CREATE UNIQUE INDEX entry_tags_by_entry ON entry_tags (entry_id, tag)",
    # What an entry is recognised by. Source 0 holds the keys that are shared by all sources.
    """
    CREATE TABLE identities (
        source_id INTEGER NOT NULL,
        key       BLOB NOT NULL,                     -- a byte for the kind of key, then the hash
        entry_id  INTEGER NOT NULL REFERENCES entries (id),
        PRIMARY KEY (source_id, key)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX identities_by_entry ON identities (entry_id, source_id)",
    "CREATE TABLE revision (number INTEGER NOT NULL)",
    "INSERT INTO revision VALUES (0)",
)
