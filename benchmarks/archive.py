"""`python -m benchmarks.archive`: what moving in, writing posts and publishing a site as files cost."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import click

from aggregator.store import open_store, textindex
from benchmarks.invented_archive import write_archive
from benchmarks.invented_store import MINUTE, NOW, SOURCES, fill

_WORDS = 200
_EVERY = 30 * MINUTE
"""Between two entries: 100,000 are of six years."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a command took, from its start to its end."""

    wall: float
    """Seconds."""
    cpu: float
    """Seconds, of the command and its children."""
    peak: float
    """MiB that it held at most."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--posts", default=10_000, show_default=True, help="Posts that are imported and exported.")
@click.option("--entries", default=100_000, show_default=True, help="Entries of the store that is a site.")
@click.option("--runs", default=3, show_default=True, help="Each figure is the median of so many runs.")
def main(*, posts: int, entries: int, runs: int) -> None:
    """Measure the archive's commands on this machine, each as it is typed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if posts:
            archive = folder / "archive"
            # Apart: a process begins with the peak of the one that starts it.
            writer = multiprocessing.get_context("spawn").Process(target=_write, args=(archive, posts))
            writer.start()
            writer.join()
            print(f"an archive of {posts:,} posts")
            _print([list(_posts(folder / f"run{run}", archive)) for run in range(runs)])
        if entries:
            print(f"a site of {entries:,} entries")
            _print([list(_site(folder / "site", entries, runs))])


def _write(folder: Path, posts: int) -> None:
    write_archive(folder, posts=posts)


def _posts(folder: Path, archive: Path) -> Iterator[tuple[str, Cost]]:
    folder.mkdir()
    config = folder / "aggregator.toml"
    config.write_text(f'[service]\ndatabase = "{folder / "bench.db"}"\n')
    yield "import", _cost(config, "import", "jekyll", archive)
    yield "import again", _cost(config, "import", "jekyll", archive)
    for style in ("legacy", "safe"):
        yield f"export, {style}", _cost(config, "export", "jekyll", folder / style, "--style", style)
        yield f"export again, {style}", _cost(config, "export", "jekyll", folder / style, "--style", style)


def _site(folder: Path, entries: int, runs: int) -> Iterator[tuple[str, Cost]]:
    """Export a site, then again after each of some new entries."""
    folder.mkdir()
    database, config = folder / "bench.db", folder / "aggregator.toml"
    sources = "".join(
        f'[[sources]]\nname = "Wire {n}"\nurl = "https://wire{n}.example/feed"\n' for n in range(SOURCES)
    )
    config.write_text(
        f'[service]\nbase_url = "https://feeds.example"\ndatabase = "{database}"\n{sources}'
        '[[feeds]]\nslug = "some"\ntitle = "Some"\n'
    )
    open_store(str(database)).close()
    fill(database, entries, words=_WORDS, every=_EVERY)
    with closing(sqlite3.connect(database)) as conn, conn:
        conn.execute("UPDATE search_version SET number = ?", (textindex.VERSION,))
    yield "site, the first time", _cost(config, "export", "site", folder / "www")
    costs = []
    for number in range(2 * runs):
        _bring_one(database, number)
        costs.append(_cost(config, "export", "site", folder / "www"))
    yield "site, after one new entry", _median(costs)
    yield "site, nothing new", _cost(config, "export", "site", folder / "www")


def _bring_one(database: Path, number: int) -> None:
    """Put one more entry on top: of one source, with two tags, in the configured feed."""
    at = NOW + number * MINUTE
    with closing(sqlite3.connect(database)) as conn, conn:
        conn.execute(
            "INSERT INTO entries (id, first_seen, surfaced, changed, published, url, title, authors,"
            " tags, categories, language, content_html, enclosures, base_url)"
            " VALUES (?1, ?1, ?1, ?1, ?1, ?2, 'One more', '[]', '[\"tag3\", \"tag40\"]', '[]', 'en',"
            " '<p>new</p>', '[]', '')",
            (at, f"https://www.example.org/new/{number}"),
        )
        conn.execute(
            "INSERT INTO entry_sources (entry_id, source_id, surfaced, revision, title, categories, tags)"
            " VALUES (?1, 1, ?1, x'00', '', '[]', '[]')",
            (at,),
        )
        conn.executemany(
            "INSERT INTO entry_tags (tag, surfaced, entry_id) VALUES (?1, ?2, ?2)",
            [("tag3", at), ("tag40", at)],
        )
        conn.execute("INSERT INTO feed_entries VALUES (1, ?1, ?1, 1)", (at,))


def _cost(config: Path, *arguments: str | Path) -> Cost:
    command = [sys.executable, "-m", "aggregator", "--config", str(config), *map(str, arguments)]
    begun = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise click.ClickException(f"{' '.join(command)} ended with exit code {process.returncode}")
    unit = 1024 if sys.platform == "linux" else 1024 * 1024
    return Cost(wall=wall, cpu=used.ru_utime + used.ru_stime, peak=used.ru_maxrss / unit)


def _print(runs: list[list[tuple[str, Cost]]]) -> None:
    for rows in zip(*runs, strict=True):
        cost = _median([cost for _, cost in rows])
        print(f"  {rows[0][0]:<30} {cost.wall:7.2f} s, {cost.cpu:7.2f} s of CPU, {cost.peak:5.0f} MiB")


def _median(costs: list[Cost]) -> Cost:
    return Cost(
        wall=statistics.median(cost.wall for cost in costs),
        cpu=statistics.median(cost.cpu for cost in costs),
        peak=statistics.median(cost.peak for cost in costs),
    )


if __name__ == "__main__":
    main()
