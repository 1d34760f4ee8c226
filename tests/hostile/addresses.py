"""Redirects, and the addresses that they, names and URLs lead to."""

from __future__ import annotations

import socket
from dataclasses import replace

from aggregator.model import Outcome
from tests.hostile.bench import API_KEY, PASSWORD
from tests.hostile.scenario import (
    FEED,
    GOOD,
    Found,
    Scenario,
    endlessly,
    http,
    redirect,
    rss,
    then_wait,
)

_ELSEWHERE = http(rss("One"))


def _follows(name: str, to: str, at: str = "/there", status: int = 302, **more: object) -> Scenario:
    """Make a scenario of a redirect that leads to a feed."""
    outcome = Outcome.MOVED if status in {301, 308} else Outcome.OK
    return Scenario(
        name=name,
        answers={FEED: redirect(to, status), at: _ELSEWHERE},
        outcome=outcome,
        titles=("One",),
        **more,  # type: ignore[arg-type]  # named as there
    )


def _leads(name: str, to: str, outcome: Outcome, **more: object) -> Scenario:
    """Make a scenario of a redirect that leads nowhere."""
    return Scenario(name=name, answers={FEED: redirect(to)}, outcome=outcome, **more)  # type: ignore[arg-type]


def _chain(length: int) -> dict[str, bytes]:
    hops = {f"/{n}": redirect(f"/{n + 1}") for n in range(1, length)}
    return {FEED: redirect("/1"), **hops, f"/{length}": _ELSEWHERE}


_PRIVATE = (
    *(
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "172.31.255.254",
        "169.254.169.254",
        "100.64.0.1",
        "127.0.0.2",
    ),
    *("0.0.0.0", "255.255.255.255", "224.0.0.1", "240.0.0.1", "198.18.0.1", "192.0.2.1", "203.0.113.9"),
)
_SPELLED = (  # 127.0.0.2, and others that the system would understand
    *(
        "2130706434",
        "0x7f000002",
        "0x7F.0x0.0x0.0x2",
        "0177.0.0.2",
        "017700000002",
        "127.2",
        "127.0.2",
        "0x7f.2",
    ),
    *("0", "0.0", "0x0a000001", "10.1", "3232235777", "0xa9fea9fe", "2852039166"),
    *(
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.2]",
        "[::ffff:7f00:2]",
        "[0:0:0:0:0:ffff:7f00:0002]",
        "[::127.0.0.2]",
    ),
    *("[64:ff9b::7f00:2]", "[64:ff9b::10.0.0.1]", "[64:ff9b:1::a00:1]", "[64:ff9b:1:ffff::a00:1]"),
    *("[2002:7f00:2::]", "[2002:a00:1::1]", "[2001:0:a00:1::]", "[2001:0:4136:e378:8000:63bf:80ff:fffd]"),
    *("[fe80::1]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]", "[fec0::1]", "[2001:db8::1]", "[100::1]"),
    *("[::ffff:0:127.0.0.2]", "[fe80::1%25lo]"),
)
_DISGUISED = (
    "http://example.org@127.0.0.2/",
    "http://example.org:80@10.0.0.1/",
    "http://127.0.0.2#@example.org/",
    "http://127.0.0.2?@example.org/",
    "http://%31%32%37.0.0.2/",
    "http://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.2/",  # full-width figures
    "//127.0.0.2/",
    "HTTP://127.0.0.2/",
    "https://127.0.0.2/",
    "\thttp://127.0.0.2/",
)
_SCHEMES = (
    *("file:///etc/passwd", "file://localhost/etc/passwd", "file:/etc/passwd", "ftp://127.0.0.1/feed"),
    *("data:text/xml,<rss/>", "gopher://127.0.0.1:70/", "javascript:alert(1)", "mailto:a@example.org"),
    *("jar:http://127.0.0.1/x!/", "about:blank", "feed://127.0.0.1/", "ws://127.0.0.1/", "unix:/run/x"),
    *("dict://127.0.0.1:11211/", "view-source:http://127.0.0.1/", "FILE:///etc/passwd", "ldap://10.0.0.1/"),
)
_NOWHERE = {
    "no Location": "",
    "Location of white space": "   ",
    "no host": "http://",
    "no host, but a path": "http:///feed",
    "half an IPv6 address": "http://[::1/",
    "port out of range": "http://127.0.0.1:99999/",
    "port that is no number": "http://127.0.0.1:http/",
    "negative port": "http://127.0.0.1:-1/",
    "bracket": "http://[",
    "IPv6 address of nonsense": "http://[::zz]/",
}

_NAMES: dict[str, Found] = {
    "no address": (),
    "no such name": socket.gaierror(socket.EAI_NONAME, "no such name"),
    "name server away": socket.gaierror(socket.EAI_AGAIN, "try again"),
    "name server failed": socket.gaierror(socket.EAI_FAIL, "failed"),
    "no name at all": UnicodeError("label empty or too long"),
}
_NO_SECRETS = (
    PASSWORD.encode(),
    API_KEY.encode(),
    b"Authorization",
    b"X-Api-Key",
    b"Cookie",
    b"Referer",
    b"s3cret",
)

SCENARIOS = [
    *(_follows(f"redirect {status}", "/there", status=status) for status in (301, 302, 303, 307, 308)),
    _follows("redirect to an absolute URL", "http://ORIGIN/there"),
    _follows("redirect without scheme", "//ORIGIN/there"),
    _follows("redirect to a relative path", "./a/../there"),
    _follows("redirect with a fragment", "/there#part"),
    _follows("redirect to a path with a query", "/there?page=2"),
    _follows("redirect to a path with blanks", "/a b c", "/a%20b%20c"),
    _follows("redirect in UTF-8", "/\xe4\xb8\xad", "/%E4%B8%AD"),
    _follows("redirect in Latin-1", "/caf\xe9", "/caf%E9"),
    _follows("redirect with a blank before it", "  /there  "),
    _follows("redirect up beyond the root", "../../../there"),
    _follows(
        "redirect to another name",
        "http://other.test:PORT/there",
        names={"other.test": ("127.0.0.1",)},
        not_sent=_NO_SECRETS,
    ),
    _follows(
        "redirect to another spelling of the same host", "http://127.1:PORT/there", not_sent=_NO_SECRETS
    ),
    Scenario(name="ten redirects", answers=_chain(10), outcome=Outcome.OK, titles=("One",)),
    Scenario(name="eleven redirects", answers=_chain(11), outcome=Outcome.HTTP_ERROR, says="more than 10"),
    Scenario(name="twenty redirects", answers=_chain(20), outcome=Outcome.HTTP_ERROR, says="more than 10"),
    Scenario(
        name="redirect to itself",
        answers={FEED: redirect(f"{FEED}?token=s3cret-t0ken")},
        outcome=Outcome.HTTP_ERROR,
        says="circle",
        requests=1,
    ),
    Scenario(
        name="redirects in a circle",
        answers={FEED: redirect("/b"), "/b": redirect("/c"), "/c": redirect("/b")},
        outcome=Outcome.HTTP_ERROR,
        says="circle",
        requests=3,
    ),
    Scenario(
        name="redirect to itself with another fragment",
        answers={FEED: redirect("/b"), "/b": redirect("/b#again")},
        outcome=Outcome.HTTP_ERROR,
        says="circle",
    ),
    Scenario(
        name="redirects without Location",
        answers={FEED: http(status="302 Found")},
        outcome=Outcome.HTTP_ERROR,
        says="where to",
    ),
    *(_leads(f"redirect: {name}", to, Outcome.HTTP_ERROR) for name, to in _NOWHERE.items()),
    *(_leads(f"redirect to {to}", to, Outcome.REFUSED_ADDRESS) for to in _SCHEMES),
    *(
        _leads(f"redirect to {host}", f"http://{host}/x", Outcome.REFUSED_ADDRESS)
        for host in (*_PRIVATE, *_SPELLED)
    ),
    *(_leads(f"redirect to {to!r}", to, Outcome.REFUSED_ADDRESS) for to in _DISGUISED),
    _leads("redirect to a port where nobody listens", "http://127.0.0.1:1/", Outcome.CONNECTION_ERROR),
    _leads("redirect to port 0", "http://127.0.0.1:0/", Outcome.CONNECTION_ERROR),
    _leads("redirect to a name that is none", "http://no.test/", Outcome.DNS_ERROR),
    *(
        _leads(
            f"redirect to a name of {address}",
            "http://inner.test/x",
            Outcome.REFUSED_ADDRESS,
            names={"inner.test": (address,)},
        )
        for address in (
            "127.0.0.2",
            "10.0.0.1",
            "169.254.169.254",
            "::1",
            "::ffff:7f00:2",
            "64:ff9b::7f00:2",
            "fd00::1",
        )
    ),
    *(
        Scenario(
            name=f"configured: {host}",
            answers={},
            url=f"http://{host}{FEED}",
            outcome=Outcome.REFUSED_ADDRESS,
            requests=0,
        )
        for host in (
            "127.0.0.2",
            "2130706434",
            "0x7f.2",
            "[::1]",
            "[::ffff:7f00:2]",
            "[64:ff9b::7f00:2]",
            "169.254.169.254",
        )
    ),
    Scenario(
        name="name of a private address beside a permitted one",
        answers={FEED: GOOD},
        url=f"http://mixed.test:PORT{FEED}",
        names={"mixed.test": ("10.0.0.1", "127.0.0.2", "127.0.0.1")},
        outcome=Outcome.OK,
        titles=("One", "Two"),
    ),
    *(
        Scenario(
            name=f"name: {name}",
            answers={},
            url=f"http://odd.test{FEED}",
            names={"odd.test": found},
            outcome=Outcome.DNS_ERROR,
        )
        for name, found in _NAMES.items()
    ),
    Scenario(
        name="label of a hundred characters",
        answers={},
        url=f"http://{'x' * 100}.test/",
        outcome=Outcome.DNS_ERROR,
    ),
    *(
        Scenario(
            name=f"redirect {status}, then {outcome}",
            answers={FEED: redirect("/there", status), "/there": answer},
            outcome=outcome,
            timeout=500,
            max_size=50_000,
        )
        for status, answer, outcome in (
            (301, http(status="404 Not Found"), Outcome.HTTP_ERROR),
            (301, http(status="410 Gone"), Outcome.GONE),
            (308, http(status="429 Slow down"), Outcome.RATE_LIMITED),
            (301, http(b"<html><body>Parked"), Outcome.NOT_A_FEED),
            (308, http(b"garbage"), Outcome.UNPARSEABLE),
            (301, http(), Outcome.EMPTY),
            (301, b"", Outcome.CONNECTION_ERROR),
            (301, then_wait(), Outcome.TIMEOUT),
            (302, endlessly(b"HTTP/1.1 200 OK\r\n\r\n", b" " * 9999), Outcome.TOO_LARGE),
        )
    ),
    Scenario(
        name="redirect to a feed of another host, which knows nothing of the first one's document",
        answers={
            FEED: redirect("http://other.test:PORT/there", 302),
            "/there": http(rss("One"), 'ETag: "theirs"'),
        },
        names={"other.test": ("127.0.0.1",)},
        outcome=Outcome.OK,
        titles=("One",),
        then=Scenario(
            name="asked at its own address again",
            answers={FEED: http(rss("One"), 'ETag: "ours"')},
            outcome=Outcome.OK,
            titles=("One",),
            requests=1,
            not_sent=(b"theirs",),
        ),
    ),
]


def _rebinding() -> Scenario:
    """Make a scenario of a name that leads to another address each time it is looked up."""
    asked: list[str] = []

    def answer() -> tuple[str, ...]:
        asked.append("")
        return ("127.0.0.1",) if len(asked) == 1 else ("127.0.0.2",)

    then = Scenario(
        name="which is refused",
        answers={FEED: GOOD},
        outcome=Outcome.REFUSED_ADDRESS,
        titles=("One", "Two"),
        names={"re.test": answer},
        requests=0,
    )
    first = replace(
        then, name="name that leads elsewhere next time", outcome=Outcome.OK, requests=1, then=then
    )
    return replace(first, url=f"http://re.test:PORT{FEED}")


SCENARIOS.append(_rebinding())
