"""Posts in forms that are found in old archives, made by hands, editors and other scripts, with the truth.

A form takes a post as the scripts wrote it, and the post before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone

from benchmarks.invented_articles import DAY, Article

_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A file, and what must come of it."""

    file: str
    """Below `_posts`, with `/`."""
    body: bytes
    article: Article
    """What the scripts made the post of."""
    title: str | None
    url: str | None
    author: str | None
    """Empty where none is named but the source."""
    tags: tuple[str, ...] | None
    """The source's first."""
    date: int | None
    """As the front matter has it, in milliseconds."""
    said: int | None
    """The number in the comment; None where it is none, or there is no comment."""
    content: str | None
    form: str = "plain"
    open: frozenset[str] = frozenset()
    """Fields of which the file does not tell one truth."""

    @property
    def text(self) -> str:
        """Return the file as text; it must be some."""
        return self.body.decode()


Form = Callable[[Post, Post], Post]


def _edited(post: Post, pattern: str, by: str, **truth: object) -> Post:
    """Return the post with one thing in its text replaced; it must be there."""
    text, count = re.subn(pattern, lambda _: by, post.text, count=1, flags=re.MULTILINE)
    if not count:
        raise AssertionError(f"{pattern} is not in {post.text[:500]}")
    return replace(post, body=text.encode(), **truth)  # type: ignore[arg-type]  # fields by their names


def _line(name: str) -> str:
    return rf"^{name}:.*\n"


def _tagged(tags: str, *more: str) -> Form:
    def form(post: Post, _: Post) -> Post:
        site = post.article.site.name
        wild = _edited(post, _line("tags"), tags.format(site), tags=(site, *more))
        return _edited(wild, _line("categories"), "")

    return form


def _dated(pattern: str, *, offset: int = 0, day: bool = False, seconds: bool = True) -> Form:
    """Return a form with a date that is less exact, in some zone; offset in hours."""

    def form(post: Post, _: Post) -> Post:
        assert post.date is not None
        moment = datetime.fromtimestamp(post.date // 1000, UTC).astimezone(timezone(timedelta(hours=offset)))
        if day:
            moment = moment.replace(hour=0, minute=0, second=0)
        if not seconds:
            moment = moment.replace(second=0)
        wild = _edited(post, _line("date"), f"date: {moment.strftime(pattern)}\n")
        return replace(wild, date=int(moment.timestamp()) * 1000)

    return form


def _without(name: str, **truth: object) -> Form:
    def form(post: Post, _: Post) -> Post:
        return _edited(post, _line(name), "", **truth)

    return form


def _bytes(change: Callable[[bytes], bytes], **truth: object) -> Form:
    def form(post: Post, _: Post) -> Post:
        return replace(post, body=change(post.body), **truth)  # type: ignore[arg-type]  # fields by their names

    return form


def _no_tags(post: Post, _: Post) -> Post:
    wild = _edited(_edited(post, _line("tags"), ""), _line("categories"), "")
    return replace(wild, open=frozenset({"tags", "author"}))


def _titled(line: str, *, title: str = 'Anna\'s tin: "half" full', **truth: object) -> Form:
    """Return a form with another title, in the front matter and in the body."""

    def form(post: Post, _: Post) -> Post:
        front = _edited(post, _line("title"), line + "\n", title=title, **truth)
        assert post.title is not None
        return _edited(front, r"^\[" + re.escape(post.title) + r"\]\(", f"[{title}](")

    return form


def _same_id(post: Post, before: Post) -> Post:
    said = "NaN" if before.said is None else str(before.said)
    return _edited(post, r"^<!--(?:\d+|NaN)-->\n", f"<!--{said}-->\n", said=before.said)


def _same_url(post: Post, before: Post) -> Post:
    assert post.url is not None
    assert before.url is not None
    return replace(post, body=post.body.replace(post.url.encode(), before.url.encode()), url=before.url)


def _clamped(post: Post, _: Post) -> Post:
    later = (post.date or 0) + 3 * DAY + 1
    return _edited(post, r"^<!--(?:\d+|NaN)-->\n", f"<!--{later}-->\n", said=later)


def _no_front_matter(post: Post, _: Post) -> Post:
    body = _FRONT_MATTER.sub("", post.text).encode()
    return replace(post, body=body, open=frozenset({"tags", "author", "date"}))


def _by_hand(post: Post, _: Post) -> Post:
    text = (
        "---\ntitle: A walk\ndate: 2019-05-05 10:00:00 +0200\n"
        f"tags:\n- {post.article.number} steps\n- walks\n---\n\n"
        "It was *warm*."
        "\n\n* a\n* b\n\n    code --- here\n\n---\nEnd | of [it](https://walk.example).\n"
    )
    return replace(
        post,
        file=f"2019-05-05-a-walk-{post.article.number}.markdown",
        body=text.encode(),
        title="A walk",
        url=None,
        author="",
        tags=(f"{post.article.number} steps", "walks"),
        date=int(datetime(2019, 5, 5, 8, tzinfo=UTC).timestamp()) * 1000,
        said=None,
        content=None,
        open=_CONTENT,
    )


def _no_date(post: Post, _: Post) -> Post:
    return _edited(post, _line("date"), "", open=frozenset({"date"}))


def _other_order(post: Post, _: Post) -> Post:
    front = _FRONT_MATTER.search(post.text)
    assert front is not None
    lines = front[0].splitlines()[1:-1]
    new = "\n".join(("---", "x-rating: {a: [1, 2]}", *reversed(lines), "published: true  # yes", "---", ""))
    return replace(post, body=post.body.replace(front[0].encode(), new.encode(), 1))


def _subfolder(post: Post, _: Post) -> Post:
    return replace(post, file=f"{post.file[:4]}/old posts/{post.file}")


_EVERYTHING = frozenset({"title", "url", "author", "tags", "date", "said", "content"})
_CONTENT = frozenset({"content"})
_NO_ID = r"^<!--(?:\d+|NaN)-->\n"

FORMS: dict[str, Form] = {
    "no comment": lambda post, _: _edited(post, _NO_ID, "", said=None),
    "comment NaN": lambda post, _: _edited(post, _NO_ID, "<!--NaN-->\n", said=None),
    "comment in words": lambda post, _: _edited(post, _NO_ID, "<!-- undefined -->\n", said=None),
    "two posts with one ID": _same_id,
    "two posts with one URL": _same_url,
    "clamped date": _clamped,
    "block list": _tagged('tags:\n  - "{}"\n  - extra\n', "extra"),
    "block list, not indented": _tagged('tags:\n- "{}"\n- "two, words"\ncategories:\n', "two, words"),
    "two tags": _tagged("tags: [ {}, 二 つ ]\n", "二 つ"),
    "quoted tags": _tagged("tags: [\"{}\", 'it''s']\n", "it's"),
    "flow list over lines": _tagged('tags: [\n  "{}",\n  b,\n]\n', "b"),
    "date with offset": _dated("%Y-%m-%d %H:%M:%S +0800", offset=8),
    "date with zone": _dated("%Y-%m-%dT%H:%M:%S+09:00", offset=9),
    "date without zone": _dated("%Y-%m-%d %H:%M:%S"),
    "date to the minute": _dated("%Y-%m-%d %H:%M", seconds=False),
    "date of a day": _dated("%Y-%m-%d", day=True),
    "date of RFC 822": _dated("%a, %d %b %Y %H:%M:%S GMT"),
    "date in quotes": _dated('"%Y-%m-%d %H:%M:%S -0330"', offset=-3.5),  # type: ignore[arg-type]  # half hours
    "date with slashes": _dated("%Y/%m/%d", day=True),
    "no date": _no_date,
    "date that is none": lambda post, _: _edited(
        post, _line("date"), "date: Invalid Date\n", open=frozenset({"date"})
    ),
    "no title": _without("title"),
    "no author": _without("author", author=""),
    "no from": _without("from"),
    "no tags": _no_tags,
    "no layout": _without("layout"),
    "no front matter": _no_front_matter,
    "front matter without end": lambda post, _: replace(
        post, body=post.body.replace(b"---\n<!--", b"<!--", 1), open=_CONTENT
    ),
    "empty file": _bytes(lambda _: b"", open=_EVERYTHING),
    "binary file": _bytes(lambda _: bytes(range(256)) * 20, open=_EVERYTHING),
    "CRLF": _bytes(lambda body: body.replace(b"\n", b"\r\n")),
    "BOM": _bytes(lambda body: b"\xef\xbb\xbf" + body),
    "BOM and CRLF": _bytes(lambda body: b"\xef\xbb\xbf" + body.replace(b"\n", b"\r\n")),
    "no newline at the end": _bytes(lambda body: body.rstrip(b"\n")),
    "lines after the end": _bytes(lambda body: body + b"\n\n<p>note of a reader</p>\n", open=_CONTENT),
    "invalid UTF-8": _bytes(
        lambda body: body.replace(b"\n</div>\n", b"\xe9\xff\xc3\n</div>\n"), open=_CONTENT
    ),
    "NUL": _bytes(lambda body: body.replace(b"<div>\n", b"<div>\na\x00b\x0c", 1), open=_CONTENT),
    "content over lines": _bytes(
        lambda body: body.replace(b"<div>\n", b"<div>\n<p>one</p>\n\n\t<p>two</p>\n", 1), open=_CONTENT
    ),
    "unescaped quotes": _titled('title: "Anna\'s tin: "half" full"'),
    "title in single quotes": _titled("title: 'Anna''s tin: \"half\" full'"),
    "title without quotes": _titled('title: Anna\'s tin "half" full', title='Anna\'s tin "half" full'),
    "title over lines": _titled("title: >-\n  Anna's tin:\n  \"half\" full"),
    "title without quotes, with a colon": _titled('title: Anna\'s tin: "half" full'),
    "two titles": _titled('title: "one"\ntitle: "two"', title="two", open=frozenset({"title"})),
    "other keys, other order": _other_order,
    "subfolder": _subfolder,
    "by hand": _by_hand,
    "name without date": lambda post, _: replace(post, file=f"note {post.article.number}.md"),
}  # fmt: skip
"""By name."""
