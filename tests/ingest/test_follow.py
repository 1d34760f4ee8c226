from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.config import Config, parse
from aggregator.ingest.follow import Look, effective, look_at, look_at_unchanged
from aggregator.model import FollowedList, ListedSource

URL = "https://lists.example/x.opml"
SUBSCRIPTION = f'[[subscriptions]]\nurl = "{URL}"\ntags = ["list"]\nlimit = 3\n'


def listed(*names: str) -> list[ListedSource]:
    return [ListedSource(name=name, url=f"https://{name}.example/feed", tags=("t",)) for name in names]


def known(*names: str) -> FollowedList:
    return FollowedList(url=URL, sources=tuple(listed(*names)))


def names(look: Look) -> list[str]:
    return [source.name for source in look.followed.sources]


def looks(followed: FollowedList, *said: str) -> list[Look]:
    """Look once for each text of letters, each of which is a source."""
    results = []
    for text in said:
        results.append(look_at(followed, listed(*text), whole=True))
        followed = results[-1].followed
    return results


def test_new_sources_come_behind_those_that_were_named_before() -> None:
    look = look_at(known("b"), listed("a", "b", "c"), whole=True)
    assert names(look) == ["b", "a", "c"]
    assert [source.name for source in look.added] == ["a", "c"]
    assert look.removed == ()


def test_few_sources_go_at_once() -> None:
    look = look_at(known(*"abcd"), listed("a"), whole=True)
    assert names(look) == ["a"]
    assert [source.name for source in look.removed] == ["b", "c", "d"]


def test_a_source_may_get_another_name_other_tags_and_a_twin_of_its_address() -> None:
    new = ListedSource(name="Alpha", url="http://a.example/feed/", tags=("u",))
    look = look_at(known("a", "b"), [new, *listed("b")], whole=True)
    assert look.followed.sources == (new, *listed("b"))
    assert (look.added, look.removed) == ((), ())


@pytest.mark.parametrize("said", ["", "ab"])
def test_most_sources_go_when_they_were_missing_three_times_in_a_row(said: str) -> None:
    first, second, third = looks(known(*"abcdef"), said, said, said)
    assert names(first) == names(second) == [*"abcdef"]
    assert (first.removed, second.removed) == ((), ())
    assert first.doubted == second.doubted == 6 - len(said)
    assert names(third) == [*said]
    assert len(third.removed) == 6 - len(said)
    assert third.followed.doubts == 0


def test_an_empty_list_removes_nothing_at_once_however_few_it_had() -> None:
    (look,) = looks(known("a"), "")
    assert names(look) == ["a"]


def test_a_list_that_comes_to_itself_in_time_loses_nothing() -> None:
    *_, last = looks(known(*"abcdef"), "", "a", "abcdef", "", "")
    assert names(last) == [*"abcdef"]
    assert last.followed.doubts == 2


def test_only_what_was_missing_each_time_goes_in_the_end() -> None:
    *_, last = looks(known(*"abcdef"), "ab", "ac", "ac")
    assert names(last) == [*"abc"]


def test_new_sources_are_taken_of_a_list_that_is_in_doubt() -> None:
    (look,) = looks(known(*"abcdef"), "az")
    assert names(look) == [*"abcdefz"]


def test_an_unchanged_list_confirms_its_doubts() -> None:
    (look,) = looks(known(*"abcdef"), "a")
    second = look_at_unchanged(look.followed)
    assert second.removed == ()
    assert names(look_at_unchanged(second.followed)) == ["a"]


def test_an_unchanged_list_without_doubts_stays() -> None:
    assert look_at_unchanged(known("a")) == Look(followed=known("a"))


def test_an_ill_formed_list_removes_nothing_at_once() -> None:
    look = look_at(known("a", "b"), listed("a"), whole=False)
    assert names(look) == ["a", "b"]


@given(st.lists(st.sets(st.sampled_from("abcdefghij")), max_size=12))
def test_a_source_that_a_look_named_is_never_gone_after_it(said: list[set[str]]) -> None:
    followed = known(*"abcdefghij")
    for letters in said:
        before = {source.name for source in followed.sources}
        look = look_at(followed, listed(*sorted(letters)), whole=True)
        followed = look.followed
        after = names(look)
        assert letters <= set(after)
        assert len(after) == len(set(after))
        assert {source.name for source in look.removed} == before - set(after)
        assert {source.name for source in look.added} == set(after) - before


def configured(text: str) -> Config:
    return parse(text, Path("aggregator.toml"), {})


def test_the_config_wins_and_a_limit_holds() -> None:
    own = '[[sources]]\nname = "a"\nurl = "http://b.example/feed/"\n'
    config = effective(configured(SUBSCRIPTION + own), [known(*"abcdef")], {})
    assert [(source.name, source.url) for source in config.sources] == [
        ("a", "http://b.example/feed/"),
        ("a (a.example)", "https://a.example/feed"),
        ("c", "https://c.example/feed"),
        ("d", "https://d.example/feed"),
    ]
    assert config.sources[1].tags == ("list", "t")
    assert config.sources[1].subscription == URL
    assert config.sources[0].subscription is None


def test_sources_of_lists_have_the_values_of_the_polling_table() -> None:
    polling = '[polling]\ninterval = "auto"\nmin_interval = "1h"\nmax_interval = "2d"\ntimeout = "7s"\n'
    own = '[[sources]]\nname = "own"\nurl = "https://own.example/"\n'
    config = effective(configured(polling + SUBSCRIPTION + own), [known("a")], {})
    first, second = config.sources
    alike = replace(second, name=first.name, url=first.url, tags=first.tags, subscription=None)
    assert alike == first


def test_a_feed_of_two_lists_is_one_source() -> None:
    other = SUBSCRIPTION.replace(URL, "https://lists.example/y.opml")
    config = effective(
        configured(SUBSCRIPTION + other),
        [known("a"), replace(known("a"), url="https://lists.example/y.opml")],
        {},
    )
    assert [source.name for source in config.sources] == ["a"]


def test_nobody_gets_the_name_of_another_source_that_was_there_once() -> None:
    config = configured(SUBSCRIPTION)
    taken = {"a": "https://gone.example/", "b": "http://b.example/feed/"}
    assert [s.name for s in effective(config, [known("a", "b")], taken).sources] == ["a (a.example)", "b"]


def test_a_name_that_was_made_unique_stays_whatever_becomes_of_the_others() -> None:
    config = configured(SUBSCRIPTION.replace("3", "9"))
    same = [ListedSource(name="News", url=f"https://a.example/{number}") for number in range(5)]
    first = effective(config, [FollowedList(url=URL, sources=tuple(same))], {})
    in_use = {source.name: source.url for source in first.sources}
    assert list(in_use) == ["News", "News (a.example)", "News 2", "News 3", "News 4"]
    fewer = FollowedList(url=URL, sources=tuple(reversed(same[1:])))
    again = effective(config, [fewer], in_use)
    assert {source.url: source.name for source in again.sources} == {
        source.url: source.name for source in first.sources[1:]
    }
