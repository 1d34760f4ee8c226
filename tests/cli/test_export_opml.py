from __future__ import annotations

from contextlib import closing

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from aggregator.ingest.listed import named_apart, settle
from aggregator.ingest.opml import FeedList, read_opml
from aggregator.model import Fetched, ListedSource, Source
from aggregator.publish.opml import opml_of_sources
from aggregator.rules.tagging import clean_tag, union
from aggregator.store import open_store
from tests.cli.conftest import Desk
from tests.store.drafts import NOW, draft

SOURCES = """\
[[sources]]
name = "BBC & co"
url = "https://user.example/feed?token=s3cret&x=1"
tags = ["news", "C++", "中参馆"]
user = "me"
password = "hidden"
headers = { X-Key = "hidden" }
[[sources]]
name = "plain"
url = "https://plain.example/"
[[sources]]
name = "odd"
url = "https://odd.example/"
tags = ["news", "a, b", "c/d"]
[[sources]]
name = "page"
url = "https://page.example/"
kind = "html"
selectors = { item = "article" }
"""

TEXT = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\u2028\u2029\ufffe\uffff"),
    min_size=1,
    max_size=30,
)
NAMES = TEXT.map(str.strip).filter(bool)
TAGS = st.lists(TEXT.map(clean_tag).filter(bool), max_size=5).map(union)


def read_back(document: bytes) -> list[ListedSource]:
    found = read_opml(Fetched(status=200, url="", content_type=None, body=document, validators=None))
    assert isinstance(found, FeedList)
    assert found.problem is None
    settled = settle(found.feeds)
    assert not settled.refused
    return named_apart(settled.sources, [])


@given(st.lists(st.tuples(NAMES, TAGS), max_size=8, unique_by=lambda pair: clean_tag(pair[0])))
def test_what_is_exported_and_imported_again_has_the_same_urls_names_and_tags(
    said: list[tuple[str, tuple[str, ...]]],
) -> None:
    sources = [
        Source(name=name, url=f"https://h{number}.example/f?a=1&b=ü#x", tags=tags)
        for number, (name, tags) in enumerate(said)
    ]
    found = {source.url: source for source in read_back(opml_of_sources("t", sources, {}))}
    for source in sources:
        assert found[source.url] == ListedSource(name=source.name, url=source.url, tags=source.tags)
    assert len(found) == len(sources)


def test_sources_lie_in_folders_named_by_their_first_tag(desk: Desk) -> None:
    desk.write(SOURCES)
    result = desk.type("export", "opml")
    assert result.exit_code == 0
    assert result.stderr == "aggregator: 1 web page left out: no feeds\n"
    root = etree.fromstring(result.stdout_bytes)
    assert (root.tag, root.get("version")) == ("opml", "2.0")
    assert root.findtext("head/title") == "Sources of Aggregator"
    news, plain = root.iterfind("body/outline")
    assert dict(news.items()) == {"text": "news", "title": "news"}
    bbc, odd = news
    assert dict(bbc.items()) == {
        "type": "rss",
        "text": "BBC & co",
        "title": "BBC & co",
        "xmlUrl": "https://user.example/feed?token=s3cret&x=1",
        "category": "news,C++,中参馆",
    }
    assert odd.get("category") == "news"
    assert plain.get("category") is None
    assert b"hidden" not in result.stdout_bytes


def test_a_file_gets_the_sites_that_the_store_knows_and_can_be_imported(desk: Desk) -> None:
    desk.write('[[sources]]\nname = "a"\nurl = "https://a.example/feed"\ntags = ["x/y", "z"]\n')
    desk.bring("a", draft("1"), now=NOW)
    with closing(open_store(str(desk.database))) as store:
        (status,) = store.source_statuses()
    file = desk.folder / "out.opml"
    assert desk.done("export", "opml", file) == f"1 source written to {file}\n"
    (folder,) = etree.fromstring(file.read_bytes()).iterfind("body/outline")
    assert folder[0].get("htmlUrl") == status.site_url
    desk.write("")
    desk.done("import", "opml", file)
    (source,) = desk.config.sources
    assert (source.name, source.url, source.tags) == ("a", "https://a.example/feed", ("x/y", "z"))


def test_a_file_that_cannot_be_written_is_one_clear_line(desk: Desk) -> None:
    result = desk.type("export", "opml", desk.folder / "no" / "x.opml")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"aggregator: {desk.folder}/no/x.opml: cannot be written")
