"""One poisonous entry among good ones: these stay, and whatever is stored of it can be published."""

from __future__ import annotations

from aggregator.model import Outcome
from tests.hostile.scenario import Scenario, http, one, rss

_P = "Poison"
_T = f"<title>{_P}</title>"


def _among_good(name: str, item: str | bytes, *titles: str) -> Scenario:
    """Make a scenario of an item between good ones; `titles` are what is stored of it."""
    raw = item if isinstance(item, bytes) else item.encode()
    body = rss("Good", "Fine").replace(b"<item><title>Fine", b"<item>" + raw + b"</item><item><title>Fine")
    return one(f"poison: {name}", http(body), Outcome.OK, "Good", *titles, "Fine")


def _linked(link: str) -> Scenario:
    return _among_good(f"link {link[:40]!r}", f"{_T}<link>{link}</link>", _P)


def _dated(date: str) -> Scenario:
    return _among_good(f"date {date[:40]!r}", f"{_T}<pubDate>{date}</pubDate>", _P)


SCENARIOS = [
    _among_good("nothing in it", ""),
    _among_good("white space in it", "<title> </title><link>\n</link><guid/>"),
    _among_good("only a link", "<link>https://news.example/only</link>", ""),
    _among_good("title of 100 KB", f"<title>{'x' * 100_000}</title>", "x" * 100_000),
    _among_good("guid of 100 KB", f"{_T}<guid>{'x' * 100_000}</guid>", _P),
    _among_good("link of 100 KB", f"{_T}<link>https://news.example/{'x' * 100_000}</link>", _P),
    _among_good("10,000 categories", _T + "".join(f"<category>c{n}</category>" for n in range(10_000)), _P),
    _among_good(
        "500 files",
        _T + '<enclosure url="https://news.example/a.mp3" length="1" type="audio/mpeg"/>' * 500,
        _P,
    ),
    _among_good("500 authors", _T + "".join(f"<author>a{n}@example.org</author>" for n in range(500)), _P),
    _among_good("guid twice", f"{_T}<guid>https://news.example/0</guid><guid>y</guid>", _P),
    _among_good("title twice", f"{_T}<title>Other</title>", _P),
    _among_good("item in an item", f"{_T}<item><title>Inner</title></item>", _P, "Inner"),
    _among_good("NUL and controls", "<title>Poi\0\x01\x1b[31mson</title>", "Poi[31mson"),
    _among_good("noncharacters", "<title>Poi\ufffe\uffffson</title>", "Poi\ufffd\ufffdson"),
    _among_good("bytes that are no character", b"<title>Poi\xff\xfeson</title>", "Poiÿþson"),
    _among_good(
        "marks that turn text around", "<title>Poi\u202eson\u200b\u2066</title>", "Poi\u202eson\u200b\u2066"
    ),
    _among_good("markup in the title", "<title>&lt;b&gt;Poison&lt;/b&gt;</title>", _P),
    _among_good(
        "script in the text",
        f"{_T}<description>&lt;script&gt;x&lt;/script&gt;&lt;img onerror=x&gt;</description>",
        _P,
    ),
    _among_good(
        "10,000 open elements in the text", f"{_T}<description>{'&lt;div&gt;' * 10_000}</description>", _P
    ),
    _among_good(
        "markup without end in the text", f"{_T}<description>{'&lt;a href=' * 5_000}</description>", _P
    ),
    _among_good("end of CDATA in the text", f"{_T}<description>]]&gt;]]&gt;</description>", _P),
    _among_good("element without end", f"{_T}<description><b>bold", _P),
    _among_good("attribute twice", f'<title a="1" a="2">{_P}</title>', _P),
    _among_good("undeclared prefix", f"{_T}<z:y>x</z:y>", _P),
    _among_good(
        "broken xml:base",
        f'{_T}<description xml:base="http://[">&lt;a href="x"&gt;x&lt;/a&gt;</description>',
        _P,
    ),
    _among_good(
        "file of a wrong length",
        f'{_T}<enclosure url="https://news.example/a" length="-9e99" type="é\n"/>',
        _P,
    ),
    _among_good("file without URL", f'{_T}<enclosure length="1"/>', _P),
    _among_good(
        "file of 2 to the 70th bytes", f'{_T}<enclosure url="https://news.example/a" length="{2**70}"/>', _P
    ),
    _among_good("language that is none", f"{_T}<dc:language>{'x' * 5_000}</dc:language>", _P),
    _among_good(
        "place that is none",
        f'{_T}<georss:point xmlns:georss="http://www.georss.org/georss">a b</georss:point>',
        _P,
    ),
    _among_good(
        "media that is none",
        f'{_T}<media:content xmlns:media="http://search.yahoo.com/mrss/" url="x" width="a"/>',
        _P,
    ),
    *map(
        _linked,
        (
            *(
                "javascript:alert(1)",
                "data:text/html,x",
                "http://[",
                "http://[::1",
                "https://a:99999/",
                "//",
                "?",
                "#x",
            ),
            *(
                "http://",
                "mailto:a@example.org",
                "ftp://example.org/x",
                "not a link",
                "http://exa mple.org/a b",
            ),
            *("http://中文.example/路径?问=题", "http://xn--a.example/", "https://user:pass@news.example/x"),
            *(
                "http://news.example/&#0;x",
                "http://news.example/%00%ff%zz",
                "\\\\server\\share",
                "http:news.example/x",
            ),
            *("https://news.example/" + "a/../" * 5_000, "http://" + "a." * 5_000, "tag:news.example,2024:1"),
        ),
    ),
    *map(
        _dated,
        (
            *(
                "",
                "yesterday",
                "0",
                "-1",
                "99999999999999999999",
                "0001-01-01T00:00:00Z",
                "9999-12-31T23:59:59Z",
            ),
            *("10000-01-01", "-0001-01-01", "Mon, 32 Foo 2024 99:99:99 XYZ", "2024-02-30", "1e400", "NaN"),
            *(
                "2024-04-03T01:46:32+99:99",
                "1" * 50_000,
            ),
        ),
    ),
]
