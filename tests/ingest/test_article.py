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


def test_an_image_that_is_loaded_late_is_found_by_the_pages_base() -> None:
    for late in ('src="/wait.gif" data-src="/fab.jpg"', 'data-src="/fab.jpg"', 'data-lazy-src="/fab.jpg"'):
        body = ARTICLE.replace('src="fab.jpg"', late)
        body = body.replace("<head>", '<head><base href="http://base.example/x/">')
        assert '<img src="http://base.example/fab.jpg" alt="the fab">' in article(body)


def test_captions_stay_and_what_is_to_be_played_becomes_a_link() -> None:
    figure = '<figure><img src="/f.jpg"><figcaption>The <a href="/fab">fab</a>.</figcaption></figure>'
    film = '<iframe src="https://video.example/3" title="Our film" allowfullscreen></iframe>'
    sound = '<audio><source src="/talk.mp3"></audio><iframe src="https://ads.example/"></iframe>'
    found = article(ARTICLE.replace("<pre>", f"{figure}{film}<p>{SENTENCE}</p>{sound}<pre>"))
    assert '<i>The <a href="https://news.example/fab">fab</a>.</i>' in found
    assert '<a href="https://video.example/3">Our film</a>' in found
    assert '<a href="https://news.example/talk.mp3">https://news.example/talk.mp3</a>' in found
    assert "ads.example" not in found


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


COOKIES = (
    "We use cookies and similar technologies to improve your experience, to analyse traffic and show ads. "
    "By continuing to browse the site you agree to our use of cookies. You can change this at any time below."
)
TEASER = "<p>What a town waited for, and what came of it</p>"


@pytest.mark.parametrize(
    "notice",
    [
        COOKIES,
        "Please log in or sign up to continue reading. Already a member? Sign in here. It is free.",
        "Bitte stimmen Sie der Verwendung von Cookies zu. Hier können Sie in die Nutzung einwilligen. Danke!",
        "Cet article est réservé aux abonnés. Abonnez-vous pour lire la suite, ou connectez-vous.",
        "JavaScript is not available. We see that JavaScript is disabled in your browser.",
        "この記事は会員限定です。ログインすると続きをお読みいただけます。",
        "本文仅供会员阅读。请登录或订阅后继续阅读全文。",
        "Материал доступен по подписке. Войдите, чтобы читать дальше.",
        "이 기사는 구독자 전용입니다. 로그인 후 이용해 주세요.",
    ],
)
@pytest.mark.parametrize("around", ["<div><p>{}</p></div>", "<main><article><p>{}</p></article></main>"])
def test_a_notice_in_the_articles_place_is_no_article(notice: str, around: str) -> None:
    body = f"<html><body><nav>Menu</nav>{around.format(notice)}</body></html>"
    for said in (None, TEASER):
        assert refusal(body, said=said).startswith(("The page shows ", "No article was found"))
    assert notice[:20] in article(body, "p")


def test_an_article_about_cookies_is_no_notice() -> None:
    body = f"<html><body><article><p>{COOKIES * 2}</p></article></body></html>"
    assert article(body, said=f"<p>{COOKIES}</p>")
    assert article(body.replace(COOKIES, COOKIES * 6), said=TEASER)


def test_a_short_text_is_an_article_where_the_page_or_the_feed_says_so() -> None:
    short = f"<html><body><div><p>{SENTENCE * 2}</p></div></body></html>"
    assert refusal(short, said=TEASER) == (
        "The page shows only a short text, which does not look like the article."
    )
    assert article(short.replace("div>", "article>"), said=TEASER)
    assert article(short.replace("div>", "main>"), said=TEASER)
    assert article(short, said="The <b>new</b> fab opens today…")
    assert article(short.replace(SENTENCE * 2, SENTENCE * 5), said=TEASER)
    assert article(short.replace(SENTENCE * 2, "新工場は今日開きます。" * 20), said=TEASER)


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
