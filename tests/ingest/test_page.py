"""What selectors make of a web page as a whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.ingest.limits import MOST_ITEMS
from aggregator.ingest.read import read_document
from aggregator.model import Outcome, Reading, Selectors, Unreadable
from tests.ingest.pages import URL, failure_of, feed_of, items_of, page


def test_a_page_is_a_feed_with_its_title_language_and_address() -> None:
    feed = feed_of("<html lang=de><title>News |\n X</title><article><h2>Eins</h2></article>")
    assert (feed.version, feed.title, feed.link, feed.language) == ("html", "News | X", URL, "de")
    assert [entry.title for entry in feed.entries] == ["Eins"]
    assert feed.entries[0].guid is None


def test_a_page_without_title_is_called_by_its_first_heading() -> None:
    assert feed_of("<title> </title><h1>News</h1><article><h2>One</h2></article>").title == "News"


def test_items_are_in_the_order_of_the_page_whatever_the_order_of_selectors() -> None:
    body = "<p><h2>One</h2><article><h3>Two</h3></article><h2>Three</h2>"
    assert [entry.title for entry in items_of(body, item="article, h2")] == ["One", "Two", "Three"]


def test_of_items_within_each_other_the_outermost_counts() -> None:
    body = "<div><h2>Outer</h2><div><h2>Quoted</h2></div></div><div><h2>Next</h2></div>"
    assert [entry.title for entry in items_of(body, item="div")] == ["Outer", "Next"]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<meta charset=shift_jis><article><h2>日本語の記事".encode("shift_jis"), None),
        (
            "<meta charset=shift_jis><article><h2>日本語の記事".encode("shift_jis"),
            "text/html; charset=iso-8859-1",
        ),
        (
            "<meta http-equiv=x content='text/html; charset=euc-jp'><article><h2>日本語の記事".encode(
                "euc_jp"
            ),
            None,
        ),
        ("<article><h2>日本語の記事".encode("euc_jp"), "text/html; charset=euc-jp"),
        ("<article><h2>日本語の記事".encode(), "text/html; charset=iso-8859-1"),
        ("<meta charset=windows-1252><article><h2>日本語の記事".encode(), "text/html; charset=windows-1252"),
        ("<article><h2>日本語の記事".encode("utf-16"), "text/html; charset=utf-8"),
        (
            "<?xml version='1.0' encoding='shift_jis'?><!DOCTYPE html><html><article><h2>日本語の記事".encode(
                "shift_jis"
            ),
            None,
        ),
    ],
)
def test_text_is_right_whatever_is_said_of_the_encoding(body: bytes, content_type: str | None) -> None:
    assert feed_of(body, content_type=content_type).entries[0].title == "日本語の記事"


def test_control_characters_and_impossible_references_do_no_harm() -> None:
    body = "<article><h2>a\0b\x1b&#xD800;&#x110000;&#0;c</h2></article><article><h2>next"
    titles = [entry.title or "" for entry in items_of(body)]
    assert len(titles) == 2
    assert all(title.encode() and "\0" not in title and "\x1b" not in title for title in titles)


def test_a_page_that_no_longer_has_items_fails_and_names_the_selector() -> None:
    outcome, message = failure_of("<div class=entry><h2>One</h2></div>", item="article.post")
    assert outcome is Outcome.UNPARSEABLE
    assert message == 'No element of the page matches item = "article.post": has the page changed?'


def test_items_that_all_are_empty_are_a_changed_page_too() -> None:
    outcome, message = failure_of("<article><div class=skeleton></div></article><article></article>")
    assert outcome is Outcome.UNPARSEABLE
    assert "neither title nor link nor content" in message


@pytest.mark.parametrize(("key", "selector"), [("title", "h3"), ("link", "a.permalink")])
def test_items_that_all_have_lost_what_they_are_known_by_are_a_changed_page(key: str, selector: str) -> None:
    body = (
        "<article><h2><a href=/1>One</a></h2>text</article><article><h2><a href=/2>Two</a></h2>text</article>"
    )
    outcome, message = failure_of(body, **{key: selector})
    assert outcome is Outcome.UNPARSEABLE
    assert message.startswith(f'{key} = "{selector}" gives nothing in any item')


def test_dates_and_contents_that_all_are_missing_are_said_and_the_items_stay() -> None:
    feed = feed_of("<article><h2>One</h2>text</article>", date="time", content=".body")
    assert len(feed.entries) == 1
    assert feed.problem == 'date = "time" and content = ".body" give nothing in any item of the page.'


def test_what_one_item_has_needs_no_complaint() -> None:
    feed = feed_of("<article><h2>One</h2><time>2024-04-03</time></article><article><h2>Two", date="time")
    assert feed.problem is None


def test_empty_items_are_left_out_and_counted() -> None:
    reading = read_document(
        page("<article><h2>One</h2></article><article> </article>"), Selectors(item="article")
    )
    assert isinstance(reading, Reading)
    assert [draft.title for draft in reading.drafts] == ["One"]
    assert reading.problem == "Items without guid, link, title, text and file were left out: 1."


@pytest.mark.parametrize(
    "feed",
    [
        "<rss version='2.0'><channel><title>t</title></channel></rss>",
        "<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'/>",
    ],
)
def test_a_feed_needs_no_selectors_and_is_told_so(feed: str) -> None:
    outcome, message = failure_of(feed)
    assert outcome is Outcome.UNPARSEABLE
    assert 'a feed, not to a web page: take kind = "html" and selectors away' in message


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b'{"items": []}', "JSON"),
        (b"\x89PNG\r\n\x1a\n", "a PNG image"),
        (b"%PDF-1.7", "a PDF document"),
        (b"just text", "text without any element"),
        (b"<?xml version='1.0'?><urlset/>", "XML (<urlset>)"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "XML (<svg>)"),
    ],
)
def test_what_is_no_page_is_named(body: bytes, named: str) -> None:
    answer = read_document(page(body), Selectors(item="article"))
    assert isinstance(answer, Unreadable)
    assert answer.outcome is Outcome.NOT_A_FEED
    assert answer.message == f"The address leads to {named}, not to a web page."


@pytest.mark.parametrize("body", [b"", b" \n", b"<!DOCTYPE html>", b"<!DOCTYPE html><!-- x -->"])
def test_a_page_of_nothing_is_empty(body: bytes) -> None:
    answer = read_document(page(body), Selectors(item="article"))
    assert isinstance(answer, Unreadable)
    assert answer.outcome is Outcome.EMPTY


def test_items_nested_hundreds_deep_are_found() -> None:
    body = "<div>" * 1500 + "<article><h2>Deep</h2></article>" + "</div>" * 1500 + "<article><h2>After</h2>"
    assert [entry.title for entry in items_of(body)] == ["Deep", "After"]


def test_a_page_that_nests_too_deep_says_how_far_it_was_read() -> None:
    feed = feed_of("<article><h2>One</h2></article>\n" + "<div>" * 10_000 + "<article><h2>Two</h2></article>")
    assert [entry.title for entry in feed.entries] == ["One"]
    assert feed.problem == "The page was read up to line 2 only: Excessive depth in document: 2048."


def test_items_beyond_what_a_document_may_hold_are_left_out_and_counted() -> None:
    feed = feed_of("<p>a" * (MOST_ITEMS + 5), item="p")
    assert len(feed.entries) == MOST_ITEMS
    assert feed.problem == f"5 items beyond the first {MOST_ITEMS} were left out."


_PIECES = st.sampled_from(
    [
        *(
            "<article>",
            "</article>",
            "<h2>",
            "</h2>",
            "<a href=/1>",
            "<a href='#'>",
            "</a>",
            "<time>",
            "</time>",
        ),
        *("<time datetime='", "'>", "<script>", "</script>", "<!--", "-->", "<p>", "<table>", "<template>"),
        *(
            "<base href='//['>",
            "&",
            "&#0;",
            "text",
            "日本",
            "<",
            ">",
            '"',
            "\0",
            "<dt>",
            "<img alt=x>",
            "<svg>",
        ),
    ]
)


@given(st.lists(_PIECES, max_size=30), st.sampled_from(["article", "h2", "a", "*", "dt", "p:first-child"]))
def test_no_page_raises_and_what_is_said_once_is_said_again(pieces: list[str], item: str) -> None:
    document = page("<p>" + "".join(pieces))
    first = read_document(document, Selectors(item=item))
    assert first == read_document(document, Selectors(item=item))
