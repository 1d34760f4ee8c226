from __future__ import annotations

from typing import Any

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from aggregator.config import Config
from aggregator.config.schema import ARRAY_TABLES, PLAIN_TABLES
from tests.config.configs import FEED, HOME, SINGLE, SOURCE, made, outcome, problem, problems


def test_a_problem_names_file_table_key_expectation_and_what_was_found() -> None:
    text = SOURCE.replace("BBC", "A").replace("org", "net") + SOURCE + 'interval = "soon"'
    assert problem(text) == (
        'config/aggregator.toml: [[sources]] #2 "BBC": interval: '
        'expected "auto" or a duration such as "30m" or "24h", not "soon"'
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('base_url = "/feeds"', "expected an absolute http or https URL"),
        ('base_url = "https://example.org/?a=b"', "without query and fragment"),
        ('base_url = "https://u:p@example.org/"', "must not hold credentials"),
        ('bind = "8080"', 'expected "host:port"'),
        ('bind = ":8080"', 'expected "host:port"'),
        ('bind = "127.0.0.1:70000"', 'expected "host:port"'),
        ('bind = "::1:8080"', 'expected "host:port"'),
        ('bind = "[127.0.0.1]:80"', 'expected "host:port"'),
        ('bind = "[::g]:80"', 'expected "host:port"'),
        ('database = " "', "expected text that is not empty"),
        ('title = "a\\nb"', "no control characters"),
        ("title = 5", "expected text in quotes, not 5"),
        ("title = 2024-04-03", "expected text in quotes, not 2024-04-03"),
        ('contact = "日本"', "in ASCII"),
        ('contact = "a\\r\\nX-Evil: 1"', "in ASCII"),
    ],
)
def test_a_bad_value_of_service_is_refused(line: str, message: str) -> None:
    found = problem(f"[service]\n{line}")
    assert found.startswith(f"{HOME}: [service]: {line.split(' ', maxsplit=1)[0]}: ")
    assert message in found


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("interval = 30", 'expected "auto" or a duration such as "30m" or "24h", not 30'),
        ('interval = "30"', 'expected "auto" or a duration such as "30m" or "24h", not "30"'),
        ('interval = "0s"', 'expected "auto" or a duration from "1s" to "365d", not "0s"'),
        ('interval = "366d"', 'expected "auto" or a duration from "1s" to "365d", not "366d"'),
        ("concurrency = 0", "expected a whole number from 1 to 500, not 0"),
        ("concurrency = true", "expected a whole number from 1 to 500, not true"),
        ("concurrency = 16.0", "expected a whole number from 1 to 500, not 16.0"),
        ('concurrency = "16"', 'expected a whole number from 1 to 500, not "16"'),
        ("max_size = 1024", 'expected a size such as "10MiB" or "500 kB", not 1024'),
        ('max_size = "2 GiB"', 'expected a size from "1 B" to "1 GiB", not "2 GiB"'),
        ('allow_private = "10.0.0.0/8"', 'expected a list, not "10.0.0.0/8"'),
        ("allow_private = [5]", "allow_private #1: expected text in quotes, not 5"),
        ('allow_private = ["::/0", "lan"]', "allow_private #2: expected a network"),
        ('allow_private = ["10.0.0.1/8"]', 'did you mean "10.0.0.0/8"?'),
        ('proxy = "socks5://proxy.lan:1080"', "expected an http or https URL"),
        ('parse_memory = "1MiB"', 'expected a size from "64 MiB"'),
    ],
)
def test_a_bad_value_of_polling_is_refused(line: str, message: str) -> None:
    found = problem(f"[polling]\n{line}")
    assert found.startswith(f"{HOME}: [polling]: {line.split(' ', maxsplit=1)[0]}")
    assert message in found


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org/feed.xml",
        "//example.org/feed.xml",
        "ftp://example.org/feed.xml",
        "file:///etc/passwd",
        "http://",
        "http:///feed.xml",
        "http://:80/",
        "http://example.org:0/",
        "http://example.org:70000/",
        "http://exa mple.org/",
        "http://a..b/",
        "http://.org/",
        f"http://{'a' * 64}.org/",
        "http://[::1/",
        "http://[::g]/",
        "http://a$b/",
        "http://example.org\\\\@evil.example/",
        "http://example.org/a\\nb",
        " http://example.org/",
        "http://example.org/\\u0000",
    ],
)
def test_a_source_without_an_absolute_web_address_is_refused(url: str) -> None:
    text = SOURCE.replace("https://example.org/feed.xml", url)
    assert 'url: expected an absolute http or https URL such as "https://example.org/' in problem(text)


@pytest.mark.parametrize(
    "url",
    [
        "HTTP://EXAMPLE.ORG",
        "http://127.0.0.1:8081/a",
        "http://[::1]:8081/a",
        "https://例え.jp/フィード?q=半導体",
        "https://example.org./@user/feed#top",
    ],
)
def test_a_source_may_have_any_absolute_web_address(url: str) -> None:
    assert made(SOURCE.replace("https://example.org/feed.xml", url)).sources[0].url == url


def test_credentials_within_a_source_url_are_refused_with_the_keys_to_use() -> None:
    found = problem(SOURCE.replace("https://", "https://me:geheim@"))
    assert 'use the keys "user" and "password"' in found
    assert "geheim" not in found


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('tags = "news"', 'tags: expected a list, not "news"'),
        ('tags = ["a", " "]', "tags #2: expected a tag"),
        ('tags = ["a\\tb"]', "tags #1: expected a tag"),
        ("tags = [1]", "tags #1: expected text in quotes, not 1"),
        ('enabled = "yes"', 'enabled: expected true or false, not "yes"'),
        ("enabled = 1", "enabled: expected true or false, not 1"),
        ('categories = "drop"', 'categories: expected "keep" or "ignore", not "drop"'),
        ('headers = "X: y"', "headers: expected a table (the value is not shown)"),
        ("headers = { X = 1 }", "headers.X: expected text in quotes (the value is not shown)"),
        ('headers = { "X Y" = "1" }', "headers.X Y: expected a header's name"),
        ('headers = { "X\\r\\nY" = "1" }', "headers.X\\r\\nY: expected a header's name"),
        ('headers = { X = "a\\r\\nY: b" }', "headers.X: expected one line of visible ASCII"),
        ('headers = { X = " a" }', "headers.X: expected one line of visible ASCII"),
        ('headers = { X = "é" }', "headers.X: expected one line of visible ASCII"),
        ('headers = { X = "1", x = "2" }', "headers: a header is given twice"),
        ('headers = { If-None-Match = "x" }', "headers.If-None-Match: this header is set for each request"),
        ('user = "me"', 'user: needs "password" or "password_file" beside it'),
        ('password = "x"', 'password: needs "user" beside it'),
        ('user = "a:b"\npassword = "x"', "user: expected a user's name"),
        ('user = "me"\npassword = "a\\nb"', "password: expected text without control characters"),
        (
            'user = "me"\npassword = "x"\nheaders = { authorization = "y" }',
            'headers: an Authorization header cannot stand beside "user": keep one of them',
        ),
    ],
)
def test_a_bad_value_of_a_source_is_refused(line: str, message: str) -> None:
    found = problem(f"{SOURCE}{line}\n")
    assert found.startswith(f'{HOME}: [[sources]] #1 "BBC": {message[:4]}')
    assert message in found


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("limit = 0", "limit: expected a whole number from 1 to 10000, not 0"),
        ("limit = 10001", "limit: expected a whole number from 1 to 10000, not 10001"),
        ('language = "Deutsch (Wien)"', "language: expected a language tag"),
        ('description = "a\\u0000"', "description: expected text without control characters"),
        ('any = ["ok", ""]', "any #2: expected a tag"),
    ],
)
def test_a_bad_value_of_a_feed_is_refused(line: str, message: str) -> None:
    assert f'[[feeds]] #1 "chips": {message}' in problem(f"{FEED}{line}\n")


@pytest.mark.parametrize("slug", ["", ".hidden", "..", "a/b", "a b", "ä", "a%20", "a\\n"])
def test_a_slug_that_would_not_stand_in_a_url_as_it_is_is_refused(slug: str) -> None:
    assert "slug: expected a slug of letters" in problem(FEED.replace("chips", slug))


def test_what_a_table_must_have_is_missed() -> None:
    assert problems('[[sources]]\n[[feeds]]\nslug = "a"\n') == (
        f"{HOME}: [[sources]] #1: name: is missing",
        f"{HOME}: [[sources]] #1: url: is missing",
        f'{HOME}: [[feeds]] #1 "a": title: is missing',
    )


@pytest.mark.parametrize("secret", ["password = 17", 'password = "17\\n"', 'headers = { X = "17\\n" }'])
def test_a_secret_is_not_repeated_by_its_problem(secret: str) -> None:
    login = 'user = "me"\n' if secret.startswith("password") else ""
    assert "17" not in problem(SOURCE + login + secret)


@pytest.mark.parametrize(
    "url", ["ftp://me:geheim@example.org/", "http://me:ge/heim@example.org/", "http://me:ge@heim@a b/"]
)
def test_credentials_in_a_bad_url_are_masked(url: str) -> None:
    found = problem(SOURCE.replace("https://example.org/feed.xml", url))
    assert "heim" not in found
    assert "***@" in found


def test_a_bad_value_cannot_move_the_cursor_or_fill_the_screen() -> None:
    found = problem(SOURCE + f'interval = "\\u001b[2J\\u202e\\u009b{"x" * 500}"')
    assert found.isprintable()
    assert len(found) < 250


def test_an_unknown_key_is_refused_with_the_key_that_was_meant() -> None:
    assert problem("[service]\nbnd = 1") == f'{HOME}: [service]: bnd: unknown key; did you mean "bind"?'


def test_an_unknown_key_that_resembles_none_is_refused_with_all_there_are() -> None:
    found = problem("[stories]\nxyz = 1")
    assert found == f"{HOME}: [stories]: xyz: unknown key; known are backfill_after, dedupe"


def test_an_unknown_table_is_refused_with_the_table_that_was_meant() -> None:
    assert problem('[[source]]\nname = "x"') == (
        f'{HOME}: [[source]]: unknown table; did you mean "sources"?'
    )


def test_a_key_before_every_table_is_refused() -> None:
    assert "interval: unknown key outside of any table" in problem('interval = "1h"')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[sources]\nname = "x"', "[sources]: expected tables that begin with [[sources]], not a table"),
        ('sources = "x"', 'sources: expected tables that begin with [[sources]], not "x"'),
        ('sources = ["x"]', '[[sources]] #1: expected a table, not "x"'),
        ("service = 5", "service: expected a table, not 5"),
        ("[[service]]", "[[service]]: expected a table, not a list"),
        ("feeds = 1\nsources = 1.5", "sources: expected tables"),
    ],
)
def test_a_table_of_the_wrong_kind_is_refused(text: str, message: str) -> None:
    assert any(message in line for line in problems(text, {"AGGREGATOR_SERVICE__BIND": "127.0.0.1:1"}))


@pytest.mark.parametrize("second", ["BBC", " BBC "])
def test_two_sources_of_one_name_are_refused(second: str) -> None:
    twin = SOURCE.replace("BBC", second).replace("org", "net")
    assert '#2 "BBC": name: "BBC" is also that of [[sources]] #1' in problem(SOURCE + twin).replace(
        " BBC ", "BBC"
    )


@pytest.mark.parametrize(
    "second",
    [
        "https://example.org/feed.xml",
        "HTTPS://Example.ORG/feed.xml",
        "https://example.org:443/feed.xml",
        "https://example.org/feed.xml#top",
    ],
)
def test_two_sources_of_one_url_are_refused(second: str) -> None:
    twin = SOURCE.replace("BBC", "Two").replace("https://example.org/feed.xml", second)
    assert '#2 "Two": url: ' in problem(SOURCE + twin)


@pytest.mark.parametrize(
    "second",
    ["http://example.org/feed.xml", "https://example.org/Feed.xml", "https://example.org/feed.xml?a"],
)
def test_sources_of_different_urls_are_two(second: str) -> None:
    twin = SOURCE.replace("BBC", "Two").replace("https://example.org/feed.xml", second)
    assert len(made(SOURCE + twin).sources) == 2


def test_two_feeds_of_one_slug_are_refused() -> None:
    assert '[[feeds]] #2 "chips": slug: "chips" is also that of [[feeds]] #1' in problem(FEED + FEED)


def test_a_feed_of_an_unknown_source_is_refused_with_the_one_that_was_meant() -> None:
    found = problem(SOURCE + FEED + 'sources = ["BBC", "BBX"]')
    assert 'sources #2: there is no source named "BBX"; did you mean "BBC"?' in found


def test_all_problems_are_reported_at_once_in_the_order_of_the_file() -> None:
    text = (
        SOURCE
        + 'interval = "soon"\nuser = "me"\n'
        + SOURCE
        + 'colour = "red"\n'
        + FEED
        + 'limit = -1\nsources = ["x"]\n'
        + '[service]\nbind = "x"\n'
    )
    found = [line.split(": ")[1:3] for line in problems(text, {"AGGREGATOR_SERVICE__NONE": "1"})]
    first, second, feed = '[[sources]] #1 "BBC"', '[[sources]] #2 "BBC"', '[[feeds]] #1 "chips"'
    assert [table for table, _ in found] == [first] * 2 + [second] * 3 + [feed] * 2 + [
        "[service]",
        "unknown variable",
    ]
    assert {key for table, key in found if table == first} == {"user", "interval"}
    assert {key for table, key in found if table == second} == {"name", "url", "colour"}
    assert {key for table, key in found if table == feed} == {"sources #1", "limit"}


VALUES = st.recursive(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
        st.sampled_from(
            ["1h", "10MiB", "http://[", "https://a:b@c/", "http://ｅxample.org/", "127.0.0.1:1", "x\x85"]
        ),
        st.integers(-(2**62), 2**62),
        st.booleans(),
        st.floats(),
        st.dates(),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=4,
)


def tables(keys: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from([*keys, "other"]), VALUES, max_size=5)


DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.one_of(VALUES, tables(keys)) for name, keys in PLAIN_TABLES.items()},
        **{
            name: st.one_of(VALUES, st.lists(tables(keys), max_size=3)) for name, keys in ARRAY_TABLES.items()
        },
        "other": VALUES,
    },
)


@given(
    DOCUMENTS,
    st.dictionaries(st.sampled_from([key.upper() for _, key in SINGLE]), st.text(max_size=9), max_size=2),
)
def test_any_document_is_a_config_or_a_list_of_printable_problems(
    document: dict[str, Any], values: dict[str, str]
) -> None:
    environ = {
        f"AGGREGATOR_{table}__{key}": text
        for key, text in values.items()
        for table in ("SERVICE", "FEEDS__0")
    }
    result = outcome(tomlkit.dumps(document), environ)
    if not isinstance(result, Config):
        assert result
        assert all(line.replace("\u3000", "").isprintable() for line in result)
