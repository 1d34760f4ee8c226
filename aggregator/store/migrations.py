"""The schema, as numbered steps; each runs in a transaction of its own, once per database.

Never change a step that has been released: add the next one.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from aggregator.store.firstschema import FIRST_SCHEMA
from aggregator.store.folders import FOLDERS_SCHEMA
from aggregator.store.marks import MARKS_SCHEMA
from aggregator.store.posts import POSTS_SCHEMA
from aggregator.store.pruning import PRUNING_SCHEMA
from aggregator.store.searchschema import SEARCH_SCHEMA
from aggregator.store.sites import SITES_SCHEMA
from aggregator.store.tombstones import TOMBSTONES_SCHEMA
from aggregator.store.uris import note_stored

migrations = Migrations("aggregator")


@migrations(name="0001_first_schema")
def _first_schema(db: Database) -> None:
    for statement in FIRST_SCHEMA:
        db.execute(statement)


@migrations(name="0002_manners")
def _manners(db: Database) -> None:
    for column in (
        "host TEXT NOT NULL DEFAULT ''",  # written at each start, from the URL
        "document_url TEXT",  # which the validators belong to; NULL: the source's own
        "moved_to TEXT",
        "moved_polls INTEGER NOT NULL DEFAULT 0",
        "pace TEXT",  # JSON
        "max_age INTEGER",
        "rhythm TEXT",  # JSON
        "interval INTEGER",  # as configured, to notice a shorter one
        "duration_ms INTEGER",
        "size INTEGER",
    ):
        db.execute(f"ALTER TABLE sources ADD COLUMN {column}")
    db.execute("CREATE INDEX sources_by_host ON sources (host)")


@migrations(name="0003_texts")
def _texts(db: Database) -> None:
    db.execute("ALTER TABLE entries ADD COLUMN date_text TEXT")  # as the source wrote it
    db.execute("ALTER TABLE entries ADD COLUMN article TEXT")  # from the entry's own page


@migrations(name="0004_host_pauses")
def _host_pauses(db: Database) -> None:
    # A host that is asked too often, and the instant before which none of its sources is asked.
    db.execute("CREATE TABLE host_pauses (host TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID")


@migrations(name="0005_second_moves")
def _second_moves(db: Database) -> None:
    db.execute("ALTER TABLE sources ADD COLUMN moving_to TEXT")


@migrations(name="0006_wanted_pages")
def _wanted_pages(db: Database) -> None:
    db.execute(
        """
        CREATE TABLE wanted_pages (
            entry_id   INTEGER PRIMARY KEY REFERENCES entries (id),
            source_id  INTEGER NOT NULL REFERENCES sources (id),
            url        TEXT NOT NULL,
            tries      INTEGER NOT NULL DEFAULT 0,
            problem    TEXT                          -- of the last try
        )
        """
    )
    db.execute("CREATE INDEX wanted_pages_by_source ON wanted_pages (source_id, entry_id)")


@migrations(name="0007_fingerprints")
def _fingerprints(db: Database) -> None:
    # What entries say, as numbers that similar ones share. IDs are instants: a range is a span of time.
    db.execute(
        """
        CREATE TABLE fingerprints (
            number   INTEGER NOT NULL,
            entry_id INTEGER NOT NULL REFERENCES entries (id),
            PRIMARY KEY (number, entry_id)
        ) WITHOUT ROWID
        """
    )


@migrations(name="0008_selectors")
def _selectors(db: Database) -> None:
    db.execute("ALTER TABLE sources ADD COLUMN selectors TEXT")  # JSON, as configured, to notice others


@migrations(name="0009_further_texts")
def _further_texts(db: Database) -> None:
    # What each source but the first says of an entry; the first one's words are the entry's own.
    for column in (
        "said_guid TEXT",
        "url TEXT",
        "authors TEXT",  # JSON
        "date_text TEXT",
        "updated INTEGER",
        "language TEXT",
        "summary TEXT",
        "content_html TEXT",
        "enclosures TEXT",  # JSON
        "base_url TEXT",
    ):
        db.execute(f"ALTER TABLE entry_sources ADD COLUMN {column}")
    db.execute("ALTER TABLE entries ADD COLUMN text_source INTEGER")  # whose text is published; NULL: its own


@migrations(name="0010_curation")
def _curation(db: Database) -> None:
    # What rules did, and the order in which rows came to be: `joined` only rises.
    db.execute("ALTER TABLE entries ADD COLUMN dropped INTEGER NOT NULL DEFAULT 0")
    db.execute("ALTER TABLE entries ADD COLUMN rulings TEXT")  # JSON; NULL: no rule matched
    db.execute("ALTER TABLE entries ADD COLUMN joined INTEGER NOT NULL DEFAULT 0")
    db.execute("ALTER TABLE entry_tags ADD COLUMN joined INTEGER NOT NULL DEFAULT 0")
    db.execute("CREATE INDEX entries_by_joined ON entries (joined, id)")
    db.execute("CREATE INDEX entry_tags_by_joined ON entry_tags (tag, joined, entry_id)")
    # The feeds of the config that was last in force, and their entries, noted as they come. `surfaced` is
    # when an entry first met all of a feed's conditions. While a feed is being filled with what was stored
    # before, newest first, `filled_at` and `filled_id` tell the last entry that was looked at.
    db.execute(
        """
        CREATE TABLE feeds (
            id         INTEGER PRIMARY KEY,
            slug       TEXT NOT NULL UNIQUE,
            position   INTEGER,                      -- in the config; NULL: it has left the config
            conditions TEXT NOT NULL,                -- JSON, as configured, to notice others
            filled     INTEGER NOT NULL DEFAULT 0,
            filled_at  INTEGER,
            filled_id  INTEGER
        )
        """
    )
    db.execute(
        """
        CREATE TABLE feed_entries (
            feed_id  INTEGER NOT NULL REFERENCES feeds (id),
            surfaced INTEGER NOT NULL,
            entry_id INTEGER NOT NULL REFERENCES entries (id),
            joined   INTEGER NOT NULL,
            PRIMARY KEY (feed_id, surfaced, entry_id)
        ) WITHOUT ROWID
        """
    )
    db.execute("CREATE UNIQUE INDEX feed_entries_by_entry ON feed_entries (entry_id, feed_id)")
    db.execute("CREATE INDEX feed_entries_by_joined ON feed_entries (feed_id, joined, entry_id)")
    db.execute("CREATE TABLE rules (position INTEGER PRIMARY KEY, name TEXT NOT NULL, said TEXT NOT NULL)")


@migrations(name="0011_episodes")
def _episodes(db: Database) -> None:
    for table in ("entries", "entry_sources"):
        db.execute(f"ALTER TABLE {table} ADD COLUMN episode TEXT")  # JSON; NULL: nothing is said
        # YouTube's Flash player is no file any more: its videos must not all look edited for that.
        db.execute(
            f"UPDATE {table} SET enclosures = (SELECT json_group_array(json(value))"  # noqa: S608 - constants
            " FROM json_each(enclosures)"
            " WHERE json_extract(value, '$[0]') NOT LIKE 'https://www.youtube.com/v/%')"
            " WHERE enclosures LIKE '%\"https://www.youtube.com/v/%'"
        )


@migrations(name="0012_incidents")
def _incidents(db: Database) -> None:
    db.execute(
        """
        CREATE TABLE incidents (
            id        INTEGER PRIMARY KEY,
            source_id INTEGER NOT NULL REFERENCES sources (id),
            at        INTEGER NOT NULL,
            kind      TEXT NOT NULL,
            source    TEXT NOT NULL,                 -- its name at that time
            url       TEXT NOT NULL,                 -- as configured at that time
            address   TEXT NOT NULL,                 -- asked from then on
            message   TEXT NOT NULL
        )
        """
    )
    db.execute("CREATE INDEX incidents_by_source ON incidents (source_id, kind, id)")
    db.execute("ALTER TABLE sources ADD COLUMN turn TEXT")  # for the worse, that people were told of
    db.execute("ALTER TABLE sources ADD COLUMN failing_since INTEGER")
    db.execute(
        "UPDATE sources SET failing_since = ("
        "SELECT min(started_at) FROM polls WHERE source_id = sources.id"
        " AND id > (SELECT coalesce(max(id), 0) FROM polls WHERE source_id = sources.id"
        " AND outcome IN ('ok', 'not modified', 'unchanged', 'moved'))) WHERE failures > 0"
    )


@migrations(name="0013_archives")
def _archives(db: Database) -> None:
    # The history of published feeds: how far each series was looked at, in the order in which entries joined
    # it, which page an entry is on, and what was published of a page, so that it stays that for ever.
    db.execute(
        """
        CREATE TABLE archive_series (
            id       INTEGER PRIMARY KEY,
            name     TEXT NOT NULL UNIQUE,           -- all, tag/…, feed/…
            pages    INTEGER NOT NULL,
            joined   INTEGER NOT NULL,
            entry_id INTEGER NOT NULL
        )
        """
    )
    db.execute(
        """
        CREATE TABLE archive_entries (
            series_id INTEGER NOT NULL REFERENCES archive_series (id),
            entry_id  INTEGER NOT NULL REFERENCES entries (id),
            number    INTEGER NOT NULL,
            PRIMARY KEY (series_id, entry_id)
        ) WITHOUT ROWID
        """
    )
    db.execute("CREATE INDEX archive_entries_by_page ON archive_entries (series_id, number, entry_id)")
    db.execute(
        """
        CREATE TABLE archive_documents (
            series_id     INTEGER NOT NULL REFERENCES archive_series (id),
            number        INTEGER NOT NULL,
            suffix        TEXT NOT NULL,
            body          BLOB NOT NULL,             -- zlib
            content_type  TEXT NOT NULL,
            last_modified INTEGER NOT NULL,
            PRIMARY KEY (series_id, number, suffix)
        )
        """
    )


@migrations(name="0014_applied_rules")
def _applied_rules(db: Database) -> None:
    db.execute("ALTER TABLE feeds ADD COLUMN said TEXT NOT NULL DEFAULT '{}'")  # JSON, every key of its table
    db.execute("ALTER TABLE feeds ADD COLUMN served INTEGER NOT NULL DEFAULT 0")  # whether it was ever filled
    # What is being applied to stored entries, newest first, and how far that has come; one row at most.
    db.execute(
        """
        CREATE TABLE rules_applied (
            rules   TEXT NOT NULL,                   -- JSON
            span    INTEGER,                         -- ms, as asked for
            cutoff  INTEGER NOT NULL,
            last_id INTEGER NOT NULL,
            looked  INTEGER NOT NULL,
            changed INTEGER NOT NULL,
            total   INTEGER NOT NULL
        )
        """
    )


@migrations(name="0015_followed_lists")
def _followed_lists(db: Database) -> None:
    # Lists of sources that others keep, and what they name.
    db.execute(
        """
        CREATE TABLE followed_lists (
            url           TEXT PRIMARY KEY,
            sources       TEXT NOT NULL,             -- JSON: [name, URL, tags] of each
            missing       TEXT NOT NULL,             -- JSON
            doubts        INTEGER NOT NULL,
            document_url  TEXT,                      -- which the validators belong to
            etag          TEXT,
            last_modified TEXT,
            failures      INTEGER NOT NULL,
            looked_at     INTEGER,
            next_look_at  INTEGER NOT NULL,
            interval      INTEGER NOT NULL,
            message       TEXT NOT NULL,
            changes       INTEGER NOT NULL DEFAULT 0 -- how often `sources` became others
        ) WITHOUT ROWID
        """
    )


@migrations(name="0016_search")
def _search(db: Database) -> None:
    for statement in SEARCH_SCHEMA:
        db.execute(statement)
    # `dropped` stands behind an entry's long texts: what is published is found without reading these.
    db.execute("DROP INDEX entries_by_surfaced")
    db.execute("CREATE INDEX entries_by_surfaced ON entries (surfaced, id, dropped)")
    db.execute("CREATE INDEX entries_by_date ON entries (coalesce(published, id))")


@migrations(name="0017_published_ids")
def _published_ids(db: Database) -> None:
    # Each id that an entry has in any format, for the next ones to have others.
    db.execute("CREATE TABLE published_ids (hash BLOB PRIMARY KEY) WITHOUT ROWID")
    note_stored(db.conn)
    db.execute("DROP INDEX entries_by_uri")


@migrations(name="0018_about")
def _about(db: Database) -> None:
    db.execute("ALTER TABLE sources ADD COLUMN about TEXT")  # JSON: id, picture, whether it is explicit


@migrations(name="0019_asked_rules")
def _asked_rules(db: Database) -> None:
    # The lists of rules that stored entries were last asked by: several where new ones were not applied yet.
    db.execute(
        """
        CREATE TABLE rules_asked (
            rules    TEXT PRIMARY KEY,               -- JSON
            replaced INTEGER NOT NULL DEFAULT 0      -- gone when what is being applied is through
        ) WITHOUT ROWID
        """
    )
    db.execute("INSERT INTO rules_asked (rules) SELECT '[]' WHERE EXISTS (SELECT 1 FROM entries)")


@migrations(name="0020_folders")
def _folders(db: Database) -> None:
    for statement in FOLDERS_SCHEMA:
        db.execute(statement)


@migrations(name="0021_posts")
def _posts(db: Database) -> None:
    for statement in POSTS_SCHEMA:
        db.execute(statement)


@migrations(name="0022_tombstones")
def _tombstones(db: Database) -> None:
    for statement in (*TOMBSTONES_SCHEMA, *PRUNING_SCHEMA):
        db.execute(statement)


@migrations(name="0023_sites")
def _sites(db: Database) -> None:
    for statement in SITES_SCHEMA:
        db.execute(statement)


@migrations(name="0024_marks")
def _marks(db: Database) -> None:
    for statement in MARKS_SCHEMA:
        db.execute(statement)
