"""Random expressions and entries that have much to do with each other, so that many match and many do not."""

from __future__ import annotations

from hypothesis import strategies as st

from aggregator.model import (
    And,
    Comparison,
    Enclosure,
    Entry,
    Expression,
    Field,
    Has,
    Not,
    Operator,
    Or,
    Part,
    Pattern,
    RawHtml,
    SourceRef,
    Text,
)
from aggregator.rules.conditions import text_condition

NOW = 1_764_000_000_000
DAY = 86_400_000

_WORDS = """
    chip chips Chip's CHIPS C++ C# a/b Straße STRASSE straẞe İstanbul istanbul café cafe\u0301 CAFÉ ﬁne fine
    芯片 半導体 ニュース ﾆｭｰｽ が か\u3099 ข่าว ข่าวไทย 한국어 ＡＢＣ abc ½ ☁️ ☁ 🇯🇵 don’t don't press-release ﷺ
    in\xadfor\xadma\xadtion information AT&T 5% @me naïve x Ω ω ς Σ ǅ नमस्ते سلام ١٢
"""
WORDS = _WORDS.split()
_GAPS = (" ", " ", " ", "", "\xa0", "-", ", ", "、", "\n", "_", "\u200b")

sentences = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(_GAPS)), min_size=1, max_size=8).map(
    lambda pairs: "".join(word + gap for word, gap in pairs)
)
_characters = st.characters(codec="utf-8", exclude_categories=("Cc", "Cn", "Cs"))
"""What stored texts consist of: control characters are taken out before."""
_texts = st.one_of(
    st.sampled_from(WORDS),
    sentences,
    st.text(_characters, max_size=6),
)
TAGS = (
    "Japan",
    "japan",
    "Press Release",
    "PRESS  RELEASE",
    "C++",
    "中参馆",
    "a/b",
    "..",
    "%2F",
    "日本 経済",
    "☁️",
)
HOSTS = ("nikkei.com", "www.nikkei.com", "xnikkei.com", "日本.jp", "xn--wgv71a.jp", "NEWS.BBC.co.uk", "co.uk")
_LANGUAGES = ("zh", "zh-Hant", "zh_CN", "ZHO", "en", "en-GB", "ja")
_PATTERNS = (
    r"\bchips?\b",
    "芯.",
    "^c",
    "[0-9]$",
    "a.b",
    "STRASSE",
    "fine",
    r"\.com/",
    r"(?:a|b)+/b",
    "é",
    "ABC",
)
_URL_PARTS = ("nikkei.com", "HTTPS://", "/芯片", "%E8%8A%AF", "%e8%8a%af", "news/1", "straße", "a b")


def _urls() -> st.SearchStrategy[str]:
    paths = st.sampled_from(
        ("", "/", "/news/1", "/%E8%8A%AF%E7%89%87", "/芯片?q=a%20b", "/Stra%C3%9Fe", "/%FF%2F")
    )
    return st.builds("https://{}{}".format, st.sampled_from(HOSTS), paths)


def _html(texts: st.SearchStrategy[str]) -> st.SearchStrategy[RawHtml]:
    shapes = st.sampled_from(
        ("{}", "<p>{}</p>", "<b>{}</b>x", "{}<script>chips</script>", "{}&amp;<img src=x>", "<p></p>")
    )
    return st.builds(lambda shape, text: RawHtml(shape.format(text)), shapes, texts)


_optional_html = st.one_of(st.none(), _html(st.one_of(sentences, _texts)))
_names = st.one_of(st.sampled_from(("BBC", "BBC News", "日経")), sentences)
_people = st.one_of(st.sampled_from(("John Smith", "Smith Doe")), _texts)
_instants = st.integers(NOW - 400 * DAY, NOW)


_FILES = (
    Enclosure(url="https://x.example/a.mp3"),
    Enclosure(url="https://x.example/a.mp3", type="video/mp4"),
    Enclosure(url="https://x.example/a.png", type=""),
    Enclosure(url="https://x.example/a", type="audio/mpeg"),
    Enclosure(url="nothing", type="audio/mpeg"),
)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """Entries as the store gives them."""
    at = draw(_instants)
    return Entry(
        id=at + draw(st.integers(0, 3)),
        sources=tuple(
            SourceRef(name=name, url="https://x.example/feed", entry_url=draw(st.one_of(st.none(), _urls())))
            for name in draw(st.lists(_names, min_size=1, max_size=2))
        ),
        guid=None,
        url=draw(st.one_of(st.none(), _urls(), st.just("https://[broken"))),
        title=draw(st.one_of(st.just(""), _texts, sentences)),
        authors=tuple(draw(st.lists(_people, max_size=2))),
        published=draw(st.sampled_from((None, at))),
        source_published=None,
        date_text=None,
        updated=None,
        first_seen=at,
        surfaced=at,
        changed=at,
        tags=tuple(draw(st.lists(st.sampled_from(TAGS), max_size=3))),
        categories=tuple(draw(st.lists(st.one_of(st.sampled_from(TAGS), _texts), max_size=2))),
        language=draw(st.one_of(st.none(), st.sampled_from(_LANGUAGES))),
        summary=draw(_optional_html),
        content_html=draw(_optional_html),
        article=draw(st.one_of(st.none(), _optional_html)),
        enclosures=tuple(draw(st.lists(st.sampled_from(_FILES), max_size=2))),
        base_url="",
    )


def _sound(field: Field, text: str, prefix: bool) -> bool:
    try:
        text_condition(field, text, prefix=prefix)
    except ValueError:
        return False
    return True


_WORDY = (Field.ANY, Field.TITLE, Field.AUTHOR, Field.CONTENT, Field.SUMMARY, Field.SOURCE)
_flags = st.sampled_from(("", "i", "im", "s", "ims"))


def _said(
    fields: tuple[Field, ...], texts: st.SearchStrategy[str], *, prefix: bool = True
) -> st.SearchStrategy[Text]:
    prefixes = st.booleans() if prefix else st.just(value=False)
    made = st.tuples(st.sampled_from(fields), texts, prefixes)
    return made.filter(lambda parts: _sound(*parts)).map(lambda parts: Text(*parts))


conditions: st.SearchStrategy[Expression] = st.one_of(
    _said(_WORDY, st.one_of(_texts, st.sampled_from(("chi", "John S", "芯", "bbc")))),
    _said((Field.TAG, Field.CATEGORY), st.one_of(st.sampled_from((*TAGS, "press", "日")), _texts)),
    _said((Field.DOMAIN,), st.sampled_from((*HOSTS, "jp", "uk")), prefix=False),
    _said((Field.LANG,), st.sampled_from(_LANGUAGES), prefix=False),
    _said((Field.URL,), st.one_of(st.sampled_from(_URL_PARTS), _texts), prefix=False),
    st.builds(
        Pattern,
        st.sampled_from((*_WORDY, Field.TAG, Field.CATEGORY, Field.URL, Field.DOMAIN)),
        st.sampled_from(_PATTERNS),
        _flags,
    ),
    st.builds(Comparison, st.just(Field.WORDS), st.sampled_from(Operator), st.integers(0, 12)),
    st.builds(Comparison, st.just(Field.AGE), st.sampled_from(Operator), st.integers(0, 400 * DAY)),
    st.builds(Comparison, st.sampled_from((Field.PUBLISHED, Field.ID)), st.sampled_from(Operator), _instants),
    st.builds(Has, st.sampled_from(Part)),
)
"""Each can be written."""


def _joined(kind: type[And | Or], terms: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    several = st.lists(terms.filter(lambda term: not isinstance(term, kind)), min_size=2, max_size=4)
    return several.map(lambda parts: kind(tuple(parts)))


expressions: st.SearchStrategy[Expression] = st.recursive(
    conditions,
    lambda terms: st.one_of(st.builds(Not, terms), _joined(And, terms), _joined(Or, terms)),
    max_leaves=10,
)
"""Trees of the shape that `parse` returns."""
