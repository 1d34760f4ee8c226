from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.ingest.sites import channel_feed, common_feeds, known_feeds, likely_feeds

CHANNEL = "UCabcdefghijklmnopqrst-_"
YOUTUBE = "https://www.youtube.com/feeds/videos.xml"
GITHUB = "https://github.com/o/r"
FORGEJO = "https://codeberg.org/o/r"
GITLAB = "https://gitlab.com/g/sub/p"


@pytest.mark.parametrize(
    ("page", "feeds"),
    [
        (f"https://www.youtube.com/channel/{CHANNEL}", [f"{YOUTUBE}?channel_id={CHANNEL}"]),
        (f"https://m.youtube.com/channel/{CHANNEL}/videos?view=0", [f"{YOUTUBE}?channel_id={CHANNEL}"]),
        ("https://www.youtube.com/playlist?list=PLabc_DEF-123", [f"{YOUTUBE}?playlist_id=PLabc_DEF-123"]),
        ("https://www.youtube.com/watch?v=x&list=PLabc_DEF-123", [f"{YOUTUBE}?playlist_id=PLabc_DEF-123"]),
        ("https://youtu.be/abc?list=PLabc_DEF-123", [f"{YOUTUBE}?playlist_id=PLabc_DEF-123"]),
        ("https://www.youtube.com/watch?v=x&list=RDabcdefghijk", []),
        ("https://www.youtube.com/@handle", []),
        ("https://github.com/o", ["https://github.com/o.atom"]),
        (GITHUB, [f"{GITHUB}/releases.atom", f"{GITHUB}/tags.atom", f"{GITHUB}/commits.atom"]),
        (f"{GITHUB}.git/", [f"{GITHUB}/releases.atom", f"{GITHUB}/tags.atom", f"{GITHUB}/commits.atom"]),
        (f"{GITHUB}/releases/tag/v1", [f"{GITHUB}/releases.atom"]),
        (f"{GITHUB}/tree/main", [f"{GITHUB}/commits/main.atom"]),
        (f"{GITHUB}/commits/main/docs/a.md", [f"{GITHUB}/commits/main/docs/a.md.atom"]),
        ("https://github.com/topics/rss", []),
        ("https://github.com/", []),
        ("https://gitlab.com/g", ["https://gitlab.com/g.atom"]),
        (GITLAB, [f"{GITLAB}/-/releases.atom", f"{GITLAB}/-/tags?format=atom", f"{GITLAB}.atom"]),
        (f"{GITLAB}/-/tree/main", [f"{GITLAB}/-/commits/main?format=atom"]),
        ("https://old.reddit.com/r/python", ["https://www.reddit.com/r/python/.rss"]),
        ("https://www.reddit.com/r/python/top/?t=week", ["https://www.reddit.com/r/python/top/.rss"]),
        ("https://www.reddit.com/u/someone", ["https://www.reddit.com/user/someone/.rss"]),
        (
            "https://www.reddit.com/r/python/comments/1abc/a_title/",
            ["https://www.reddit.com/r/python/comments/1abc/.rss"],
        ),
        ("https://medium.com/@user/a-story-1", ["https://medium.com/feed/@user"]),
        ("https://medium.com/publication", ["https://medium.com/feed/publication"]),
        ("https://medium.com/publication/tagged/x", ["https://medium.com/feed/publication/tagged/x"]),
        ("https://user.medium.com/", ["https://user.medium.com/feed"]),
        ("https://writer.substack.com/p/a-post", ["https://writer.substack.com/feed"]),
        ("https://www.substack.com/", []),
        ("https://open.substack.com/pub/foo/p/a-post?r=1", ["https://foo.substack.com/feed"]),
        ("https://open.substack.com/pub/evil.example%2f", []),
        ("https://open.substack.com/", []),
        ("https://gist.github.com/someone", ["https://gist.github.com/someone.atom"]),
        ("https://gist.github.com/someone/0123abc", ["https://gist.github.com/someone.atom"]),
        ("https://gist.github.com/discover", []),
        ("https://codeberg.org/someone", ["https://codeberg.org/someone.rss"]),
        (FORGEJO, [f"{FORGEJO}/releases.rss", f"{FORGEJO}/tags.rss", f"{FORGEJO}.rss"]),
        (f"{FORGEJO}.git", [f"{FORGEJO}/releases.rss", f"{FORGEJO}/tags.rss", f"{FORGEJO}.rss"]),
        (f"{FORGEJO}/releases/tag/v1", [f"{FORGEJO}/releases.rss"]),
        (f"{FORGEJO}/src/branch/main/docs", [f"{FORGEJO}/rss/branch/main/docs"]),
        ("https://codeberg.org/explore/repos", []),
        ("https://www.reddit.com/domain/example.org/new", ["https://www.reddit.com/domain/example.org/.rss"]),
        ("https://a.wordpress.com/2024/01/02/post/", ["https://a.wordpress.com/feed/"]),
        (
            "https://a.wordpress.com/category/b/",
            ["https://a.wordpress.com/category/b/feed/", "https://a.wordpress.com/feed/"],
        ),
        ("https://a.blogspot.co.uk/2024/01/x.html", ["https://a.blogspot.co.uk/feeds/posts/default"]),
        ("https://a.tumblr.com/post/1", ["https://a.tumblr.com/rss"]),
        ("https://bsky.app/profile/a.example/post/1", ["https://bsky.app/profile/a.example/rss"]),
        ("https://arxiv.org/list/cs.AI/recent", ["https://rss.arxiv.org/rss/cs.AI"]),
        (
            "https://stackoverflow.com/questions/tagged/c%2b%2b",
            ["https://stackoverflow.com/feeds/tag/c%2b%2b"],
        ),
        ("https://tex.stackexchange.com/questions/12/x", ["https://tex.stackexchange.com/feeds/question/12"]),
        ("https://notyoutube.com/channel/x", []),
        ("https://github.com.evil.example/o/r", []),
    ],
)
def test_a_known_site_tells_its_feeds_by_the_address_alone(page: str, feeds: list[str]) -> None:
    assert list(known_feeds(page)) == feeds


@pytest.mark.parametrize(
    ("page", "feeds"),
    [
        ("https://social.example/@user", ["https://social.example/@user.rss"]),
        ("https://social.example/@user@other.example", []),
        ("https://social.example/users/user", ["https://social.example/users/user.rss"]),
        ("https://lemmy.example/c/news", ["https://lemmy.example/feeds/c/news.xml?sort=New"]),
        ("https://forum.example/t/a-topic/12", ["https://forum.example/t/a-topic/12.rss"]),
        ("https://blog.example/category/a/b/", ["https://blog.example/category/a/b/feed/"]),
        ("https://blog.example/?cat=3", ["https://blog.example/?cat=3&feed=rss2"]),
        ("https://blog.example/?p=3", ["https://blog.example/?feed=rss2"]),
        (
            "https://git.example/g/p/-/tags",
            ["https://git.example/g/p/-/tags?format=atom"],
        ),
        ("https://example.org/about", []),
        ("https://example.org/", []),
    ],
)
def test_a_path_that_a_common_program_uses_tells_its_feed(page: str, feeds: list[str]) -> None:
    assert list(likely_feeds(page)) == feeds


@pytest.mark.parametrize(
    "page",
    ["https://example.org", "https://example.org/a/b/", "https://example.org/a/b", "http://[::1]:80/x.html"],
)
def test_common_addresses_are_few_and_in_the_page_s_own_folder_first(page: str) -> None:
    feeds = common_feeds(page)
    assert 1 < len(feeds) == len(set(feeds)) <= 8
    folder = {"https://example.org": "https://example.org/", "http://[::1]:80/x.html": "http://[::1]:80/"}
    assert feeds[0] == folder.get(page, "https://example.org/a/b/") + "feed"


def test_the_channel_of_a_handle_is_told_by_its_page() -> None:
    feed = f"{YOUTUBE}?channel_id={CHANNEL}"
    assert channel_feed("", f"https://www.youtube.com/channel/{CHANNEL}") == feed
    assert channel_feed(f'{{"channelId":"UC{"x" * 22}","externalId":"{CHANNEL}"}}', None) == feed
    assert channel_feed(f'"channelId":"{CHANNEL}"', "https://www.youtube.com/watch?v=1") == feed
    assert channel_feed("nothing", None) is None


@given(
    st.one_of(
        st.text(),
        st.builds(
            "https://{}/{}".format,
            st.sampled_from(
                ["github.com", "www.youtube.com", "gitlab.com", "a.wordpress.com", "reddit.com", "x"]
            ),
            st.text(),
        ),
    )
)
def test_no_address_is_too_odd(url: str) -> None:
    for feed in (*known_feeds(url), *likely_feeds(url), *common_feeds(url)):
        assert feed.startswith(("http://", "https://"))
