"""Rules, feeds, tokens and followed lists in the config."""

from __future__ import annotations

from pathlib import Path

import pytest

from aggregator.config import parse
from aggregator.exceptions import ConfigError
from aggregator.model import (
    And,
    Content,
    Digest,
    FeedSpec,
    Field,
    Not,
    Order,
    Rule,
    Subscription,
    Text,
)
from tests.config.configs import FEED, HOME, LIST, RULE, made, problem, problems


def test_a_rule_with_every_action_arrives() -> None:
    config = made("""
        [[rules]]
        name = "chips"
        match = 'title:芯片 and not tag:"press release"'
        add = ["chips", " chips ", "C++"]
        remove = ["noise"]
        stop = true
        [[rules]]
        match = "tag:ads"
        drop = true
        [[rules]]
        match = "tag:x"
        set = []
        """)
    match = And((Text(Field.TITLE, "芯片"), Not(Text(Field.TAG, "press release"))))
    assert config.rules == (
        Rule(name="chips", match=match, add=("chips", "C++"), remove=("noise",), stop=True),
        Rule(name="rule 2", match=Text(Field.TAG, "ads"), drop=True),
        Rule(name="rule 3", match=Text(Field.TAG, "x"), set=()),
    )
    assert config.stories.rules == config.rules


def test_a_feed_with_every_further_key_arrives() -> None:
    config = made(
        FEED
        + """
        match = "title:chip*"
        icon = "https://example.org/icon.png"
        order = "published"
        content = "summary"
        max_age = "30d"
        per_source = 5
        digest = "weekly"
        token = "geheim"
        """
    )
    assert config.feeds == config.stories.feeds
    assert config.feeds == (
        FeedSpec(
            slug="chips",
            title="Chips",
            match=Text(Field.TITLE, "chip", prefix=True),
            icon="https://example.org/icon.png",
            order=Order.PUBLISHED,
            content=Content.SUMMARY,
            max_age=30 * 86_400_000,
            per_source=5,
            digest=Digest.WEEKLY,
            token="geheim",
        ),
    )
    assert "geheim" not in repr(config)


def test_a_followed_list_arrives() -> None:
    config = made(LIST + 'tags = ["news"]\ninterval = "1h"\nlimit = 20\n')
    assert config.subscriptions == (
        Subscription(url="https://example.org/list.opml", tags=("news",), interval=3_600_000, limit=20),
    )


def test_tokens_come_from_files_beside_the_config(tmp_path: Path) -> None:
    tmp_path.joinpath("token").write_text("geheim\n", "utf-8")
    text = f'[service]\ntoken_file = "token"\n{FEED}token_file = "token"\n'
    config = parse(text, tmp_path / "aggregator.toml", {})
    assert (config.service.token, config.feeds[0].token) == ("geheim", "geheim")
    tmp_path.joinpath("token").write_text(" \n", "utf-8")
    with pytest.raises(ConfigError, match=r"\[service\]: token_file: .* is empty"):
        parse('[service]\ntoken_file = "token"', tmp_path / "aggregator.toml", {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[rules]]\nmatch = "tag:x"\n', "[[rules]] #1: does nothing: give it one of add, remove, set"),
        (RULE + 'set = ["a"]\nadd = ["b"]\n', 'add: cannot stand beside "set"'),
        (RULE + 'name = "a"\n' + RULE + 'name = "a"\n', '"a" is also that of [[rules]] #1'),
        (RULE + 'name = "rule 2"\n' + RULE, '"rule 2" is also that of [[rules]] #1'),
        (FEED + 'token = "a"\ntoken_file = "b"\n', 'cannot stand beside "token"'),
        ('[service]\ntoken = "a"\ntoken_file = "b"\n', 'cannot stand beside "token"'),
        (LIST + LIST, "is also that of [[subscriptions]] #1"),
        (FEED + 'digest = "hourly"\n', 'digest: expected "daily" or "weekly"'),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, said: str) -> None:
    assert any(said in each for each in problems(text)), problems(text)


def test_a_token_that_is_refused_is_not_repeated() -> None:
    assert "gehe" not in problem(FEED + 'token = "gehe\\nim"\n')
    assert "gehe" not in problem("[service]\n" + 'token = ["gehe"]\n')


def test_an_expression_that_cannot_be_read_is_told_with_its_column() -> None:
    found = problem('[[rules]]\nname = "chips"\nmatch = "tag:x and ("\nstop = true\n')
    assert found.startswith(f'{HOME}: [[rules]] #1 "chips": match: column ')
    assert "(at its end)" in found
