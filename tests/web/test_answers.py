from __future__ import annotations

import gzip
from collections.abc import Callable

import brotli  # type: ignore[import-untyped]  # it ships no types
import pytest

from aggregator.web.answers import document, prepare, text

LONG = b"<p>words</p>" * 50


def test_the_answer_to_head_has_no_body_whatever_the_server_makes_of_it() -> None:
    prepared = prepare(document(b"words", "text/plain"), cache_control="no-cache", now=0)
    head, get = prepared.answer("HEAD", []), prepared.answer("GET", [])
    assert (head.status, head.headers, head.body) == (200, get.headers, b"")
    assert get.body == b"words"
    assert text(404, "Nothing here.", method="HEAD").body == b""


def test_equal_bytes_have_equal_etags_and_others_have_not() -> None:
    one, same, other = (document(body, "text/plain").etag for body in (b"a", b"a", b"b"))
    assert one == same != other
    assert one[0] == one[-1] == '"'


@pytest.mark.parametrize(("coding", "unpacked"), [("br", brotli.decompress), ("gzip", gzip.decompress)])
def test_each_coding_is_the_same_document_under_an_etag_of_its_own(
    coding: str, unpacked: Callable[[bytes], bytes]
) -> None:
    prepared = prepare(document(LONG, "text/plain"), cache_control="no-cache", now=0)
    packed, plain = (
        prepared.answer("GET", [(b"accept-encoding", coding.encode())]),
        prepared.answer("GET", []),
    )
    headers = dict(packed.headers)
    assert unpacked(packed.body) == plain.body == LONG
    assert headers[b"content-encoding"] == coding.encode()
    assert headers[b"vary"] == dict(plain.headers)[b"vary"] == b"Accept-Encoding"
    assert int(headers[b"content-length"]) == len(packed.body)
    assert headers[b"etag"] != dict(plain.headers)[b"etag"]
    same = [(b"accept-encoding", coding.encode()), (b"if-none-match", headers[b"etag"])]
    assert prepared.answer("GET", same).status == 304


def test_a_document_that_is_small_as_it_is_is_sent_so() -> None:
    prepared = prepare(document(b"x" * 149, "text/plain"), cache_control="no-cache", now=0)
    headers = dict(prepared.answer("GET", [(b"accept-encoding", b"br, gzip")]).headers)
    assert b"content-encoding" not in headers
    assert headers[b"vary"] == b"Accept-Encoding"


def test_what_is_kept_counts_in_each_coding() -> None:
    prepared = prepare(document(LONG, "text/plain"), cache_control="no-cache", now=0)
    bodies = [
        prepared.answer("GET", [(b"accept-encoding", coding)]).body
        for coding in (b"identity", b"br", b"gzip")
    ]
    assert prepared.size == sum(map(len, bodies))
