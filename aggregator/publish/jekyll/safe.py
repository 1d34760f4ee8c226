"""Entries → Jekyll posts that are read alike by every parser of YAML and renderer of Markdown. Pure.

    ---
    layout: post
    title: "…"
    …
    ---
    <!--ID-->

    <h2 markdown="0"><a href="…">title</a></h2>

    <div markdown="0">
    content
    </div>

The body is blocks of HTML. kramdown takes `markdown="0"` away, and leaves what is inside as it is even where
a site lets it look for Markdown there.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from html import escape, unescape

from aggregator.model import Entry
from aggregator.publish.attachments import Attachment
from aggregator.publish.item import Item, to_item
from aggregator.publish.jekyll.block import html_block
from aggregator.publish.jekyll.names import post_name
from aggregator.publish.jekyll.post import Post
from aggregator.publish.text import one_line, rfc3339

_BYTES = ("bytes", "kB", "MB", "GB", "TB")
_THOUSAND = 1000

_SPECIAL_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")
"""Line ends of YAML 1.1, and what is no printable character in it (section 5.1), beyond what JSON escapes."""

_BREAKS_FOLDER = re.compile(r"""[\\/:*?"<>|#%\[\]{}]|\.\.|\A[._]|\.\Z""")
"""What is no part of a path in an address, what Jekyll takes out of one, what hides a folder, and what
Windows does not take."""

_JOINERS = frozenset(" \u200c\u200d")
"""A space is in order, and what Persian and Hindi are spelled with."""

_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)
_MAX_FOLDER_BYTES = 255


def safe_post(entry: Entry) -> Post:
    """Return the post of `entry` for any site: sanitized, with front matter of plain JSON values.

    The title is text: a layout has to escape it, as Jekyll's own do. A title that is missing is made up from
    the text, as in feeds. The tags are the source's name, then the entry's own. The source is the category,
    too, which is part of the address in most sites; not where its name would be another path. The source
    stands for an author that is not known, so that no layout names the site's owner as one. Files that belong
    to the entry, and are not shown in its text, come last. The file's name has the ID in it: no two entries
    share one.
    """
    item = to_item(entry)
    date = rfc3339(entry.dated)
    front_matter = "".join(f"{key}: {value}\n" for key, value in _front_matter(item, date))
    blocks = "\n\n".join(_blocks(entry, item))
    return Post(
        file_name=post_name(day=date[:10], title=one_line(entry.title), entry_id=entry.id),
        body=f"---\n{front_matter}---\n{blocks}\n".encode(),
    )


def _front_matter(item: Item, date: str) -> Iterator[tuple[str, str]]:
    source = item.origins[0].name
    yield "layout", "post"
    yield "title", _quoted(item.title)
    yield "date", _quoted(date)
    if item.updated > item.published:
        yield "last_modified_at", _quoted(rfc3339(item.updated))
    yield "author", _quoted(", ".join(item.authors) or source)
    if len(item.authors) > 1:
        yield "authors", _listed(item.authors)
    if item.url:
        yield "from", _quoted(item.url)
    yield "tags", _listed(dict.fromkeys((source, *item.tags)))
    if _is_folder(source):
        yield "categories", _listed([source])
    if item.language:
        yield "lang", _quoted(item.language)
    if item.excerpt:
        yield "excerpt", _quoted(f"<p>{html_block(escape(item.excerpt, quote=False))}</p>")
    yield "comments", "true"
    yield "render_with_liquid", "false"


def _quoted(text: str) -> str:
    """Return a text as JSON writes it, which is a double-quoted scalar of YAML 1.1 and 1.2."""
    written = json.dumps(text, ensure_ascii=False)
    return _SPECIAL_IN_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", written)


def _listed(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, texts))}]"


def _is_folder(name: str) -> bool:
    """Return whether a category is the same in an address as in a path, and in any file system.

    Jekyll makes folders of categories by lower case alone: `/`, `..`, `?`, `#` and `:` do there what they do
    in any address. Layouts put the address into HTML as it is: `&copy` would be read as `©` there.
    """
    folder = name.lower()
    kinds = {unicodedata.category(char) for char in set(name) - _JOINERS}
    return (
        _BREAKS_FOLDER.search(name) is None
        and not any(kind[0] in "CZ" for kind in kinds)
        and any(kind[0] == "L" or kind == "Nd" for kind in kinds)  # of all others Jekyll makes no slug
        and _RESERVED.fullmatch(name) is None
        and unescape(f"{folder}/") == f"{folder}/"
        and len(unicodedata.normalize("NFD", folder).encode()) <= _MAX_FOLDER_BYTES
    )


def _blocks(entry: Entry, item: Item) -> Iterator[str]:
    yield f"<!--{entry.id}-->"
    title = escape(item.title)
    linked = f'<a href="{escape(item.url)}">{title}</a>' if item.url else title
    yield html_block(f'<h2 markdown="0">{linked}</h2>')
    if item.content:
        yield f'<div markdown="0">\n{html_block(item.content)}\n</div>'
    files = [file for file in item.attachments if escape(file.url) not in item.content]
    if files:
        yield html_block('<ul markdown="0">\n' + "\n".join(map(_file, files)) + "\n</ul>")


def _file(file: Attachment) -> str:
    url = escape(file.url)
    size = "" if file.length is None else f", {_size(file.length)}"
    link = f'<a href="{url}">{url}</a> ({escape(file.type)}{size})'
    kind = file.type.partition("/")[0]
    if kind in {"audio", "video"}:
        return f'<li><{kind} controls preload="none" src="{url}"></{kind}> {link}</li>'
    if kind == "image":
        return f'<li><img src="{url}" alt=""> {link}</li>'
    return f"<li>{link}</li>"


def _size(length: int) -> str:
    amount = float(length)
    for unit in _BYTES:
        if amount < _THOUSAND or unit == _BYTES[-1]:
            break
        amount /= _THOUSAND
    return f"{amount:.0f} {unit}" if amount >= 10 or unit == "bytes" else f"{amount:.1f} {unit}"  # noqa: PLR2004
