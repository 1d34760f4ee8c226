"""Commits of what was written: that alone, whatever state a person's repository is in."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from aggregator.archive import git
from aggregator.archive.git import CommitError, commit_archive
from aggregator.archive.posts import export_posts
from aggregator.archive.site import export_site
from aggregator.config import Config, load
from aggregator.exceptions import ArchiveError
from aggregator.model import ArchiveFolder, ArchiveKind, EntryDraft, PostStyle, Source
from aggregator.protocols import Store
from aggregator.store import open_store
from tests.store.drafts import HOUR, NOW, draft, poll

SOURCE = Source(name="湖畔", url="https://a.example/feed")


@pytest.fixture(autouse=True)
def _a_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their config of git, and an environment that names another repository."""
    config = tmp_path / "gitconfig"
    config.write_text("[user]\nname = Person\nemail = person@example.org\n[init]\ndefaultBranch = main\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    for name in [name for name in os.environ if name.startswith(("GIT_AUTHOR", "GIT_COMMITTER"))]:
        monkeypatch.delenv(name)


@dataclass
class Repository:
    path: Path

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-c", "core.quotepath=off", *arguments],
            cwd=self.path,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.rstrip("\n")

    @property
    def log(self) -> list[str]:
        return self.git("log", "--format=%s").splitlines()

    def files_of(self, commit: str = "HEAD") -> list[str]:
        return self.git("show", "--format=", "--name-only", commit).splitlines()


@dataclass
class Desk:
    store: Store
    archive: ArchiveFolder
    repository: Repository
    now: int = NOW

    def poll(self, *drafts: EntryDraft) -> None:
        self.now += 1
        poll(self.store, SOURCE, drafts, now=self.now)

    def export(self) -> int:
        export_posts(self.store, self.archive)
        return commit_archive(self.store, self.archive)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A folder within a repository that has no commit yet."""
    store = open_store(str(tmp_path / "aggregator.db"))
    store.sync_sources([SOURCE], now=NOW)
    repository = Repository(tmp_path / "repository")
    repository.path.mkdir()
    repository.git("init", "-q")
    folder = repository.path / "the site"
    yield Desk(
        store, ArchiveFolder(folder=folder, commit=True, update=True, style=PostStyle.LEGACY), repository
    )
    store.close()


def test_what_came_is_committed_with_a_message_that_says_so(desk: Desk) -> None:
    desk.poll(draft("a", title='新"工厂"\n落成'), draft("b", title=""), draft("c"))
    assert desk.export() == 3
    assert desk.repository.git("log", "--format=%an <%ae>") == "Person <person@example.org>"
    body = desk.repository.git("log", "--format=%B").splitlines()
    assert body[:2] == ["Add 3 posts", ""]
    assert sorted(body[2:5]) == sorted(
        ["- Title of c (湖畔)", "- _posts/2027-01-15-.md (湖畔)", '- 新"工厂" 落成 (湖畔)']
    )
    assert len(desk.repository.files_of()) == 4, "with the folder's mark"
    assert desk.repository.git("status", "--short") == ""
    assert desk.export() == 0
    assert len(desk.repository.log) == 1


def test_a_long_list_is_cut_and_titles_are_one_short_line(desk: Desk) -> None:
    desk.poll(*(draft(f"{n}", title=f"\x1b[31m{n}" + "x" * 500, published=NOW - HOUR + n) for n in range(25)))
    desk.export()
    body = desk.repository.git("log", "--format=%B").splitlines()
    assert (body[0], len(body), body[-1]) == ("Add 25 posts", 23, "and 5 more")
    assert all(len(line) < 130 and line.isprintable() for line in body)


def test_new_edited_and_renamed_posts_are_told_apart(desk: Desk) -> None:
    desk.poll(draft("a"), draft("b"), draft("c"))
    desk.export()
    desk.poll(draft("a", title="Another"), draft("b", content="another"), draft("c"), draft("d"))
    desk.export()
    assert desk.repository.log[0] == "Add 2 posts, update 1, remove 1"
    assert desk.repository.git("status", "--short") == ""
    assert desk.export() == 0


def test_only_what_we_wrote_is_committed(desk: Desk) -> None:
    path, folder = desk.repository.path, desk.archive.folder
    (path / "tracked").write_text("1")
    desk.repository.git("add", "tracked")
    desk.repository.git("commit", "-q", "-m", "mine")
    (path / "tracked").write_text("2")
    (path / "staged").write_text("")
    desk.repository.git("add", "staged")
    (folder / "_posts").mkdir(parents=True)
    (folder / "_posts" / "2020-01-01-mine.md").write_text("mine")
    desk.poll(draft("a"))
    assert desk.export() == 1
    assert desk.repository.files_of() == ["the site/.aggregator", "the site/_posts/2027-01-15-Title of a.md"]
    assert set(desk.repository.git("status", "--short").splitlines()) == {
        "A  staged",
        " M tracked",
        '?? "the site/_posts/2020-01-01-mine.md"',
    }


def test_a_post_that_a_person_has_changed_is_theirs_to_commit(desk: Desk) -> None:
    desk.poll(draft("a"))
    desk.export()
    (post,) = (desk.archive.folder / "_posts").iterdir()
    post.write_text("mine")
    desk.poll(draft("b"))
    assert desk.export() == 1
    assert desk.repository.git("status", "--short").startswith(" M ")


def test_names_that_look_like_patterns_or_options_are_names(desk: Desk) -> None:
    desk.poll(draft("a", title=":(glob)**"), draft("b", title="[a-z]*?"), draft("c", title="- x\\y"))
    assert desk.export() == 3
    assert desk.repository.git("status", "--short") == ""


def test_a_person_without_a_name_is_stood_in_for(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "gitconfig").write_text("[commit]\ngpgSign = true\n[gpg]\nprogram = false\n")
    desk.poll(draft("a"))
    desk.export()
    assert desk.repository.git("log", "--format=%an <%ae>") == "aggregator <aggregator@localhost>"


def test_the_environment_names_no_other_repository(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_EDITOR"):
        monkeypatch.setenv(name, "/nowhere")
    desk.poll(draft("a"))
    assert desk.export() == 1
    monkeypatch.undo()


def test_a_worktree_and_a_detached_head_are_committed_to(desk: Desk, tmp_path: Path) -> None:
    desk.repository.git("commit", "-q", "--allow-empty", "-m", "first")
    desk.repository.git("worktree", "add", "-q", "--detach", str(tmp_path / "tree"))
    desk.archive = replace(desk.archive, folder=tmp_path / "tree")
    desk.poll(draft("a"))
    assert desk.export() == 1
    assert Repository(tmp_path / "tree").log == ["Add 1 post", "first"]
    assert desk.repository.log == ["first"]


def test_a_submodule_is_a_repository_of_its_own(desk: Desk, tmp_path: Path) -> None:
    inner = Repository(tmp_path / "inner")
    inner.path.mkdir()
    inner.git("init", "-q")
    inner.git("commit", "-q", "--allow-empty", "-m", "first")
    desk.repository.git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.path), "sub"
    )
    desk.archive = replace(desk.archive, folder=desk.repository.path / "sub")
    desk.poll(draft("a"))
    assert desk.export() == 1
    assert Repository(desk.archive.folder).log == ["Add 1 post", "first"]


def test_what_could_not_be_committed_is_with_the_next(desk: Desk) -> None:
    hook = desk.repository.path / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no posts today >&2\nexit 1\n")
    hook.chmod(0o755)
    desk.poll(draft("a"))
    with pytest.raises(CommitError, match="the site: was not committed; git says: no posts today"):
        desk.export()
    assert len(list((desk.archive.folder / "_posts").iterdir())) == 1
    hook.unlink()
    desk.poll(draft("b"))
    assert desk.export() == 2
    assert desk.repository.log == ["Add 2 posts"]


def test_a_hook_that_hangs_is_ended_with_all_that_it_started(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git, "DEADLINE", 1.0)
    hook = desk.repository.path / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho $$ >pid\nsleep 30\n")
    hook.chmod(0o755)
    desk.poll(draft("a"))
    began = time.monotonic()
    with pytest.raises(CommitError, match="git took longer than 1 s"):
        desk.export()
    assert time.monotonic() - began < 10
    pid = (desk.repository.path / "pid").read_text().strip()
    state = subprocess.run(["ps", "-o", "stat=", "-p", pid], capture_output=True, text=True, check=False)
    assert state.stdout.strip()[:1] in {"", "Z"}
    hook.unlink()
    assert commit_archive(desk.store, desk.archive) == 1


def test_a_merge_that_somebody_is_in_the_middle_of_is_not_committed(desk: Desk) -> None:
    desk.poll(draft("a"))
    (desk.repository.path / ".git/MERGE_HEAD").write_text("0" * 40 + "\n")
    with pytest.raises(CommitError, match="in the middle of a merge"):
        desk.export()


def test_a_folder_in_no_repository_is_told(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    desk.archive = replace(desk.archive, folder=tmp_path / "plain")
    desk.poll(draft("a"))
    with pytest.raises(CommitError, match="plain: was not committed; git says: fatal: not a git repository"):
        desk.export()


def test_a_machine_without_git_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.poll(draft("a"))
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(CommitError, match="git cannot be started"):
        desk.export()


def test_a_folder_that_git_ignores_is_told(desk: Desk) -> None:
    (desk.repository.path / ".gitignore").write_text("the site/\n")
    desk.poll(draft("a"))
    with pytest.raises(CommitError, match="git ignores what is written there"):
        desk.export()


def test_a_lock_that_was_left_is_told_in_the_words_of_git(desk: Desk) -> None:
    desk.poll(draft("a"))
    (desk.repository.path / ".git/index.lock").write_text("")
    with pytest.raises(CommitError, match=r"index\.lock"):
        desk.export()


def test_a_stop_ends_git(desk: Desk) -> None:
    desk.poll(draft("a"))
    export_posts(desk.store, desk.archive)
    hook = desk.repository.path / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nsleep 30\n")
    hook.chmod(0o755)
    with pytest.raises(CommitError, match="it was stopped"):
        commit_archive(desk.store, desk.archive, stop=lambda: True)


@dataclass
class SiteDesk:
    """A site in a repository, with files of its owner between ours."""

    desk: Desk
    config: Config

    @property
    def folder(self) -> Path:
        return self.desk.archive.folder

    def export(self) -> int:
        export_site(self.desk.store, self.config, self.folder, now=NOW)
        return commit_archive(self.desk.store, self.desk.archive)


@pytest.fixture
def site(desk: Desk, tmp_path: Path) -> SiteDesk:
    path = tmp_path / "aggregator.toml"
    path.write_text('[service]\nbase_url = "https://feeds.example"\n')
    desk.archive = replace(desk.archive, kind=ArchiveKind.SITE)
    return SiteDesk(desk, load(path, {}))


def test_a_commit_of_a_site_says_which_entries_came(site: SiteDesk) -> None:
    desk = site.desk
    desk.poll(draft("a", title="First", categories=("x",)), draft("b"))
    assert site.export() > 10
    with pytest.raises(ArchiveError, match="holds an archive of the kind site"):
        export_posts(desk.store, desk.archive)
    desk.poll(draft("a", title="Another", categories=("x",)), draft("b"), draft("c", title="新\x1b"))
    site.export()
    new, first = desk.repository.git("log", "--format=%B%x00").split("\0")[:2]
    assert new.split("\n") == ["Add 1 entry, update 1", "", "- 新 (湖畔)", "- Another (湖畔)", ""]
    assert first.split("\n")[1:4:2] == ["Add 2 entries", "- First (湖畔)"]
    assert site.export() == 0


def test_a_commit_of_a_site_names_some_of_many(site: SiteDesk) -> None:
    site.desk.poll(*(draft(f"{n}", published=NOW - HOUR + n) for n in range(90)))
    site.export()
    body = site.desk.repository.git("log", "--format=%B").splitlines()
    assert (body[0], len(body), body[-1]) == ("Add 90 entries", 23, "and 70 more")


def test_a_commit_of_how_a_site_looks_names_no_entry(site: SiteDesk) -> None:
    site.desk.poll(draft("a"))
    site.export()
    site.config = replace(site.config, service=replace(site.config.service, title="Another"))
    assert site.export() > 1
    assert site.desk.repository.git("log", "-1", "--format=%B") == "Update the site"


def test_packed_forms_are_not_committed_unless_a_person_did(site: SiteDesk) -> None:
    desk = site.desk
    desk.poll(draft("a"))
    site.export()
    assert not [name for name in desk.repository.files_of() if name.endswith((".gz", ".br"))]
    desk.repository.git("add", "the site/all.json.gz")
    desk.repository.git("commit", "-q", "-m", "mine")
    desk.poll(draft("a"), draft("b"))
    site.export()
    packed = [name for name in desk.repository.files_of() if name.endswith((".gz", ".br"))]
    assert packed == ["the site/all.json.gz"]


def test_a_persons_files_between_those_of_a_site_are_theirs(site: SiteDesk) -> None:
    desk = site.desk
    desk.poll(draft("a", categories=("x",)))
    site.export()
    theirs = ["static/my-logo.txt", "tags/notes.txt", "tags/mine.html", "feeds/1.html", "all/7.html", "CNAME"]
    for name in theirs:
        (site.folder / name).parent.mkdir(exist_ok=True)
        (site.folder / name).write_text("mine")
    (site.folder / "tags/y.html").write_text("mine, and in the way")
    desk.poll(draft("a", categories=("x",)), draft("b", categories=("y",)))
    assert site.export() > 3
    status = desk.repository.git("status", "--short", "-uall")
    shown = {line[3:].strip('"').removeprefix("the site/") for line in status.splitlines()}
    assert {name for name in shown if not name.endswith((".gz", ".br"))} == {*theirs, "tags/y.html"}
    desk.repository.git("add", "the site/tags")
    desk.repository.git("commit", "-q", "-m", "mine")
    (site.folder / "tags/notes.txt").unlink()
    (site.folder / "tags/mine.html").unlink()
    assert site.export() == 0


def test_what_a_site_has_no_longer_is_removed_from_the_repository(site: SiteDesk) -> None:
    desk = site.desk
    desk.poll(draft("a", categories=("x",)), draft("b"))
    site.export()
    desk.poll(draft("a"), draft("b"))
    site.export()
    gone = desk.repository.git("show", "--format=", "--name-only", "--diff-filter=D", "HEAD").splitlines()
    assert gone == [f"the site/tags/x.{suffix}" for suffix in ("atom", "html", "json", "rss")]
