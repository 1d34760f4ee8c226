"""An invented archive of Jekyll posts, as hourly scripts wrote them over years, with the truth beside it.

articles (`invented_articles`) ─► what the scripts wrote of them ─► some changed by hand or by other scripts
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

from benchmarks.invented_articles import Article, articles, sites
from benchmarks.wild_posts import FORMS, Post

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_JS_SPACE = "\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_OUTER_SPACE = re.compile(f"^[{_JS_SPACE}]+|[{_JS_SPACE}]+$")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAME_CHANGED = int(datetime(2019, 6, 1, tzinfo=UTC).timestamp()) * 1000
"""Until then, the name of a file was made of the title as it stood in the front matter."""

_UNAMBIGUOUS = re.compile(r"(?!null$)[^\W\d][\w' .+]*", re.IGNORECASE)

_DELETED, _UNKNOWN = 0.12, 0.01
"""So many of the known URLs are of posts that were deleted; so many posts' URLs are not among them."""

_NO_POSTS = {
    ".DS_Store": b"\x00\x00\x00\x01Bud1",
    "README.txt": b"Posts live here.\n",
    "picture.png": b"\x89PNG\r\n",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """What was written to a folder."""

    posts: tuple[Post, ...]
    """Each with its file, and what must come of it."""
    deleted: tuple[Article, ...]
    """Articles whose URLs are known, though there is no post of them."""
    others: frozenset[str]
    """Files beside the posts that are none."""
    addresses: dict[str, str]
    """The feed of each site that has one, by the site's name."""


def write_archive(
    folder: Path,
    *,
    posts: int = 5_685,
    seed: int = 1,
    wild: float = 0.03,
    feeds: str = "https://feeds.example",
) -> Archive:
    """Write `_posts`, `subs.json` and `allurls.dat` to `folder`, and return the truth about them.

    A share of `wild` of the posts is in forms that the scripts never wrote, each form as often as the others.
    `feeds` is the address below which the sites' feeds lie, each as its number and `.xml`. The same arguments
    make the same archive.
    """
    dice = random.Random(seed)
    kept, deleted = _written_by_scripts(posts, seed, dice)
    made = tuple(_with_wild_ones(kept, wild, dice))
    for post in made:
        path = folder / "_posts" / post.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(post.body)
    for name, body in _NO_POSTS.items():
        (folder / "_posts" / name).write_bytes(body)
    known = [post.url for post in made if post.url and dice.random() > _UNKNOWN]
    known += [href(article.link) for article in deleted]
    (folder / "allurls.dat").write_text("".join(f"{url}\n" for url in dict.fromkeys(known)), "utf-8")
    addresses = {site.name: f"{feeds}/{site.number}.xml" for site in sites()}
    subscribed = [
        {"site": name} if number in {7, 23} else {"site": name, "url": url}
        for number, (name, url) in enumerate(addresses.items())
    ]
    (folder / "subs.json").write_text(json.dumps(subscribed, ensure_ascii=False, indent=2), "utf-8")
    return Archive(
        posts=made,
        deleted=tuple(deleted),
        others=frozenset(_NO_POSTS),
        addresses={row["site"]: row["url"] for row in subscribed if "url" in row},
    )


def scripts_post(article: Article) -> Post:
    """Return what the scripts made of an article.

    Control characters are taken out of title and content. The front matter has `"` in the title as `\\"`, and
    the first `...` left out. A date that is missing or to come is the time of the run. The first fifty UTF-16
    units of the title name the file, with `/` as `--`. Checked against such a script in Node 20.
    """
    title, content = _CONTROL.sub("", article.title), _CONTROL.sub("", article.content)
    quoted = title.replace('"', '\\"').replace("...", "", 1)
    future = article.date is not None and article.date > article.run
    date = article.run if article.date is None or future else article.date
    author = article.author or article.site.name
    said = "NaN" if article.date is None else str(article.date)
    url = href(article.link)
    named = quoted if article.run < _NAME_CHANGED else title
    text = (
        f'---\nlayout: post\ntitle: "{quoted}"\ndate: {iso(date)}\nauthor: {author}\nfrom: {url}\n'
        f"tags: [ {article.site.name} ]\ncomments: True\ncategories: [ {article.site.name} ]\n---\n"
        f"<!--{said}-->\n[{trim(title)}]({url})\n------\n\n<div>\n{trim(content)}\n</div>\n"
    )
    return Post(
        file=f"{iso(date)[:10]}-{_first_units(named, 50)}.md".replace("/", "--"),
        body=text.encode(),
        article=article,
        title=trim(title),
        url=url,
        author="" if author == article.site.name else author,
        tags=(article.site.name,),
        date=date,
        said=article.date,
        content=trim(content),
    )


def href(link: str) -> str:
    """Return `link` as `new URL(link).href` does, for such links as the articles have.

    See the URL Standard of the WHATWG: its percent-encode sets, its dot segments, backslashes as slashes.
    """
    parts = urlsplit(re.sub("[\t\n\r]", "", link.strip("".join(map(chr, range(33))))).replace("\\", "/"))
    host = (parts.hostname or "").encode("idna").decode()
    steps: list[str] = []
    segments = parts.path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del steps[-1:]
        elif segment != ".":
            steps.append(segment)
    path = quote("/".join(steps), safe="!$%&'()*+,-./:;=@[]^_|~")
    query = quote(parts.query, safe="!$%&()*+,-./:;=?@[\\]^_`{|}~")
    fragment = quote(parts.fragment, safe="!#$%&'()*+,-./:;=?@[\\]^_{|}~")
    return f"{parts.scheme}://{host}/{path}" + (query and f"?{query}") + (fragment and f"#{fragment}")


def iso(instant: int) -> str:
    """Return an instant as `toISOString` writes it."""
    return (
        (_EPOCH + timedelta(milliseconds=instant)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def trim(text: str) -> str:
    """Return the text without outer white space, as JavaScript understands it."""
    return _OUTER_SPACE.sub("", text)


def _first_units(text: str, count: int) -> str:
    """Return the first UTF-16 units; a pair of surrogates cut in two ends as U+FFFD, as Node does it."""
    return text.encode("utf-16-le")[: 2 * count].decode("utf-16-le", "replace")


def _written_by_scripts(count: int, seed: int, dice: random.Random) -> tuple[list[Post], list[Article]]:
    """Return the posts that are still there, and the articles of those that were deleted."""
    kept: dict[str, Post] = {}
    deleted: list[Article] = []
    seen: set[str] = set()
    for article in articles(count * 2, seed):
        if len(kept) == count:
            break
        post = scripts_post(article)
        if post.file in kept or (post.url or "") in seen:
            continue
        seen.add(post.url or "")
        if dice.random() < _DELETED:
            deleted.append(article)
        else:
            kept[post.file] = post
    return list(kept.values()), deleted


def _ambiguous(post: Post) -> frozenset[str]:
    """Return what YAML reads otherwise than the scripts meant it, once a post is not in their own form."""
    site = post.article.site.name
    unclear = {"author": post.author or site, "tags": site}
    return frozenset(field for field, text in unclear.items() if not _UNAMBIGUOUS.fullmatch(text))


def _with_wild_ones(posts: Sequence[Post], share: float, dice: random.Random) -> Iterator[Post]:
    """Yield the posts in their order, so many of them in other forms, every form in its turn."""
    taken = {post.file for post in posts}
    chosen = set(dice.sample(range(1, len(posts)), round(share * (len(posts) - 1))))
    turn = 0
    for number, post in enumerate(posts):
        if number not in chosen:
            yield post
            continue
        form = list(FORMS)[turn % len(FORMS)]
        turn += 1
        wild = replace(FORMS[form](post, posts[number - 1]), form=form)
        wild = replace(wild, open=wild.open | _ambiguous(post))
        if wild.file in taken and wild.file != post.file:
            wild = replace(wild, file=wild.file.replace(".m", f"{number}.m"))
        taken.add(wild.file)
        yield wild
