from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from aggregator.printable import escape


@given(st.text())
def test_any_text_becomes_one_line_that_any_terminal_takes(text: str) -> None:
    line = escape(text)
    assert len(line.splitlines()) <= 1
    assert not set("\x1b\x9b\x07\x00") & set(line)
    line.encode()


@given(
    st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)
def test_an_escaped_json_document_means_the_same(value: object) -> None:
    assert json.loads(escape(json.dumps(value, ensure_ascii=False))) == value


def test_the_direction_of_writing_cannot_be_overridden() -> None:
    assert escape("a\u202egnp.exe") == "a\\u202egnp.exe"


def test_printable_text_of_any_script_stays() -> None:
    text = "C++ [bold] 日本 経済 中参馆 עברית 😀 é"
    assert escape(text) == text
