"""The language of expressions: text → tree, and back. Pure.

    expression  = any_of ;
    any_of      = all_of , { "or" , all_of } ;
    all_of      = term , { [ "and" ] , term } ;
    term        = ( "not" | "-" | "!" ) , term | "(" , any_of , ")" | condition ;
    condition   = value                                    (* of title, authors, summary or content *)
                | field , ":" , ( value | "(" , any_of , ")" )  (* the field holds for each value within *)
                | number_field , operator , number ;
    value       = ( word | quoted ) , [ "*" ] | regex ;
    quoted      = '"' , { any character ; \\" and \\\\ for " and \\ } , '"' ;       (* or in ' ', or in “ ” *)
    regex       = "/" , { any character ; \\/ for / } , "/" , { "i" | "m" | "s" } ;
    operator    = "<" | "<=" | ">" | ">=" | "=" | ":" ;
    field       = "title" | "author" | "summary" | "content" | "any" | "source" | "tag" | "category"
                | "url" | "domain" | "lang" | "has" | number_field ;
    number_field = "age" | "published" | "words" | "id" ;
    number      = digits | span (* 7d, 1h30m *) | date (* 2026-11, 2026-11-20, 2026-11-20T08:30:00Z *) ;

A word ends at white space, a parenthesis or a quote. `and`, `or`, `not` and names of fields are in any case;
in quotes, they are words like others. White space separates conditions, and may stand around operators.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NoReturn, TypeVar

from aggregator.exceptions import ExpressionError
from aggregator.model import And, Comparison, Expression, Field, Has, Not, Operator, Or, Pattern, Text
from aggregator.rules.conditions import (
    NUMBER_FIELDS,
    has_condition,
    regex_condition,
    text_condition,
    unknown_field,
)
from aggregator.rules.values import comparison, written_value

MAX_LENGTH = 10_000
"""Characters of an expression."""
MAX_TERMS = 200
MAX_DEPTH = 50
"""Of parentheses and negations within each other."""

_SPACE = re.compile(r"\s*")
_KEYWORD = re.compile(r"""(and|or|not)(?=[\s()"“”„]|\Z)""", re.IGNORECASE)
_NAMED = re.compile(r"([^\W\d]\w*)(?:\s*(<=|>=|!=|[<>=])|[ \t]*([:：]))")
_OPERATOR = re.compile("<=|>=|[<>=]")
_WORD = re.compile(r"""[^\s()"“”„]+""")
_QUOTED = re.compile(
    r"""(?:"((?:[^"\\]|\\.)*+)"|'((?:[^'\\]|\\.)*+)'|[“„]((?:[^“”\\]|\\.)*+)[“”])(\*?)""", re.DOTALL
)
_ESCAPED_QUOTE = re.compile(r"""\\(["'“”\\])""")
_REGEX = re.compile(r"/((?:[^/\\]|\\.)*+)/([A-Za-z]*)", re.DOTALL)
_ESCAPED_OR_SLASH = re.compile(r"\\.|/", re.DOTALL)
_PLAIN_WORD = re.compile(r"[^\W_]\w*(?:[-.+#/&@]+\w+)*[+#]*")
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")

_FIELDS = {field.value: field for field in Field}
_TERM = 'a word, a "phrase", a /regex/, a field such as title:, `not` or ('
_FOREIGN = {"&&": "and", "&": "and", "||": "or", "|": "or"}

Made = TypeVar("Made")


def parse(
    text: str, *, max_length: int = MAX_LENGTH, max_terms: int = MAX_TERMS, max_depth: int = MAX_DEPTH
) -> Expression:
    """Return the tree of an expression; what it holds is checked, regular expressions included.

    `And` and `Or` have two terms or more, none of which is of the same kind. Raises `ExpressionError`, which
    says where (column, from 1) something else was expected, also when one of the limits is passed.
    """
    if len(text) > max_length:
        message = f"an expression has at most {max_length:,} characters, this one {len(text):,}"
        raise ExpressionError(message, column=max_length + 1)
    odd = _NO_TEXT.search(text)
    if odd:
        raise ExpressionError("this character cannot be in a text", column=odd.start() + 1)
    return _Parser(text, max_terms=max_terms, max_depth=max_depth).parsed()


class _Parser:
    """One method for each rule of the grammar; `field` is the one whose parentheses we are in."""

    def __init__(self, text: str, *, max_terms: int, max_depth: int) -> None:
        self._text = text
        self._at = 0
        self._terms, self._max_terms = 0, max_terms
        self._depth, self._max_depth = 0, max_depth

    def parsed(self) -> Expression:
        expression = self._any_of(None, "")
        if not self._ended():
            self._fail("this ) closes nothing")
        return expression

    def _any_of(self, field: Field | None, after: str) -> Expression:
        terms = [self._all_of(field, after)]
        while self._takes_keyword("or"):
            terms.append(self._all_of(field, " after `or`"))
        return _joined(Or, terms)

    def _all_of(self, field: Field | None, after: str) -> Expression:
        terms = [self._term(field, after)]
        while not self._ended() and not self._sees(")") and self._keyword() != "or":
            after = " after `and`" if self._takes_keyword("and") else ""
            terms.append(self._term(field, after))
        return _joined(And, terms)

    def _term(self, field: Field | None, after: str) -> Expression:
        if self._ended() or self._sees(")") or self._keyword() in {"and", "or"}:
            self._fail(f"expected {_TERM}{after}, found {self._found()}")
        if self._takes_keyword("not"):
            return self._negated(field, " after `not`")
        if self._sees("-!"):
            sign = self._text[self._at]
            self._at += 1
            behind = self._at
            if self._skips_space() or self._ended():
                self._fail(f"expected what {sign} negates right after it, without a space", at=behind)
            return self._negated(field, f" after {sign}")
        if self._sees("("):
            return self._group(field)
        return self._condition(field)

    def _negated(self, field: Field | None, after: str) -> Expression:
        self._deeper(self._at)
        term = Not(self._term(field, after))
        self._depth -= 1
        return term

    def _group(self, field: Field | None) -> Expression:
        opened = self._at
        self._deeper(opened)
        self._at += 1
        inner = self._any_of(field, " between the parentheses")
        if not self._sees(")"):
            self._fail("this ( is not closed: expected ) before the end", at=opened)
        self._at += 1
        self._depth -= 1
        return inner

    def _condition(self, field: Field | None) -> Expression:
        start = self._at
        self._terms += 1
        if self._terms > self._max_terms:
            self._fail(f"an expression has at most {self._max_terms:,} terms")
        named = _NAMED.match(self._text, start)
        known = _FIELDS.get(named[1].casefold()) if named else None
        if named is None or (known is None and (field or named[3] == "：")):
            return self._value(field)
        if known is None:
            self._fail(unknown_field(named[1]))
        if field:
            self._fail(f"expected a value of {field}, found the field {known}: ) is to stand before it")
        self._at = named.end()
        if named[2]:
            return self._compared(known, named[2], at=named.start(2))
        spaced = self._skips_space()
        if self._ended() or self._sees(")") or (spaced and self._keyword()):
            self._fail(f"expected {_wanted(known)} after {known}:, found {self._found()}")
        if self._sees("("):
            self._terms -= 1
            return self._group(known)
        return self._value(known)

    def _value(self, field: Field | None) -> Expression:
        if field in NUMBER_FIELDS:
            operator = _OPERATOR.match(self._text, self._at)
            if field is Field.AGE and not operator:
                self._fail("expected <, <=, > or >= before an age: age < 7d")
            self._at = operator.end() if operator else self._at
            return self._number(field, operator[0] if operator else "=")
        if self._sees("/"):
            return self._regex(field or Field.ANY)
        quoted = self._sees("\"'“„")
        value = self._quoted(field or Field.ANY) if quoted else self._word(field)
        if not self._at_edge():
            self._fail(f"expected a space before {self._text[self._at]}")
        return value

    def _compared(self, field: Field, operator: str, *, at: int) -> Expression:
        if operator == "!=":
            written = f"{field} = …" if field in NUMBER_FIELDS else f"{field}:…"
            self._fail(f"there is no !=; write not {written}", at=at)
        if field not in NUMBER_FIELDS:
            self._fail(f"{field} is text, only numbers are compared; expected : (as in {field}:word)", at=at)
        return self._number(field, operator)

    def _number(self, field: Field, operator: str) -> Expression:
        self._skips_space()
        start = self._at
        word = _WORD.match(self._text, start)
        if word is None:
            self._fail(f"expected {_wanted(field)}, found {self._found()}")
        self._at = word.end()
        try:
            return comparison(field, Operator(operator), word[0])
        except ValueError as error:
            self._fail(f"expected {error}, found {_shown(word[0])}", at=start)

    def _regex(self, field: Field) -> Expression:
        start = self._at
        written = _REGEX.match(self._text, start)
        if written is None:
            self._fail(
                'this / is not closed: expected / before the end (a text that begins with / goes in "…")'
            )
        self._at = written.end()
        pattern = written[1].replace(r"\\", "\0").replace(r"\/", "/").replace("\0", r"\\")
        return self._made(start, lambda: regex_condition(field, pattern, written[2]))

    def _quoted(self, field: Field) -> Expression:
        start = self._at
        quoted = _QUOTED.match(self._text, start)
        if quoted is None:
            self._fail(f"this {self._text[start]} is not closed: expected another before the end")
        self._at = quoted.end()
        text = _ESCAPED_QUOTE.sub(r"\1", quoted[1] or quoted[2] or quoted[3] or "")
        return self._made(start, lambda: _text_or_has(field, text, prefix=bool(quoted[4])))

    def _word(self, field: Field | None) -> Expression:
        start = self._at
        written = _WORD.match(self._text, start)
        if written is None:
            self._fail(f"expected {_TERM}, found {self._found()}")
        word = written[0]
        if field is None:
            self._check_bare(word)
        text = word.removesuffix("*")
        if "*" in text and field is not Field.HAS:
            self._fail(
                '* stands at the end of a word only (in "…" it is taken as it is)', at=start + text.index("*")
            )
        self._at = written.end()
        return self._made(start, lambda: _text_or_has(field or Field.ANY, text, prefix=text != word))

    def _check_bare(self, word: str) -> None:
        if word in _FOREIGN:
            self._fail(f'expected {_TERM}, found {word} (write {_FOREIGN[word]}, or "{word}" for the symbol)')
        if _OPERATOR.match(word):
            self._fail(f"expected age, published, words or id before {word[0]}")

    def _made(self, start: int, make: Callable[[], Made]) -> Made:
        try:
            return make()
        except ValueError as error:
            self._fail(str(error), at=start)

    def _deeper(self, at: int) -> None:
        self._depth += 1
        if self._depth > self._max_depth:
            self._fail(f"more than {self._max_depth} parentheses and negations within each other", at=at)

    def _skips_space(self) -> bool:
        start = self._at
        space = _SPACE.match(self._text, start)
        self._at = space.end() if space else start
        return self._at > start

    def _ended(self) -> bool:
        self._skips_space()
        return self._at == len(self._text)

    def _sees(self, characters: str) -> bool:
        return not self._ended() and self._text[self._at] in characters

    def _at_edge(self) -> bool:
        following = self._text[self._at : self._at + 1]
        return not following or following.isspace() or following == ")"

    def _keyword(self) -> str | None:
        self._skips_space()
        keyword = _KEYWORD.match(self._text, self._at)
        return keyword[1].lower() if keyword else None

    def _takes_keyword(self, wanted: str) -> bool:
        if self._keyword() != wanted:
            return False
        self._at += len(wanted)
        return True

    def _found(self) -> str:
        word = _WORD.match(self._text, self._at)
        return _shown(word[0] if word else self._text[self._at : self._at + 1])

    def _fail(self, message: str, *, at: int | None = None) -> NoReturn:
        raise ExpressionError(message, column=(self._at if at is None else at) + 1)


def _shown(word: str) -> str:
    if not word:
        return "the end"
    return repr(word) if len(word) <= 40 else repr(word[:39] + "…")  # noqa: PLR2004 - a line stays a line


def _wanted(field: Field) -> str:
    match field:
        case Field.AGE:
            return "a span such as 7d"
        case Field.PUBLISHED:
            return "a date such as 2026-11-20"
        case Field.WORDS | Field.ID:
            return "a whole number"
        case Field.HAS:
            return "a part of an entry, such as enclosure,"
        case Field.DOMAIN | Field.LANG:
            return "a word"
        case _:
            return 'a word, a "phrase", a /regex/ or ('


def _text_or_has(field: Field, text: str, *, prefix: bool) -> Text | Has:
    if field is Field.HAS:
        return has_condition(text + "*" * prefix)
    return text_condition(field, text, prefix=prefix)


def _joined(kind: type[And | Or], terms: list[Expression]) -> Expression:
    if len(terms) == 1:
        return terms[0]
    flat: list[Expression] = []
    for term in terms:
        flat += term.terms if isinstance(term, kind) else [term]
    return kind(tuple(flat))


def written(expression: Expression) -> str:
    """Return the text that is parsed to the same tree; the usual one of the texts that are.

    That holds for trees that `parse` can make; others come out as one that means the same: with none or one
    term in `And` and `Or`, or one of their own kind within them.
    """
    match expression:
        case And(terms):
            return " and ".join(_within(term, Or) for term in terms) or "words >= 0"
        case Or(terms):
            return " or ".join(map(written, terms)) or "words < 0"
        case Not(term):
            return f"not {_within(term, And, Or)}"
        case _:
            return _written_condition(expression)


def _written_condition(condition: Text | Pattern | Comparison | Has) -> str:
    match condition:
        case Text():
            return _named(condition.field, _written_text(condition))
        case Pattern():
            return _named(condition.field, f"/{_with_slashes_escaped(condition.pattern)}/{condition.flags}")
        case Comparison():
            return f"{condition.field} {condition.operator} {written_value(condition)}"
        case Has():
            return f"has:{condition.part}"


def _within(expression: Expression, *loose: type[And | Or]) -> str:
    text = written(expression)
    return f"({text})" if isinstance(expression, loose) else text


def _named(field: Field, value: str) -> str:
    return value if field is Field.ANY else f"{field}:{value}"


def _written_text(condition: Text) -> str:
    text = condition.text
    if not _PLAIN_WORD.fullmatch(text) or _KEYWORD.match(text):
        text = '"' + text.replace("\\", r"\\").replace('"', r"\"") + '"'
    return text + "*" * condition.prefix


def _with_slashes_escaped(pattern: str) -> str:
    return _ESCAPED_OR_SLASH.sub(lambda found: r"\/" if found[0] == "/" else found[0], pattern)
