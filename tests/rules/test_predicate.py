"""Expressions as functions, held against a plain evaluator; and what they show of why."""

from __future__ import annotations

import dataclasses
import time
import unicodedata

import pytest
from hypothesis import given, settings

from aggregator.model import And, Entry, Expression, Field, Has, Not, Or, Part, RawHtml, SourceRef, Text
from aggregator.rules.grammar import parse
from aggregator.rules.predicate import compiled, explained
from aggregator.rules.subject import MAX_TEXT, Subject
from tests.rules import naive
from tests.rules.invented import DAY, NOW, entries, expressions

ENTRY = Entry(
    id=NOW - 5 * DAY,
    sources=(
        SourceRef(name="BBC News", url="https://bbc.example/feed"),
        SourceRef(
            name="日経", url="https://nikkei.example/feed", entry_url="https://www.nikkei.com/a%E4%BD%A0"
        ),
    ),
    guid=None,
    url="https://news.bbc.co.uk/party",
    title="半導体の芯片 Chips: C++ rises, says the Party",
    authors=("John Smith", "Jane Doe"),
    published=NOW - 5 * DAY,
    source_published=None,
    date_text=None,
    updated=None,
    first_seen=NOW,
    surfaced=NOW,
    changed=NOW,
    tags=("Japan", "Press Release", "C++"),
    categories=("Tech",),
    language="zh_CN",
    summary=RawHtml("A short text. ＡＢＣ"),
    content_html=RawHtml("<p>Some <b>te</b>xt on Rapidus&amp;Co</p><p>ข่าวภาษาไทย</p><script>hidden</script>"),
    article=None,
    enclosures=(),
    base_url="",
)


@settings(max_examples=250, deadline=None)
@given(expressions, entries())
def test_an_entry_meets_an_expression_when_a_plain_evaluator_says_so(
    expression: Expression, entry: Entry
) -> None:
    predicate, subject = compiled(expression), Subject(entry, NOW)
    answers = {predicate(subject) for _ in range(20)}  # from some on, it knows what is not there
    assert answers == {naive.met(expression, entry, NOW)}


@pytest.mark.parametrize(
    "text",
    [
        "芯片",
        "title:半导体 or title:半導体",
        "ＣＨＩＰＳ",
        "title:chip*",
        "title:C++",
        "title:(c++ and says)",
        'title:"says the party"',
        'author:"smith"',
        "any:smith",
        "text rapidus",
        'content:"text on rapidus & co"',
        "ภาษา",
        "source:news source:日",
        "tag:JAPAN tag:'press  release' tag:press* tag:c++",
        "category:tech",
        "domain:bbc.co.uk domain:NEWS.BBC.co.uk",
        "url:nikkei.com url:你 url:%e4%bd%a0 url:PARTY",
        "lang:zh lang:zh-cn",
        "age < 6d age>4d age <= 5d",
        "words > 10 words < 30",
        "published:2025 published >= 2025-11-19 published < 2025-11-20T00:00Z",
        "has:author has:tag has:url -has:enclosure",
        r"title:/\bchips?\b/i /^A short/ author:/^Jane D/ tag:/^C\+\+$/ source:/^日/",
        "id:1763568000000",
        "-hidden",
        "summary:/ABC/ summary:/ＡＢＣ/",
    ],
)
def test_it_matches(text: str) -> None:
    assert compiled(parse(text))(Subject(ENTRY, NOW))


@pytest.mark.parametrize(
    "text",
    [
        "title:art",
        "title:chip",
        'title:"rises the"',
        'author:"smith jane"',
        '"says the party john"',
        "source:'news 日'",
        "tag:press",
        "tag:C",
        "domain:nikkei.com",
        "domain:co",
        "domain:c.co.uk",
        "lang:en",
        "lang:zh-Hant",
        r"title:/\bchips?\b/",
        "title:/smith/i",
        "hidden",
        "age < 5d",
        "published > 2025-11",
    ],
)
def test_it_does_not_match(text: str) -> None:
    assert not compiled(parse(text))(Subject(ENTRY, NOW))


def test_and_of_nothing_is_met_and_or_of_nothing_is_not() -> None:
    subject = Subject(ENTRY, NOW)
    assert compiled(And())(subject)
    assert not compiled(Or())(subject)


@pytest.mark.parametrize("field", [field for field in Field if field not in {Field.HAS, Field.AGE}])
def test_a_text_without_a_word_matches_nothing(field: Field) -> None:
    assert not compiled(Text(field, "", prefix=True))(Subject(ENTRY, NOW))


def test_tags_that_rules_give_are_found_and_the_rest_is_not_looked_for_again() -> None:
    subject = Subject(ENTRY, NOW)
    other = subject.with_tags(("Storm",))
    assert compiled(parse("tag:storm -tag:japan tag:/^Storm$/ has:tag"))(other)
    assert not compiled(parse("has:tag"))(other.with_tags(()))
    assert other.content is subject.content
    assert compiled(parse("tag:japan -tag:storm tag:/Japan/"))(subject)


def test_the_article_is_the_content_where_there_is_one() -> None:
    subject = Subject(dataclasses.replace(ENTRY, article=RawHtml("<p>The whole story</p>")), NOW)
    assert compiled(And((parse("content:story -content:rapidus"), Has(Part.FULLTEXT))))(subject)


@pytest.mark.parametrize(
    ("text", "field", "shown"),
    [
        ("chips", "title", ("半導体の芯片 ", "Chips", ": C++ rises, says the Party")),
        ("片", "title", ("半導体の芯", "片", " Chips: C++ rises, says the Party")),
        ("rapid*", "content", ("Some text on ", "Rapidus&Co", " ข่าวภาษาไทย")),
        ('author:"jane doe"', "author", ("", "Jane Doe", "")),
        ("tag:press*", "tag", ("", "Press Release", "")),
        ("url:你", "url", ("", "https://www.nikkei.com/a你", "")),
        ("domain:bbc.co.uk", "domain", ("", "news.bbc.co.uk", "")),
        ("lang:zh", "lang", ("", "zh_CN", "")),
        ("/c.{2} rises/i", "title", ("半導体の芯片 Chips: ", "C++ rises", ", says the Party")),
        ("age > 1d", "age", ("", "5d", "")),
        ("words > 1", "words", ("", "17", "")),
        ("has:tag", "has", ("", "tag", "")),
    ],
)
def test_what_matched_is_shown(text: str, field: str, shown: tuple[str, str, str]) -> None:
    [finding] = explained(parse(text), Subject(ENTRY, NOW))
    excerpt = finding.excerpt
    assert excerpt is not None
    assert (excerpt.field.value, (excerpt.before, excerpt.matched, excerpt.after)) == (field, shown)


@pytest.mark.parametrize(
    ("text", "title", "shown"),
    [
        ("한국*", unicodedata.normalize("NFD", "오늘 한국어"), ("오늘 ", "한국", "어")),
        ("が*", "これか\u3099それ", ("これ", "が", "それ")),
        ("가", "\u1100\u034f\u1161 \u1100\u1161", ("\u1100\u034f\u1161 ", "가", "")),
        ("été", "un e\u0301te\u0301 ici", ("un ", "e\u0301te\u0301", " ici")),
    ],
)
def test_what_is_written_in_several_characters_is_shown_composed(
    text: str, title: str, shown: tuple[str, str, str]
) -> None:
    entry = dataclasses.replace(ENTRY, title=title)
    [finding] = explained(parse(f"title:{text}"), Subject(entry, NOW))
    assert finding.excerpt is not None
    assert (finding.excerpt.before, finding.excerpt.matched, finding.excerpt.after) == shown


def test_each_condition_is_explained_as_it_is_written() -> None:
    findings = explained(parse("title:(chips or nothing) and not tag:japan"), Subject(ENTRY, NOW))
    assert [(finding.condition, finding.met, finding.negated) for finding in findings] == [
        ("title:chips", True, False),
        ("title:nothing", False, False),
        ("tag:japan", True, True),
    ]


def test_what_matched_in_a_long_text_is_shown_with_what_is_around_it() -> None:
    entry = dataclasses.replace(ENTRY, title="x " * 1000 + "found it" + " y" * 1000)
    [finding] = explained(parse("title:/found.*/"), Subject(entry, NOW))
    assert finding.excerpt is not None
    assert finding.excerpt.before == "…" + "x " * 20
    assert finding.excerpt.matched.endswith("y…")
    assert len(str(finding.excerpt)) < 250


@settings(max_examples=100, deadline=None)
@given(expressions, entries())
def test_every_condition_that_is_met_shows_something(expression: Expression, entry: Entry) -> None:
    for finding in explained(expression, Subject(entry, NOW)):
        assert finding.met == (finding.excerpt is not None)


@pytest.mark.parametrize("unit", ["<", "<p", "&amp;", "<!--", "a ", "芯", "<p>", "<a b='", "é\u0301"])
def test_a_hostile_text_of_megabytes_takes_a_moment(unit: str) -> None:
    entry = dataclasses.replace(ENTRY, content_html=RawHtml(unit * (4_000_000 // len(unit))))
    subject = Subject(entry, NOW)
    start = time.process_time()
    compiled(parse("rapidus and words > 3 and content:/(a+)+$/"))(subject)
    assert time.process_time() - start < 5
    assert len(subject.plain_content) <= MAX_TEXT


@pytest.mark.parametrize(
    "words", ["rapidus", "rapid*", "chips rises", "nothing", '"rises the"', "content:te"]
)
def test_a_subject_that_is_asked_often_answers_the_same(words: str) -> None:
    predicate = compiled(parse(words))
    subject = Subject(ENTRY, NOW)
    first = predicate(subject)
    assert {predicate(subject) for _ in range(50)} == {first} == {naive.met(parse(words), ENTRY, NOW)}


def test_a_negation_of_each_is_its_opposite() -> None:
    subject = Subject(ENTRY, NOW)
    for text in ("chips", "nothing", "tag:japan", "age < 1d", "has:audio"):
        expression = parse(text)
        assert compiled(Not(expression))(subject) is not compiled(expression)(subject)
