"""The article in a page, as a parse process finds it."""

from __future__ import annotations

import pytest

from aggregator.ingest.article import extract_article
from aggregator.model import Fetched, RawHtml, Unreadable

URL = "https://news.example/2026/11/story.html"
SENTENCE = "The new fab opens today, after years of work, and nearly everybody in town has come to see it. "
ARTICLE = f"""<!DOCTYPE html><html><head><title>News</title><meta charset="utf-8"></head><body>
<nav><a href="/">Home</a> <a href="/tags">Tags</a></nav>
<article><h1>A new fab</h1><p>{SENTENCE * 3}</p>
<p>新工場は今日開きます。新厂房今天启用。😀 <a href="../plan">The plan</a> says so. {SENTENCE}</p>
<p><img src="fab.jpg" alt="the fab"> {SENTENCE} Call <code>fab.open()</code> <em>now</em>.</p>
<figure><img src="https://cdn.example/photo?id=3" alt="photo"></figure>
<pre><code>one = 1
two = 2</code></pre><p>{SENTENCE * 2}</p></article>
<section class="comments"><p>First! I have nothing to say, but I say it at length, as always.</p></section>
<footer><p>Imprint and privacy</p></footer></body></html>"""


def page(body: str | bytes, url: str = URL) -> Fetched:
    content = body.encode() if isinstance(body, str) else body
    return Fetched(status=200, url=url, content_type="text/html", body=content, validators=None)


def article(body: str | bytes, selector: str | None = None, said: str | None = None) -> str:
    found = extract_article(page(body), selector, None if said is None else RawHtml(said))
    assert not isinstance(found, Unreadable), found.message
    return found


def refusal(body: str | bytes, selector: str | None = None, said: str | None = None) -> str:
    found = extract_article(page(body), selector, None if said is None else RawHtml(said))
    assert isinstance(found, Unreadable), found
    return found.message


def test_the_article_is_found_among_what_stands_around_it() -> None:
    found = article(ARTICLE)
    assert found.count("The new fab opens today") == 7
    assert "新工場は今日開きます。新厂房今天启用。😀" in found
    for other in ("Tags", "First!", "Imprint"):
        assert other not in found


def test_links_and_images_are_absolute_by_the_pages_own_address() -> None:
    found = article(ARTICLE)
    assert '<a href="https://news.example/2026/plan">' in found
    assert '<img src="https://news.example/2026/11/fab.jpg" alt="the fab">' in found
    with_base = ARTICLE.replace("<head>", '<head><base href="https://base.example/a/b">')
    assert '<a href="https://base.example/plan">' in article(with_base)


def test_an_image_is_kept_whatever_its_address_ends_in() -> None:
    assert '<img src="https://cdn.example/photo?id=3" alt="photo">' in article(ARTICLE)


def test_code_stays_in_its_sentence_and_a_block_of_code_a_block() -> None:
    found = article(ARTICLE)
    assert "Call <code>fab.open()</code> <i>now</i>." in found
    assert "<pre>one = 1\ntwo = 2</pre>" in found


def test_a_page_of_shift_jis_is_read_as_such() -> None:
    text = "新しい工場が今日開きました。町の人々が大勢集まり、長い工事の終わりを祝いました。" * 8
    body = f'<html><head><meta charset="shift_jis"></head><body><article><p>{text}</p></article>'
    assert text in article(body.encode("shift_jis"))


@pytest.mark.parametrize(
    "body",
    [
        "<html><body><div id=root></div><noscript>You need to enable JavaScript to run this app.</noscript>",
        "<html><body></body></html>",
    ],
)
def test_a_page_without_an_article_is_told_as_such(body: str) -> None:
    assert refusal(body) == "No article was found in the page."


def test_what_says_less_than_the_feed_is_no_article() -> None:
    said = f"<p>{SENTENCE * 9}</p>"
    assert refusal(ARTICLE.replace(SENTENCE, ""), said=said) == "The page shows less text than the feed has."
    assert article(ARTICLE, said=f"<p>{SENTENCE}</p>")


@pytest.mark.parametrize("said", ["", "  ", "<", "<!-- -->", '<?xml version="1.0" encoding="x"?><p>y'])
def test_odd_text_in_the_feed_does_not_stand_in_the_way_of_an_article(said: str) -> None:
    assert article(ARTICLE, said=said)


def test_a_selector_says_what_the_article_is_whatever_else_there_is() -> None:
    found = article(ARTICLE, "h1, .comments p", said="x" * 10_000)
    assert found.startswith("<h1>A new fab</h1>\n<p>First! I have nothing to say")
    assert "opens today" not in found


def test_what_matches_a_selector_within_another_match_is_taken_once() -> None:
    found = article("<body><div class=a>1<div class=a>2<p class=a>3</p></div></div><p class=a>4</p>", ".a")
    assert found == '<div class="a">1<div class="a">2<p class="a">3</p></div></div>\n<p class="a">4</p>'


def test_what_matches_a_selector_keeps_everything_but_scripts_and_styles() -> None:
    found = article(
        '<main><style>p{}</style><p>t<script>x()</script> u</p><iframe src="/v"></iframe><ol><li>1</ol>',
        "main",
    )
    assert found == (
        '<main><p>t u</p><iframe src="https://news.example/v"></iframe><ol><li>1</li></ol></main>'
    )


def test_a_selector_that_matches_nothing_or_only_emptiness_says_so() -> None:
    assert refusal(ARTICLE, ".missing") == "Nothing in the page matches the selector '.missing'."
    assert "neither text nor images" in refusal("<main> <br> </main>", "main")
    assert article("<main><img src=i.png></main>", "main")


def test_what_is_no_page_has_no_article() -> None:
    assert "no web page" in refusal(b"%PDF-1.7")
    assert "no web page" in refusal(b"%PDF-1.7", "main")
