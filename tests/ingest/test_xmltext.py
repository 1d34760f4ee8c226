from __future__ import annotations

import time

import pytest

from aggregator.ingest import xmltext
from aggregator.ingest.xmltext import Prologue, cleaned, repaired

NOTHING: frozenset[str] = frozenset()


@pytest.mark.parametrize("verbatim", ["<![CDATA[ & ]]>", "<!-- & -->", "<?x & ?>", "<!-- <![CDATA[ -->"])
def test_what_is_verbatim_is_not_mended(verbatim: str) -> None:
    assert repaired(f"a & b{verbatim}c & d", NOTHING) == f"a &amp; b{verbatim}c &amp; d"


@pytest.mark.parametrize("opening", ["<![CDATA[", "<!--", "<?"])
def test_what_is_never_closed_is_not_verbatim(opening: str) -> None:
    assert repaired(f"{opening} & <?x & ?> &", NOTHING).endswith("&amp;")


def test_controls_that_are_referred_to_are_removed_outside_verbatim_only() -> None:
    assert cleaned("a&#1;b<![CDATA[&#1;]]>&#xD800;") == "ab<![CDATA[&#1;]]>\ufffd"


@pytest.mark.parametrize(
    "text",
    [
        "&#1;" + "<!--" * 200_000,
        "&#1;" + "<![CDATA[<?" * 100_000,
        "<![CDATA[" * 50_000 + "]]>",
        "<![CDATA[ </item><item>" * 20_000 + "]]></rss>",
        "<![CDATA[ </item> <item " * 20_000 + "</rss>",
        "<!DOCTYPE" + " " * 200_000,
        "<!DOCTYPE a [" + "<!ENTITY a " * 50_000,
        "<!-- a -->" * 50_000 + "<!--" * 50_000,
    ],
)
def test_unclosed_markup_takes_linear_time(text: str) -> None:
    started = time.process_time()
    repaired(cleaned(text), NOTHING)
    Prologue(text)
    assert time.process_time() - started < 2


def test_entities_are_kept_while_they_make_the_text_little_longer() -> None:
    entity = "<!DOCTYPE rss [<!ENTITY a '%s'>]><rss>%s</rss>"
    assert Prologue(entity % ("x" * 200, "&a;" * 1_000)).entities == {"a": "x" * 200}
    assert Prologue(entity % ("x" * 200, "&a;" * 10_000)).entities == {}


@pytest.mark.parametrize("size", [1, 2, 7, 64])
def test_a_text_changes_alike_piece_by_piece(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a & b &nbsp;&#1;&#xD800;&& <![CDATA[ & &#1; ]]> &no; &amp;&#x41; <!-- & --> &eacute; plain text &"
    at_once = cleaned(text), repaired(text, NOTHING)
    monkeypatch.setattr(xmltext, "_PIECE", size)
    assert (cleaned(text), repaired(text, NOTHING)) == at_once


def items(*texts: str, end: str = "</channel></rss>") -> str:
    return "<rss><channel>" + "".join(f"<item><d>{text}</d></item>" for text in texts) + end


@pytest.mark.parametrize("after", [("three", "four"), ("<![CDATA[three]]>", "four"), ()])
def test_a_section_that_its_item_leaves_open_is_closed_before_the_next(after: tuple[str, ...]) -> None:
    mended = repaired(items("one", "<![CDATA[two & <b>", *after), NOTHING)
    assert mended == items("one", "<![CDATA[two & <b>]]>", *after)


@pytest.mark.parametrize(
    "text",
    [
        items("<![CDATA[ </item><item> ]]>", "two"),  # what somebody wrote about feeds
        items("one", "<![CDATA[ </item><item> ", end=""),  # cut short
    ],
)
def test_a_section_that_may_be_meant_to_hold_an_item_stays(text: str) -> None:
    assert repaired(text, NOTHING) == text


@pytest.mark.parametrize("odd", ['[<!-- ]> --><!ENTITY a "x">]', 'SYSTEM "a<b>c"', '[<!ENTITY a "x]>y">]'])
def test_an_odd_doctype_does_not_hide_the_feed(odd: str) -> None:
    prologue = Prologue(f"<!DOCTYPE rss {odd}><rss><channel/></rss>")
    assert (prologue.root, prologue.document()) == ("rss", "<rss><channel/></rss>")
