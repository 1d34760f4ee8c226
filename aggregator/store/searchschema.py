"""The tables of the search index, as a step of the schema made them: never changed once released."""

from __future__ import annotations

_TOKEN_CHARACTERS = "".join(chr(code) for code in range(33, 127) if not chr(code).isalnum())

SEARCH_SCHEMA = (
    # All but white space is a part of a token: texts come as tokens already.
    "CREATE VIRTUAL TABLE search_text USING fts5 (title, authors, summary, content, labels, content = '',"
    " columnsize = 0, tokenize = \"ascii tokenchars '{}'\")".format(
        _TOKEN_CHARACTERS.replace("'", "''").replace('"', '""')
    ),
    """
    CREATE TABLE search_entries (
        seq      INTEGER PRIMARY KEY,
        entry_id INTEGER NOT NULL,
        surfaced INTEGER NOT NULL,
        dated    INTEGER NOT NULL,
        words    INTEGER NOT NULL,
        urls     TEXT NOT NULL                       -- folded, lines
    )
    """,
    "CREATE UNIQUE INDEX search_entries_by_entry ON search_entries (entry_id)",
    "CREATE INDEX search_entries_by_surfaced ON search_entries (surfaced)",
    "CREATE INDEX search_entries_by_dated ON search_entries (dated)",
    """
    CREATE TABLE search_words (
        seq    INTEGER PRIMARY KEY,
        words  BLOB NOT NULL,                        -- each once, zlib
        digest BLOB NOT NULL,                        -- of the texts as they are stored, to notice others
        labels TEXT NOT NULL
    )
    """,
    "CREATE TABLE search_version (number INTEGER NOT NULL, built_at INTEGER, built_id INTEGER)",
    "INSERT INTO search_version (number) VALUES (0)",
)
