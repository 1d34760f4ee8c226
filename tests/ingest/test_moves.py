from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.ingest.moves import LONGEST_ADDRESS, found, lost
from aggregator.model import Outcome, SourceState

URL, NEW, THIRD = "https://a.example/feed", "https://b.example/feed", "https://c.example/feed"
FRESH = SourceState(url=URL)
DIRECT = SourceState(url=URL, moved_to=NEW, moved_polls=2)


def after(state: SourceState, *moves: str | None) -> SourceState:
    """What is remembered after polls that found a feed, each by such a permanent redirect (None: by none)."""
    for moved_to in moves:
        state = found(state, url=moved_to or state.address, moved_to=moved_to).state
    return state


def test_an_address_is_asked_directly_once_two_polls_in_a_row_were_sent_there() -> None:
    assert after(FRESH, NEW).address == URL
    assert after(FRESH, NEW, NEW).address == NEW
    assert after(FRESH, NEW, NEW, None, None).address == NEW


@pytest.mark.parametrize("moves", [(NEW, None, NEW), (NEW, THIRD, NEW), (NEW, THIRD)])
def test_another_address_or_none_begins_the_count_again(moves: tuple[str | None, ...]) -> None:
    state = after(FRESH, *moves)
    assert (state.address, state.moved_polls) == (URL, 1)


def test_a_failure_begins_the_count_again() -> None:
    assert after(lost(after(FRESH, NEW), Outcome.NOT_A_FEED, url=NEW).state, NEW).address == URL


def test_a_host_that_is_asked_too_often_says_nothing_of_where_the_source_is() -> None:
    assert after(lost(after(FRESH, NEW), Outcome.RATE_LIMITED).state, NEW).address == NEW
    tired = SourceState(url=URL, moved_to=NEW, moved_polls=2, failures=9)
    assert lost(tired, Outcome.RATE_LIMITED).state.address == NEW


def test_the_address_in_use_can_move_in_its_turn_by_the_same_rule() -> None:
    assert after(DIRECT, THIRD).address == NEW
    assert after(DIRECT, THIRD, THIRD) == SourceState(url=URL, moved_to=THIRD, moved_polls=2)
    assert after(DIRECT, THIRD, None, THIRD).address == NEW
    failed = lost(after(DIRECT, THIRD), Outcome.TIMEOUT).state
    assert after(failed, THIRD).address == NEW


def test_three_failures_in_a_row_forget_the_address() -> None:
    for failures, address in ((0, NEW), (1, NEW), (2, URL)):
        state = SourceState(url=URL, moved_to=NEW, moved_polls=2, failures=failures)
        assert lost(state, Outcome.DNS_ERROR).state.address == address


def test_an_address_that_is_gone_is_forgotten_at_once() -> None:
    move = lost(DIRECT, Outcome.GONE)
    assert move.state == FRESH
    assert move.message == (
        "It had moved to https://b.example/feed; from now on it is asked at the configured URL again."
    )


@pytest.mark.parametrize(("url", "moved_to"), [(URL, URL), (URL, None), (THIRD, URL)])
def test_an_address_that_leads_back_is_forgotten_at_once(url: str, moved_to: str | None) -> None:
    move = found(DIRECT, url=url, moved_to=moved_to)
    assert (move.state, move.is_news) == (FRESH, False)
    assert "leads back to the configured URL" in move.message


def test_an_address_that_leads_back_to_a_page_that_is_no_feed_is_forgotten_at_once() -> None:
    assert lost(DIRECT, Outcome.NOT_A_FEED, url=URL).state == FRESH
    assert lost(DIRECT, Outcome.NOT_A_FEED, url=NEW).state == DIRECT


def test_a_configured_url_in_another_spelling_is_recognised() -> None:
    state = SourceState(url="HTTPS://A.example/feed#x", moved_to=NEW, moved_polls=2)
    assert found(state, url=URL, moved_to=None).state.address == state.url


def test_what_is_remembered_beside_the_address_stays() -> None:
    state = SourceState(url=URL, body_hash=b"1", failures=2, max_age=5, rhythm=(1, 2), next_poll_at=7)
    assert after(state, NEW, None) == state


def test_an_endless_address_is_not_remembered() -> None:
    endless = NEW + "?" + "x" * LONGEST_ADDRESS
    assert after(FRESH, endless, endless) == FRESH


def test_people_are_told_where_a_source_has_moved_and_what_follows() -> None:
    first = found(FRESH, url=NEW, moved_to=NEW)
    assert first.is_news
    assert first.message == (
        "The source has moved permanently to https://b.example/feed; "
        "when the next poll finds it there, too, it is asked there directly."
    )
    second = found(first.state, url=NEW, moved_to=NEW)
    assert second.is_news
    assert second.message == (
        "The source has moved permanently to https://b.example/feed; "
        "from now on it is asked there directly: put this address in the config."
    )
    third = found(second.state, url=NEW, moved_to=None)
    assert (third.is_news, third.message) == (False, "")


steps = st.lists(
    st.tuples(st.sampled_from((URL, NEW, THIRD, None)), st.sampled_from((None, *Outcome))), max_size=30
)


@given(steps)
def test_whatever_happens_only_what_two_polls_in_a_row_were_sent_to_is_asked(
    steps: list[tuple[str | None, Outcome | None]],
) -> None:
    state = FRESH
    before: str | None = None
    for moved_to, outcome in steps:
        asked = state.address
        if outcome is not None and outcome.is_failure:
            state = lost(state, outcome).state
            sent = None
        else:
            state = found(state, url=moved_to or asked, moved_to=moved_to).state
            sent = moved_to
        if state.address != asked:
            assert state.address == URL or (sent == before == state.address)
        before = sent
