"""The folder of posts, built by Jekyll itself. It takes a second or two."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from lxml import html

from aggregator.model import Entry, RawHtml, SourceRef
from aggregator.publish.item import to_item
from aggregator.publish.jekyll.safe import safe_post
from aggregator.publish.text import rfc3339
from tests.publish.entries import PUBLISHED, an_entry

pytestmark = pytest.mark.skipif(shutil.which("jekyll") is None, reason="Jekyll is not installed")

WEEK = 7 * 86_400_000

CONFIG = """\
title: WRONG
liquid: {error_mode: strict, strict_filters: true}
kramdown: {show_warnings: true}
"""

LAYOUT = """\
<!DOCTYPE html>
<html><head><meta charset="utf-8"></head><body>
<div id="values">{
  "title": {{ page.title | jsonify | xml_escape }},
  "date": {{ page.date | date_to_xmlschema | jsonify | xml_escape }},
  "author": {{ page.author | jsonify | xml_escape }},
  "from": {{ page["from"] | jsonify | xml_escape }},
  "tags": {{ page.tags | jsonify | xml_escape }},
  "categories": {{ page.categories | jsonify | xml_escape }}
}</div>
<a id="address" href="{{ page.url }}"></a>
<div id="excerpt">{{ page.excerpt }}</div>
<div id="post">{{ content }}</div>
</body></html>
"""

TITLES = [
    *(
        "Plain",
        "{{ site.title }} {% raw %}",
        "{% endraw %} {% comment %}",
        "a: b",
        'say "hi" \\ it\'s',
        "null",
        "---",
    ),
    *(
        "- x",
        "# x",
        "<b>&amp;</b>",
        "日本語 😀",
        "../../etc",
        "con",
        "",
        "???",
        "x" * 3_000,
        "日" * 500,
        "2024-01-01",
    ),
]

TEXTS = [
    "<p>{{ site.title }} {% raw %}x{% endraw %} {% unknown %} {{ a | no }} {%- if -%}</p>",
    "{% raw %}",
    "{% endraw %}",
    "<p>$$x$$ {::comment}x{:/} {:.class} [TOC] [^1] *[abbr]: x</p>\n\n[^1]: note\n\n*[abbr]: long\n\n{:toc}",
    "<p>\"quotes\" 'single' -- --- ... &lt;&lt; \\* \\\\ &amp;amp; &#123; &copy;</p>",
    "text\n\n    indented\n\n* list\n\n# heading\n\n> quote\n\n| a | b |\n|---|---|\n\n~~~\nx\n~~~\n\n1. one",
    "<pre>a\n\n\n   b\n\tc\n  \n\n</pre>\n\n<p>after</p>\n\n<pre><code>{{ x }}\n\n</code></pre>",
    '<p title="a\n\nb &quot;{{ x }}&gt;">x</p><a href="https://e.example/?a=1&b={{x}}#{%y%}">l</a>',
    "<ul>\n\n<li>a\n\n<pre>b\n\n    c</pre></li>\n\n</ul><table><tr><td>a|b</td></tr></table>",
    "<p>a<br>b<wbr>c</p><hr><img src='https://e.example/a.png' alt='{{ x }}'><ruby>漢<rt>かん</rt></ruby>",
    "<details><summary>s</summary>\n\nbody\n\n</details><math><mi>x</mi></math><h1>h</h1><dl><dt>t<dd>d</dl>",
    "<div>" * 2_000 + "deep",
    "<p>long</p>" * 2_000,
    "",
]

NAMES = [
    *(
        "Plain",
        "湖畔新聞",
        "C#",
        "a/b",
        "../..",
        "..",
        "NASA: News",
        "Acme Inc.",
        "100%",
        "a?b",
        "😀",
        "!!!",
        "con",
    ),
    *(
        "日" * 80,
        "日" * 90,
        "{{ site.title }}",
        ":title",
        "With Space",
        "a\\b",
        "%2e%2e",
        "<b>",
        "null",
        "_posts",
    ),
    *(
        "A & B News",
        "AT&T",
        "R&copy",
        "C++ Weekly",
        "o'Reilly's",
        "「マイナビ」",
        "Blog #1",
        "v1.5",
        "a..b",
        "-x",
    ),
    *("a, b; c (d) = $1 @ ~!", "می\u200cشود", "con.txt", ".git", "[x]", "a|b*", 'say "x"'),
]


FOLDERS = {
    *("plain", "湖畔新聞", "with space", "null", "日" * 80, "a & b news", "at&t", "c++ weekly"),
    *("o'reilly's", "「マイナビ」", "v1.5", "-x", "a, b; c (d) = $1 @ ~!", "می\u200cشود"),
}
"""Of the categories, in the addresses."""


def hostile_entries() -> list[Entry]:
    """Every title, text and name, each beside others."""
    count = 2 * len(NAMES)
    return [
        an_entry(
            id=PUBLISHED - number * WEEK,
            published=PUBLISHED - number * WEEK,
            title=TITLES[number % len(TITLES)],
            content_html=RawHtml(TEXTS[number % len(TEXTS)]),
            summary=RawHtml(TEXTS[number * 5 % len(TEXTS)]) if number % 3 else None,
            sources=(SourceRef(name=NAMES[number % len(NAMES)], url="https://e.example/feed"),),
            tags=(NAMES[number * 7 % len(NAMES)], "t"),
            authors=(TITLES[number * 5 % len(TITLES)],),
        )
        for number in range(count)
    ]


def build(folder: Path, entries: list[Entry], config: str = CONFIG, unknown: bytes = b"") -> Path:
    """Build a site with these posts, and return the folder of its pages; nothing may be complained of.

    `unknown` is left out of the posts, as by a Jekyll that does not know it.
    """
    (folder / "_posts").mkdir(parents=True)
    (folder / "_layouts").mkdir()
    (folder / "_config.yml").write_text(config)
    (folder / "_layouts" / "post.html").write_text(LAYOUT)
    for entry in entries:
        post = safe_post(entry)
        (folder / "_posts" / post.file_name).write_bytes(post.body.replace(unknown, b""))
    built = subprocess.run(
        ["jekyll", "build", "--strict_front_matter", "--source", folder, "--destination", folder / "_site"],
        capture_output=True,
        text=True,
        env=os.environ | {"LANG": "C.UTF-8"},
        check=False,
    )
    said = built.stdout + built.stderr
    assert built.returncode == 0, said
    assert not re.search("warn|error|conflict|exception|invalid|could not", said, re.IGNORECASE), said
    return folder / "_site"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("jekyll"), hostile_entries())


def pages(site: Path) -> dict[int, html.HtmlElement]:
    """The pages of posts, by the entries' IDs."""
    return {  # libxml2 knows no `wbr`, which kramdown writes with a slash
        int(path.stem.rpartition("-")[2]): html.document_fromstring(path.read_bytes().replace(b" />", b">"))
        for path in site.rglob("*.html")
    }


def relative_pages(site: Path) -> list[Path]:
    return [path.relative_to(site) for path in site.rglob("*.html")]


def shape(element: html.HtmlElement, *, preformatted: bool = False) -> Iterator[object]:
    """Yield what is shown: elements, attributes and texts, with white space collapsed outside of `pre`."""
    preformatted = preformatted or element.tag == "pre"

    def shown(text: str | None) -> str:
        return (text or "") if preformatted else " ".join((text or "").split())

    yield element.tag, dict(element.attrib)
    yield shown(element.text)
    for child in element:
        yield from shape(child, preformatted=preformatted)
        yield shown(child.tail)
    yield f"/{element.tag}"


def test_every_entry_has_its_page(site: Path) -> None:
    assert sorted(pages(site)) == sorted(entry.id for entry in hostile_entries())


def test_pages_tell_the_values_of_the_front_matter(site: Path) -> None:
    built = pages(site)
    for entry in hostile_entries():
        item = to_item(entry)
        source = item.origins[0].name
        told = json.loads(built[entry.id].get_element_by_id("values").text_content())
        assert told == {
            "title": item.title,
            "date": rfc3339(entry.dated).replace("Z", "+00:00"),
            "author": ", ".join(item.authors) or source,
            "from": item.url,
            "tags": list(dict.fromkeys((source, *item.tags))),
            "categories": [source] if source.lower() in FOLDERS else [],
        }


def test_pages_show_title_link_and_text_as_they_are(site: Path) -> None:
    built = pages(site)
    for entry in hostile_entries():
        item = to_item(entry)
        title, *blocks = built[entry.id].xpath('//div[@id="post"]/*')
        assert " ".join(title.text_content().split()) == item.title
        assert title.find("a").get("href") == item.url
        if item.content:
            expected = html.fragment_fromstring(f"<div>{item.content}</div>")
            if "deep" in item.content:  # more than parsers take: only the text is left
                assert blocks[0].text_content().split() == ["deep"]
            else:
                assert list(shape(blocks[0])) == list(shape(expected))


def test_excerpts_are_texts(site: Path) -> None:
    built = pages(site)
    for entry in hostile_entries():
        told = built[entry.id].get_element_by_id("excerpt").text_content()
        assert " ".join(told.split()) == to_item(entry).excerpt


def test_pages_lie_where_the_sites_settings_put_them(site: Path) -> None:
    folders = {path.relative_to(site).parts[0] for path in site.iterdir()}
    assert folders - {str(year) for year in range(2000, 2030)} == FOLDERS


def test_pages_lie_where_their_addresses_lead(site: Path) -> None:
    for path in site.rglob("*.html"):
        page: html.HtmlElement = html.document_fromstring(path.read_bytes())
        address = page.get_element_by_id("address").get("href")
        assert unquote(urlsplit(address).path) == f"/{path.relative_to(site)}"


def test_a_permalink_of_the_site_holds_for_every_post(tmp_path: Path) -> None:
    entries = hostile_entries()
    plain = build(tmp_path / "plain", entries, CONFIG + "permalink: /p/:year/:title:output_ext\n")
    assert {path.parts[0] for path in relative_pages(plain)} == {"p"}
    by_category = build(tmp_path / "by", entries, CONFIG + "permalink: /s/:categories/:title:output_ext\n")
    found = relative_pages(by_category)
    assert {path.parts[0] for path in found} == {"s"}
    assert {path.parts[1] for path in found if len(path.parts) == 3} == FOLDERS
    assert len(found) == len(entries)
    assert max(len(path.parts) for path in found) == 3


@pytest.mark.parametrize(
    ("config", "unknown"),
    [
        (
            """\
kramdown: {parse_block_html: true, math_engine: mathjax, show_warnings: true}
permalink: pretty
""",
            b"render_with_liquid: false\n",  # as with Jekyll 3
        ),
        (
            """\
kramdown: {input: kramdown, show_warnings: true}
permalink: /:slugified_categories/:slug:output_ext
timezone: Asia/Tokyo
""",
            b"",
        ),
    ],
)
def test_other_settings_of_a_site_change_no_text(
    config: str, unknown: bytes, tmp_path: Path, site: Path
) -> None:
    other = build(tmp_path / "other", hostile_entries(), config, unknown)
    texts = {path.read_bytes().split(b'<div id="post">')[1] for path in other.rglob("*.html")}
    assert texts == {path.read_bytes().split(b'<div id="post">')[1] for path in site.rglob("*.html")}
