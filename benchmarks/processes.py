"""CPU and memory of a process with all that it started, from Linux's /proc; less exact elsewhere."""

from __future__ import annotations

import os
import re
import resource
import time
from collections.abc import Iterator
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def family_cpu() -> float:
    """Return the CPU seconds that this process and its descendants have used, those that ended included.

    Without /proc, descendants count once they have ended.
    """
    if Path("/proc/self/stat").exists():
        return sum(_cpu(member) for member in family(os.getpid()))
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


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
    """Return a process's own seconds and those of the children that it has waited for."""
    fields = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS  # utime, stime, cutime, cstime: see proc(5)


def _pss(pid: int) -> int:
    found = re.search(r"^Pss:\s+(\d+) kB", _read(Path(f"/proc/{pid}/smaps_rollup")), re.MULTILINE)
    return int(found[1]) if found else 0


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
