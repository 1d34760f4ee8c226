"""TOML + environment → one frozen, validated Config."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from aggregator.model import FeedSpec, Source, StoryPolicy


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
    contact: str | None = None
    """A URL or mail address that the User-Agent tells sources' owners."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Polling:
    """The `[polling]` table: what holds for every source that does not say otherwise."""

    interval: int = 1_800_000
    concurrency: int = 16
    timeout: int = 20_000
    max_size: int = 10 * 1024 * 1024
    allow_private: tuple[IPv4Network | IPv6Network, ...] = ()
    max_backoff: int = 86_400_000
    """The longest wait (ms) after failures."""
    proxy: str | None = None
    parse_timeout: int = 30_000
    parse_memory: int = 512 * 1024 * 1024
    parse_workers: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that the service is told. Made by `load` only."""

    path: Path
    service: Service
    polling: Polling
    stories: StoryPolicy
    sources: tuple[Source, ...]
    feeds: tuple[FeedSpec, ...]
