from __future__ import annotations

import pytest

from aggregator.ingest.itemhints import item_hints
from tests.ingest.pages import page


def hints(body: str) -> list[tuple[str, int]]:
    return [(hint.item, hint.items) for hint in item_hints(page(body))]


def posts(pattern: str, number: int = 4) -> str:
    return "".join(pattern.format(number) for number in range(number))


@pytest.mark.parametrize(
    ("body", "item"),
    [
        (posts("<article><h2><a href=/{0}>A story worth reading {0}</a></h2><p>text</article>"), "article"),
        (
            posts("<div class='card wide'><a href=/{0}><h3>A story worth reading {0}</h3></a>x</div>"),
            "div.card",
        ),
        (f"<ul class=log>{posts('<li><a href=/{0}>A story worth reading {0}</a>')}</ul>", "ul.log > li"),
        (f"<table>{posts('<tr><td>{0}<td><a href=/{0}>A story worth reading</a>')}</table>", "table > tr"),
    ],
)
def test_what_repeats_with_titles_and_links_of_its_own_is_likely(body: str, item: str) -> None:
    assert item in [hint for hint, _ in hints(body)]


def test_the_items_of_the_page_come_before_its_other_lists() -> None:
    menu = f"<ul>{posts('<li><a href=/m{0}>Menu {0}</a>', 9)}</ul>"
    tags = f"<p>{posts('<a class=tag href=/t{0}>tag {0}</a>', 9)}"
    story = "<h2><a href=/{0}>A story worth reading {0}</a></h2><time>2024-04-03</time><p>text"
    news = posts(f"<div class=post>{story}</div>")
    (first, number), *_ = hints(f"<nav>{menu}</nav>{menu}{news}{tags}")
    assert (first, number) == ("div.post", 4)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        "<rss><channel/></rss>",
        "<p>one<p>two<p>three",
        f"<nav>{posts('<li><a href=/{0}>A page of this site {0}</a>')}</nav>",
        posts("<article><h2><a href=/same>All lead to one place {0}</a></h2></article>"),
    ],
)
def test_a_page_of_nothing_that_looks_like_items_gives_no_hint(body: str) -> None:
    assert hints(body) == []
