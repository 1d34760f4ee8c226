from __future__ import annotations

import os
import re
from dataclasses import fields, replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from aggregator import config as config_module
from aggregator.config import Config, Polling, Service, load
from aggregator.config.schema import ARRAY_TABLES, PLAIN_TABLES
from aggregator.exceptions import ConfigError
from aggregator.model import Dedupe, FeedSpec, Rule, Source, StoryPolicy, Subscription
from tests.config.configs import FEED, HOME, SOURCE, made

EXAMPLE = Path(__file__).parents[2] / "config" / "aggregator.toml"


def test_the_shipped_example_loads_as_it_is() -> None:
    config = load(EXAMPLE, {})
    assert 6 <= len(config.sources) <= 8
    assert 3 <= len(config.feeds) <= 5
    assert all(source.tags for source in config.sources)


def test_every_tag_that_the_shipped_feeds_ask_for_is_given_by_a_shipped_source() -> None:
    config = load(EXAMPLE, {})
    given = [*(source.tags for source in config.sources), *(rule.add for rule in config.rules)]
    given_tags = {tag for tags in given for tag in tags}
    asked = {tag for feed in config.feeds for tag in (*feed.any, *feed.all, *feed.none)}
    assert asked <= given_tags


def test_the_shipped_example_says_what_the_defaults_are() -> None:
    example = load(EXAMPLE, {})
    assert (example.service, example.polling) == (Service(), Polling())
    assert replace(example.stories, rules=(), feeds=()) == StoryPolicy()


def test_what_the_shipped_example_has_commented_out_is_valid_and_is_the_default() -> None:
    text = re.sub(r"^# ((?:max_backoff|parse_\w+) *=)", r"\1", EXAMPLE.read_text("utf-8"), flags=re.MULTILINE)
    assert text.count("\nparse_") == 3
    assert made(text).polling == Polling()
    with_all = re.sub(r"^# (\w+ *= |\[)", r"\1", text, flags=re.MULTILINE)
    assert made(with_all).polling.proxy
    assert made(with_all).service.contact
    assert [len(made(with_all).archives), bool(made(with_all).backup)] == [2, True]


def test_the_keys_that_the_documentation_lists_are_those_that_exist() -> None:
    listing = re.findall(r"^    \[+(\w+)\]+ ((?:.|\n {17})+)$", config_module.__doc__ or "", re.MULTILINE)
    documented = {table: {key.strip() for key in keys.split(",")} for table, keys in listing}
    assert documented == {table: set(keys) for table, keys in {**PLAIN_TABLES, **ARRAY_TABLES}.items()}


def test_the_keys_of_service_and_polling_are_the_fields_of_their_types() -> None:
    assert set(PLAIN_TABLES["service"]) == {field.name for field in fields(Service)} | {"token_file"}
    assert set(PLAIN_TABLES["polling"]) == {field.name for field in fields(Polling)} - {"adaptive"}
    assert set(ARRAY_TABLES["feeds"]) == {field.name for field in fields(FeedSpec)} | {"token_file"}
    assert set(ARRAY_TABLES["rules"]) == {field.name for field in fields(Rule)}
    assert set(ARRAY_TABLES["subscriptions"]) == {field.name for field in fields(Subscription)}


def test_a_config_knows_when_its_file_last_changed(tmp_path: Path) -> None:
    path = tmp_path / "aggregator.toml"
    path.write_text(SOURCE, encoding="utf-8")
    os.utime(path, ns=(0, 1_763_800_000_123_456_789))
    assert load(path, {}).modified == 1_763_800_000_123
    assert made(SOURCE).modified == 0


def test_an_empty_file_is_a_config_with_every_default_and_no_sources() -> None:
    assert made("") == Config(
        path=HOME, service=Service(), polling=Polling(), stories=StoryPolicy(), sources=(), feeds=()
    )


def test_every_key_of_the_plain_tables_arrives() -> None:
    config = made("""
        [service]
        base_url = "https://feeds.example.org/news/"
        bind = "[::1]:0"
        database = "sqlite:////srv/a.db"
        title = "Zeitung"
        contact = "mailto:me@example.org"
        [polling]
        interval = "1h"
        concurrency = 4
        timeout = "500ms"
        max_size = "1MB"
        allow_private = ["127.0.0.0/8", "fd00::/8", "10.0.0.7"]
        max_backoff = "2d"
        proxy = "http://user:secret@proxy.example.org:3128"
        parse_timeout = "10s"
        parse_memory = "1GiB"
        parse_workers = 3
        [stories]
        dedupe = "off"
        backfill_after = "30d"
        """)
    assert config.service == Service(
        base_url="https://feeds.example.org/news",
        bind="[::1]:0",
        database="sqlite:////srv/a.db",
        title="Zeitung",
        contact="mailto:me@example.org",
    )
    assert config.polling == Polling(
        interval=3_600_000,
        concurrency=4,
        timeout=500,
        max_size=1_000_000,
        allow_private=(ip_network("127.0.0.0/8"), ip_network("fd00::/8"), ip_network("10.0.0.7/32")),
        max_backoff=172_800_000,
        proxy="http://user:secret@proxy.example.org:3128",
        parse_timeout=10_000,
        parse_memory=1024**3,
        parse_workers=3,
    )
    assert config.stories == StoryPolicy(dedupe=Dedupe.OFF, backfill_after=30 * 86_400_000)


def test_every_key_of_a_source_arrives() -> None:
    config = made("""
        [[sources]]
        name = " 日経中文網 "
        url = "https://example.org/feed.xml?a=b"
        tags = ["日本経済新聞", "japan", "japan", " C++ "]
        interval = "90s"
        timeout = "5s"
        max_size = "500 kB"
        headers = { X-Token = "a b", Accept = "*/*" }
        user = "me"
        password = "päss: word"
        categories = "ignore"
        enabled = false
        """)
    assert config.sources == (
        Source(
            name="日経中文網",
            url="https://example.org/feed.xml?a=b",
            tags=("日本経済新聞", "japan", "C++"),
            interval=90_000,
            timeout=5_000,
            max_size=500_000,
            headers=(("X-Token", "a b"), ("Accept", "*/*")),
            user="me",
            password="päss: word",
            keep_categories=False,
            enabled=False,
        ),
    )


def test_every_key_of_a_feed_arrives() -> None:
    text = """
        [[feeds]]
        slug = "Chips-1_a.b"
        title = "Chips"
        description = "One line.\\nAnother."
        language = "zh-Hant"
        any = ["chips", "半導体"]
        all = ["news"]
        none = ["ads"]
        sources = ["BBC"]
        limit = 7
        window = "0s"
        """
    assert made(SOURCE + text).feeds == (
        FeedSpec(
            slug="Chips-1_a.b",
            title="Chips",
            description="One line.\nAnother.",
            language="zh-Hant",
            any=("chips", "半導体"),
            all=("news",),
            none=("ads",),
            sources=("BBC",),
            limit=7,
            window=0,
        ),
    )


def test_a_source_takes_from_polling_what_it_does_not_say_itself() -> None:
    polling = '[polling]\ninterval = "2h"\ntimeout = "3s"\nmax_size = "1kB"\n'
    assert made(polling + SOURCE).sources[0] == Source(
        name="BBC", url="https://example.org/feed.xml", interval=7_200_000, timeout=3_000, max_size=1_000
    )


def test_tags_are_kept_in_normal_form_c() -> None:
    (source,) = made(SOURCE + 'tags = ["Cafe\u0301"]').sources
    assert source.tags == ("Café",)


def test_a_feed_names_a_source_in_any_normal_form() -> None:
    source = SOURCE.replace("BBC", "Cafe\u0301")
    (feed,) = made(source + FEED + 'sources = ["Café"]').feeds
    assert feed.sources == ("Cafe\u0301",)


@pytest.mark.parametrize(
    ("bind", "base_url"),
    [
        ("0.0.0.0:8081", "http://127.0.0.1:8081"),
        ("[::]:8081", "http://127.0.0.1:8081"),
        ("[::1]:80", "http://[::1]:80"),
        ("feeds.lan:9000", "http://feeds.lan:9000"),
    ],
)
def test_without_base_url_it_is_where_the_bind_address_is_reached(bind: str, base_url: str) -> None:
    assert made(f'[service]\nbind = "{bind}"').service.base_url == base_url


def test_secrets_stay_out_of_the_representation_of_a_config() -> None:
    login = 'user = "me"\npassword = "geheim"\n'
    config = made(SOURCE + login + '[polling]\nproxy = "http://u:geheim@proxy.lan:1"')
    assert config.sources[0].password == "geheim"
    assert "geheim" not in repr(config)


@pytest.mark.parametrize("text", ["\ufeff" + SOURCE, SOURCE.replace("\n", "\r\n")])
def test_a_file_of_a_windows_editor_is_read(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(text.encode())
    assert [source.name for source in load(path, {}).sources] == ["BBC"]


def refusal(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    (message,) = caught.value.problems
    return message


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    hint = "create it, or name another file with --config or AGGREGATOR_CONFIG"
    assert refusal(path) == f"{path}: there is no such file; {hint}"


def test_a_folder_is_no_config(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"{tmp_path}: cannot be read: Is a directory"


def test_bad_syntax_is_told_with_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('[service]\nbind = "x" y\n')
    assert refusal(path).startswith(f"{path}: line 2, column 12: ")


@pytest.mark.parametrize("text", ['a = "', "a = " + "[" * 5000, "a = " + "1" * 5000])
def test_what_is_no_toml_is_one_problem(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(text)
    assert refusal(path).startswith(f"{path}: ")


def test_a_file_of_another_encoding_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes("[service]\n# ok\ntitle = 'é'\n".encode("latin-1"))
    assert refusal(path) == f"{path}: line 3: byte 0xe9 is not UTF-8; save the file as UTF-8"


@pytest.mark.parametrize(
    ("content", "password"), [("geheim\n", "geheim"), ("geheim", "geheim"), ("a b \r\n", "a b "), ("", "")]
)
def test_a_password_file_is_read_beside_the_config_without_its_last_line_end(
    content: str, password: str, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_bytes(content.encode())
    path = tmp_path / "a.toml"
    path.write_text(SOURCE + 'user = "me"\npassword_file = "secret"')
    assert load(path, {}).sources[0].password == password


def test_a_password_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(SOURCE + 'user = "me"\npassword_file = "secret"')
    assert refusal(path) == (
        f'{path}: [[sources]] #1 "BBC": password_file: {tmp_path / "secret"} cannot be read: '
        "No such file or directory"
    )


@pytest.mark.parametrize("content", [b"one\ntwo\n", b"\xff"])
def test_a_password_file_that_is_no_single_line_is_refused_without_its_content(
    content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_bytes(content)
    path = tmp_path / "a.toml"
    path.write_text(SOURCE + 'user = "me"\npassword_file = "secret"')
    assert refusal(path).endswith("secret must hold the password alone, as one line of UTF-8 text")


def test_a_password_beside_a_password_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    path = tmp_path / "a.toml"
    path.write_text(SOURCE + 'user = "me"\npassword = "a"\npassword_file = "secret"')
    assert "password_file: cannot stand beside" in refusal(path)
