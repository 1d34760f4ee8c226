"""The start tags of an HTML page, one after the other."""

from __future__ import annotations

from collections.abc import Callable

OnTag = Callable[[str, dict[str, str]], None]


def read_tags(markup: str, on_tag: OnTag) -> None:
    """Call `on_tag` with the name and the attributes of each start tag: names in lower case, values decoded.

    What stands in comments and scripts is none. No tree is built: depth and length of the page cost nothing
    but the time to read it. Takes any text, and raises nothing for its faults.
    """
    from lxml import etree  # noqa: PLC0415 - parse processes read feeds, and few of them ever see a page

    target = _Target(on_tag)
    parser = etree.HTMLParser(encoding="utf-8", target=target)  # type: ignore[arg-type]  # these methods do
    try:
        parser.feed(markup.encode("utf-8", "replace"))
        parser.close()
    except etree.LxmlError:
        return  # what came before has been told


class _Target:
    def __init__(self, on_tag: OnTag) -> None:
        self.start = on_tag

    def close(self) -> None:
        pass
