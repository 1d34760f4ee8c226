"""`python -m benchmarks`: measure, and print a table or JSON."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from benchmarks.daemon import daemon_memory
from benchmarks.origin import origin


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--sources", default=1000, show_default=True, help="How many feeds are polled.")
@click.option("--runs", default=3, show_default=True, help="Each figure is the median of so many runs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON in place of the table.")
def main(*, sources: int, runs: int, as_json: bool) -> None:
    """Measure what polling, serving and waiting cost on this machine."""
    with origin() as url:
        measured = [_run(url, sources) for _ in range(runs)]
        memory = daemon_memory(url, sources)
    rows = _rows(measured, memory, sources)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for name, row in rows.items():
        click.echo(f"{name:<34}" + "  ".join(f"{key} {value}" for key, value in row.items()))


def _run(url: str, sources: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        database = str(Path(folder) / "bench.db")
        return {
            phase: _phase("poll" if phase in {"cold", "warm"} else phase, url, sources, database)
            for phase in ("cold", "bare", "warm", "serve")
        }


def _phase(*arguments: object) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.phases", *map(str, arguments)]
    result: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return result


def _rows(measured: list[dict[str, Any]], memory: dict[str, Any], sources: int) -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for phase in ("cold", "warm", "bare"):
        cpu = statistics.median(run[phase]["cpu_s"] for run in measured)
        wall = statistics.median(run[phase]["wall_s"] for run in measured)
        rows[phase] = {
            "cpu_ms_per_source": round(cpu / sources * 1000, 3),
            "wall_s": round(wall, 2),
            "sources_per_s": round(sources / wall),
        }
    ratio = statistics.median(run["warm"]["cpu_s"] / run["bare"]["cpu_s"] for run in measured)
    rows["warm"]["ratio_to_bare_requests"] = round(ratio, 2)
    rows["warm"]["outcomes"] = measured[-1]["warm"]["outcomes"]
    for status in ("304", "200"):
        rows[f"serve {status}"] = {
            "cpu_us_per_request": statistics.median(run["serve"][status]["cpu_us"] for run in measured),
            "store_touches": max(run["serve"][status]["store_touches"] for run in measured),
            "feed_bytes": measured[-1]["serve"]["bytes"],
        }
    rows["memory of the daemon"] = memory
    return rows


if __name__ == "__main__":
    main()
