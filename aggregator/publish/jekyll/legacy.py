"""Entries → Jekyll posts as the scripts wrote them that this service replaces. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from ada_url import normalize_url

from aggregator.model import Entry
from aggregator.publish.html import sanitize
from aggregator.publish.jekyll.javascript import first_units, trim
from aggregator.publish.jekyll.post import Post

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAME_UNITS = 50


def legacy_post(entry: Entry) -> Post:
    """Return the post of `entry` in the form that the archives of the predecessor of this service have.

    That form escapes only `"` in the title, and neither Markdown nor HTML: the content is the source's own,
    for archives that trust their sources. An article, which comes from a page, is sanitized. Control
    characters (C0, DEL, C1), line ends among them, are removed everywhere, because each value has one line.
    A link is written as browsers write it (WHATWG URL, href); one that is no URL stays as it is, and an entry
    without any has its guid where that is a URL, else an empty one. Of several authors the first is named.
    Two entries of one day whose titles start alike get the same file name: telling them apart is the
    caller's part.
    """
    title = _one_line(entry.title)
    date = _iso(entry.dated)
    return Post(
        file_name=f"{date[:10]}-{first_units(title, _NAME_UNITS)}.md".replace("/", "--"),
        body=_legacy_text(entry, title=title, date=date).encode(),
    )


def _legacy_text(entry: Entry, *, title: str, date: str) -> str:
    url = _one_line(_href(entry))
    source = _one_line(entry.source.name)
    author = _one_line(entry.authors[0]) if entry.authors else source
    content = trim(_one_line(_article(entry) or entry.content_html or entry.summary or ""))
    said = entry.id if entry.source_published is None else entry.source_published
    quoted = title.replace('"', '\\"').replace("...", "", 1)
    return (
        "---\n"
        "layout: post\n"
        f'title: "{quoted}"\n'
        f"date: {date}\n"
        f"author: {author}\n"
        f"from: {url}\n"
        f"tags: [ {source} ]\n"
        "comments: True\n"
        f"categories: [ {source} ]\n"
        "---\n"
        f"<!--{said}-->\n"
        f"[{trim(title)}]({url})\n"
        "------\n"
        "\n"
        "<div>\n"
        f"{content}\n"
        "</div>\n"
    )


def _href(entry: Entry) -> str:
    try:
        return normalize_url(entry.url or entry.guid or "")
    except ValueError:
        return entry.url or ""


def _article(entry: Entry) -> str:
    """Return the article, safe; its line ends and tabs as references, since words and code need them."""
    return sanitize(entry.article, "").replace("\n", "&#10;").replace("\t", "&#9;")


def _one_line(text: str) -> str:
    return _CONTROL.sub("", text)


def _iso(instant: int) -> str:
    moment = _EPOCH + timedelta(milliseconds=instant)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
