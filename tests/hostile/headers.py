"""Headers that are missing, odd, broken, or too many."""

from __future__ import annotations

from aggregator.model import Outcome
from tests.hostile.scenario import FEED, GOOD, Scenario, http, one, rss

_BODY = rss("One")
_NOT_MODIFIED = b"HTTP/1.1 304 Not Modified\r\n\r\n"


def _content_type(value: str) -> Scenario:
    return one(f"Content-Type {value!r}", http(_BODY, f"Content-Type: {value}"), Outcome.OK, "One")


def _sent_back(name: str, header: str, sent: bytes, *, then: bytes = _NOT_MODIFIED) -> Scenario:
    """Make a scenario of a validator that must come back as it was."""
    return Scenario(
        name=f"validator: {name}",
        answers={FEED: http(_BODY, header)},
        outcome=Outcome.OK,
        titles=("One",),
        then=one(f"{name}, again", then, Outcome.NOT_MODIFIED, "One", sent=(sent,), silent=True),
    )


SCENARIOS = [
    one("no Content-Type", http(_BODY), Outcome.OK, "One"),
    *map(
        _content_type,
        (
            *("text/html", "text/plain", "application/octet-stream", "image/png", "application/json", "x"),
            *(
                "application/rss+xml; charset=",
                'text/xml; charset="',
                "text/xml; charset=nonsense",
                ";;;",
                "a/b" * 9_999,
            ),
            *("text/xml; charset=utf-8; charset=latin-1", "application/rss+xml;charset=UTF8", "\x00", "é/ü"),
        ),
    ),
    one("interim 100", b"HTTP/1.1 100 Continue\r\n\r\n" + GOOD, Outcome.OK, "One", "Two"),
    one(
        "interim 103", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 3 + GOOD, Outcome.OK, "One", "Two"
    ),
    one("interim 102 a thousand times", b"HTTP/1.1 102 Wait\r\n\r\n" * 1000 + GOOD, Outcome.CONNECTION_ERROR),
    one("HTTP/1.0", b"HTTP/1.0 200 OK\r\n\r\n" + _BODY, Outcome.OK, "One"),
    one("HTTP/0.9", _BODY, Outcome.CONNECTION_ERROR, says="not HTTP"),
    one("HTTP/2", b"HTTP/2 200 OK\r\n\r\n" + _BODY, Outcome.CONNECTION_ERROR),
    one("HTTP/1.9", b"HTTP/1.9 200 OK\r\n\r\n" + _BODY, Outcome.OK, "One"),
    one("binary HTTP/2", b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64", Outcome.CONNECTION_ERROR),
    one("shoutcast", b"ICY 200 OK\r\n\r\n" + _BODY, Outcome.CONNECTION_ERROR),
    one("SSH", b"SSH-2.0-OpenSSH_9.9\r\n", Outcome.CONNECTION_ERROR),
    one("SMTP", b"220 mail.example ESMTP\r\n", Outcome.CONNECTION_ERROR),
    one("status that is no number", b"HTTP/1.1 OK 200\r\n\r\n" + _BODY, Outcome.CONNECTION_ERROR),
    one("status of four figures", b"HTTP/1.1 2000 OK\r\n\r\n" + _BODY, Outcome.CONNECTION_ERROR),
    one("status 0", b"HTTP/1.1 000 OK\r\n\r\n" + _BODY, Outcome.CONNECTION_ERROR),
    one("negative status", b"HTTP/1.1 -200 OK\r\n\r\n" + _BODY, Outcome.CONNECTION_ERROR),
    one(
        "status line without end",
        b"HTTP/1.1 200 " + b"O" * 70_000 + b"K\r\n\r\n" + _BODY,
        Outcome.CONNECTION_ERROR,
    ),
    one(
        "control characters in the status line", b"HTTP/1.1 500 \x1b[31mred\x07\0\r\n\r\n", Outcome.HTTP_ERROR
    ),
    one("bare line feeds", b"HTTP/1.1 200 OK\nContent-Type: text/xml\n\n" + _BODY, Outcome.OK, "One"),
    one("folded header", http(_BODY, "X-Long: a\r\n b\r\n\tc"), Outcome.OK, "One"),
    one("header without a colon", http(_BODY, "this is no header"), Outcome.OK, "One"),
    one("header without a name", http(_BODY, ": x"), Outcome.OK, "One"),
    one("header of bytes", b"HTTP/1.1 200 OK\r\nX-\xff\xfe: \x00\x80\r\n\r\n" + _BODY, Outcome.OK, "One"),
    one("a thousand headers", http(_BODY, *(f"X-{n}: y" for n in range(1000))), Outcome.CONNECTION_ERROR),
    one("ninety headers", http(_BODY, *(f"X-{n}: y" for n in range(90))), Outcome.OK, "One"),
    one("header of 100 KB", http(_BODY, "X: " + "y" * 100_000), Outcome.CONNECTION_ERROR),
    one("header of 60 KB", http(_BODY, "X: " + "y" * 60_000), Outcome.OK, "One"),
    one(
        "Location of a 200",
        http(_BODY, "Location: http://10.0.0.1/", "Refresh: 0; url=file:///"),
        Outcome.OK,
        "One",
    ),
    one("Content-Disposition", http(_BODY, "Content-Disposition: attachment; filename=x"), Outcome.OK, "One"),
    one("Content-Range of a 200", http(_BODY, "Content-Range: bytes 0-9/10"), Outcome.OK, "One"),
    one(
        "max-age beyond all bounds",
        http(_BODY, "Cache-Control: max-age=999999999999999999999"),
        Outcome.OK,
        "One",
    ),
    one("max-age of nonsense", http(_BODY, "Cache-Control: max-age=-1, ,=,max-age"), Outcome.OK, "One"),
    _sent_back("strong", 'ETag: "abc"', b'If-None-Match: "abc"\r\n'),
    _sent_back("weak", 'ETag: W/"abc"', b'If-None-Match: W/"abc"\r\n'),
    _sent_back("weak in lower case", 'ETag: w/"abc"', b'If-None-Match: w/"abc"\r\n'),
    _sent_back("unquoted", "ETag: abc", b"If-None-Match: abc\r\n"),
    _sent_back("half quoted", 'ETag: "abc', b'If-None-Match: "abc\r\n'),
    _sent_back("with what looks like a list", 'ETag: "a","b"', b'If-None-Match: "a","b"\r\n'),
    _sent_back("in Latin-1", 'ETag: "\xe9"', b'If-None-Match: "\xe9"\r\n'),
    _sent_back("in UTF-8", 'ETag: "\xc3\xa9"', b'If-None-Match: "\xc3\xa9"\r\n'),
    _sent_back("gzip's", 'ETag: "abc-gzip"', b'If-None-Match: "abc-gzip"\r\n'),
    _sent_back("of 8 KB", f'ETag: "{"x" * 8192}"', b'If-None-Match: "%s"\r\n' % (b"x" * 8192)),
    _sent_back(
        "date",
        "Last-Modified: Wed, 21 Oct 2015 07:28:00 GMT",
        b"If-Modified-Since: Wed, 21 Oct 2015 07:28:00 GMT\r\n",
    ),
    _sent_back("date that is none", "Last-Modified: yesterday", b"If-Modified-Since: yesterday\r\n"),
    _sent_back(
        "date in the local time",
        "Last-Modified: 2015-10-21 07:28:00",
        b"If-Modified-Since: 2015-10-21 07:28:00\r\n",
    ),
    Scenario(
        name="validator that is forgotten by the next answer",
        answers={FEED: http(_BODY, 'ETag: "1"')},
        outcome=Outcome.OK,
        titles=("One",),
        then=Scenario(
            name="another body without a validator",
            answers={FEED: http(rss("One", "Two"))},
            outcome=Outcome.OK,
            titles=("Two", "One"),
            sent=(b'If-None-Match: "1"',),
            then=one(
                "asked without one",
                http(rss("One", "Two")),
                Outcome.UNCHANGED,
                *("Two", "One"),
                not_sent=(b"If-None-Match",),
            ),
        ),
    ),
    Scenario(
        name="validator of a document that cannot be read",
        answers={FEED: http(b"<html></html>", 'ETag: "1"')},
        outcome=Outcome.NOT_A_FEED,
        then=one("not asked with it", GOOD, Outcome.OK, "One", "Two", not_sent=(b"If-None-Match",)),
    ),
    Scenario(
        name="the same body with another validator",
        answers={FEED: http(_BODY, 'ETag: "1"')},
        outcome=Outcome.OK,
        titles=("One",),
        then=one("unchanged", http(_BODY, 'ETag: "2"'), Outcome.UNCHANGED, "One"),
    ),
    Scenario(
        name="cookies",
        answers={FEED: http(_BODY, "Set-Cookie: a=b; Path=/", "Set-Cookie: c=d")},
        outcome=Outcome.OK,
        titles=("One",),
        then=one("are not kept", GOOD, Outcome.OK, "Two", "One", not_sent=(b"Cookie", b"Referer")),
    ),
]
