"""The language of expressions: what is read, how it is written, and what is said of what cannot be read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.exceptions import ExpressionError
from aggregator.model import And, Comparison, Expression, Field, Has, Not, Operator, Or, Part, Pattern, Text
from aggregator.rules.grammar import MAX_DEPTH, MAX_LENGTH, MAX_TERMS, parse, written
from tests.rules.invented import expressions


def title(text: str) -> Text:
    return Text(Field.TITLE, text)


def word(text: str) -> Text:
    return Text(Field.ANY, text)


A, B, C = word("a"), word("b"), word("c")
NOVEMBER = (
    Comparison(Field.PUBLISHED, Operator.AT_LEAST, 1_793_491_200_000),
    Comparison(Field.PUBLISHED, Operator.BELOW, 1_796_083_200_000),
)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a b", And((A, B))),
        ("a and b", And((A, B))),
        ("a AND b Or c", Or((And((A, B)), C))),
        ("a or b c", Or((A, And((B, C))))),
        ("(a or b) c", And((Or((A, B)), C))),
        ("not a b", And((Not(A), B))),
        ("not (a b)", Not(And((A, B)))),
        ("-a !b", And((Not(A), Not(B)))),
        ("not not a", Not(Not(A))),
        ("not -a", Not(Not(A))),
        ("a (b c)", And((A, B, C))),
        ("a or (b or c)", Or((A, B, C))),
        ("((a))", A),
        ("(a)or(b)", Or((A, B))),
        ("not(a)", Not(A)),
        ("\"a\" 'b' “c”", And((A, B, C))),
        ('"not" "or"', And((word("not"), word("or")))),
        ("android notes order", And((word("android"), word("notes"), word("order")))),
        (" \n a \t ", A),
        ("TITLE:a", title("a")),
        ("title: a", title("a")),
        ("title：芯片", title("芯片")),
        ("any:a", A),
        ("title:and", title("and")),
        ("title:(a or b)", Or((title("a"), title("b")))),
        ("title:(a -b) c", And((title("a"), Not(title("b")), C))),
        ("title:(x:y)", title("x:y")),
        ("url:(https://a.b/c or //d)", None),
        ("url:https://a.b/c?d=e", Text(Field.URL, "https://a.b/c?d=e")),
        (r'"say \"hi\" \\ \d"', word('say "hi" \\ \\d')),
        ("chip*", Text(Field.ANY, "chip", prefix=True)),
        ('tag:"press rel"*', Text(Field.TAG, "press rel", prefix=True)),
        ('"chip*"', word("chip*")),
        ("C++ a/b AT&T don't", And((word("C++"), word("a/b"), word("AT&T"), word("don't")))),
        (r"/\bchips?\b/i", Pattern(Field.ANY, r"\bchips?\b", "i")),
        (r"url:/a\/b\\/mis", Pattern(Field.URL, r"a/b\\", "ims")),
        ("title:(/a b/ or c)", Or((Pattern(Field.TITLE, "a b"), title("c")))),
        ("words > 200", Comparison(Field.WORDS, Operator.ABOVE, 200)),
        ("words>=200", Comparison(Field.WORDS, Operator.AT_LEAST, 200)),
        ("words:<200", Comparison(Field.WORDS, Operator.BELOW, 200)),
        ("id:5", Comparison(Field.ID, Operator.EQUAL, 5)),
        (
            "id:(5 or 6)",
            Or((Comparison(Field.ID, Operator.EQUAL, 5), Comparison(Field.ID, Operator.EQUAL, 6))),
        ),
        ("age < 1d12h", Comparison(Field.AGE, Operator.BELOW, 129_600_000)),
        ("published:2026-11", And(NOVEMBER)),
        ("published >= 2026-11", NOVEMBER[0]),
        ("published < 2026-11-01", Comparison(Field.PUBLISHED, Operator.BELOW, NOVEMBER[0].value)),
        ("published > 2026-10", NOVEMBER[0]),
        ("published <= 2026-11-30", NOVEMBER[1]),
        ("published < 2026-12-01T09:00+09:00", NOVEMBER[1]),
        (
            "published = 2026-11-01T00:00:00.000Z",
            Comparison(Field.PUBLISHED, Operator.EQUAL, NOVEMBER[0].value),
        ),
        (
            "published:2025",
            And(
                (
                    Comparison(Field.PUBLISHED, Operator.AT_LEAST, 1_735_689_600_000),
                    Comparison(Field.PUBLISHED, Operator.BELOW, 1_767_225_600_000),
                )
            ),
        ),
        (
            "published > 2024-02-29T23:59:59",
            Comparison(Field.PUBLISHED, Operator.AT_LEAST, 1_709_251_200_000),
        ),
        ("has:(audio or Video)", Or((Has(Part.AUDIO), Has(Part.VIDEO)))),
        ("age limit words", And((word("age"), word("limit"), word("words")))),
    ],
)
def test_an_expression_is_read_as_a_tree(text: str, tree: Expression | None) -> None:
    if tree is None:
        with pytest.raises(ExpressionError):
            parse(text)
    else:
        assert parse(text) == tree


@settings(max_examples=500, deadline=None)
@given(expressions)
def test_what_is_written_is_read_as_the_same_tree(expression: Expression) -> None:
    assert parse(written(expression)) == expression


@given(
    st.text(st.one_of(st.sampled_from("ab\"'()/\\-!*:<>= \n“”"), st.characters(codec="utf-8")), max_size=30)
)
def test_any_text_is_read_and_written_or_refused_at_a_column_of_it(text: str) -> None:
    refused: ExpressionError | None = None
    try:
        tree = parse(text)
    except ExpressionError as error:
        refused = error
    if refused is None:
        assert parse(written(tree)) == tree
    else:
        assert 1 <= refused.column <= len(text) + 1
        assert str(refused).startswith(f"column {refused.column}: ")


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (And((Or((A, B)), C)), "(a or b) and c"),
        (Or((And((A, B)), C)), "a and b or c"),
        (Not(Or((A, B))), "not (a or b)"),
        (And((A,)), "a"),
        (And((Or((A,)), B)), "(a) and b"),
        (And(), "words >= 0"),
        (Or(), "words < 0"),
        (Pattern(Field.TITLE, "a/b\\/c"), r"title:/a\/b\/c/"),
        (Comparison(Field.AGE, Operator.BELOW, 0), "age < 0s"),
        (Comparison(Field.AGE, Operator.BELOW, 90_061_001), "age < 1d1h1m1s1ms"),
        (Text(Field.TAG, "a b", prefix=True), 'tag:"a b"*'),
    ],
)
def test_a_tree_is_written(tree: Expression, text: str) -> None:
    assert written(tree) == text


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("", 1, "expected a word"),
        ("   ", 4, "found the end"),
        ("a or", 5, "after `or`, found the end"),
        ("a and or b", 7, "after `and`, found 'or'"),
        ("or a", 1, "found 'or'"),
        ("a not", 6, "after `not`"),
        ("(a or b", 1, "this ( is not closed: expected )"),
        ("a (b (c)", 3, "this ( is not closed"),
        ("a)", 2, "this ) closes nothing"),
        ("a ()", 4, "between the parentheses, found ')'"),
        ('a "b', 3, 'this " is not closed'),
        ("'tis", 1, "this ' is not closed"),
        ("a /b", 3, "this / is not closed"),
        ("a - b", 4, "expected what - negates"),
        ("!", 2, "expected what ! negates"),
        ("titel:a", 1, "no field 'titel'; did you mean title?"),
        ("b intitle:a", 3, "did you mean title?"),
        ("site:bbc.co.uk", 1, "did you mean domain?"),
        ("xyz:a", 1, "there are any, tag, source, title"),
        ("https://x.example/", 1, 'goes in "…"'),
        ("title:", 7, 'expected a word, a "phrase", a /regex/ or ( after title:, found the end'),
        ("title: or b", 8, "found 'or'"),
        ("(title:)", 8, "found ')'"),
        ("title > 3", 7, "title is text"),
        ("title:(a author:b)", 10, "found the field author"),
        ("age < 7x", 7, "expected a span such as 7d, 36h or 1h30m"),
        ("age < ", 7, "expected a span such as 7d, found the end"),
        ("age:7d", 5, "expected <, <=, > or >="),
        ("words > many", 9, "expected a whole number such as 200, found 'many'"),
        ("words > -1", 9, "found '-1'"),
        ("words != 3", 7, "there is no !="),
        ("tag != 3", 5, "write not tag:"),
        ("id:99999999999999999999", 4, "expected a whole number"),
        ("id:٣", 4, "expected a whole number"),
        ("published > yesterday", 13, "expected a date such as 2026-11-20"),
        ("published > 2026-02-30", 13, "that the calendar has"),
        ("published > 2026-1-3", 13, "expected a date"),
        ("published:0999", 11, "a year from 1000"),
        ("published:2026-11-20T08:30+99:00", 11, "an offset such as +09:00"),
        ("has:wings", 5, "has: knows enclosure, audio"),
        ("has:enclosur", 5, "did you mean enclosure?"),
        ("has:/a/", 5, "takes no regular expression"),
        ('title:"!!!"', 7, "expected a letter, digit or symbol"),
        ("a … b", 3, "expected a letter, digit or symbol"),
        ('tag:" "', 5, "expected the name of a tag"),
        ("title:*", 7, "expected a letter"),
        ("domain:https://x.example", 8, "expected a domain such as"),
        ("domain:x*", 8, "leave out the *"),
        ("lang:english!", 6, "expected a language's code"),
        ('url:" "', 5, "expected a part of an address"),
        ("ch*ps", 3, "* stands at the end"),
        ("a || b", 3, "write or"),
        ("a && b", 3, "write and"),
        ("a < 3", 1, "no field 'a'"),
        ("< 3", 1, "expected age, published, words or id before <"),
        ('a"b"', 2, 'expected a space before "'),
        ('"a"b', 4, "expected a space before b"),
        ("a(b)", 2, "expected a space before ("),
        ("b /a/g", 3, "expected i, m or s"),
        ("//", 1, "expected a regular expression"),
        ("b title:/(?=a)/", 9, "no lookaheads"),
        ("/(?<!a)b/", 1, "no lookaheads, lookbehinds"),
        (r"/(a)\1/", 1, "backreferences"),
        ("/(a/", 1, "missing )"),
        ("/[a/", 1, "missing ]"),
        ("/a**/", 1, "bad repetition"),
        ("/((a{100}){100}){100}/", 1, "invalid repetition size"),
        (r"/(\pL{100}){9}/i", 1, "too large"),
        ("a\0", 2, "cannot be in a text"),
        ("a\ud800", 2, "cannot be in a text"),
    ],
)
def test_an_error_points_at_the_column_and_says_what_was_expected(text: str, column: int, said: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert caught.value.column == column
    assert said in str(caught.value)


def test_an_expression_may_be_so_large_and_no_larger() -> None:
    parse("a" * MAX_LENGTH)
    parse(" ".join(["a"] * MAX_TERMS))
    parse("(" * MAX_DEPTH + "a" + ")" * MAX_DEPTH)
    for text, column in (
        ("a" * (MAX_LENGTH + 1), MAX_LENGTH + 1),
        (" ".join(["a"] * (MAX_TERMS + 1)), 2 * MAX_TERMS + 1),
        ("(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1), MAX_DEPTH + 1),
        ("-" * (MAX_DEPTH + 1) + "a", None),
    ):
        with pytest.raises(ExpressionError, match=r"at most|more than") as caught:
            parse(text)
        assert column in {None, caught.value.column}


def test_smaller_limits_can_be_asked_for() -> None:
    with pytest.raises(ExpressionError, match="at most 3 characters"):
        parse("abcd", max_length=3)
    with pytest.raises(ExpressionError, match="at most 2 terms"):
        parse("title:(a b c)", max_terms=2)
    with pytest.raises(ExpressionError, match="more than 1 "):
        parse("((a))", max_depth=1)
    assert parse("title:(a b)", max_terms=2) == And((title("a"), title("b")))
