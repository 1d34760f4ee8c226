"""What is a URI, and so an id in Atom: an answer that becomes another changes ids that readers know."""

from __future__ import annotations

import pytest

from aggregator.identity import uri_of


@pytest.mark.parametrize(
    "name",
    [
        "https://a.example/?p=1&q=%E4%B8%AD#x",
        "http://a.example:8080",
        "HTTP://A.example/",
        "https://a.example/[1]#a#b",
        "https://[::1]:80/a",
        "https://my_blog.example/@me",
        "https://例え.example/記事?q=中#部",
        "tag:a.example,2024-04-03:/posts/1",
        "tag:me@a.example,2024:1",
        "tag:blogger.com,1999:blog-1.post-2",
        "urn:uuid:60a76c80-d399-11d9-b93C-0003939e0af6",
        "urn:isbn:9780141036144",
        "urn:x-internal:記事/1",
        "yt:video:dQw4w9WgXcQ",
        "info:doi/10.1000/182",
        "at://did:plc:abc/app.bsky.feed.post/1",
        "post:1",
        "mid:1@a.example",
    ],
)
def test_an_absolute_uri_or_iri_is_one_to_the_letter(name: str) -> None:
    assert uri_of(name) == name


@pytest.mark.parametrize(
    "name",
    [
        None,
        "",
        "1",
        "jp-0",
        "/relative",
        ":",
        "a:",
        "1:2",
        "https://",
        "https:a",
        "https:///path",
        "https://a.example:port/",
        "https://a.example/a b",
        "https://a.example/%zz",
        "https://user:secret@a.example/",
        "imap://user@a.example/",
        "https://a.example/\u202eb",
        "https://a.example/\u00a0",
        "https://a.example/\ue000",
        "yt:video:<1>",
        "C:\\posts\\1",
        "tag:a.example,1",
        "urn:uuid:1",
        "urn:1",
        "urn:-a:1",
        "post:1\n",
    ],
)
def test_what_is_no_valid_uri_or_tells_a_password_is_none(name: str | None) -> None:
    assert uri_of(name) is None


def test_a_bare_uuid_is_a_urn_in_one_form() -> None:
    for name in ("60A76C80-D399-11D9-B93C-0003939e0af6", "60a76c80-d399-11d9-b93c-0003939e0af6"):
        assert uri_of(name) == "urn:uuid:60a76c80-d399-11d9-b93c-0003939e0af6"
