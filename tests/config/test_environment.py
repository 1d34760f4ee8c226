from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aggregator.config.schema import ARRAY_TABLES
from aggregator.model import ArchiveKind, Content, Dedupe, Digest, Field, Order, PostStyle, Selectors, Text
from tests.config.configs import FEED, LIST, RULE, SINGLE, SOURCE, made, problem

TOKEN = Path(__file__).parents[1] / "data" / "token.txt"


def sample(table: str, key: str) -> tuple[str, Any]:
    """Return a text for a key of one value, and what becomes of it."""
    samples: dict[object, tuple[str, Any]] = {
        "base_url": ("https://example.net/x/", "https://example.net/x"),
        "bind": ("0.0.0.0:1", "0.0.0.0:1"),
        "contact": ("me@example.net", "me@example.net"),
        "proxy": ("http://proxy.lan:1", "http://proxy.lan:1"),
        "url": ("https://example.net/", "https://example.net/"),
        "language": ("de", "de"),
        "dedupe": ("similar", Dedupe.SIMILAR),
        "categories": ("ignore", False),
        "enabled": ("FALSE", False),
        "password_file": ("/dev/null", ""),
        "kind": ("html", Selectors(item="li")),
        "full_text": ("true", True),
        "token_file": (str(TOKEN), "geheim"),
        "match": ("title:x", Text(Field.TITLE, "x")),
        "icon": ("https://example.net/icon.png", "https://example.net/icon.png"),
        "order": ("published", Order.PUBLISHED),
        "content": ("none", Content.NONE),
        "digest": ("weekly", Digest.WEEKLY),
        "drop": ("true", True),
        "stop": ("1", True),
        "style": ("legacy", PostStyle.LEGACY),
        "update": ("true", True),
        "commit": ("true", True),
        "folder": ("some/where", Path("some/where")),
        ("retention", "keep"): ("title:x", Text(Field.TITLE, "x")),
        ("backup", "keep"): ("3", 3),
        ("archives", "kind"): ("site", ArchiveKind.SITE),
        ("archives", "base_url"): ("https://example.net/x/", "https://example.net/x"),
    }
    if key in {
        "interval",
        "min_interval",
        "max_interval",
        "host_gap",
        "timeout",
        "max_backoff",
        "parse_timeout",
        "backfill_after",
        "window",
    }:
        return "7s", 7_000
    if key == "max_age":
        return "2h", 7_200_000
    if key in {"max_size", "parse_memory"}:
        return "99MB", 99_000_000
    if key in {"concurrency", "parse_workers", "limit", "per_source", "max_entries"}:
        return "3", 3
    return samples.get((table, key)) or samples.get(key, (f"{table}-{key}", f"{table}-{key}"))


BESIDE = {
    "min_interval": 'interval = "auto"\n',
    "max_interval": 'interval = "auto"\nmin_interval = "1s"\n',
    "kind": 'selectors = { item = "li" }\n',
    "selector": "full_text = true\n",
}
"""What some keys need beside them."""

FIELDS = {
    "categories": "keep_categories",
    "password_file": "password",
    "kind": "selectors",
    "token_file": "token",
}
"""Where a key's value ends up, when not under its own name."""


@pytest.mark.parametrize(("table", "key"), SINGLE)
def test_every_key_of_one_value_can_come_from_the_environment(table: str, key: str) -> None:
    text, expected = sample(table, key)
    index = "__0" if table in ARRAY_TABLES else ""
    beside = BESIDE.get(key, "")
    archive = '[[archives]]\nfolder = "f"\n' + ('kind = "site"\n' if key == "base_url" else "")
    backup = '[backup]\nfolder = "b"\n'
    polling = f"[polling]\n{beside if table == 'polling' else ''}"
    source = f'{SOURCE}user = "u"\npassword = "p"\n{beside if table == "sources" else ""}'
    document = f'[service]\nbase_url = "http://example.org"\n{polling}{source}{LIST}{RULE}{FEED}'
    document += f"{archive}{backup}"
    config = made(document, {f"AGGREGATOR_{table.upper()}{index}__{key.upper()}": text})
    part = getattr(config, table)
    renamed = {} if table == "archives" else FIELDS
    field = "interval" if (table, key) == ("sources", "min_interval") else renamed.get(key, key)
    assert getattr(part[0] if index else part, field) == expected


@pytest.mark.parametrize("name", ["POLLING__ALLOW_PRIVATE", "SOURCES__0__TAGS", "FEEDS__0__ANY"])
def test_a_list_cannot_come_from_the_environment(name: str) -> None:
    found = problem(SOURCE + FEED, {f"AGGREGATOR_{name}": "a,b"})
    assert found.startswith(f"AGGREGATOR_{name}: ")
    assert found.endswith("is no single value: it can be set in the config file only")


def test_a_header_can_come_from_the_environment_with_underscores_for_hyphens() -> None:
    text = SOURCE + 'headers = { x-api-key = "old", X_Other = "1", Accept = "text/xml" }'
    environ = {
        "AGGREGATOR_SOURCES__0__HEADERS__X_API_KEY": "new",
        "AGGREGATOR_SOURCES__0__HEADERS__X_OTHER": "2",
        "AGGREGATOR_SOURCES__0__HEADERS__AUTHORIZATION": "Bearer t",
    }
    assert made(text, environ).sources[0].headers == (
        *(("x-api-key", "new"), ("X_Other", "2"), ("Accept", "text/xml")),
        ("Authorization", "Bearer t"),
    )
    assert made(SOURCE, {"AGGREGATOR_SOURCES__0__HEADERS__PASSWORD": "x"}).sources[0].headers


def test_a_bad_header_from_the_environment_is_told_by_its_variable_and_not_repeated() -> None:
    name = "AGGREGATOR_SOURCES__0__HEADERS__X_KEY"
    found = problem(SOURCE, {name: "geheim\n"})
    assert found.startswith(f'{name}: [[sources]] #1 "BBC": headers.X-Key: expected one line')
    assert "geheim" not in found
    assert "set for each request" in problem(SOURCE, {"AGGREGATOR_SOURCES__0__HEADERS__RANGE": "x"})
    alone = problem(SOURCE, {"AGGREGATOR_SOURCES__0__HEADERS": "X-Key: geheim"})
    assert alone.endswith("put the header's name behind it, as in …__HEADERS__X_API_KEY")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("SERVICE_BIND", "SERVICE__BIND"),
        ("SERVICE_BASE_URL", "SERVICE__BASE_URL"),
        ("SOURCES_0_PASSWORD_FILE", "SOURCES__0__PASSWORD_FILE"),
        ("SOURCES_0_HEADERS_X_API_KEY", "SOURCES__0__HEADERS__X_API_KEY"),
    ],
)
def test_a_name_with_single_underscores_is_refused_with_the_one_that_is_meant(name: str, meant: str) -> None:
    assert problem(SOURCE, {f"AGGREGATOR_{name}": "x"}).endswith(f"did you mean AGGREGATOR_{meant}?")


def test_a_bad_value_from_the_environment_is_told_with_the_name_of_the_variable() -> None:
    found = problem(SOURCE, {"AGGREGATOR_SOURCES__0__TIMEOUT": "soon"})
    assert found.startswith(
        'AGGREGATOR_SOURCES__0__TIMEOUT: [[sources]] #1 "BBC": timeout: expected a duration'
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("POLLING__CONCURRENCY", "many"), ("POLLING__CONCURRENCY", ""), ("SOURCES__0__ENABLED", "maybe")],
)
def test_a_value_from_the_environment_must_have_the_type_of_its_key(name: str, value: str) -> None:
    assert f'not "{value}"' in problem(SOURCE, {f"AGGREGATOR_{name}": value})


@pytest.mark.parametrize("value", ["true", "True", "1"])
def test_true_from_the_environment_is_true(value: str) -> None:
    assert made(SOURCE + "enabled = false", {"AGGREGATOR_SOURCES__0__ENABLED": value}).sources[0].enabled


def test_the_environment_mends_what_is_wrong_in_the_file() -> None:
    assert (
        made('[service]\nbind = "x"', {"AGGREGATOR_SERVICE__BIND": "127.0.0.1:1"}).service.bind
        == "127.0.0.1:1"
    )


def test_a_password_of_the_environment_takes_the_place_of_a_password_file() -> None:
    text = SOURCE + 'user = "me"\npassword_file = "/nowhere/at/all"'
    assert made(text, {"AGGREGATOR_SOURCES__0__PASSWORD": "x"}).sources[0].password == "x"


def test_a_secret_from_the_environment_is_not_repeated() -> None:
    assert "geheim" not in problem(SOURCE + 'user = "u"', {"AGGREGATOR_SOURCES__0__PASSWORD": "geheim\n"})


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("AGGREGATOR_SERVICE__BNID", 'there is no key "bnid" in service; did you mean "bind"?'),
        ("AGGREGATOR_SERVCE__BIND", 'there is no table "servce"; did you mean "service"?'),
        ("AGGREGATOR_FEEDS__0__HEADERS__X", "expected a name such as AGGREGATOR_FEEDS__0__SLUG"),
        ("AGGREGATOR_SERVICE__BIND__X", "expected a name such as AGGREGATOR_SERVICE__BASE_URL"),
        ("AGGREGATOR_SOURCES__URL", "expected a name such as AGGREGATOR_SOURCES__0__NAME"),
        ("AGGREGATOR_SOURCES__²__URL", "expected a name such as AGGREGATOR_SOURCES__0__NAME"),
        ("AGGREGATOR_SOURCES__0__TAGS__0", "expected a name such as AGGREGATOR_SOURCES__0__NAME"),
        (
            "AGGREGATOR_SOURCES__1__URL",
            "there is no [[sources]] to change: the file has 1, the first is number 0",
        ),
        ("AGGREGATOR_SOURCES__" + "9" * 5000 + "__URL", "there is no [[sources]] to change"),
        ("AGGREGATOR_service__bind", "its name is written in capitals"),
        ("AGGREGATOR__SERVICE__BIND", 'there is no table "_service"; did you mean "service"?'),
    ],
)
def test_an_unknown_variable_is_refused_by_name(name: str, message: str) -> None:
    found = problem(SOURCE, {name: "x"})
    assert found.startswith(f"{name}: ")
    assert message in found


def test_variables_that_are_not_keys_are_left_alone() -> None:
    others = {"AGGREGATOR_CONFIG": "x", "OTHER__X": "1", "PATH": "/"}
    of_a_cluster = {  # which has a service named aggregator
        "AGGREGATOR_PORT": "tcp://10.0.0.1:80",
        "AGGREGATOR_SERVICE_HOST": "10.0.0.1",
        "AGGREGATOR_SERVICE_PORT": "80",
        "AGGREGATOR_SERVICE_PORT_HTTP": "80",
        "AGGREGATOR_PORT_80_TCP_ADDR": "10.0.0.1",
    }
    environ = others | of_a_cluster
    assert made(SOURCE, environ) == made(SOURCE)
