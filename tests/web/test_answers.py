from __future__ import annotations

from aggregator.web.answers import document, prepare, text


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
