"""What a document is that is certainly no feed and no page, by its first bytes; pure."""

from __future__ import annotations

import re

_MAGIC = (
    (rb"\x89PNG\r\n", "a PNG image"),
    (rb"\xff\xd8\xff", "a JPEG image"),
    (rb"GIF8", "a GIF image"),
    (rb"RIFF.{4}WEBP", "a WebP image"),
    (rb"RIFF", "a media file"),
    (rb"\x00\x00\x01\x00[\x01-\xff]\x00", "an icon"),
    (rb"BM.{4}\x00{4}", "a BMP image"),
    (rb"II\*\x00|MM\x00\*", "a TIFF image"),
    (rb".{4}ftyp(?:avi[fs]|mif1|hei[cx])", "an AVIF or HEIF image"),
    (rb".{4}ftyp", "a media file"),
    (rb"\xff\x0a|\x00{3}\x0cJXL ", "a JPEG XL image"),
    (rb"%PDF", "a PDF document"),
    (rb"PK\x03\x04", "a ZIP archive"),
    (rb"ID3|\xff[\xf2\xf3\xfa\xfb]|fLaC", "an audio file"),
    (rb"OggS|\x1aE\xdf\xa3|FLV\x01", "a media file"),
    (rb"wOF[F2]", "a font"),
)
_FORMATS = tuple((re.compile(magic, re.DOTALL), name) for magic, name in _MAGIC)
_KINDS = {"image": "an image", "audio": "an audio file", "video": "a video", "font": "a font"}
_OF_TEXT = b"<{["


def other_format(body: bytes, start: bytes, content_type: str | None) -> str | None:
    """Return what the document is when it is of another format; None when it may be a feed.

    `start` is the body's first byte that is no white space. A content type is believed where that is none
    of what feeds and pages begin with.
    """
    for magic, name in _FORMATS:
        if magic.match(body):
            return name
    kind = (content_type or "").strip().partition("/")[0].lower()
    return None if start in _OF_TEXT else _KINDS.get(kind)
