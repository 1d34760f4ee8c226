"""Commits what an export wrote to the git repository that the folder is in: that, and nothing else.

Nothing is pushed or signed, and nobody is asked anything. Hooks of the repository run: they are its owner's
will. Whatever keeps git from it, the files stay written, and the next commit has what this one left out.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aggregator.archive.folder import MARK, Folder, digest_of, open_folder
from aggregator.archive.places import POSTS, digests, from_stored
from aggregator.archive.sitecommit import EVERYTHING, SiteFiles, site_news
from aggregator.archive.siteowned import plain_name
from aggregator.exceptions import ArchiveError
from aggregator.model import ArchiveFolder, ArchiveKind, Series, WrittenFile
from aggregator.printable import escape
from aggregator.protocols import Store

DEADLINE = 120.0
"""Seconds that git may take for one thing, with the hooks of the repository."""

_LOOK = 0.1
"""Seconds between two looks at whether the service is to stop."""

_LISTED = 20
"""Posts that a message names."""

_TITLE = 100
"""Characters of a title, there."""

_SAID = 3
"""Lines of git's own words that a person is told."""

_PASSED = frozenset(
    {
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_SYSTEM",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_CEILING_DIRECTORIES",
        "GIT_EXEC_PATH",
    }
    | {f"GIT_{who}_{what}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
)
"""Of what the environment tells git: none that names another repository, index or editor."""

_UNDER_WAY = {
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
}
"""Files of git, and what a person is in the middle of while they are there."""

_FALLBACK = {"user.name": "aggregator", "user.email": "aggregator@localhost"}


class CommitError(ArchiveError):
    """What was written could not be committed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Changes:
    """What is to be committed, and what the message says of it."""

    paths: Sequence[str]
    counts: Mapping[str, int]
    """How many of `noun` by what became of them (add, update, remove); all 0 when only the look changed."""
    noun: tuple[str, str]
    told: Sequence[tuple[str, str]]
    """The title and the source of each, or of as many as are named."""
    is_all: bool = True
    """Whether there may be no more than counted."""


def commit_archive(
    store: Store, archive: ArchiveFolder, *, patience: float = 0.0, stop: Callable[[], bool] = lambda: False
) -> int:
    """Commit what was written to an archive's folder and is not committed yet; return how many files that is.

    What else is changed or staged stays as it is; so do posts that a person has changed. Of a site's files
    the packed forms are left out, which change as a whole each time and are nothing to what serves a
    repository; those that a person has committed follow, as old ones would be served in place of new pages.
    Waits up to `patience` seconds for another process that writes to the folder. Raises CommitError when it
    cannot be done, and when `stop` says so meanwhile; ArchiveError when the folder cannot be had; and
    StoreError.
    """
    style = archive.style.value if archive.kind is ArchiveKind.JEKYLL else ""
    with open_folder(archive.folder, archive.kind, style=style, patience=patience) as folder:
        return _commit(store, folder, archive.kind, stop)


def _commit(store: Store, folder: Folder, kind: ArchiveKind, stop: Callable[[], bool]) -> int:
    git = _Git(folder.path, stop)
    prefix = git.run("rev-parse", "--show-prefix").decode(errors="surrogateescape").rstrip("\n")
    _make_sure_that_nothing_is_under_way(git)
    written = {from_stored(file.path): file for file in store.folders.files(folder.mark)}
    states = _states(git, prefix)
    is_site = kind is ArchiveKind.SITE
    changes = _site(store, folder, git, states) if is_site else _posts(store, folder, written, states)
    if changes.paths:
        paths = [*changes.paths, *([MARK] if MARK in states else [])]
        listed = b"".join(os.fsencode(path) + b"\0" for path in paths)
        from_list = ("--pathspec-from-file=-", "--pathspec-file-nul")
        git.run("add", *from_list, given=listed)
        git.run(
            *_identity(git), "-c", "i18n.commitEncoding=UTF-8",
            "commit", "--quiet", "--no-gpg-sign", "--cleanup=verbatim", "--only", *from_list,
            "-m", _message(changes),
            given=listed,
        )  # fmt: skip
    elif not states and git.answers(
        "--no-literal-pathspecs", "check-ignore", "--quiet", "--",
        "index.html" if is_site else next(iter(written), POSTS),
    ):  # fmt: skip
        raise CommitError(f"{folder.path}: git ignores what is written there: see .gitignore there")
    if not is_site and (removed := [file.path for file in written.values() if not file.digest]):
        store.folders.keep(folder.mark, gone=removed)
    return len(changes.paths)


class _Git:
    """git in a folder: in an environment of its own, within a deadline, without a terminal."""

    def __init__(self, folder: Path, stop: Callable[[], bool]) -> None:
        self.folder = folder
        self._stop = stop
        kept = {
            name: text for name, text in os.environ.items() if not name.startswith("GIT_") or name in _PASSED
        }
        kept.pop("LANGUAGE", None)
        self._environment = kept | {
            "LC_ALL": "C",
            "GIT_EDITOR": ":",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_LITERAL_PATHSPECS": "1",
            "GIT_OPTIONAL_LOCKS": "0",
        }

    def run(self, *arguments: str, given: bytes = b"") -> bytes:
        """Return what a command prints. Raises CommitError when it fails."""
        code, printed, said = self._call(arguments, given)
        if code:
            lines = [line.strip() for line in said.decode(errors="replace").splitlines() if line.strip()]
            reason = escape("; ".join(lines[:_SAID])) or f"it ended with code {code}"
            raise CommitError(f"{self.folder}: was not committed; git says: {reason}")
        return printed

    def answers(self, *arguments: str) -> bool:
        """Return whether a command succeeds."""
        return self._call(arguments, b"")[0] == 0

    def committed(self, name: str) -> bytes | None:
        """Return the bytes of a file of the folder in the last commit; None where that does not have it."""
        code, printed, _ = self._call(("cat-file", "blob", f"HEAD:./{name}"), b"")
        return None if code else printed

    def _call(self, arguments: Sequence[str], given: bytes) -> tuple[int, bytes, bytes]:
        self._go_on()
        try:
            process = subprocess.Popen(  # noqa: S603 - no shell; what is not ours comes by standard input
                ["git", *arguments],  # noqa: S607 - where git lies differs from system to system
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise CommitError(
                f"{self.folder}: was not committed: git cannot be started ({error.strerror}); install it"
            ) from error
        with process:
            try:
                return self._await(process, given)
            except BaseException:
                _end(process)
                raise

    def _go_on(self) -> None:
        if self._stop():
            raise CommitError(f"{self.folder}: was not committed: it was stopped") from None

    def _await(self, process: subprocess.Popen[bytes], given: bytes) -> tuple[int, bytes, bytes]:
        until = time.monotonic() + DEADLINE
        left: bytes | None = given
        while True:
            try:
                printed, said = process.communicate(left, timeout=_LOOK)
            except subprocess.TimeoutExpired:
                left = None  # it goes on with what it was given
                self._go_on()
                if time.monotonic() > until:
                    raise CommitError(
                        f"{self.folder}: was not committed: git took longer than {DEADLINE:.0f} s;"
                        " look for a hook of the repository that waits for something"
                    ) from None
            else:
                return process.returncode, printed, said


def _end(process: subprocess.Popen[bytes]) -> None:
    """End git and what it has started: first in a way that lets it take its locks away."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=1.0)
            return


def _make_sure_that_nothing_is_under_way(git: _Git) -> None:
    asked = [argument for name in _UNDER_WAY for argument in ("--git-path", name)]
    places = git.run("rev-parse", *asked).decode(errors="surrogateescape").splitlines()
    for place, what in zip(places, _UNDER_WAY.values(), strict=True):
        if (git.folder / place).exists():
            raise CommitError(
                f"{git.folder}: was not committed: somebody is in the middle of a {what} in this repository;"
                " when that is done, the next commit has everything"
            )


def _states(git: _Git, prefix: str) -> dict[str, str]:
    """Return what is not as in the last commit: by name in the folder, the two letters of `git status`."""
    options = ("--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=all")
    told = git.run("status", *options, "--", ".")
    lines = (os.fsdecode(line) for line in told.split(b"\0") if line)
    return {line[3:].removeprefix(prefix): line[:2] for line in lines}


def _posts(
    store: Store, folder: Folder, written: Mapping[str, WrittenFile], states: Mapping[str, str]
) -> _Changes:
    """Return what is ours of what is not committed, by name."""
    verbs: dict[str, str] = {}
    for name in sorted(states.keys() & written.keys()):
        state, file = states[name], written[name]
        body = folder.read(name)
        if body is None:
            if not file.digest and "D" in state:
                verbs[name] = "remove"
        elif digest_of(body) in digests(file.digest):
            verbs[name] = _verb(state)
    return _Changes(
        paths=list(verbs),
        counts=Counter(verbs.values()),
        noun=("post", "posts"),
        told=list(_entries(store, (written[name] for name in list(verbs)[:_LISTED]))),
    )


def _entries(store: Store, files: Iterable[WrittenFile]) -> Iterator[tuple[str, str]]:
    for file in files:
        entry = None if file.entry_id is None else store.entry(file.entry_id)
        if entry is not None:
            yield " ".join(entry.title.split()) or file.path, entry.source.name


def _site(store: Store, folder: Folder, git: _Git, states: Mapping[str, str]) -> _Changes:
    """Return what is not committed of the files that the site has, and of those that it had."""
    files = SiteFiles(store, folder, git.committed)
    paths = []
    for name, state in sorted(states.items()):
        plain = plain_name(name)
        if name != plain and _verb(state) == "add":
            continue
        is_there = (folder.path / name).is_file()
        if files.has(plain) if is_there else "D" in state and files.had(plain):
            paths.append(name)
    everything = store.sites.feeds(folder.mark).get(Series())
    news = site_news(
        git.committed(EVERYTHING) if paths else None,
        folder.read(EVERYTHING) if paths else None,
        entries=everything.entries if everything is not None else 0,
    )
    return _Changes(
        paths=paths,
        counts=Counter(add=news.count, update=len(news.updated)),
        noun=("entry", "entries"),
        told=[*news.added, *news.updated],
        is_all=news.is_all,
    )


def _verb(state: str) -> str:
    return "add" if "?" in state or "A" in state else "update"


def _identity(git: _Git) -> list[str]:
    """Return options that name somebody as author where the config of git names nobody."""
    strict = ("-c", "user.useConfigOnly=true", "var")
    if git.answers(*strict, "GIT_AUTHOR_IDENT") and git.answers(*strict, "GIT_COMMITTER_IDENT"):
        return []
    missing = [key for key in _FALLBACK if not git.answers("config", key)]
    return [argument for key in missing for argument in ("-c", f"{key}={_FALLBACK[key]}")]


def _message(changes: _Changes) -> str:
    """Return a message that says what came: a line on how much, then the posts or entries."""
    counts = [(verb, changes.counts[verb]) for verb in ("add", "update", "remove") if changes.counts[verb]]
    if not counts:
        return "Update the site\n"
    (first, number), *others = counts
    subject = f"{first.capitalize()} {number} {changes.noun[number != 1]}"
    subject += "" if changes.is_all else " or more"
    subject += "".join(f", {verb} {number}" for verb, number in others)
    lines = [escape(f"- {title[:_TITLE]} ({source})") for title, source in changes.told[:_LISTED]]
    if lines and (more := sum(number for _, number in counts) - _LISTED) > 0:
        lines.append(f"and {more} more")
    return "\n".join([subject, "", *lines] if lines else [subject]) + "\n"
