from __future__ import annotations

from dataclasses import replace

from aggregator.cli.records import listed_sources
from aggregator.model import Source, SourceStatus
from aggregator.plan import Change, Step, plan

A, B = (Source(name=name, url=f"https://{name.lower()}.example/feed", tags=("t",)) for name in "AB")


def known(*sources: Source) -> list[SourceStatus]:
    return listed_sources(sources, ())


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


def test_a_source_that_has_moved_is_offered_its_new_address_until_the_config_has_it() -> None:
    (status,) = known(A)
    moved = replace(status, moved_to="https://new.example/feed")
    (step,) = plan([A], [moved])
    assert (step.change, step.before, step.after) == (Change.MOVED, A.url, "https://new.example/feed")
    (step,) = plan([replace(A, url="https://new.example/feed")], [moved])
    assert step.change is Change.CHANGED
