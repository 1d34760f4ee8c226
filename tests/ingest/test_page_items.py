"""What is title, link, date and content of one item of a web page."""

from __future__ import annotations

import pytest

from aggregator.model import ParsedEntry
from tests.ingest.pages import URL, item_of, items_of

DATE = "2024-04-03T01:46:32Z"


def article(inside: str, **keys: str) -> ParsedEntry:
    return item_of(f"<article>{inside}</article>", **keys)


@pytest.mark.parametrize(
    ("inside", "title"),
    [
        ("<h3>Small</h3><h2>Big</h2>", "Small"),
        ("<h2> </h2><h3>Second</h3>", "Second"),
        ("<h2>A <b>bold</b>\n&amp; new</h2>", "A bold & new"),
        ("<h2>One<br>Two</h2>", "One Two"),
        ("<h2>x<script>y()</script>z<style>s</style></h2>", "xz"),
        ("<h2><img alt='A picture' src=x></h2>", "A picture"),
        ("<a href=/1>The link</a> and more", "The link"),
        ("no link, <b>no heading</b>", None),
        (f"<a href=/1>{'long ' * 100}</a>", None),
    ],
)
def test_the_title_is_the_first_heading_else_the_text_of_the_link(inside: str, title: str | None) -> None:
    assert article(inside).title == title


@pytest.mark.parametrize(
    ("inside", "title"),
    [
        ("<h2>Site</h2><p class=t>One</p>", "One"),
        ("<p class=t> </p><p class=t>Second</p>", "Second"),
        ("<h2>not this</h2><p class=t><img alt='A picture' src=x></p>", "A picture"),
    ],
)
def test_a_selected_title_is_the_first_that_has_text(inside: str, title: str) -> None:
    assert article(inside, title=".t").title == title


def test_a_title_that_an_item_lacks_is_no_other_ones() -> None:
    body = "<article><p class=t>One</p></article><article><h2>Not this</h2></article>"
    assert [entry.title for entry in items_of(body, title=".t")] == ["One", None]


@pytest.mark.parametrize(
    ("inside", "link"),
    [
        ("<a href=/tag>tag</a><h2><a href=/1>One</a></h2>", "https://example.org/1"),
        ("<a href=2><h2>Two</h2></a>", f"{URL}2"),
        ("<h2>Three</h2><a href='javascript:x()'>x</a><a href='#'>x</a><a href=3>more</a>", f"{URL}3"),
        ("<h2>Four</h2><a href=#comments>2</a><a href=4>more</a>", f"{URL}4"),
        ("<h2>Five <a href=#v5>#</a></h2>", f"{URL}#v5"),
        ("<h2>Six</h2><a href=mailto:me@example.org>me</a>", None),
        ("<h2>Seven</h2><a href='/news/'>all</a>", None),
        ("<h2>Eight</h2><a>no address</a>", None),
    ],
)
def test_the_link_is_that_of_the_title_else_the_first_that_leads_elsewhere(
    inside: str, link: str | None
) -> None:
    assert article(inside).link == link


def test_an_item_that_is_a_link_leads_where_it_says() -> None:
    entry = item_of("<a class=card href=/1><h3>One</h3><p>text</p></a>", item="a.card")
    assert (entry.title, entry.link, entry.content) == ("One", "https://example.org/1", "<p>text</p>")


def test_a_link_around_an_item_is_its_link() -> None:
    entry = item_of("<a href=/1><article><p>Only text</p></article></a>")
    assert (entry.title, entry.link, entry.content) == ("Only text", "https://example.org/1", None)


@pytest.mark.parametrize(
    ("inside", "selector", "link"),
    [
        ("<a href=/tag>t</a><a class=more href=/1>more</a>", "a.more", "https://example.org/1"),
        ("<p class=more><a href=/1>more</a></p>", ".more", "https://example.org/1"),
        ("<a href=/1><b class=more>more</b></a>", ".more", "https://example.org/1"),
        ("<a class=more href='#'>x</a><a class=more href=/2>more</a>", ".more", "https://example.org/2"),
        ("<div data-url=/1>x</div>", "div@data-url", "https://example.org/1"),
    ],
)
def test_a_selected_link_is_the_address_of_in_or_around_it(inside: str, selector: str, link: str) -> None:
    assert article(inside, link=selector).link == link


def test_an_attribute_of_the_item_itself_can_be_asked_for() -> None:
    body = "<li data-href=/1 data-at=2024-04-03 title=One>text"
    entry = item_of(body, item="li", link="@data-href", date="@DATA-AT", title="@title")
    assert (entry.title, entry.link, entry.published) == ("One", "https://example.org/1", "2024-04-03")
    assert entry.content == "text"


def test_addresses_are_resolved_by_the_base_of_the_page() -> None:
    body = "<base href='/base/'><article><h2><a href=1>One</a></h2><img src=a.png></article>"
    entry = item_of(body)
    assert (entry.link, entry.base_url) == ("https://example.org/base/1", "https://example.org/base/")
    assert entry.content == '<img src="a.png">'


@pytest.mark.parametrize("base", ["http://[", "mailto:x", ""])
def test_a_base_that_is_none_is_passed_over(base: str) -> None:
    assert item_of(f"<base href='{base}'><article><h2><a href=1>One</a></h2></article>").link == f"{URL}1"


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        (f"<time datetime='{DATE}'>3 hours ago</time>", DATE),
        ("<time>3 April 2024</time>", "3 April 2024"),
        ("<time datetime='soon' title='3 April 2024'>soon</time>", "3 April 2024"),
        (f"<time>soon</time><time datetime={DATE}>then</time>", DATE),
        ("<time datetime='x'>last week</time>", "last week"),
        ("<time datetime='x'></time>", "x"),
        ("no time", None),
    ],
)
def test_the_date_is_the_first_of_times_attributes_and_texts_that_can_be_understood(
    inside: str, said: str | None
) -> None:
    assert article(f"<h2>One</h2>{inside}").published == said


@pytest.mark.parametrize(
    ("inside", "selector"),
    [
        (f"<span class=d title='{DATE}'>3 hours ago</span>", ".d"),
        (f"<meta itemprop=datePublished content='{DATE}'>", "[itemprop=datePublished]"),
        (f"<span class=d data-ts='{DATE}'>3 hours ago</span>", ".d@data-ts"),
    ],
)
def test_a_selected_date_is_looked_for_in_attributes_and_text(inside: str, selector: str) -> None:
    assert article(f"<h2>One</h2>{inside}", date=selector).published == DATE


def test_a_date_is_understood_by_the_language_of_its_item() -> None:
    entry = item_of("<article lang=de><h2>Eins</h2><time datetime=x>3. April 2024</time></article>")
    assert (entry.language, entry.published) == ("de", "3. April 2024")


@pytest.mark.parametrize(
    ("inside", "content"),
    [
        ("<h2>One</h2><p>text <b>b</b></p> tail", "<p>text <b>b</b></p> tail"),
        ("<h2>One</h2><time>3 hours ago</time><p>text", "<p>text</p>"),
        ("<h2>One</h2><script>now()</script><!-- 0.3 s --><style>x</style><p>text", "<p>text</p>"),
        ("<h2>One</h2> <p> </p>", None),
        ("<h2>One</h2><img src=x>", '<img src="x">'),
        ("<a href=/1>One</a>", None),
        ("<time>2024-04-03</time> – <a href=/1>One</a>", None),
        ("Just read <a href=/1>this</a>.", 'Just read <a href="/1">this</a>.'),
        ("a &lt; b &amp; c", "a &lt; b &amp; c"),
    ],
)
def test_the_content_is_the_item_without_title_date_and_what_nobody_sees(
    inside: str, content: str | None
) -> None:
    assert article(inside).content == content


@pytest.mark.parametrize(
    ("inside", "content"),
    [
        ("<div class=b><p>text<script>x</script></p></div><p>more", "<p>text</p>"),
        ("<p class=b>one</p>between<p class=b>two</p>after", '<p class="b">one</p><p class="b">two</p>'),
        ("<div class=b>out <p class=b>in</p></div>", 'out <p class="b">in</p>'),
        ("<div class=b> </div>", None),
    ],
)
def test_selected_content_is_the_inside_of_one_element_or_several_whole(
    inside: str, content: str | None
) -> None:
    assert article(f"<h2>One</h2>{inside}", content=".b").content == content


def test_content_can_be_in_an_attribute() -> None:
    assert (
        article("<h2>One</h2><p data-html='&lt;b&gt;x&lt;/b&gt;'>", content="p@data-html").content
        == "<b>x</b>"
    )


def test_a_selected_title_or_date_stays_out_of_content_that_is_not_selected() -> None:
    inside = "<p class=t>One</p><p class=d>3 hours ago</p><p>text</p>"
    assert article(inside, title=".t", date=".d").content == "<p>text</p>"


def test_a_heading_that_is_an_item_has_what_follows_it_for_content() -> None:
    body = "<h2>1.1 <a href=#v1.1>#</a></h2>intro<h3>Added</h3><p>x</p><h2>1.0</h2><p>y<h1>End</h1><p>no"
    newer, older = items_of(body, item="h2")
    assert (newer.title, newer.link, newer.content) == ("1.1 #", f"{URL}#v1.1", "intro<h3>Added</h3><p>x</p>")
    assert (older.title, older.link, older.content) == ("1.0", None, "<p>y</p>")


def test_a_term_that_is_an_item_has_its_description_for_content() -> None:
    items = items_of("<dl><dt><a href=/1>One</a><dd>first<dt>Two<dd>second</dl>", item="dt")
    assert [(item.title, item.content) for item in items] == [
        ("One", "<dd>first</dd>"),
        ("Two", "<dd>second</dd>"),
    ]
