"""Whether a post is, byte for byte, one that the scripts could have written. Pure."""

from __future__ import annotations

import re
import unicodedata

from aggregator.publish.jekyll.javascript import first_units, outer_space, trim

_LINES = tuple(
    (shown, re.compile(pattern, re.DOTALL))
    for shown, pattern in (
        ("---", "---"),
        ("layout: post", "layout: post"),
        ('title: "…"', 'title: "(?P<title>.*)"'),
        (
            "date: YYYY-MM-DDTHH:MM:SS.mmmZ",
            r"date: (?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z",
        ),
        ("author: …", "author: .*"),
        ("from: …", "from: (?P<url>.*)"),
        ("tags: [ … ]", r"tags: \[ (?P<tags>.*) \]"),
        ("comments: True", "comments: True"),
        ("categories: [ … ]", r"categories: \[ (?P<categories>.*) \]"),
        ("---", "---"),
        ("<!--…-->", "<!--(?:-?[0-9]+|NaN)-->"),
        ("[title](address)", r"\[.*\]\(.*\)"),
        ("------", "------"),
        ("", ""),
        ("<div>", "<div>"),
        ("", "(?P<content>.*)"),
        ("</div>", "</div>"),
        ("", ""),
    )
)
_LINK_LINE = 11
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_NAME_UNITS = 50


def fault_of(file_name: str, body: bytes) -> str | None:
    """Return why a post is not as the scripts wrote it, as a sentence for people; None when it is.

    Such a post is the same bytes when it is written again in the legacy style from what it says, but for a
    `NaN` in the comment. `file_name` is relative to the folder of the posts. Names are compared as Unicode
    has them equal (NFC), since macOS changes them. Takes any bytes.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return "it is no UTF-8"
    if _CONTROL.search(text):
        return "it holds control characters"
    lines = text.split("\n")
    said: dict[str, str] = {}
    for number, ((shown, pattern), line) in enumerate(zip(_LINES, lines, strict=False), start=1):
        found = pattern.fullmatch(line)
        if found is None:
            return f"its line {number} is not `{shown}`" if shown else f"its line {number} is not empty"
        said |= found.groupdict()
    if len(lines) != len(_LINES):
        return f"it has {len(lines) - 1} lines, not {len(_LINES) - 1}"
    return _contradiction(said, lines[_LINK_LINE], file_name)


def _contradiction(said: dict[str, str], link_line: str, file_name: str) -> str | None:
    if said["tags"] != said["categories"]:
        return "its categories are not its tags"
    address = f"]({said['url']})"
    if not link_line.endswith(address):
        return "its link line has another address than its front matter"
    linked = link_line[1 : -len(address)]
    title = _whole_title(said["title"], linked)
    if title is None or trim(linked) != linked:
        return "its link line has another title than its front matter"
    if trim(said["content"]) != said["content"]:
        return "its content begins or ends with white space"
    names = {
        f"{said['day']}-{first_units(form, _NAME_UNITS)}.md".replace("/", "--")
        for form in (title, said["title"])
    }
    if unicodedata.normalize("NFC", file_name) not in {unicodedata.normalize("NFC", name) for name in names}:
        return "its file's name is not made of its date and title"
    return None


def _whole_title(written: str, linked: str) -> str | None:
    """Return the title before it was trimmed for the link line and escaped for the front matter."""
    before, after = outer_space(written)
    for title in (linked, f"{before}{linked}{after}"):
        if title.replace('"', '\\"').replace("...", "", 1) == written:
            return title
    return None
