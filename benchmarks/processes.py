"""CPU and memory of a process with all that it started, from Linux's /proc; of itself alone elsewhere."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def family_cpu(pid: int | None = None) -> float:
    """Return the CPU seconds that a process (this one by default) and its living descendants have used."""
    if not Path("/proc/self/stat").exists():
        return time.process_time()
    return sum(_cpu(member) for member in family(pid or os.getpid()))


def family_memory(pid: int) -> dict[str, float]:
    """Return the MiB of memory of a process and its living descendants: shared pages counted once (pss)."""
    members = list(family(pid))
    return {"pss_mib": sum(_pss(member) for member in members) / 1024, "processes": len(members)}


def family(pid: int) -> Iterator[int]:
    """Yield a process and its living descendants."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in _read(task).split():
            yield from family(int(child))


def _cpu(pid: int) -> float:
    fields = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS if fields else 0.0


def _pss(pid: int) -> int:
    found = re.search(r"^Pss:\s+(\d+) kB", _read(Path(f"/proc/{pid}/smaps_rollup")), re.MULTILINE)
    return int(found[1]) if found else 0


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
