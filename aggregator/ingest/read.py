"""A fetched document of any format → Reading. This is what parse processes run.

Imports nothing but the model and the parsers: a process that parses stays small.
"""

from __future__ import annotations

from aggregator.ingest.jsonfeed import parse_json
from aggregator.ingest.normalize import normalize
from aggregator.ingest.parse import parse_xml
from aggregator.model import Fetched, Outcome, Reading, Unreadable

_OTHER_FORMATS = (
    (b"\x89PNG\r\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"RIFF", "a media file"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"ID3", "an audio file"),
    (b"OggS", "a media file"),
)
_BLANK = b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"  # white space and byte order marks, of any width


def read_document(document: Fetched) -> Reading | Unreadable:
    """Return the document's items as drafts, or why there are none. Raises nothing for the document's faults.

    The format is told from the bytes, not from the content type, which servers often get wrong. For a hostile
    document it can take minutes and much memory, and run into `MemoryError`: run it in a `ParsePool`.
    """
    body = document.body
    start = body.lstrip(_BLANK)[:1]
    if not start:
        return Unreadable(outcome=Outcome.EMPTY, message="The server answered with an empty document.")
    for magic, name in _OTHER_FORMATS:
        if body.startswith(magic):
            message = f"The address leads to {name}, not to a feed."
            return Unreadable(outcome=Outcome.NOT_A_FEED, message=message)
    parse = parse_json if start in {b"{", b"["} else parse_xml
    feed = parse(body, content_type=document.content_type, url=document.url)
    return feed if isinstance(feed, Unreadable) else normalize(feed, url=document.url)
