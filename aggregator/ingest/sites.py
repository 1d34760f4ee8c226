"""Where well-known sites and programs have their feeds, told from an address alone; pure.

No site's programming interface is asked. `known_feeds` goes by the host's name; `likely_feeds` by the path,
for programs that anybody may run under any name; `common_feeds` guesses. What comes back is to be tried, not
trusted: a site may change, and a path may mean another thing there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from aggregator.ingest.urls import is_web

_ROOT_GUESSES = ("feed", "rss", "rss.xml", "atom.xml", "feed.xml", "index.xml", "feed.json", "feed/")
_FOLDER_GUESSES = ("feed", "rss.xml", "feed.xml", "atom.xml", "index.xml")
_BESIDE_FOLDER_GUESSES = ("feed", "rss.xml", "feed.xml")

_CHANNEL = re.compile(r"UC[\w-]{22}", re.ASCII)
_CHANNEL_IN_PAGE = re.compile(r'"externalId"\s*:\s*"(UC[\w-]{22})"', re.ASCII)
_OWNER_IN_PAGE = re.compile(r'"channelId"\s*:\s*"(UC[\w-]{22})"', re.ASCII)
_PLAYLIST = re.compile(r"(?!RD|WL$|LL$|LM$)[\w-]{10,64}", re.ASCII)  # those left out are made for one viewer
_YOUTUBE = "https://www.youtube.com/feeds/videos.xml"

_LABEL = re.compile(r"[\w-]{1,63}", re.ASCII)
_NAME = re.compile(r"[\w.+-]{1,100}", re.ASCII)
_NO_GITHUB_OWNERS = frozenset(
    {
        *("about", "account", "apps", "blog", "collections", "contact", "copilot"),
        *("customer-stories", "dashboard", "education", "enterprise", "events", "explore"),
        *("features", "issues", "join", "login", "marketplace", "new", "notifications", "orgs"),
        *("organizations", "pricing", "pulls", "readme", "search", "security", "sessions"),
        *("settings", "site", "sponsors", "stars", "team", "topics", "trending"),
    }
)
_NO_GIST_OWNERS = frozenset({"discover", "forked", "join", "login", "search", "starred"})
_NO_FORGEJO_OWNERS = frozenset(
    {
        *("-", "admin", "api", "assets", "attachments", "avatars", "explore", "issues", "milestones"),
        *("notifications", "org", "pulls", "repo", "user"),
    }
)
_NO_GITLAB_GROUPS = frozenset(
    {
        *("-", "admin", "api", "assets", "dashboard", "explore", "groups", "help", "import", "oauth"),
        *("profile", "projects", "search", "snippets", "uploads", "users"),
    }
)
_NO_MEDIUM_PUBLICATIONS = frozenset(
    {
        *("about", "m", "me", "membership", "new-story", "p", "plans", "search", "topic", "topics"),
    }
)
_REDDIT_ORDERS = frozenset({"hot", "new", "rising", "controversial", "top"})
_BLOGGER = re.compile(r"[\w-]+\.blogspot\.(?:com|com?\.[a-z]{2}|[a-z]{2,3})", re.ASCII)
_WORDPRESS_LISTS = frozenset({"category", "tag", "author"})


class _Place(NamedTuple):
    """A web address in the parts that patterns look at."""

    host: str
    origin: str
    path: tuple[str, ...]
    """The path's segments, empty ones left out."""
    query: dict[str, str]


def known_feeds(url: str) -> tuple[str, ...]:
    """Return the feeds of a page of a site that is known by its host's name, the likeliest first.

    YouTube (channels, playlists), GitHub (with gists), GitLab, Codeberg, Reddit, Medium, Substack,
    WordPress.com, Blogger, Tumblr, Bluesky, arXiv, Stack Exchange. Empty for any other address.
    """
    place = _place(url)
    if place is None:
        return ()
    for is_host, feeds in _SITES:
        if is_host(place.host):
            return feeds(place)
    return ()


def likely_feeds(url: str) -> tuple[str, ...]:
    """Return where the feed is, when the path means what it means to a program that many sites run.

    Mastodon, Lemmy, Discourse, WordPress, GitLab.
    """
    place = _place(url)
    if place is None:
        return ()
    found: list[str] = []
    if "-" in place.path[2:]:
        found += _gitlab(place)
    match place.path:
        case (("c" | "u") as kind, name) if _NAME.fullmatch(name):  # Lemmy
            found.append(f"{place.origin}/feeds/{kind}/{name}.xml?sort=New")
        case (account,) if account.startswith("@") and "@" not in account[1:]:  # Mastodon
            found.append(f"{place.origin}/{account}.rss")
        case ("users", account) | ("tags", account):  # Mastodon
            found.append(f"{place.origin}/{place.path[0]}/{account}.rss")
        case ("c" | "t", _, *_, number) if number.isdigit():  # Discourse
            found.append(f"{place.origin}/{'/'.join(place.path)}.rss")
        case (list_, _, *_) if list_ in _WORDPRESS_LISTS:
            found += _wordpress(place)[:1]
            if list_ == "tag":  # Discourse
                found.append(f"{place.origin}/{'/'.join(place.path)}.rss")
    if {"p", "page_id", "cat", "tag", "author"} & place.query.keys():  # WordPress without readable addresses
        found += _wordpress(place)[:1]
    return tuple(found)


def common_feeds(url: str) -> tuple[str, ...]:
    """Return addresses at which many sites have their feed: in the page's own folder, then in the root.

    At most 8. A last segment without a dot is taken for a folder.
    """
    place = _place(url)
    if place is None:
        return ()
    folder = place.path
    if folder and "." in folder[-1]:
        folder = folder[:-1]
    if not folder:
        return tuple(f"{place.origin}/{guess}" for guess in _ROOT_GUESSES)
    own = f"{place.origin}/{'/'.join(folder)}"
    return (
        *(f"{own}/{guess}" for guess in _FOLDER_GUESSES),
        *(f"{place.origin}/{guess}" for guess in _BESIDE_FOLDER_GUESSES),
    )


def is_youtube(url: str) -> bool:
    """Return whether this is an address of YouTube."""
    place = _place(url)
    return place is not None and _is(place.host, "youtube.com")


def channel_feed(text: str, canonical: str | None) -> str | None:
    """Return the feed of the channel that a page of YouTube belongs to: its own one, or a video's.

    A handle (`/@name`, `/c/name`, `/user/name`) does not tell the channel's number; its page does.
    """
    for feed in known_feeds(canonical or ""):
        if "channel_id=" in feed:
            return feed
    found = _CHANNEL_IN_PAGE.search(text) or _OWNER_IN_PAGE.search(text)
    return f"{_YOUTUBE}?channel_id={found[1]}" if found else None


def _youtube(place: _Place) -> tuple[str, ...]:
    playlist = place.query.get("list", "")
    if _PLAYLIST.fullmatch(playlist):
        return (f"{_YOUTUBE}?playlist_id={playlist}",)
    match place.path:
        case ("channel", channel, *_) if _CHANNEL.fullmatch(channel):
            return (f"{_YOUTUBE}?channel_id={channel}",)
    return ()


def _github(place: _Place) -> tuple[str, ...]:
    if not place.path or place.path[0].lower() in _NO_GITHUB_OWNERS:
        return ()
    if len(place.path) == 1:
        return (f"https://github.com/{place.path[0]}.atom",)
    owner, name, *rest = place.path
    repository = f"https://github.com/{owner}/{name.removesuffix('.git')}"
    match rest:
        case ["releases" | "tags" | "wiki" | "discussions" as kind, *_]:
            return (f"{repository}/{kind}.atom",)
        case ["tree" | "commits" | "blob", branch, *path]:
            return (f"{repository}/commits/{'/'.join((branch, *path))}.atom",)
        case ["commits"]:
            return (f"{repository}/commits.atom",)
    return tuple(f"{repository}/{kind}.atom" for kind in ("releases", "tags", "commits"))


def _gist(place: _Place) -> tuple[str, ...]:
    if not place.path or place.path[0] in _NO_GIST_OWNERS:
        return ()
    return (f"{place.origin}/{place.path[0]}.atom",)


def _forgejo(place: _Place) -> tuple[str, ...]:
    if not place.path or place.path[0] in _NO_FORGEJO_OWNERS:
        return ()
    if len(place.path) == 1:
        return (f"{place.origin}/{place.path[0]}.rss",)
    owner, name, *rest = place.path
    repository = f"{place.origin}/{owner}/{name.removesuffix('.git')}"
    match rest:
        case ["releases" | "tags" as kind, *_]:
            return (f"{repository}/{kind}.rss",)
        case ["src" | "commits", "branch", branch, *path]:
            return (f"{repository}/rss/branch/{'/'.join((branch, *path))}",)
    return (f"{repository}/releases.rss", f"{repository}/tags.rss", f"{repository}.rss")


def _gitlab(place: _Place) -> tuple[str, ...]:
    if not place.path or place.path[0] in _NO_GITLAB_GROUPS:
        return ()
    if len(place.path) == 1:
        return (f"{place.origin}/{place.path[0]}.atom",)
    at = place.path.index("-") if "-" in place.path else len(place.path)
    project, rest = f"{place.origin}/{'/'.join(place.path[:at])}", place.path[at + 1 :]
    match rest:
        case ("releases", *_):
            return (f"{project}/-/releases.atom",)
        case ("tags", *_):
            return (f"{project}/-/tags?format=atom",)
        case ("tree" | "commits" | "blob", branch, *path):
            return (f"{project}/-/commits/{'/'.join((branch, *path))}?format=atom",)
    return (f"{project}/-/releases.atom", f"{project}/-/tags?format=atom", f"{project}.atom")


def _reddit(place: _Place) -> tuple[str, ...]:
    match place.path:
        case ():
            path = ""
        case ("r", name, "comments", post, *_):
            path = f"r/{name}/comments/{post}/"
        case ("r", name, order, *_) if order in _REDDIT_ORDERS:
            path = f"r/{name}/{order}/"
        case ("r", name, *_):
            path = f"r/{name}/"
        case ("user" | "u", name, "m", several, *_):
            path = f"user/{name}/m/{several}/"
        case ("domain", domain, *_):
            path = f"domain/{domain}/"
        case ("user" | "u", name, *_):
            path = f"user/{name}/"
        case _:
            return ()
    return (f"https://www.reddit.com/{path}.rss",)


def _medium(place: _Place) -> tuple[str, ...]:
    if place.host not in {"medium.com", "www.medium.com"}:
        return (f"{place.origin}/feed",)
    match place.path:
        case ("tag", tag, *_):
            return (f"https://medium.com/feed/tag/{tag}",)
        case (name, "tagged", tag) if name not in _NO_MEDIUM_PUBLICATIONS:
            return (f"https://medium.com/feed/{name}/tagged/{tag}",)
        case (name, *_) if name not in _NO_MEDIUM_PUBLICATIONS:
            return (f"https://medium.com/feed/{name}",)
    return ()


def _substack(place: _Place) -> tuple[str, ...]:
    if place.host == "open.substack.com":
        match place.path:
            case ("pub", name, *_) if _LABEL.fullmatch(name):
                return (f"https://{name}.substack.com/feed",)
        return ()
    return (f"{place.origin}/feed",)


def _wordpress(place: _Place) -> tuple[str, ...]:
    if category := place.query.get("cat"):
        return (f"{place.origin}/?cat={category}&feed=rss2",) if category.isdigit() else ()
    match place.path:
        case (list_, _, *_) if list_ in _WORDPRESS_LISTS:
            return (f"{place.origin}/{'/'.join(place.path)}/feed/", f"{place.origin}/feed/")
    if place.query and not place.path:
        return (f"{place.origin}/?feed=rss2",)
    return (f"{place.origin}/feed/",)


def _blogger(place: _Place) -> tuple[str, ...]:
    blog = f"{place.origin}/feeds/posts/default"
    match place.path:
        case ("search", "label", label, *_):
            return (f"{blog}/-/{label}", blog)
    return (blog,)


def _tumblr(place: _Place) -> tuple[str, ...]:
    match place.path:
        case ("tagged", tag, *_):
            return (f"{place.origin}/tagged/{tag}/rss", f"{place.origin}/rss")
    return (f"{place.origin}/rss",)


def _bluesky(place: _Place) -> tuple[str, ...]:
    match place.path:
        case ("profile", account, *_):
            return (f"https://bsky.app/profile/{account}/rss",)
    return ()


def _arxiv(place: _Place) -> tuple[str, ...]:
    match place.path:
        case ("list" | "archive", category, *_) if _NAME.fullmatch(category):
            return (f"https://rss.arxiv.org/rss/{category}",)
    return ()


def _stack_exchange(place: _Place) -> tuple[str, ...]:
    match place.path:
        case ("questions", "tagged", tag, *_):
            return (f"{place.origin}/feeds/tag/{tag}",)
        case ("questions" | "q", number, *_) if number.isdigit():
            return (f"{place.origin}/feeds/question/{number}",)
        case () | ("questions",):
            return (f"{place.origin}/feeds",)
    return ()


def _is(host: str, *domains: str) -> bool:
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)


def _is_blog_of(host: str, domain: str) -> bool:
    return host.endswith(f".{domain}") and host not in {f"www.{domain}", f"support.{domain}"}


_STACK_EXCHANGE = (
    *("stackoverflow.com", "serverfault.com", "superuser.com", "askubuntu.com", "mathoverflow.net"),
    *("stackapps.com", "stackexchange.com"),
)
_SITES: tuple[tuple[Callable[[str], bool], Callable[[_Place], tuple[str, ...]]], ...] = (
    (lambda host: _is(host, "youtube.com", "youtu.be"), _youtube),
    (lambda host: host in {"github.com", "www.github.com"}, _github),
    (lambda host: host == "gist.github.com", _gist),
    (lambda host: host in {"codeberg.org", "gitea.com"}, _forgejo),
    (lambda host: host in {"gitlab.com", "www.gitlab.com"}, _gitlab),
    (lambda host: _is(host, "reddit.com"), _reddit),
    (lambda host: _is(host, "medium.com"), _medium),
    (lambda host: _is_blog_of(host, "substack.com"), _substack),
    (lambda host: _is_blog_of(host, "wordpress.com"), _wordpress),
    (lambda host: _BLOGGER.fullmatch(host) is not None, _blogger),
    (lambda host: _is_blog_of(host, "tumblr.com"), _tumblr),
    (lambda host: host == "bsky.app", _bluesky),
    (lambda host: host in {"arxiv.org", "www.arxiv.org"}, _arxiv),
    (lambda host: _is(host, *_STACK_EXCHANGE), _stack_exchange),
)


def _place(url: str) -> _Place | None:
    if not is_web(url):
        return None
    try:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, max_num_fields=50))
    except ValueError:
        return None
    netloc = parts.netloc.rpartition("@")[2]
    if not parts.hostname or not netloc:
        return None
    segments = tuple(segment for segment in parts.path.split("/") if segment)
    return _Place(parts.hostname.rstrip("."), f"{parts.scheme}://{netloc}", segments, query)
