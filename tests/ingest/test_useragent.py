from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import __version__
from aggregator.ingest.useragent import user_agent

US = f"aggregator/{__version__}"


def test_the_configured_contact_is_told_whatever_the_base_url_is() -> None:
    assert user_agent("me@example.org", "https://feeds.example.org") == f"{US} (+me@example.org)"


@pytest.mark.parametrize(
    "base_url",
    ["https://feeds.example.org", "http://aggregator.example.org:8080/feeds", "http://1.1.1.1:8080"],
)
def test_without_a_contact_a_public_base_url_is_told(base_url: str) -> None:
    assert user_agent(None, base_url) == f"{US} (+{base_url})"


@pytest.mark.parametrize(
    "base_url",
    [
        None,
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
        "http://192.168.1.5",
        "http://[fd00::1]",
        "http://localhost:8080",
        "http://Feeds.LOCAL.:8080",
        "http://nas.fritz.home.arpa",
        "http://nas",
        "http://feeds.test",
    ],
)
def test_an_address_that_only_our_own_network_knows_is_not_told(base_url: str | None) -> None:
    assert user_agent(None, base_url) == f"{US} (self-hosted feed reader)"


def test_a_user_agent_cannot_be_broken_out_of() -> None:
    assert user_agent("a\r\nb: (c) é") == f"{US} (+a%0D%0Ab:%20%28c%29%20%C3%A9)"


@given(st.text())
def test_whatever_the_contact_is_the_header_has_one_comment_of_visible_ascii(contact: str) -> None:
    assert re.fullmatch(rf"{re.escape(US)} \([!-'*-~ ]+\)", user_agent(contact))
