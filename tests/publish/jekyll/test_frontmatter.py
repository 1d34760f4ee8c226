from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.publish.jekyll.frontmatter import Value, read_front_matter, split_post, texts


def values(front: str) -> dict[str, Value]:
    return read_front_matter(front).values


def problems(front: str) -> tuple[str, ...]:
    return read_front_matter(front).problems


def seconds(front: str) -> float:
    before = time.process_time()
    read_front_matter(front)
    return time.process_time() - before


def test_values_stay_the_texts_that_were_written() -> None:
    front = "title: 1984\nauthor: NO\ndate: 2024-04-03\nversion: 3.10\nflag: yes\n"
    assert list(values(front).values()) == ["1984", "NO", "2024-04-03", "3.10", "yes"]


@pytest.mark.parametrize("nothing", ["", " ~", " null", " NULL"])
def test_a_null_is_no_text_and_a_quoted_one_is(nothing: str) -> None:
    assert values(f"title:{nothing}\n") == {"title": None}
    assert values('title: "null"\n') == {"title": "null"}


@pytest.mark.parametrize(
    "tags",
    [
        "tags: [a, b c]",
        "tags: [ a, b c ]",
        "tags:\n- a\n- b c",
        "tags:\n  - a\n  - 'b c'",
        'tags: [\n  "a",\n  b c,\n]',
        "tags: &x [a, b c]\nmore: *x",
        "tags: !!seq [a, !mine b c]",
    ],
)
def test_lists_are_read_in_every_style(tags: str) -> None:
    assert values(tags)["tags"] == ["a", "b c"]
    assert problems(tags) == ()


def test_texts_over_lines_are_read() -> None:
    assert values("title: >-\n  one\n  two\nnote: |\n  a\n  b\n") == {"title": "one two", "note": "a\nb\n"}


def test_a_bad_value_is_taken_as_it_stands_and_spoils_no_other() -> None:
    front = (
        'title: "He said "no""\nauthor: Ann: Bob\nby: @carol\ntags: [ @a, b ]\nlist:\n- x: y\n'
        'last: "\\u00e9"\n'
    )
    read = read_front_matter(front)
    assert read.values == {
        "title": 'He said "no"',
        "author": "Ann: Bob",
        "by": "@carol",
        "tags": ["@a", "b"],
        "list": [{"x": "y"}],
        "last": "é",
    }
    assert [problem.split(" ")[0] for problem in read.problems] == ["`title`", "`author`", "`by`", "`tags`"]


def test_tabs_where_yaml_has_none_do_no_harm() -> None:
    assert values("title:\tone\ntags:\n\t- a\n")["title"] == "one"


@pytest.mark.parametrize("rest", ["", "author: a: b\n"])
def test_of_a_key_that_is_there_twice_the_last_one_counts(rest: str) -> None:
    front = f"title: one\ntitle: two\n{rest}"
    assert values(front)["title"] == "two"
    assert "the front matter has `title` twice: the last one counts" in problems(front)


def test_keys_may_be_in_capitals_and_merged_from_another() -> None:
    assert values("a: &a {b: c}\nd: {<<: *a}\n")["d"] == {"<<": {"b": "c"}}  # not inside: that could multiply
    assert values("base: &b {lang: de}\n<<: *b\nTitle: x\n") == {
        "lang": "de",
        "base": {"lang": "de"},
        "title": "x",
    }


def test_what_is_no_mapping_has_no_values() -> None:
    assert values("- a\n- b\n") == {}
    assert values("just words\n") == {}
    assert values("") == {}


def test_texts_of_nested_values_are_found_in_order() -> None:
    assert texts(["a", ["b", {"c": "d", "e": None}], None, "f"]) == ["a", "b", "c: d", "e", "f"]


def test_a_value_that_holds_itself_has_an_end() -> None:
    for value in values("a: &a [x, *a, *a]\nb: &b {c: *b}\n").values():
        assert len(texts(value)) < 10


def test_aliases_of_aliases_do_not_multiply() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]")
    read = values("\n".join(lines))
    assert 0 < len(texts(read["i"])) < 3_000


@pytest.mark.parametrize(
    "front",
    [
        "tags: " + "[" * 100_000,
        "tags: " + "{a: " * 50_000,
        "? " * 50_000,
        "tags:\n" + "".join(f"{' ' * depth}-\n" for depth in range(1, 600)),
        "".join(f"key{number}: a: b\n" for number in range(50_000)),
        "title: " + "a: " * 100_000,
        "tags: [" + "a," * 200_000 + "]",
        "a: &a {" + ",".join(f"k{number}: 1" for number in range(3_000)) + "}\n" + "b: {<<: *a}\n" * 500,
    ],
    ids=["lists", "mappings", "keys", "blocks", "many keys", "colons", "commas", "merged"],
)
def test_what_is_made_to_be_costly_is_read_in_a_moment(front: str) -> None:
    assert seconds(front) < 2


def test_of_a_front_matter_that_is_no_yaml_the_first_keys_are_read() -> None:
    read = read_front_matter("".join(f"key{number}: a: b\n" for number in range(600)))
    assert len(read.values) == 500
    assert read.problems[-1] == "the front matter has more than 500 keys: the others are passed over"


def test_no_problem_is_longer_than_people_read() -> None:
    long = "k" * 1_000_000
    for front in (
        f"{long}: a: b\n",
        f"{long}: a\n{long}: b\n",
        f'"{long}": a\n"{long}": b\n',
        f"a: [{long}\n",
    ):
        assert all(len(problem) < 200 for problem in problems(front))


def test_the_front_matter_ends_at_its_line_and_the_body_keeps_its_own() -> None:
    found = split_post("---\ntitle: a --- b\n--- \nbody\n---\nmore\n")
    assert (found.front, found.body, found.closed) == ("title: a --- b\n", "body\n---\nmore\n", True)
    assert split_post("---\na: b\n...\nbody").body == "body"
    assert split_post("---\n---\n").front == ""


def test_without_its_end_the_front_matter_reaches_as_far_as_it_looks_like_one() -> None:
    found = split_post("---\ntitle: a\ntags:\n- b\n<!--1-->\nbody: no\n")
    assert (found.front, found.body, found.closed) == (
        "title: a\ntags:\n- b\n",
        "<!--1-->\nbody: no\n",
        False,
    )


def test_a_post_may_have_no_front_matter() -> None:
    assert split_post("body\n---\n").front is None
    assert split_post("").front is None


@given(st.text() | st.text("ab:-[]{}&*!|>'\"#%@`?, \n\t~", max_size=80))
def test_any_text_has_values(front: str) -> None:
    for value in values(front).values():
        assert all(isinstance(text, str) for text in texts(value))
    found = split_post(front)
    assert found.body in front
