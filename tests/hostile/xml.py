"""Documents made to hurt whoever parses them."""

from __future__ import annotations

from aggregator.model import Outcome
from tests.hostile.scenario import Scenario, http, one, rss

_DECLARATION = '<?xml version="1.0"?>\n'
_ITEM = "<item><title>{}</title><link>https://news.example/x</link><guid>x</guid></item>"


def _feed(*items: str, before: str = "", head: str = "") -> bytes:
    start = f'{_DECLARATION}{before}<rss version="2.0"><channel><title>News</title>{head}'
    return f"{start}{''.join(items)}</channel></rss>".encode()


def _ok(name: str, body: bytes, *titles: str, **more: object) -> Scenario:
    return one(f"XML: {name}", http(body), Outcome.OK, *titles, **more)


def _unparseable(name: str, body: bytes, **more: object) -> Scenario:
    return one(f"XML: {name}", http(body), Outcome.UNPARSEABLE, **more)


def _entities(levels: int, each: int) -> str:
    """Return a DOCTYPE whose entities each hold many of the one before."""
    declared = '<!ENTITY a0 "ha">' + "".join(
        f'<!ENTITY a{level} "{f"&a{level - 1};" * each}">' for level in range(1, levels)
    )
    return f"<!DOCTYPE rss [{declared}]>"


_SECRET_FILE = '<!DOCTYPE rss [<!ENTITY x SYSTEM "{}">]>'
_MANY_ENTITIES = "<!DOCTYPE rss [" + "".join(f'<!ENTITY e{n} "{n}">' for n in range(10_000)) + "]>"
_EXTERNAL = {
    "file": "file:///etc/passwd",
    "address of another network": "http://127.0.0.2/secret",
    "the server itself": "http://ORIGIN/secret",
    "relative": "secret",
    "nonsense": "\\\\host\\share",
}

SCENARIOS = [
    *(
        _ok(
            f"external entity: {name}",
            _feed(
                _ITEM.format("Before"),
                _ITEM.replace(">x<", ">y<").replace("/x", "/y").format("[&x;]"),
                before=_SECRET_FILE.format(url),
            ),
            "Before",
            "[&x;]",
            requests=1,
        )
        for name, url in _EXTERNAL.items()
    ),
    _ok(
        "external DTD",
        _feed(_ITEM.format("One"), before='<!DOCTYPE rss SYSTEM "http://ORIGIN/x.dtd">'),
        "One",
        requests=1,
    ),
    _ok(
        "public DTD",
        _feed(
            _ITEM.format("One"),
            before='<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "http://127.0.0.2/rss.dtd">',
        ),
        "One",
        requests=1,
    ),
    _ok(
        "parameter entity",
        _feed(_ITEM.format("One"), before='<!DOCTYPE rss [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>'),
        "One",
        requests=1,
    ),
    _ok(
        "parameter entity that defines another",
        _feed(
            _ITEM.format("One"),
            before="<!DOCTYPE rss [<!ENTITY % a \"<!ENTITY b SYSTEM 'file:///etc/hostname'>\"> %a;]>",
        ),
        "One",
    ),
    _ok(
        "inclusion",
        _feed(
            _ITEM.format("One"),
            head='<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="/etc/passwd" parse="text"/>',
        ),
        "One",
        requests=1,
    ),
    _ok(
        "style sheets",
        _feed(
            _ITEM.format("One"),
            before='<?xml-stylesheet href="http://ORIGIN/x.xsl" type="text/xsl"?><?php system("id")?>',
        ),
        "One",
        requests=1,
    ),
    _ok(
        "a billion laughs",
        _feed(
            _ITEM.format("One"),
            _ITEM.replace(">x<", ">y<").replace("/x", "/y").format("&a9;"),
            before=_entities(10, 10),
        ),
        "One",
        "&a9;",
    ),
    _ok(
        "quadratic growth",
        _feed(
            _ITEM.format("One"),
            head=f"<description>{'&a;' * 20_000}</description>",
            before=f'<!DOCTYPE rss [<!ENTITY a "{"ha" * 20_000}">]>',
        ),
        "One",
    ),
    _ok(
        "entity that holds itself",
        _feed(
            _ITEM.format("One"),
            head="<description>&a;</description>",
            before='<!DOCTYPE rss [<!ENTITY a "&b;"><!ENTITY b "&a;">]>',
        ),
        "One",
    ),
    _ok(
        "ten thousand entities",
        _feed(
            _ITEM.format("One"),
            before=_MANY_ENTITIES,
        ),
        "One",
    ),
    _ok("nesting of 10,000", _feed(_ITEM.format("One"), head="<x>" * 10_000 + "</x>" * 10_000), "One"),
    _ok("nesting of 10,000 that never ends", _feed(_ITEM.format("One"), head="<x>" * 10_000), "One"),
    _ok(
        "40,000 attributes",
        _feed(_ITEM.format("One"), head="<x " + " ".join(f'a{n}="1"' for n in range(40_000)) + "/>"),
        "One",
    ),
    _ok(
        "40,000 name spaces",
        _feed(
            _ITEM.format("One"), head="<x " + " ".join(f'xmlns:n{n}="u:{n}"' for n in range(20_000)) + "/>"
        ),
        "One",
    ),
    _ok("attribute of half a megabyte", _feed(_ITEM.format("One"), head=f'<x a="{"y" * 500_000}"/>'), "One"),
    _ok("comment of half a megabyte", _feed(_ITEM.format("One"), head=f"<!--{'- ' * 250_000}-->"), "One"),
    _ok(
        "author that a pattern stalls on",
        _feed(_ITEM.format("One").replace("<guid>", f"<author>{'a' * 24_000}</author><guid>")),
        "One",
    ),
    _ok(
        "address that a pattern stalls on",
        _feed(_ITEM.format("One").replace("<guid>", f"<author>{'(' * 20_000}a@b.c</author><guid>")),
        "One",
    ),
    _ok(
        "date that a pattern stalls on",
        _feed(_ITEM.format("One").replace("<guid>", f"<pubDate>{'1 ' * 50_000}</pubDate><guid>")),
        "One",
    ),
    _ok("white space that a pattern stalls on", _feed(_ITEM.format("One"), head="<x" + " " * 200_000), "One"),
    _ok(
        "declaration that a pattern stalls on",
        b"<?xml " + b" " * 200_000 + b"?>" + rss("One").partition(b"?>")[2],
        "One",
    ),
    _ok("CDATA without end before all items", _feed(_ITEM.format("Lost"), head="<![CDATA[" * 30_000)),
    _ok("comments without end before all items", _feed(_ITEM.format("Lost"), head="<!--" * 30_000)),
    _ok("open brackets", _feed(_ITEM.format("One"), head="<" * 100_000), "One"),
    _ok("NUL", _feed(_ITEM.format("O\0ne")), "One", says="XML"),
    _ok("controls", _feed(_ITEM.format("O\x01\x08\x0b\x1b\x1fne")), "One"),
    _ok("references to controls", _feed(_ITEM.format("O&#0;&#1;&#x1b;ne")), "One"),
    _ok("reference to a surrogate", _feed(_ITEM.format("A&#xD800;B")), "A\ufffdB"),
    _ok("reference beyond Unicode", _feed(_ITEM.format("A&#x110000;B&#99999999999;C")), "A\ufffdB\ufffdC"),
    _ok("reference to a noncharacter", _feed(_ITEM.format("A&#xFFFE;B")), "A\ufffdB"),
    _ok("reference of many figures", _feed(_ITEM.format(f"A&#{'9' * 100_000};B")), "A\ufffdB"),
    _ok("references of HTML", _feed(_ITEM.format("caf&eacute;&nbsp;&hellip;")), "café …"),
    _ok("bare ampersands", _feed(_ITEM.format("AT&T & Co")), "AT&T & Co"),
    _ok("bare less-than sign", _feed(_ITEM.format("a < b")), "a < b"),
    _ok(
        "CDATA without end",
        _feed(_ITEM.format("One"), "<item><title><![CDATA[Two</title></item>", _ITEM.format("Three")),
        *("One", "Two", "Three"),
    ),
    _ok(
        "CDATA in CDATA",
        _feed(_ITEM.format("<![CDATA[One<![CDATA[ two ]]> three]]>")),
        "One<![CDATA[ two three]]>",
    ),
    _ok("attribute twice", _feed('<item a="1" a="2"><title>One</title></item>'), "One", says="ill-formed"),
    _ok("attribute without quotes", _feed("<item a=1><title>One</title></item>"), "One", says="ill-formed"),
    _ok("undeclared prefix", _feed("<item><title>One</title><foo:bar>x</foo:bar></item>"), "One"),
    _ok(
        "tags that overlap",
        _feed("<item><title><b>One</title></b></item>", _ITEM.format("Two")),
        "One",
        "Two",
    ),
    _ok("end tags missing", _feed("<item><title>One<item><title>Two"), "One"),
    _ok("two roots", _feed(_ITEM.format("One")) + rss("Two")[39:], "One", "Two"),
    _ok("HTML behind it", rss("One") + b"<script>track()</script></body></html>", "One", says="ill-formed"),
    _ok("text before it", b"Warning: mysql_connect() in /var/www/x.php on line 3\n" + rss("One"), "One"),
    _ok("HTML before it", b"<br />\n<b>Notice</b>: Undefined index<br />\n" + rss("One"), "One"),
    _ok("comment before the declaration", b"<!-- cached -->\n" + rss("One"), "One"),
    _ok("blank lines before the declaration", b"\n\n\n" + rss("One"), "One"),
    _ok("two declarations", _DECLARATION.encode() + rss("One"), "One"),
    _ok("version 1.1", rss("One").replace(b'"1.0"', b'"1.1"', 1), "One"),
    _ok("version 9.9", rss("One").replace(b'"1.0"', b'"9.9"', 1), "One"),
    _ok("standalone", rss("One").replace(b"?>", b' standalone="yes"?>', 1), "One"),
    _ok("cut in the second item", rss("One", "Two")[:-90], "One"),
    _ok(
        "title that ends with the document",
        b"<rss><channel><item><title>One</title></item><item><title>Tw",
        "One",
    ),
    _unparseable("cut before anything was said", b"<rss><chan"),
    _unparseable("start tag without end", b"<rss " + b"a='b' " * 9_999),
    _ok("a document type without end", b"<!DOCTYPE rss [" + b"<!ENTITY a 'b'>" * 999 + rss("One"), "One"),
    _unparseable("garbage", bytes(range(1, 256)) * 40),
    _unparseable("text", b"Hello, I am a feed."),
    _unparseable("a number", b"42"),
    _unparseable("less-than signs", b"<" * 50_000),
    _unparseable("NULs", b"\0" * 9 + b"x" + b"\0" * 50_000),
    _unparseable("YAML", b"---\ntitle: x\nitems: [1]\n"),
]
