from __future__ import annotations

import re
import time
from html import unescape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aggregator.model import RawHtml
from aggregator.publish.html import plain_text, sanitize

BASE = "https://site.example/a/page"


def safe(html: str, base: str = BASE) -> str:
    return sanitize(RawHtml(html), base)


@pytest.mark.parametrize(
    "html",
    [
        "<h2>Überschrift</h2><p>段落 <em>強調</em></p>",
        "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>b</td></tr></tbody></table>",
        "<figure><figcaption>説明</figcaption></figure>",
        "<details><summary>more</summary>text</details>",
        "<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp></ruby>",
        "<math><mfrac><mn>1</mn><mn>2</mn></mfrac></math>",
        "<pre><code>if a &lt; b &amp;&amp; c</code></pre>",
    ],
)
def test_ordinary_markup_is_kept_as_it_is(html: str) -> None:
    assert safe(html) == html


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("a<script>alert(1)</script>b", "ab"),
        ("a<style>p{}</style>b", "ab"),
        ("a<iframe srcdoc='<script>x</script>'><p>b</iframe>c", "ac"),
        ("a<svg onload=alert(1)><title>x</title></svg>b", "ab"),
        ("a<object data=x></object>b", "ab"),
        ("<form action=/x><p>a</p><input name=q></form>", "<p>a</p>"),
        ('<p onclick="x()" style="position:fixed" class=c id=i>a</p>', "<p>a</p>"),
        ('<img src="javascript:alert(1)" onerror="x()">', "<img>"),
        ('<img src="data:image/svg+xml;base64,PHN2Zz4=">', "<img>"),
        ('<img src="mailto:a@b.example">', "<img>"),
        ("<!-- a -->b", "b"),
    ],
)
def test_what_could_harm_a_reader_goes(html: str, expected: str) -> None:
    assert safe(html) == expected


@pytest.mark.parametrize(
    "href", ["javascript:alert(1)", " JavaScript:x", "java&#10;script:x", "data:text/html,x", "vbscript:x"]
)
def test_a_link_that_runs_code_loses_its_target(href: str) -> None:
    assert "href" not in safe(f'<a href="{href}">x</a>')


OFFERED = {"http", "https", "mailto", "tel", "sms", "xmpp", "magnet", "ftp"}
PLACES = {
    "href": '<a href="{}">x</a>',
    "src": '<video src="{}"></video>',
    "poster": '<video poster="{}"></video>',
    "srcset": '<img srcset="{} 1x">',
}
control = st.sampled_from([*range(0x20), *range(0x7F, 0xA0), 0xFFFE, 0xFFFF, 0xD800]).map(lambda n: f"&#{n};")
schemes = st.sampled_from(["data", "javascript", "vbscript", "file", "blob", "about", "mailto", "https", "x"])


def as_browsers_read(html: str, attribute: str) -> str | None:
    """The scheme of an address in the only element, once what browsers pass over is gone."""
    value = re.search(f'{attribute}="([^"]*)"', html)
    if value is None:
        return None
    text = re.sub("[\x00-\x20\x7f-\x9f]", "", unescape(value[1]))
    scheme = re.match("([a-z][a-z0-9+.-]*):", text, re.IGNORECASE)
    return scheme[1].lower() if scheme else None


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "url", ["&#1;data:text/html,x", "da&#9;ta:text/html,x", "d&#13;ata:text/html,x", "&#2;javascript:x"]
)
def test_control_characters_hide_no_scheme(place: str, url: str) -> None:
    assert as_browsers_read(safe(PLACES[place].format(url)), place) in {None, "https"}
    assert as_browsers_read(safe(PLACES[place].format(url), ""), place) is None


@pytest.mark.parametrize("place", PLACES)
@given(scheme=schemes, inserted=st.lists(st.tuples(st.integers(0, 10), control), max_size=3))
def test_no_scheme_comes_out_that_is_not_offered(
    place: str, scheme: str, inserted: list[tuple[int, str]]
) -> None:
    letters = list(f"{scheme}:")
    for position, reference in inserted:
        letters.insert(position, reference)
    url = "".join(letters) + "//site.example/x"
    allowed = OFFERED if place == "href" else {"http", "https"}
    for base in (BASE, ""):
        assert as_browsers_read(safe(PLACES[place].format(url), base), place) in {None, *allowed}


@pytest.mark.parametrize(
    ("srcset", "expected"),
    [
        ("/a.png 1x,/b.png 2x", "https://site.example/a.png 1x, https://site.example/b.png 2x"),
        ("/a.png,", "https://site.example/a.png"),
        ("/a.png, /b.png 2x", "https://site.example/a.png, https://site.example/b.png 2x"),
        (
            "/w_1,h_2/a.png 1x,/b.png 2x",
            "https://site.example/w_1%2Ch_2/a.png 1x, https://site.example/b.png 2x",
        ),
        ("data:image/png;base64,aaaa 1x,/b.png 2x", "https://site.example/b.png 2x"),
        (
            " \n,/a.png  480w ,\n/b.png\t960w",
            "https://site.example/a.png 480w, https://site.example/b.png 960w",
        ),
    ],
)
def test_the_pictures_of_a_srcset_are_told_apart_as_browsers_do(srcset: str, expected: str) -> None:
    assert safe(f'<img srcset="{srcset}">') == f'<img srcset="{expected}">'


def link(url: str, text: str) -> str:
    return f'<a href="{url}" rel="noopener noreferrer">{text}</a>'


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (
            '<iframe src="https://video.example/embed/x?a=1&amp;b=2" title="A &lt;i&gt;">-</iframe>',
            link("https://video.example/embed/x?a=1&amp;b=2", "A &lt;i&gt;"),
        ),
        (
            "a<IFRAME src=//video.example/x></IFRAME>b",
            f"a {link('https://video.example/x', 'video.example')} b",
        ),
        ("<p><embed src='/film'></p>", f"<p> {link('https://site.example/film', 'site.example')} </p>"),
        (
            "<noscript><iframe src=https://v.example/x></iframe></noscript>",
            link("https://v.example/x", "v.example"),
        ),
        ('a<iframe src="javascript:alert(1)"></iframe>b', "ab"),
        ('a<iframe src="&#1;java&#9;script:alert(1)"></iframe>b', "ab"),
        ('a<iframe src="data:text/html,x"></iframe>b', "ab"),
        ("a<iframe></iframe><embed src=''>b", "ab"),
        ("a<iframe src=https://counter.example/ width=1 height=1></iframe>b", "ab"),
        ("<!-- <iframe src=https://v.example></iframe> -->b", "b"),
        ('<p title="<iframe src=https://v.example></iframe>">b</p>', None),
    ],
)
def test_an_embedded_page_becomes_a_link_to_it(html: str, expected: str | None) -> None:
    output = safe(html)
    assert "<a" not in output if expected is None else output == expected


def test_a_page_whose_address_carries_credentials_is_linked_without_them() -> None:
    assert "secret" not in safe("<iframe src=https://user:secret@v.example/></iframe>")


def test_relative_addresses_are_resolved_against_the_base() -> None:
    assert 'href="https://site.example/x%20y"' in safe('<a href="/x y">l</a>')
    assert safe('<img src="b.png">') == '<img src="https://site.example/a/b.png">'
    assert safe('<img src="a:b.png">') == "<img>", "a scheme that is unknown is none of ours"
    assert safe('<video src="v.mp4" poster="p.png"></video>') == (
        '<video src="https://site.example/a/v.mp4" poster="https://site.example/a/p.png"></video>'
    )
    assert safe('<img srcset="s.png 1x, /l,1.png 2x, javascript:x 3x">') == (
        '<img srcset="https://site.example/a/s.png 1x, https://site.example/l%2C1.png 2x">'
    )


@pytest.mark.parametrize("base", ["", "nonsense", "http://[bad", "http://1.2.3.999/", "mailto:a@b.example"])
def test_relative_addresses_without_a_base_go_and_the_rest_stays(base: str) -> None:
    html = '<a href="/x">relative</a> <img src="https://site.example/a.png">'
    assert safe(html, base) == (
        '<a rel="noopener noreferrer">relative</a> <img src="https://site.example/a.png">'
    )


def test_credentials_of_the_base_are_not_published() -> None:
    assert "secret" not in safe('<a href="/x">l</a>', "https://user:secret@site.example/")


def test_small_embedded_pictures_stay_and_large_ones_go() -> None:
    small = "data:image/png;base64,aaaa"
    assert safe(f'<img src="{small}">') == f'<img src="{small}">'
    assert safe(f'<img src="{small + "a" * 20_000}">') == "<img>"


def test_a_picture_in_noscript_becomes_visible() -> None:
    assert "https://site.example/real.jpg" in safe('<noscript><img src="/real.jpg"></noscript>')


def test_nothing_is_made_of_nothing() -> None:
    assert sanitize(None, BASE) == ""


@given(st.text() | st.text("<>/!-='\"&;# abpsvgtiecr\0\ud800", max_size=300))
@example("&#" + "9" * 5000 + ";")
@example("<b " * 3000)
@example("&#1;&#xFFFE;&#xD800;")
def test_any_text_at_all_gives_clean_output(html: str) -> None:
    output = safe(html)
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", output + plain_text(html))
    assert not re.search(r"<(?:script|style|iframe|svg|object|form)\b", output, re.IGNORECASE)
    assert output == safe(html)


@pytest.mark.parametrize(
    "hostile",
    [
        "<div>" * 100_000,
        "<dl><dd>" * 50_000 + "<li>" * 50_000,
        "<p " + " ".join(f"a{n}" for n in range(60_000)) + ">x",
        "<p>" + "".join(f"<b a={n}>" for n in range(3_000)) + "<p>x" * 3_000,
        '<p a=">"><style><p b="</style>' + "<b c d>" * 50_000,
        "<table>" + "x<i></i>" * 100_000,
        "<script>" * 100_000,
        "<!--" * 100_000,
        "<a ='" * 100_000,
        "<noscript " * 100_000,
        "&#" * 100_000,
        "&abcdef;" * 100_000,
        "<iframe " * 100_000,
        "<embed " * 100_000,
        "<embed src=//a.b>" * 20_000,
        "<iframe src='" * 50_000,
        "<iframe " + "a= " * 50_000,
    ],
    ids=lambda html: html[:12],
)
def test_a_document_built_to_exhaust_parsers_costs_little(hostile: str) -> None:
    start = time.process_time()
    output = safe(hostile)
    plain_text(hostile)
    assert time.process_time() - start < 2.0  # the worst take a third of a second; unguarded ones minutes
    assert len(output) < 10 * len(hostile) + 1_000


def test_a_very_long_article_keeps_its_structure() -> None:
    html = '<h2>章</h2><p>text with <b>bold</b> and <a href="/l">link</a></p>' * 5_000
    output = safe(html)
    assert output.count("<b>bold</b>") == 5_000
    assert output.count('href="https://site.example/l"') == 5_000


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p><p>two</p>", "one two"),
        ("日<b>本</b>語<br>改行", "日本語 改行"),
        ("a &lt;b&gt; &amp; &#39;c&#39;&nbsp;d", "a <b> & 'c' d"),
        ("a<script>b</script><style>c</style><!-- d -->e", "ae"),
        ("1 < 2 and <i>3</i> > 2", "1 < 2 and 3 > 2"),
        ('<a title="a > b">x</a>', "x"),
        ("  \n a \t b ", "a b"),
        ("", ""),
    ],
)
def test_plain_text_is_what_a_person_reads(html: str, text: str) -> None:
    assert plain_text(html) == text
