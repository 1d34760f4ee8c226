"""Folders that are written to: what is whole, what is ours, and what the file system may do to it."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aggregator.archive.folder import MARK, NameRefusedError, digest_of, open_folder
from aggregator.exceptions import ArchiveError
from aggregator.model import ArchiveKind

JEKYLL, SITE = ArchiveKind.JEKYLL, ArchiveKind.SITE
ROOT = Path(__file__).parents[2]


def test_a_file_is_written_with_its_folders_and_not_again_with_the_same_bytes(tmp_path: Path) -> None:
    with open_folder(tmp_path / "new" / "site", SITE) as folder:
        assert folder.is_new
        assert folder.write("a/b/c.txt", b"one")
        path = tmp_path / "new/site/a/b/c.txt"
        os.utime(path, (1, 1))
        assert not folder.write("a/b/c.txt", b"one")
        assert path.stat().st_mtime == 1
        assert folder.write("a/b/c.txt", b"two")
    assert path.read_bytes() == b"two"


def test_a_file_is_readable_for_whom_new_files_are(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    with open_folder(tmp_path, SITE) as folder:
        folder.write("a", b"one")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_folder_keeps_its_mark_and_each_has_its_own(tmp_path: Path) -> None:
    with open_folder(tmp_path / "a", SITE) as one, open_folder(tmp_path / "b", SITE) as two:
        assert one.mark != two.mark
    (tmp_path / "a").rename(tmp_path / "moved")
    with open_folder(tmp_path / "moved", SITE) as again:
        assert (again.mark, again.is_new) == (one.mark, False)
    assert json.loads((tmp_path / "moved" / MARK).read_text())["kind"] == "site"


@pytest.mark.parametrize("left", [b"", b"\0" * 80])
def test_a_mark_that_a_crash_left_empty_is_made_anew(tmp_path: Path, left: bytes) -> None:
    (tmp_path / MARK).write_bytes(left)
    with open_folder(tmp_path, SITE) as folder:
        assert folder.is_new
    with open_folder(tmp_path, SITE) as again:
        assert again.mark == folder.mark


def test_a_mark_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / MARK).write_text("mine")
    with pytest.raises(ArchiveError, match="is not what an export wrote"), open_folder(tmp_path, SITE):
        pass
    assert (tmp_path / MARK).read_text() == "mine"


def test_a_folder_of_another_kind_or_style_is_refused(tmp_path: Path) -> None:
    with open_folder(tmp_path, JEKYLL, style="legacy"):
        pass
    with (
        pytest.raises(ArchiveError, match="holds an archive of the kind jekyll"),
        open_folder(tmp_path, SITE),
    ):
        pass
    with (
        pytest.raises(
            ArchiveError, match=r"written in the style legacy: go on with that one \(--style legacy"
        ),
        open_folder(tmp_path, JEKYLL, style="safe"),
    ):
        pass


def test_a_folder_that_is_not_fit_gets_no_mark(tmp_path: Path) -> None:
    def refuse(path: Path) -> None:
        raise ArchiveError(f"{path}: no")

    with pytest.raises(ArchiveError, match="no"), open_folder(tmp_path, SITE, vet=refuse):
        pass
    with open_folder(tmp_path, SITE) as folder:
        assert folder.is_new


def test_a_second_exporter_is_refused_while_the_first_one_is_at_work(tmp_path: Path) -> None:
    with open_folder(tmp_path, SITE):
        began = time.monotonic()
        with pytest.raises(ArchiveError, match="another process is writing"), open_folder(tmp_path, SITE):
            pass
        with pytest.raises(ArchiveError), open_folder(tmp_path, SITE, patience=0.2):
            pass
        assert time.monotonic() - began >= 0.2
    with open_folder(tmp_path, SITE):
        pass


def test_a_lock_on_a_mark_that_was_replaced_locks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_folder(tmp_path, SITE) as folder:
        pass
    fresh, locked = tmp_path / "fresh", []

    def lock(file: int, how: int) -> None:
        locked.append(file)
        if len(locked) == 1:  # a checkout comes between
            fresh.write_bytes((tmp_path / MARK).read_bytes())
            fresh.replace(tmp_path / MARK)
        flock(file, how)

    flock = fcntl.flock
    monkeypatch.setattr(fcntl, "flock", lock)
    with open_folder(tmp_path, SITE) as again:
        assert (again.mark, len(locked)) == (folder.mark, 2)


def test_a_file_system_without_locks_is_written_to_without_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_file: int, _how: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with open_folder(tmp_path, SITE) as folder:
        assert folder.write("a", b"one")


KILLED = """
import os, sys
from pathlib import Path
from aggregator.archive.folder import open_folder
from aggregator.model import ArchiveKind
with open_folder(Path(sys.argv[1]), ArchiveKind.SITE) as folder:
    folder.write("a", b"old" * 100_000)
    print("ready", flush=True)
    for number in range(10**9):
        folder.write("a", (b"%06d" % (number % 1000)) * 100_000)
"""


def test_a_kill_at_any_instant_leaves_whole_files_and_the_next_run_takes_its_draft_away(
    tmp_path: Path,
) -> None:
    for turn in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.01 + 0.007 * turn)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        body = (tmp_path / "a").read_bytes()
        assert body in (b"old" * 100_000, body[:6] * 100_000)
    (tmp_path / ".aggregator.draft").write_bytes(b"half")
    (tmp_path / ".aggregator.draft-7").write_bytes(b"half")
    with open_folder(tmp_path, SITE) as folder:
        assert sorted(path.name for path in tmp_path.iterdir()) == [MARK, "a"]
        assert list(folder.names()) == ["a"]


def test_files_that_are_staged_are_written_when_they_are_wanted_and_leave_nothing(tmp_path: Path) -> None:
    with open_folder(tmp_path, SITE) as folder:
        folder.write("same", b"1")
        folder.stage([("a/b", b"1"), ("c", b"2"), ("same", b"1"), ("never", b"3"), ("other", b"4")])
        assert sorted(folder.names()) == ["same"], "drafts are hidden"
        assert folder.write("a/b", b"1")
        assert folder.write("c", b"2")
        assert not folder.write("same", b"1")
        assert folder.write("other", b"5"), "of another mind"
    assert (tmp_path / "a/b").read_bytes() + (tmp_path / "c").read_bytes() == b"12"
    assert (tmp_path / "other").read_bytes() == b"5"
    assert sorted(path.name for path in tmp_path.iterdir()) == [MARK, "a", "c", "other", "same"]


def test_a_disk_that_fails_under_staged_files_is_told_and_keeps_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with open_folder(tmp_path, SITE) as folder, monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        with pytest.raises(ArchiveError, match="make room"):
            folder.stage([("a", b"1"), ("b", b"2")])
        assert [path.name for path in tmp_path.iterdir()] == [MARK]


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENOSPC, "make room there; what was written stays"),
        (errno.EDQUOT, "make room"),
        (errno.EROFS, "only be read: choose another"),
        (errno.EACCES, "make it writable"),
        (errno.EIO, "choose a folder that you may write to"),
    ],
)
def test_a_disk_that_fails_is_told_with_what_to_do_and_the_old_file_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, says: str
) -> None:
    def fail(_file: int) -> None:
        raise OSError(number, os.strerror(number))

    with open_folder(tmp_path, SITE) as folder:
        folder.write("a", b"old")
        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(ArchiveError, match=says) as caught:
            folder.write("a", b"new")
        assert str(tmp_path / "a") in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == [MARK, "a"]
    assert (tmp_path / "a").read_bytes() == b"old"


def test_a_file_in_the_place_of_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(ArchiveError, match="a file where a folder should be"),
        open_folder(tmp_path / "file", SITE),
    ):
        pass
    with (
        pytest.raises(ArchiveError, match="file/x: cannot be written"),
        open_folder(tmp_path / "file/x", SITE),
    ):
        pass
    with (
        open_folder(tmp_path, SITE) as folder,
        pytest.raises(ArchiveError, match="a file where a folder should be"),
    ):
        folder.write("file/x", b"")


def test_a_folder_in_the_place_of_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with open_folder(tmp_path, SITE) as folder:
        assert folder.read("a") is None
        with pytest.raises(ArchiveError, match="a folder where a file should be"):
            folder.write("a", b"")
    assert sorted(path.name for path in tmp_path.iterdir()) == [MARK, "a"]


def test_a_name_that_the_file_system_does_not_take_is_told_apart(tmp_path: Path) -> None:
    with (
        open_folder(tmp_path, SITE) as folder,
        pytest.raises(NameRefusedError, match="names as long as this"),
    ):
        folder.write("x" * 300, b"")


@pytest.mark.parametrize("name", ["../a", "/a", "a/../../b", "a//b", "./a/b"])
def test_nothing_is_written_outside(tmp_path: Path, name: str) -> None:
    with (
        open_folder(tmp_path / "x", SITE) as folder,
        pytest.raises(ArchiveError, match="is no name of a file in"),
    ):
        folder.write(name, b"")
    assert sorted(path.name for path in tmp_path.rglob("*")) == [MARK, "x"]


def test_links_that_lead_out_are_not_followed_and_those_within_are(tmp_path: Path) -> None:
    outside, site = tmp_path / "outside", tmp_path / "site"
    (site / "real").mkdir(parents=True)
    outside.mkdir()
    (outside / "secret").write_bytes(b"mine")
    (site / "out").symlink_to(outside)
    (site / "nowhere").symlink_to(tmp_path / "missing")
    (site / "in").symlink_to("real")
    (site / "file").symlink_to(outside / "secret")
    with open_folder(site, SITE) as folder:
        for name in ("out/a", "nowhere/a"):
            with pytest.raises(ArchiveError, match="symbolic link that leads out"):
                folder.write(name, b"x")
            with pytest.raises(ArchiveError, match="symbolic link that leads out"):
                folder.remove(name)
        assert folder.write("in/a", b"x")
        assert folder.read("file") is None
        assert folder.write("file", b"mine")
    assert (site / "real/a").read_bytes() == b"x"
    assert not (site / "file").is_symlink()
    assert [path.name for path in outside.iterdir()] == ["secret"]
    assert (outside / "secret").read_bytes() == b"mine"


def test_names_are_those_of_all_that_lies_there_but_what_is_hidden(tmp_path: Path) -> None:
    with open_folder(tmp_path, SITE) as folder:
        for name in ("_posts/a.md", "_posts/2019/b.md", "_posts/.hidden", "_posts/.git/x", "other"):
            folder.write(name, b"")
        (tmp_path / "_posts/link").symlink_to("/")
        assert sorted(folder.names("_posts")) == ["_posts/2019/b.md", "_posts/a.md", "_posts/link"]
        assert list(folder.names("missing")) == []
        assert list(folder.names("other")) == []


def test_what_is_removed_is_gone_and_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    with open_folder(tmp_path, SITE) as folder:
        folder.write("a/b", b"x")
        folder.remove("a/b")
        folder.remove("a/b")
        folder.remove("a/b/c")
        folder.remove("none/b")
    assert list((tmp_path / "a").iterdir()) == []


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with open_folder(tmp_path, SITE) as folder:
        assert folder.read("pipe") is None


def test_names_are_the_same_where_the_file_system_says_so(tmp_path: Path) -> None:
    with open_folder(tmp_path, SITE) as folder:
        assert not folder.ignores_case
        assert folder.key("A") != folder.key("a")
        (tmp_path / MARK.upper()).write_bytes((tmp_path / MARK).read_bytes())
    with open_folder(tmp_path, SITE) as folder:
        assert folder.key("\u00c4") == folder.key("a\u0308")


def test_digests_tell_bytes_apart() -> None:
    assert digest_of(b"a") == digest_of(b"a") != digest_of(b"b")
