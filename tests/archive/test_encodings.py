"""Posts of old archives, which are in the encodings that systems had then."""

from __future__ import annotations

import pytest

from aggregator.archive.drafts import Drafter, Naming, SourceFrom
from aggregator.publish.jekyll.reading import ReadPost

POST = (
    '---\nlayout: post\ntitle: "{0}"\ndate: 2020-01-01T12:00:00.000Z\nauthor: News\n'
    "from: https://news.example/a\ntags: [ News ]\ncomments: True\ncategories: [ News ]\n---\n"
    "<!--1577880000000-->\n[{0}](https://news.example/a)\n------\n\n<div>\n<p>{1}</p>\n</div>\n"
)
UTF_8_IS_BROKEN = "it holds bytes that are no UTF-8: a replacement character stands for each"


def read(body: bytes) -> ReadPost:
    naming = Naming(by=SourceFrom.TAGS, folder="archive", sources=())
    return Drafter(naming).read("2020-01-01-a.md", body)


@pytest.mark.parametrize(
    ("encoding", "told", "title", "content"),
    [
        ("gbk", "gb18030", "中文标题芯片半导体", "这是中文的内容，半导体芯片的国产化正在加速"),
        ("gbk", "gb18030", "芯片", "他们说，这是我们的工厂"),
        ("shift_jis", "cp932", "日本語の題名です", "これは日本語の本文です。"),
        ("euc_jp", "euc_jp", "日本語の題名です", "これは日本語の本文です。"),
        ("big5", "big5hkscs", "中文標題晶片半導體", "這是中文的內容，我們認為會有很大的發展"),
        ("euc_kr", "cp949", "한국어 제목입니다", "이것은 한국어 본문입니다. 공장이 새로 지어졌습니다."),
        ("cp1251", "windows-1251", "Русский заголовок", "Это текст на русском языке о заводах."),
        ("cp1252", "windows-1252", "Café – naïve", "“Smart” quotes’ and — dashes…"),
    ],
)
def test_a_post_in_another_encoding_is_whole_and_that_is_told(
    encoding: str, told: str, title: str, content: str
) -> None:
    found = read(POST.format(title, content).encode(encoding))
    assert (found.title, found.content_html) == (title, f"<p>{content}</p>")
    assert found.problems == (f"it is no UTF-8: it is read as {told}",)


@pytest.mark.parametrize("text", ["日本語の題名です", "Café – ça va", "中文的标题"])
def test_a_broken_byte_spoils_no_other_character_of_utf_8(text: str) -> None:
    broken = POST.format(text, "x\xff").encode().replace("\xff".encode(), b"\xff")
    found = read(broken)
    assert (found.title, found.content_html) == (text, "<p>x\ufffd</p>")
    assert found.problems == (UTF_8_IS_BROKEN,)
