"""What the config asks for and only an extra brings: missed when it is read, not at the first page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from typing import Any

from aggregator.config.checks import tables_of, wants_full_text
from aggregator.config.problems import Problem

_FULL_TEXT = ("trafilatura", "lxml_html_clean")


def missing(document: Mapping[str, Any]) -> Iterable[Problem]:
    """Yield a problem for each source whose articles nothing that is installed here could find.

    A source with a `selector` needs no extra.
    """
    wanting = [
        index
        for index, source in tables_of(document, "sources")
        if wants_full_text(source) and "selector" not in source
    ]
    if not wanting or all(map(find_spec, _FULL_TEXT)):
        return
    for index in wanting:
        install = "pip install '.[fulltext]' in the aggregator's folder"
        message = f'needs trafilatura ({install}) or a "selector" beside it'
        yield Problem(("sources", index, "full_text"), message)
