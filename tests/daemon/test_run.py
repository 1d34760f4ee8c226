"""The whole service, run as a process, over sockets and files."""

from __future__ import annotations

import fcntl
import json
import signal
import sqlite3
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.daemon.process import Daemon, rss, source, wait_until
from tests.origin import Origin, Seen


def hang(_seen: Seen, handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.flush()
    time.sleep(15)


def test_what_the_config_lists_is_polled_kept_and_published_by_tag(origin: Origin, tmp_path: Path) -> None:
    url = origin.serve("/feed", rss("芯片", "plain"), etag='"1"')
    feed = '[[feeds]]\nslug = "chips"\ntitle = "Chips"\nany = ["日本"]\n'
    with Daemon(tmp_path, source("A", url, tags='["日本"]', interval='"1s"') + feed) as daemon:
        wait_until(lambda: len(daemon.items()) == 2, "both entries are published")
        for path in ("/feeds/chips.json", "/tags/%E6%97%A5%E6%9C%AC.json"):
            assert {item["title"] for item in daemon.items(path)} == {"芯片", "plain"}
        wait_until(lambda: len(origin.seen("/feed")) >= 2, "the source is asked again")
        assert origin.seen("/feed")[1].headers["if-none-match"] == '"1"'
        assert daemon.get("/readyz")[0] == 200
        assert b"aggregator_polls_total" in daemon.get("/metrics")[1]
        assert daemon.get("/feeds/nothing.atom")[0] == 404
        assert daemon.stop() < 5
        assert daemon.process.returncode == 0


def test_a_stop_takes_less_than_five_seconds_while_polls_hang(origin: Origin, tmp_path: Path) -> None:
    urls = [origin.answer(f"/hang{number}", hang) for number in range(20)]
    good = origin.serve("/good", rss("one"))
    sources = "".join(source(f"S{number}", url) for number, url in enumerate(urls))
    with Daemon(tmp_path, sources + source("good", good)) as daemon:
        wait_until(lambda: len(daemon.items()) == 1, "the good source is polled beside the hung ones")
        assert daemon.stop(signal.SIGINT) < 5
        assert daemon.process.returncode == 0


def test_a_poll_cut_off_by_the_stop_is_repeated_at_the_next_start(origin: Origin, tmp_path: Path) -> None:
    url = origin.answer("/feed", hang)
    with Daemon(tmp_path, source("A", url)) as daemon:
        wait_until(lambda: origin.seen("/feed"), "the poll is under way")
        daemon.stop()
    origin.serve("/feed", rss("one"))
    with Daemon(tmp_path, source("A", url)) as daemon:
        wait_until(lambda: len(daemon.items()) == 1, "the source is polled at once")


def test_a_restart_asks_no_source_before_it_is_due_and_keeps_everything(
    origin: Origin, tmp_path: Path
) -> None:
    config = source("A", origin.serve("/feed", rss("one", "two")))
    with Daemon(tmp_path, config) as daemon:
        wait_until(lambda: len(daemon.items()) == 2, "the entries are there")
        before = daemon.get("/all.atom")
        daemon.stop()
    for _ in range(2):
        with Daemon(tmp_path, config) as daemon:
            assert [item["title"] for item in daemon.items()] == ["two", "one"]
            time.sleep(1.2)
            daemon.stop()
    assert len(origin.seen("/feed")) == 1
    assert before[0] == 200


def test_kill_9_in_the_middle_of_polling_loses_and_doubles_nothing(origin: Origin, tmp_path: Path) -> None:
    names = [f"n{number}" for number in range(40)]
    urls = [
        origin.serve(f"/{name}", rss(f"{name}-a", f"{name}-b").replace("news.example", f"{name}.example"))
        for name in names
    ]
    config = "".join(source(name, url) for name, url in zip(names, urls, strict=True))
    for enough in (5, 20):
        with Daemon(tmp_path, config) as daemon:
            wait_until(lambda: len(origin.requests) >= enough, "polling is under way")  # noqa: B023 - used at once
            daemon.stop(signal.SIGKILL)
    with Daemon(tmp_path, config) as daemon:
        wait_until(lambda: len(daemon.items("/all.json?limit=1000")) == 80, "everything is there")
        daemon.stop()
    with sqlite3.connect(tmp_path / "aggregator.db") as conn:
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert conn.execute("SELECT count(*), count(DISTINCT guid) FROM entries").fetchone() == (80, 80)
    conn.close()


def test_a_changed_config_file_is_read_at_once(origin: Origin, tmp_path: Path) -> None:
    first, second = (origin.serve(f"/{name}", rss(name)) for name in "ab")
    with Daemon(tmp_path, source("A", first)) as daemon:
        wait_until(lambda: len(daemon.items()) == 1, "the first source is polled")
        feed = '[[feeds]]\nslug = "new"\ntitle = "New"\n'
        daemon.write(source("A", first) + source("B", second) + feed)
        wait_until(lambda: len(daemon.items("/feeds/new.json")) == 2, "the new source and feed are there")


def test_sighup_reads_the_config_again_even_when_it_comes_during_the_start(
    origin: Origin, tmp_path: Path
) -> None:
    """The start is held up at the database's lock; all that comes before its handlers is Python's."""
    daemon = Daemon(tmp_path, source("A", origin.serve("/a", rss("a"))))
    path = Path(f"{daemon.database}.lock")
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with daemon:
            files = Path(f"/proc/{daemon.process.pid}/fd")
            if files.exists():
                wait_until(lambda: path in opened(files), "it waits for the lock")
            else:
                time.sleep(3)  # this system does not tell
            daemon.process.send_signal(signal.SIGHUP)
            fcntl.flock(lock, fcntl.LOCK_UN)
            daemon.wait_for_line("listening")
            daemon.wait_for_line("reloaded: sources: 1")


def opened(files: Path) -> set[Path]:
    found = set()
    for file in files.iterdir():
        with suppress(OSError):  # closed meanwhile
            found.add(file.readlink())
    return found


def test_a_bad_config_is_refused_loudly_and_the_running_one_kept(origin: Origin, tmp_path: Path) -> None:
    url = origin.serve("/a", rss("a"))
    with Daemon(tmp_path, source("A", url)) as daemon:
        wait_until(lambda: len(daemon.items()) == 1, "the source is polled")
        daemon.write(source("A", url, interval='"soon"') + source("A", "ftp://x"))
        assert "interval" in daemon.wait_for_line("soon")
        daemon.wait_for_line("the config was not reloaded")
        assert len(daemon.items()) == 1


def test_a_changed_address_is_said_to_take_a_restart_and_feeds_name_the_one_that_is_served(
    origin: Origin, tmp_path: Path
) -> None:
    with Daemon(tmp_path, source("A", origin.serve("/a", rss("a")))) as daemon:
        served = daemon.url
        before = daemon.config.read_text()
        assert json.loads(daemon.get("/all.json")[1])["feed_url"] == f"{served}/all.json"
        daemon.config.write_text(before.replace("127.0.0.1:0", "127.0.0.2:1"))
        daemon.wait_for_line(r"\[service\] bind has changed")
        daemon.wait_for_line("reloaded")
        assert json.loads(daemon.get("/all.json")[1])["feed_url"] == f"{served}/all.json"
        daemon.config.write_text(before)
        wait_until(
            lambda: len([line for line in daemon.lines if "reloaded" in line]) == 2, "it is read again"
        )
        assert json.loads(daemon.get("/all.json")[1])["feed_url"] == f"{served}/all.json"
        assert len([line for line in daemon.lines if "has changed" in line]) == 1, "it is as it was"


def test_a_stop_takes_less_than_five_seconds_while_another_program_holds_the_database(
    origin: Origin, tmp_path: Path
) -> None:
    url = origin.serve("/a", rss("a"))
    with Daemon(tmp_path, source("A", url, interval='"1s"')) as daemon:
        wait_until(lambda: len(daemon.items()) == 1, "the source is polled")
        limits = daemon.config.read_text().replace("[polling]\n", "[polling]\nparse_workers = 1\n")
        daemon.config.write_text(limits)
        daemon.wait_for_line("reloaded")
        other = sqlite3.connect(daemon.database, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        time.sleep(1.2)  # so that a claim or a record waits for the lock
        assert daemon.stop() < 5
        other.close()
        assert daemon.process.returncode == 0
        assert "Traceback" not in "".join(daemon.lines)


def test_without_any_source_in_reach_one_line_says_so_and_the_service_goes_on(tmp_path: Path) -> None:
    config = "".join(source(name, f"http://127.0.0.1:9/{name}") for name in "ab")
    with Daemon(tmp_path, config) as daemon:
        line = daemon.wait_for_line("none of the 2 sources can be reached")
        assert "connection error" in line
        assert daemon.get("/")[0] == 200
        assert b"connection error" in daemon.get("/")[1].lower()


def test_without_sources_the_service_says_what_to_do(tmp_path: Path) -> None:
    with Daemon(tmp_path, "") as daemon:
        daemon.wait_for_line("no .*sources.* yet: add one")
        assert daemon.get("/healthz")[0] == 200


def test_a_taken_port_is_one_clear_line(origin: Origin, tmp_path: Path) -> None:
    with Daemon(tmp_path, "") as daemon:
        port = daemon.url.rsplit(":", 1)[1]
        other = tmp_path / "other"
        other.mkdir()
        second = Daemon(other, "")
        second.config.write_text(second.config.read_text().replace("127.0.0.1:0", f"127.0.0.1:{port}"))
        with second:
            line = second.wait_for_line(f"127.0.0.1:{port}")
            second.process.wait(10)
    assert "[service] bind" in line
    assert str(second.config) in line
    assert second.process.returncode == 1
    assert "Traceback" not in "".join(second.lines)


def test_a_second_daemon_on_the_same_database_is_refused(origin: Origin, tmp_path: Path) -> None:
    with Daemon(tmp_path, "") as daemon:
        daemon.wait_for_line("listening")
        with Daemon(tmp_path, "") as second:
            second.wait_for_line("another aggregator runs on this database")
            second.process.wait(10)
    assert second.process.returncode == 1


def test_the_log_can_be_json_one_object_per_line(origin: Origin, tmp_path: Path) -> None:
    config = source("A 日本", origin.serve("/a", rss("a")))
    with Daemon(tmp_path, config, "--log-format", "json") as daemon:
        daemon.wait_for_line("1 new")
        daemon.stop()
        records = [json.loads(line) for line in daemon.lines]
    (polled,) = [record for record in records if "1 new" in record["message"]]
    assert (polled["source"], polled["outcome"], polled["new"]) == ("A 日本", "ok", 1)


@pytest.mark.parametrize("tables", ['[[sources]]\nname = "x"\n'])
def test_a_config_that_cannot_be_used_ends_the_start_with_exit_code_2(tmp_path: Path, tables: str) -> None:
    with Daemon(tmp_path, tables) as daemon:
        daemon.process.wait(20)
    assert daemon.process.returncode == 2
    assert "url" in "".join(daemon.lines)


def test_polls_leave_no_threads_and_no_files_behind(origin: Origin, tmp_path: Path) -> None:
    urls = [origin.serve(f"/{number}", rss(str(number))) for number in range(30)]
    config = "".join(source(f"S{n}", url, interval='"1s"') for n, url in enumerate(urls))
    with Daemon(tmp_path, config) as daemon:
        proc = Path(f"/proc/{daemon.process.pid}")
        if not proc.exists():
            pytest.skip("counts are read from /proc, which this system does not have")

        def counts() -> tuple[int, int]:
            return len(list((proc / "task").iterdir())), len(list((proc / "fd").iterdir()))

        wait_until(lambda: len(origin.requests) > 60, "two rounds are done")
        threads, files = counts()
        wait_until(lambda: len(origin.requests) > 180, "four more rounds are done")
        assert counts()[0] <= threads + 3
        assert counts()[1] <= files + 10
