from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.web.negotiation import is_current, wanted_encoding

ETAG = '"abc"'
MODIFIED = 1_000_000_000  # Sun, 09 Sep 2001 01:46:40 GMT


def current(
    *headers: tuple[str, str], last_modified: int | None = MODIFIED, served_since: int = MODIFIED
) -> bool:
    sent = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return is_current(sent, etag=ETAG, last_modified=last_modified, served_since=served_since)


@pytest.mark.parametrize(
    "value", ['"abc"', 'W/"abc"', '"x", "abc"', '"x",W/"abc" , "y"', "*", " * ", '"a,b", "abc"', '"","abc"']
)
def test_an_etag_that_is_among_those_sent_is_current(value: str) -> None:
    assert current(("if-none-match", value))


@pytest.mark.parametrize(
    "value", ['"abd"', "abc", '"abc', "", '"*"', 'W/"x"', '"ABC"', '"abc-gz"', 'x"abcd"']
)
def test_any_other_etag_is_not_current(value: str) -> None:
    assert not current(("if-none-match", value))


def test_etags_on_several_lines_count_together() -> None:
    assert current(("if-none-match", '"x"'), ("if-none-match", '"abc"'))


@pytest.mark.parametrize(
    "date",
    [
        "Sun, 09 Sep 2001 01:46:40 GMT",
        "Sun, 09 Sep 2001 01:46:41 GMT",
        "Sunday, 09-Sep-01 01:46:40 GMT",
        "Sun Sep  9 01:46:40 2001",
        "Fri, 01 Jan 2100 00:00:00 GMT",
    ],
)
def test_a_copy_of_that_date_or_later_is_current_in_each_of_http_s_date_forms(date: str) -> None:
    assert current(("if-modified-since", date))


@pytest.mark.parametrize(
    "date", ["Sun, 09 Sep 2001 01:46:39 GMT", "yesterday", "", "0", "Sun, 99 Sep 2001 01:46:40 GMT"]
)
def test_an_older_copy_or_no_date_is_not_current(date: str) -> None:
    assert not current(("if-modified-since", date))


@pytest.mark.parametrize(("second", "known"), [(40, True), (41, False), (59, False), (60, True), (61, True)])
def test_a_date_after_a_documents_own_counts_only_since_that_is_what_is_served(
    second: int, *, known: bool
) -> None:
    minute, second = divmod(second, 60)
    date = f"Sun, 09 Sep 2001 01:{46 + minute}:{second:02} GMT"
    assert current(("if-modified-since", date), served_since=MODIFIED + 20) is known


def test_a_document_without_a_date_is_never_current_by_date() -> None:
    assert not current(("if-modified-since", "Fri, 01 Jan 2100 00:00:00 GMT"), last_modified=None)


def test_the_date_is_not_looked_at_beside_an_etag() -> None:
    date = ("if-modified-since", "Fri, 01 Jan 2100 00:00:00 GMT")
    assert not current(("if-none-match", '"other"'), date)


@given(st.binary(), st.binary())
def test_no_header_value_makes_conditions_fail(etags: bytes, date: bytes) -> None:
    is_current([(b"if-none-match", etags)], etag=ETAG, last_modified=MODIFIED, served_since=MODIFIED)
    is_current([(b"if-modified-since", date)], etag=ETAG, last_modified=MODIFIED, served_since=MODIFIED)
    wanted_encoding([(b"accept-encoding", etags)], OFFERED)


OFFERED = ("br", "gzip")


def wanted(accepted: str, offered: tuple[str, ...] = OFFERED) -> str | None:
    return wanted_encoding([(b"accept-encoding", accepted.encode())], offered)


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("br", "br"),
        ("gzip, br", "br"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=1.0, br;q=0.9", "gzip"),
        ("deflate, gzip;q=1.0, *;q=0.5", "gzip"),
        ("*", "br"),
        ("br;q=0, *", "gzip"),
        ("br;q=0, gzip ; q=0.001", "gzip"),
        ("identity;q=0.5, gzip", "gzip"),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("identity;q=0, gzip", "gzip"),
    ],
)
def test_the_coding_that_is_wanted_most_is_sent_brotli_before_gzip(accepted: str, coding: str) -> None:
    assert wanted(accepted) == coding


@pytest.mark.parametrize(
    "accepted",
    [
        *("", "identity", "deflate", "zstd;q=1", "br;q=0, gzip;q=0", "gzip;q=0.0, br;q=0.000, *", "*;q=0"),
        *("gzip;q=x", "gzip;q=nan", "gzip;q=-1", "gzip;q=2", "gzip;q=0.5, identity", "identity;q=0"),
    ],
)
def test_nothing_is_packed_where_that_is_not_wanted(accepted: str) -> None:
    assert wanted(accepted) is None


def test_nothing_is_packed_for_a_client_that_says_nothing() -> None:
    assert wanted_encoding([], OFFERED) is None


def test_only_what_is_offered_is_sent() -> None:
    assert wanted("br, gzip;q=0.1", ("gzip",)) == "gzip"
    assert wanted("br", ()) is None
