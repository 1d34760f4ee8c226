from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aggregator.cli.records import listed_sources
from aggregator.model import Source, SourceStatus
from aggregator.plan import Change, Step
from aggregator.plan import plan as plan_of

A, B = (Source(name=name, url=f"https://{name.lower()}.example/feed", tags=("t",)) for name in "AB")


def known(*sources: Source) -> list[SourceStatus]:
    return listed_sources(sources, ())


def plan(sources: Sequence[Source], in_force: Sequence[SourceStatus], *before: Source) -> list[Step]:
    """Plan with the sources of the config in force, and these that were configured once."""
    known = {status.name: status.url for status in in_force} | {source.name: source.url for source in before}
    return plan_of(sources, in_force, known)


def test_a_config_that_is_in_force_changes_nothing() -> None:
    assert plan([A, B], known(A, B)) == []


def test_what_comes_is_told_in_the_configs_order_and_what_goes_last() -> None:
    assert plan([B], known(A)) == [
        Step(change=Change.ADDED, source="B", after=B.url),
        Step(change=Change.REMOVED, source="A", before=A.url),
    ]


def test_each_key_that_changes_is_told_with_its_values() -> None:
    new = replace(A, url="https://a.example/new", tags=("t", "u"), enabled=False)
    assert [(step.key, step.before, step.after) for step in plan([new], known(A))] == [
        ("url", A.url, new.url),
        ("tags", "t", "t, u"),
        ("enabled", "true", "false"),
    ]


def test_a_new_name_with_a_known_address_is_a_source_renamed() -> None:
    (step,) = plan([replace(A, name="A2")], known(A))
    assert (step.change, step.key, step.before, step.after) == (Change.CHANGED, "name", "A", "A2")


def test_who_takes_over_the_address_of_another_is_no_rename_where_the_name_was_there_before() -> None:
    back = replace(B, url=A.url)
    assert plan([back], known(A), B) == [
        Step(change=Change.ADDED, source="B", after=A.url),
        Step(change=Change.REMOVED, source="A", before=A.url),
    ]
    assert [step.key for step in plan([back], known(A))] == ["name"]


def test_a_source_that_has_moved_is_offered_its_new_address_until_the_config_has_it() -> None:
    (status,) = known(A)
    moved = replace(status, moved_to="https://new.example/feed")
    (step,) = plan([A], [moved])
    assert (step.change, step.before, step.after) == (Change.MOVED, A.url, "https://new.example/feed")
    (step,) = plan([replace(A, url="https://new.example/feed")], [moved])
    assert step.change is Change.CHANGED
