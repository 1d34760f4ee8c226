"""An export that is killed: the next one ends with the same folder as one that was never disturbed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from aggregator.archive import posts
from aggregator.archive.folder import MARK, Folder
from aggregator.archive.posts import export_posts
from aggregator.model import ArchiveFolder, PostStyle, Source
from aggregator.store import open_store
from aggregator.store.folders import SqliteFolders
from tests.store.drafts import HOUR, NOW, draft, poll

SOURCE = Source(name="A", url="https://a.example/feed")


class KilledError(BaseException):
    """Nothing catches it: as after SIGKILL, nothing more happens."""


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != MARK
    }


def lived(
    folder: Path, style: PostStyle, disturb: Callable[[Callable[[], object]], object]
) -> dict[str, bytes]:
    """Return a folder after posts were added, edited and renamed; `disturb` is given each export to run."""
    folder.mkdir()
    store = open_store(str(folder / "aggregator.db"))
    archive = ArchiveFolder(folder=folder / "site", style=style, update=True)
    store.sync_sources([SOURCE], now=NOW)
    for turn in range(2):
        at = NOW + turn
        said = [draft(f"{number}", title=f"Same {number % 2}", published=NOW - HOUR) for number in range(4)]
        if turn:
            said[0] = draft("0", title=f"Title {turn}", content=f"{turn}", published=NOW - HOUR)
            said[1] = draft("1", title="Same 1", content=f"{turn}", published=NOW - HOUR)
            said.append(draft(f"n{turn}", title=f"Title {turn}", published=NOW - HOUR))
        poll(store, SOURCE, said, now=at)
        disturb(lambda: export_posts(store, archive))
    store.close()
    return files(folder / "site")


@pytest.mark.parametrize("style", PostStyle)
def test_whatever_the_last_thing_was_that_it_did(
    tmp_path: Path, style: PostStyle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posts, "BATCH", 3)
    steps: list[str] = []
    last = 1 << 30

    def watch(kind: type, name: str) -> None:
        original = getattr(kind, name)

        def watched(*given: object, **named: object) -> object:
            steps.append(name)
            if len(steps) == last:
                raise KilledError
            return original(*given, **named)

        monkeypatch.setattr(kind, name, watched)

    for kind, name in ((Folder, "_put"), (Folder, "remove"), (SqliteFolders, "keep")):
        watch(kind, name)
    undisturbed = lived(tmp_path / "whole", style, lambda export: export())
    total = len(steps)
    assert {"_put", "remove", "keep"} <= set(steps)

    def killed_once(export: Callable[[], object]) -> None:
        try:
            export()
        except KilledError:
            export()

    for number in range(1, total + 1):
        steps.clear()
        last = number
        assert lived(tmp_path / f"{number}", style, killed_once) == undisturbed, f"killed at step {number}"
