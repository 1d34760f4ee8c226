"""The service on a disk that is full for a while."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import pytest

from tests.daemon.process import Daemon, rss, source, wait_until
from tests.origin import Origin
from tests.store.damage import titles


@pytest.mark.skipif(sys.platform != "linux", reason="limits of another process are set on Linux only")
def test_feeds_are_served_on_a_full_disk_and_polls_are_made_up_for(tmp_path: Path, origin: Origin) -> None:
    one = source("one", origin.serve("/1", rss("One"), etag='"1"'))
    two = source("two", origin.serve("/2", rss("Two"), etag='"2"'))
    with Daemon(tmp_path, one) as daemon:
        wait_until(lambda: len(daemon.items()) == 1, "the first poll is recorded")
        resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
        daemon.write(one + two)
        line = daemon.wait_for_line("ERROR .*make room")
        assert str(daemon.database) in line
        assert len(daemon.items()) == 1
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, unlimited)
        wait_until(lambda: len(daemon.items()) == 2, "the second source was polled")
        assert not [line for line in daemon.lines if "Traceback" in line]
        assert daemon.stop() < 5
    assert sorted(titles(daemon.database)) == ["One", "Two"]
