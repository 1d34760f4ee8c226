"""What comes before the answer, and what a server may put into a failure's sentence."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.ingest.failures import in_one_line
from aggregator.ingest.fetch import HttpFetcher
from aggregator.ingest.transport import MAX_INTERIM, MAX_MALFORMED
from aggregator.model import FetchFailed, Outcome
from tests.ingest.fetching import answering, asking, failed, fetched
from tests.origin import Peer

HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\nETag: interim\r\n\r\n"
FEED = b'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: 6\r\n\r\n<rss/>'

# --- interim answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "interim",
    [
        HINTS,
        b"HTTP/1.1 102 Processing\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + HINTS,
        HINTS * 3,
        b"HTTP/1.1 199 Unheard of\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_the_answer_is_the_final_one_and_the_connection_is_kept(fetcher: HttpFetcher, interim: bytes) -> None:
    with Peer(answering(interim + FEED, interim + FEED)) as peer:
        answers = [fetched(fetcher.fetch(asking(peer.url))) for _ in range(2)]

    assert [answer.body for answer in answers] == [b"<rss/>"] * 2
    assert [answer.validators and answer.validators.etag for answer in answers] == ['"1"'] * 2
    assert peer.connections == 1


def test_interim_answers_without_end_are_told(fetcher: HttpFetcher) -> None:
    with Peer(answering(HINTS * (MAX_INTERIM + 1) + FEED)) as peer:
        failure = failed(fetcher.fetch(asking(peer.url)))

    assert failure.outcome == Outcome.CONNECTION_ERROR
    assert failure.message == (
        f"What 127.0.0.1 answered is not HTTP: more than {MAX_INTERIM} interim answers and no final one."
    )


# --- malformed heads ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        b"this is no header",
        b": no name",
        b"X-Odd: a\rSet-Cookie: b",
        b"X-Odd: a\0b",
        b"X\xff: y",
        b"From me",
        b" folded after nothing",
        b"Content-Type: multipart/mixed",
    ],
)
def test_a_malformed_header_costs_no_other_and_is_not_logged(
    fetcher: HttpFetcher, caplog: pytest.LogCaptureFixture, line: bytes
) -> None:
    answer = FEED.replace(b"\r\n", b"\r\n" + line + b"\r\n", 1)
    with Peer(answering(answer, answer)) as peer:
        documents = [fetched(fetcher.fetch(asking(f"{peer.url}/?token=s3cret"))) for _ in range(2)]

    assert [document.body for document in documents] == [b"<rss/>"] * 2
    assert [document.validators and document.validators.etag for document in documents] == ['"1"'] * 2
    assert "s3cret" not in caplog.text


def test_malformed_headers_without_end_are_told(fetcher: HttpFetcher) -> None:
    with Peer(answering(FEED.replace(b"\r\n", b"\r\n" + b"none\r\n" * (MAX_MALFORMED + 1), 1))) as peer:
        failure = failed(fetcher.fetch(asking(peer.url)))

    assert failure.outcome == Outcome.CONNECTION_ERROR
    assert f"more than {MAX_MALFORMED} malformed headers" in failure.message


def test_nobody_switches_protocols_unasked(fetcher: HttpFetcher) -> None:
    with Peer(answering(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")) as peer:
        failure = failed(fetcher.fetch(asking(peer.url)))

    assert (failure.outcome, failure.status) == (Outcome.HTTP_ERROR, 101)


# --- sentences ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        b"220 \x1b[31m\x9b0m\x85mail\x0b\x00\x7f\r\n",
        b"HTTP/1.1 2\x1b[0m\x9b0 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: \x1b[2Jzip\x9b\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.1 301 Moved\r\nLocation: x\x1b\x9b:y\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\x1b\x9b\r\n",
    ],
)
def test_what_a_server_says_steers_no_terminal(fetcher: HttpFetcher, answer: bytes) -> None:
    with Peer(answering(answer)) as peer:
        failure = failed(fetcher.fetch(asking(peer.url)))

    assert failure.message.isprintable(), failure.message


@given(st.text(), st.text("\t\n\r\x0b\x1b\x7f\x85\x9b\u2028\u202e a", max_size=20))
def test_a_sentence_is_one_line_without_control_characters(one: str, other: str) -> None:
    message = in_one_line(FetchFailed(outcome=Outcome.TIMEOUT, message=one + other)).message

    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", message)
    assert message == message.strip()
