"""Invented articles in several languages, as feeds give them: titles, authors and HTML of every kind.

All text is made here, of syllables and characters; the same seed makes the same articles.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

DAY = 86_400_000
BEGIN = int(datetime(2018, 2, 1, tzinfo=UTC).timestamp()) * 1000
YEARS = 6
_HOUR = 3_600_000

_NAMES = {
    "en": "Bright Harbour|The Quiet Ledger|Owl & Anvil|C++ Today|Ocean: Deep|Noon|'tis News|404 Pages|No"
    "|@lantern|Weekly #9|R&D Notes|Null|Salt, Pepper|Kettle's Blog|Ten % Off|3.10|2021-05-05",
    "de": "Der Türsteher|Ährenpost|Straßenfunk|Die Übersicht|Nordkurier 7",
    "zh": "山中来信|新纸馆|量子茶|小城观察|长桥周刊|蓝鲸科技",
    "ja": "日本 海風|夜明け通信|かもめ新聞|ソラノート|道の本棚",
    "ar": "صدى البحر|نافذة الصباح|ورق",
    "mixed": "Ｗide News|Café Éclair|Ночной поезд",
}
"""Sources by language; some of their names mean something else to a parser of YAML."""

_SYLLABLES = {
    "en": "bo ra ten li mar sun the ver con ta ry mel ock ing dar fen wil low spi re an ith gal or pe st",
    "de": "schei ver lich ung ge tür öl ber süß keit dorf an fluß ein wal der zim mer aus gra ben tau",
    "ar": "با نو ري سم كل مد حر طو لي شم قم ور دا بي نا",
    "ru": "но ра сте ли мо кор вет гра зи ту пла",
}
_CHARACTERS = {
    "zh": "山水木石光影茶船桥路城灯雨雪风星河海月田园书纸笔墨声色香味早晚春夏秋冬新旧长短高低远近人心手",
    "ja": "海山空道本夜朝光影雨雪風星川月のにはをがとでもしいなたるかきくさカモメソラノート",
}
_TITLE_TRICKS = (
    'he said "{}"', "{} ...", "wait... {} ... more...", "{} / {}", "AC/DC {}", "{}: {}", "C:\\new\\{}",
    "Q&amp;A {}", "{} &#8211; {}", "{{{{ site.title }}}} {}", "{{% raw %}} {}", "a | b | {}", "# {}",
    "- {}", "[{}] (x)", "{} <b>bold</b>", "* {} *", "`{}`", "{}?", "'{}'", "{}\u2028{}", "\ttab {}",
    "line\n{}", "{}  two  spaces", " {} ", "\\",
    '"', "...", "", "{} \U0001f469\u200d\U0001f52c", "{}<!--5-->",
    "--- {}", "{}%20{}", "$1 {}", "{} \x85next", "e\u0301 {}",
    "../{}", "{}\\", "~{}~", "{}: yes", "{}(x)](y)",
)  # fmt: skip
_AUTHOR_TRICKS = (
    "{0}: {1}", "{0}, {1} and {0}", '"{0}" {1}', "@{0}",
    "{0}@mail.example ({1})", " ", "{0} #1", "[{0}]",
    "{{{0}}}", "'{0}", "{0} & {1}", "NULL {0}", "{0}: ",
    "- {0}", "* {0}", "! {0}", "{0} | {1}", "<b>{0}</b>", "12:30",
)  # fmt: skip
_BLOCKS = (
    "<p>{0}</p>\n",
    "<p>{0} <a href=\"https://links.example/a?b=1&amp;c=2\">{1}</a></p>", "<h2>{1}</h2>\n",
    "<ul>\n\t<li>{1}</li>\n\t<li>{1}</li>\n</ul>\n",
    "<blockquote>{0}</blockquote>\n", "<p>{0}<br/>\n{1}</p>\n",
    "<figure><img src='https://img.example/{2}.jpg' alt=\"{1}\"><figcaption>{1}</figcaption></figure>\n",
)  # fmt: skip
_ODD_BLOCKS = (
    "<table><tr><th>a | b</th><td>{1}</td></tr></table>\n",
    "<pre><code>if (a &lt; b) {{\n\treturn  1;\n}}\n</code></pre>\n",
    '<iframe src="https://video.example/{2}"></iframe>',
    "<script>var a = '<div>' + \"{2}\";\n// {1}\n</script>",
    "</div></div>{1}<div>", "</div>", "<div class='x'>{1}",
    "\n---\n", "---", "<p>{{{{ page.title }}}} {1}</p>",
    "{{% raw %}}{1}", "{{% include nothing.html %}}",
    "<!-- {1} -->", "<!--1500000000000-->", "line\u2028{0}\u2029",
    "plain text, no tags: {0} * {1} * _a_ `b` [x](y)",
    "<style>p {{ color: red }}</style>", "<p>\x00\x1b{0}\x7f\x9f</p>",
    "<![CDATA[{1}]]>", "<p>]]> {1}</p>", "<svg><path d='M0 0'/></svg>",
    "\r\n\r\n{0}", "\ufeff{0}\u00a0", "&nbsp;&copy;&#x1F600;{0}",
    "<p>\U0001f600 \U0001f1e9\U0001f1ea {1}", "<textarea>{1}",
    "<p onclick=\"alert(1)\">{0}</p>", "<math><mi>x</mi></math>",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """An invented source."""

    number: int
    name: str
    language: str

    @property
    def home(self) -> str:
        """Return its address, without a path."""
        return f"https://site{self.number}.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """An item as its feed says it."""

    site: Site
    number: int
    title: str
    link: str
    """As the feed writes it: not always as a browser would."""
    author: str | None
    date: int | None
    """Milliseconds since 1970; None where the feed's date cannot be understood, or is not there."""
    content: str
    run: int
    """When the scripts saw it."""


def sites() -> list[Site]:
    """Return the forty sources."""
    names = [(language, name) for language, names in _NAMES.items() for name in names.split("|")]
    return [
        Site(number=number, name=name, language={"mixed": "ru"}.get(language, language))
        for number, (language, name) in enumerate(names)
    ]


def articles(count: int, seed: int) -> Iterator[Article]:
    """Yield so many articles, by the hour in which they came, some hours with many: six years' worth."""
    dice = random.Random(seed)
    pens = {site.number: _Pen(random.Random(seed * 1000 + site.number), site) for site in sites()}
    hours = YEARS * 365 * 24
    weights = [1 / (site + 2) for site in pens]
    number = 0
    while number < count:
        came = int(hours * number / count)
        burst = min(dice.choice((1, 1, 2, 3, 5, 9, 20)), count - number)
        site = dice.choices(list(pens), weights)[0]
        run = BEGIN + came * _HOUR + dice.randrange(30_000)
        for place in range(burst):
            pen = pens[site if dice.random() < 0.8 else dice.randrange(len(pens))]
            yield pen.article(number, run + 7 * place)
            number += 1


class _Pen:
    """Writes for one source."""

    def __init__(self, dice: random.Random, site: Site) -> None:
        self._dice = dice
        self._site = site
        self._authors = [f"{self._word().title()} {self._word().title()}" for _ in range(6)]
        self._paragraphs = [self._text(dice.randrange(8, 90)) for _ in range(40)]

    def article(self, number: int, run: int) -> Article:
        return Article(
            site=self._site,
            number=number,
            title=self._title(),
            link=self._link(number),
            author=self._author(),
            date=self._date(run),
            content=self._content(number),
            run=run,
        )

    def _title(self) -> str:
        odd = self._dice.random()
        if odd < 0.01:  # a pair of surrogates that the fiftieth unit cuts in two
            return (self._text(40)[:49].ljust(49, "x")) + "\U0001f680 " + self._text(3)
        if odd < 0.02:
            return self._text(120)
        if odd < 0.2:
            return self._dice.choice(_TITLE_TRICKS).format(self._text(3), self._text(2))
        return self._text(self._dice.randrange(2, 12))

    def _author(self) -> str | None:
        odd = self._dice.random()
        if odd < 0.4:
            return None
        if odd < 0.5:
            return self._dice.choice(_AUTHOR_TRICKS).format(*self._dice.sample(self._authors, 2))
        return self._dice.choice(self._authors)

    def _link(self, number: int) -> str:
        home, word = self._site.home, self._word()
        odd = self._dice.random()
        if odd < 0.8:
            return f"{home}/{number}/{word if word.isascii() else 'story'}"
        return self._dice.choice(
            (
                f"{home}/{word}/{number}.html?utm_source=rss&x={number}",
                f"HTTPS://{home[8:].upper()}:443/{number}/a b",
                f"{home}/{number}/{word} «q»?q={word}#{word}",
                f"{home}/?p={number}",
                f"{home}/{number}/(a)_[b]_'c'",
                f"https://site{self._site.number}.bücher.example/{number}/",
                f"{home}/x/../{number}/./y",
                f"{home}/{number}/a%20b%2Fc|d\\e",
                f" {home}/{number}/spaced \n",
            )
        )

    def _date(self, run: int) -> int | None:
        dice = self._dice
        kinds: list[tuple[float, int | None]] = [
            (0.02, None),
            (0.01, run + dice.randrange(1, 90) * DAY),
            (0.005, dice.choice((0, 1000, 631_151_999_000))),
            (0.065, run - run % DAY),
            (0.03, run - run % 1000 - dice.randrange(400) * DAY),
            (0.07, run - dice.randrange(_HOUR)),
            (0.8, (run - dice.randrange(3 * _HOUR)) // 60_000 * 60_000),
        ]
        return dice.choices([date for _, date in kinds], [share for share, _ in kinds])[0]

    def _content(self, number: int) -> str:
        dice = self._dice
        odd = dice.random()
        if odd < 0.03:
            return ""
        blocks = 1100 if odd < 0.032 else 60 if odd < 0.1 else dice.randrange(1, 20)
        made = []
        for _ in range(blocks):
            block = dice.choice(_ODD_BLOCKS if dice.random() < 0.06 else _BLOCKS)
            text = dice.choice(self._paragraphs)
            made.append(block.format(escape(text, quote=False), text[:20].strip("&<"), number))
        return "".join(made)

    def _text(self, words: int) -> str:
        if characters := _CHARACTERS.get(self._site.language):
            text = "".join(self._dice.choices(characters, k=words * 3))
            cut = max(1, len(text) // 2)
            return f"{text[:cut]}，{text[cut:]}"
        return " ".join(self._word() for _ in range(words)).capitalize()

    def _word(self) -> str:
        if characters := _CHARACTERS.get(self._site.language):
            return "".join(self._dice.choices(characters, k=2))
        syllables = _SYLLABLES[self._site.language].split()
        return "".join(self._dice.choices(syllables, k=self._dice.randrange(1, 4)))
