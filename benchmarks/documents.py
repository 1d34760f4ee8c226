"""Invented feeds of realistic size and shape, the same at every run."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from email.utils import formatdate
from xml.sax.saxutils import escape

NEWEST = 1_760_000_000
"""Seconds since 1970: the newest item of every feed."""

_WORDS = {
    language: words.split()
    for language, words in {
        "en": "market chips energy river council vote supply engine storm harbour museum signal train",
        "zh": "半导体 市场 能源 河流 议会 供应 引擎 风暴 港口 博物馆 信号 列车 投资",
        "ja": "半導体 市場 エネルギー 川 議会 供給 エンジン 嵐 港 美術館 信号 列車 投資",
    }.items()
}


def document(number: int, *, items: int = 20, size: int = 40_000) -> tuple[str, bytes]:
    """Return content type and bytes of feed `number`: RSS 2.0, Atom or JSON Feed, about `size` bytes."""
    language = ("en", "zh", "ja")[number % 3]
    dice = random.Random(number)
    texts = [_text(dice, language, size // items) for _ in range(items)]
    return (_rss, _atom, _json)[number // 3 % 3](number, language, texts)


def _text(dice: random.Random, language: str, size: int) -> str:
    words: list[str] = []
    length = 0
    while length < size - 400:
        word = dice.choice(_WORDS[language])
        words.append(word)
        length += len(word.encode()) + 1
    return "<p>" + " ".join(words) + "</p>"


def _when(number: int, index: int) -> int:
    return NEWEST - index * 3_600 - number


def _rss(number: int, language: str, texts: list[str]) -> tuple[str, bytes]:
    items = "".join(
        f"<item><title>{text[3:40]} {index}</title><link>https://s{number}.example/{index}</link>"
        f"<guid isPermaLink='false'>{number}-{index}</guid><category>{language}</category>"
        f"<pubDate>{formatdate(_when(number, index), usegmt=True)}</pubDate>"
        f"<description>{escape(text)}</description></item>\n"
        for index, text in enumerate(texts)
    )
    head = (
        f"<title>Feed {number}</title><link>https://s{number}.example/</link><language>{language}</language>"
    )
    body = f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>{head}{items}</channel></rss>'
    return "application/rss+xml", body.encode()


def _atom(number: int, language: str, texts: list[str]) -> tuple[str, bytes]:
    items = "".join(
        f"<entry><title>{text[3:40]} {index}</title><link href='https://s{number}.example/{index}'/>"
        f"<id>urn:x-bench:{number}:{index}</id><category term='{language}'/>"
        f"<updated>{_iso(_when(number, index))}</updated><author><name>A. Writer</name></author>"
        f"<content type='html'>{escape(text)}</content></entry>\n"
        for index, text in enumerate(texts)
    )
    head = f"<title>Feed {number}</title><id>urn:x-bench:{number}</id><updated>{_iso(NEWEST)}</updated>"
    body = (
        "<?xml version='1.0' encoding='UTF-8'?>"
        f"<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='{language}'>{head}{items}</feed>"
    )
    return "application/atom+xml", body.encode()


def _json(number: int, language: str, texts: list[str]) -> tuple[str, bytes]:
    items = [
        {
            "id": f"{number}-{index}",
            "url": f"https://s{number}.example/{index}",
            "title": f"{text[3:40]} {index}",
            "content_html": text,
            "date_published": _iso(_when(number, index)),
            "tags": [language],
        }
        for index, text in enumerate(texts)
    ]
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": f"Feed {number}",
        "language": language,
        "items": items,
    }
    return "application/feed+json", json.dumps(feed, ensure_ascii=False).encode()


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
