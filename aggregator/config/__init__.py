"""TOML + environment → one frozen, validated Config.

    [service]    base_url, bind, database, title, contact, token, token_file
    [polling]    interval, min_interval, max_interval, host_gap, concurrency, timeout, max_size,
                 allow_private, max_backoff, proxy, parse_timeout, parse_memory, parse_workers
    [stories]    dedupe, backfill_after
    [retention]  max_age, max_entries, per_source, keep_tags, keep
    [backup]     folder, interval, keep
    [[sources]]  name, url, tags, interval, min_interval, max_interval, timeout, max_size, headers, user,
                 password, password_file, categories, enabled, kind, selectors, full_text, selector, max_age,
                 max_entries
    [[subscriptions]]  url, tags, interval, limit
    [[rules]]    name, match, add, remove, set, drop, stop
    [[feeds]]    slug, title, description, language, icon, any, all, none, sources, match, limit, window,
                 order, content, max_age, per_source, digest, token, token_file
    [[archives]] folder, kind, style, any, all, none, sources, match, update, commit, interval, base_url

Durations are written `"30m"`, sizes `"10MiB"`. Each key that holds one value can be overridden by the
environment: `AGGREGATOR_POLLING__TIMEOUT`, `AGGREGATOR_SOURCES__0__PASSWORD` (counted from 0), and
each header: `AGGREGATOR_SOURCES__0__HEADERS__X_API_KEY`.

    read ─► TOML ─► environment ─┬─► schema (each value) ──┬─► Config
                                 ├─► checks (between them) │
                                 ├─► extras (installed)    │
                                 └─► secret files ─────────┴─► ConfigError (every problem)
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

from aggregator.config import checks, extras, schema, texts
from aggregator.config.environment import override
from aggregator.config.problems import Place, Problem, printable, report
from aggregator.config.schema import ARRAY_TABLES, PLAIN_TABLES, SelectorsTable, Tables, given
from aggregator.config.urls import base_url_of
from aggregator.exceptions import ConfigError
from aggregator.model import (
    ArchiveFolder,
    ArchiveKind,
    BackupPlan,
    Content,
    Dedupe,
    Digest,
    FeedSpec,
    Order,
    PostStyle,
    Retention,
    Rule,
    Selectors,
    Source,
    StoryPolicy,
    Subscription,
)
from aggregator.rules.grammar import parse as parse_expression
from aggregator.rules.tagging import clean_tag


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The `[service]` table."""

    base_url: str = "http://127.0.0.1:8080"
    """How subscribers reach us; no slash at the end."""
    bind: str = "127.0.0.1:8080"
    """`host:port`, `[v6]:port`; port 0 asks the system for a free one."""
    database: str = "data/aggregator.db"
    """A file, relative to the working directory, or a URL."""
    title: str = "Aggregator"
    """Shown on the page and in the feed of everything."""
    token: str | None = field(default=None, repr=False)
    """Who asks for feeds or pages must say this; everybody gets them when None."""
    contact: str | None = None
    """A URL or mail address that the User-Agent tells sources' owners."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Polling:
    """The `[polling]` table: what holds for every source that does not say otherwise."""

    interval: int = 1_800_000
    """Milliseconds between two polls that succeed; not used where the pace is adaptive."""
    adaptive: bool = False
    """Whether the pace of sources follows how often they publish."""
    min_interval: int = 900_000
    """Milliseconds; the shortest wait of an adaptive pace."""
    max_interval: int = 86_400_000
    """Milliseconds; its longest wait."""
    host_gap: int = 1000
    """Milliseconds between two requests to one host, which gets one at a time; 0 tells no hosts apart."""
    concurrency: int = 16
    """Polls under way at the same time."""
    timeout: int = 20_000
    """Milliseconds for a whole exchange."""
    max_size: int = 10 * 1024 * 1024
    """Bytes of a document, after decompression."""
    allow_private: tuple[IPv4Network | IPv6Network, ...] = ()
    """What may be connected to although it is not public."""
    max_backoff: int = 86_400_000
    """The longest wait (ms) after failures."""
    proxy: str | None = field(default=None, repr=False)
    """URL of the HTTP proxy for every request; it may hold credentials."""
    parse_timeout: int = 30_000
    """Milliseconds that one document may be parsed for."""
    parse_memory: int = 192 * 1024 * 1024
    """Bytes of memory that a process which parses may use."""
    parse_workers: int = 2
    """Processes that parse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that the service is told. Made by `load` only."""

    path: Path
    service: Service
    polling: Polling
    stories: StoryPolicy
    sources: tuple[Source, ...]
    feeds: tuple[FeedSpec, ...]
    subscriptions: tuple[Subscription, ...] = ()
    rules: tuple[Rule, ...] = ()
    archives: tuple[ArchiveFolder, ...] = ()
    retention: Retention = field(default_factory=Retention)
    backup: BackupPlan | None = None
    modified: int = 0
    """When the file last changed (ms), which can change what is published; 0 when there is no file."""


def load(path: Path, environ: Mapping[str, str]) -> Config:
    """Return the config that a file and the environment make.

    Password files are read here, relative to the config file's folder. No name is looked up and nothing is
    connected to. Raises `ConfigError` with every problem that was found.
    """
    try:
        modified = path.stat().st_mtime_ns // 1_000_000
    except OSError:
        modified = 0  # reading it says what is wrong
    return replace(parse(read_text(path), path, environ), modified=modified)


def read_text(path: Path) -> str:
    """Return the text of a config file, line ends as they are. Raises `ConfigError`."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        hint = "create it, or name another file with --config or AGGREGATOR_CONFIG"
        raise ConfigError([f"{path}: there is no such file; {hint}"]) from None
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from error
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"line {line}: byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise ConfigError([f"{path}: {message}"]) from None


def parse(text: str, path: Path, environ: Mapping[str, str]) -> Config:
    """Return the config that a text makes: `path` is what it is called, and where its folder is.

    Raises `ConfigError` like `load`.
    """
    document = _document(text, path)
    variables, problems = override(document, environ, tables=PLAIN_TABLES, arrays=ARRAY_TABLES)
    secrets, unreadable = _secrets(document, path.parent)
    problems += [*unreadable, *checks.check(document), *extras.missing(document)]
    tables = schema.check(document)
    if isinstance(tables, Tables) and not problems:
        return _config(path, tables, secrets)
    if not isinstance(tables, Tables):
        problems += tables
    raise ConfigError(report(problems, path, document, variables))


def _document(text: str, path: Path) -> dict[str, Any]:
    try:
        # Editors on Windows put a byte order mark there; it is no part of the document.
        return tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        what, _, where = str(error).rpartition(" (at ")
        message = f"{where.removesuffix(')')}: {what}" if what else str(error)
        raise ConfigError([f"{path}: {message} (this is not valid TOML)"]) from None
    except (RecursionError, ValueError) as error:  # brackets nested too deep; a number of thousands of digits
        raise ConfigError([f"{path}: cannot be read as TOML: {error}"]) from None


def _secrets(document: Mapping[str, Any], folder: Path) -> tuple[dict[Place, str], list[Problem]]:
    """Return the passwords and tokens that are kept in files, by the places of the keys that name these."""
    secrets: dict[Place, str] = {}
    problems = []
    for place, name, what in checks.secret_files(document):
        file = folder / name.strip()
        called = printable(str(file))
        try:
            secret = texts.plain(file.read_text("utf-8").removesuffix("\n"))
        except OSError as error:
            problems.append(Problem(place, f"{called} cannot be read: {error.strerror}"))
        except ValueError:
            problems.append(Problem(place, f"{called} must hold the {what} alone, as one line of UTF-8 text"))
        else:
            secrets[place] = secret
            if what == "token" and not secret.strip():
                problems.append(Problem(place, f"{called} is empty: it must hold the token"))
    return secrets, problems


def _config(path: Path, tables: Tables, secrets: Mapping[Place, str]) -> Config:
    service = Service(**_with_secret(given(tables.service), "token", secrets, "service"))
    if tables.service.base_url is None:
        service = replace(service, base_url=base_url_of(service.bind))
    polling = _polling(given(tables.polling))
    sources = tuple(
        _source(_with_secret(given(table), "password", secrets, "sources", index), polling)
        for index, table in enumerate(tables.sources)
    )
    names = {clean_tag(source.name): source.name for source in sources}
    rules = tuple(_rule(given(table), number) for number, table in enumerate(tables.rules, start=1))
    feeds = tuple(
        _feed(_with_secret(given(table), "token", secrets, "feeds", index), names)
        for index, table in enumerate(tables.feeds)
    )
    stories = given(tables.stories)
    if "dedupe" in stories:
        stories["dedupe"] = Dedupe(stories["dedupe"])
    return Config(
        path=path,
        service=service,
        polling=polling,
        stories=StoryPolicy(**stories, rules=rules, feeds=feeds),
        sources=sources,
        subscriptions=tuple(Subscription(**given(table)) for table in tables.subscriptions),
        rules=rules,
        feeds=feeds,
        archives=tuple(_archive(given(table), names) for table in tables.archives),
        retention=_retention(given(tables.retention)),
        backup=_backup(given(tables.backup)),
    )


def _with_secret(
    keys: dict[str, Any], key: str, secrets: Mapping[Place, str], *place: str | int
) -> dict[str, Any]:
    """Return the keys of a table with the secret itself in place of the file that holds it."""
    file = f"{key}_file"
    if file in keys:
        del keys[file]
        keys[key] = secrets[(*place, file)]
    return keys


def _polling(keys: dict[str, Any]) -> Polling:
    adaptive = keys.get("interval") == "auto"
    if adaptive:
        del keys["interval"]
    return Polling(**keys, adaptive=adaptive)


def _source(keys: dict[str, Any], polling: Polling) -> Source:
    keys["keep_categories"] = keys.pop("categories", "keep") == "keep"
    keys["headers"] = tuple(keys.get("headers", {}).items())
    keys.pop("kind", None)  # told by its selectors
    if isinstance(selectors := keys.get("selectors"), SelectorsTable):
        keys["selectors"] = Selectors(**given(selectors))
    least = keys.pop("min_interval", polling.min_interval)
    interval = keys.get("interval", "auto" if polling.adaptive else polling.interval)
    keys["adaptive"] = interval == "auto"
    keys["interval"] = least if interval == "auto" else interval
    shared = {
        "max_interval": polling.max_interval,
        "timeout": polling.timeout,
        "max_size": polling.max_size,
    }
    return Source(**shared | keys)


def _rule(keys: dict[str, Any], number: int) -> Rule:
    keys["match"] = parse_expression(keys["match"])
    return Rule(**{"name": checks.rule_name(number)} | keys)


def _feed(keys: dict[str, Any], names: Mapping[str, str]) -> FeedSpec:
    _settle_conditions(keys, names)
    for key, kind in (("order", Order), ("content", Content), ("digest", Digest)):
        if key in keys:
            keys[key] = kind(keys[key])
    return FeedSpec(**keys)


def _archive(keys: dict[str, Any], names: Mapping[str, str]) -> ArchiveFolder:
    _settle_conditions(keys, names)
    keys["folder"] = Path(keys["folder"])
    for key, kind in (("kind", ArchiveKind), ("style", PostStyle)):
        if key in keys:
            keys[key] = kind(keys[key])
    return ArchiveFolder(**keys)


def _settle_conditions(keys: dict[str, Any], names: Mapping[str, str]) -> None:
    """Spell sources as they are where they are named first, and read the expression."""
    keys["sources"] = tuple(names[clean_tag(name)] for name in keys.get("sources", ()))
    if "match" in keys:
        keys["match"] = parse_expression(keys["match"])


def _retention(keys: dict[str, Any]) -> Retention:
    if "keep" in keys:
        keys["keep"] = parse_expression(keys["keep"])
    return Retention(**keys)


def _backup(keys: dict[str, Any]) -> BackupPlan | None:
    return BackupPlan(**keys | {"folder": Path(keys["folder"])}) if keys else None
