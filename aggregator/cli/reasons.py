"""Why rules did what they did, for people and for programs. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aggregator.cli.records import Record, ruling_record
from aggregator.model import Entry, Ruling
from aggregator.rules.engine import Hearing, Verdict
from aggregator.rules.grammar import written
from aggregator.rules.predicate import Finding, explained


def deeds(ruling: Ruling) -> str:
    """Return what a rule did to an entry, in few words."""
    said = [
        *(f"+{tag}" for tag in ruling.added),
        *(f"-{tag}" for tag in ruling.removed),
    ]
    if ruling.dropped:
        said.append("drops it")
    elif ruling.stopped:
        said.append("stops")
    return ", ".join(said) or "nothing new"


def why_lines(
    entry: Entry, base: Sequence[str], hearings: Sequence[Hearing], verdict: Verdict
) -> Iterator[str]:
    """Yield each rule's verdict on an entry, and what was recorded when rules were last asked."""
    yield f"{entry.id} {entry.title or '(untitled)'}"
    yield f"tags of its sources: {_listed(base)}"
    if not hearings:
        yield "There are no [[rules]]."
    ended: str | None = None
    for number, hearing in enumerate(hearings, start=1):
        name = hearing.rule.name
        if hearing.subject is None:
            yield f"{number}. {name!r} is not asked: {ended!r} ended it"
            continue
        if hearing.ruling is None:
            yield f"{number}. {name!r} does not match: {written(hearing.rule.match)}"
        else:
            yield f"{number}. {name!r} matches: {deeds(hearing.ruling)}"
            ended = name
        for finding in explained(hearing.rule.match, hearing.subject):
            yield f"     {_finding_line(finding)}"
    yield f"tags then: {_listed(verdict.tags)}{' (dropped)' if verdict.dropped else ''}"
    recorded = f"tags {_listed(entry.tags)}{' (dropped)' if entry.dropped else ''}"
    yield f"when rules were last asked: {recorded}"
    for ruling in entry.rulings:
        yield f"     {ruling.rule!r}: {deeds(ruling)}"


def why_record(entry: Entry, base: Sequence[str], hearings: Sequence[Hearing], verdict: Verdict) -> Record:
    """Return the record of each rule's verdict on an entry, and of what was recorded before."""
    return {
        "id": entry.id,
        "title": entry.title,
        "base_tags": base,
        "rules": [_hearing_record(hearing) for hearing in hearings],
        "tags": verdict.tags,
        "dropped": verdict.dropped,
        "recorded": {
            "tags": entry.tags,
            "dropped": entry.dropped,
            "rulings": [ruling_record(ruling) for ruling in entry.rulings],
        },
    }


def _hearing_record(hearing: Hearing) -> Record:
    findings = [] if hearing.subject is None else explained(hearing.rule.match, hearing.subject)
    return {
        "rule": hearing.rule.name,
        "match": written(hearing.rule.match),
        "asked": hearing.subject is not None,
        "matches": hearing.ruling is not None,
        "ruling": None if hearing.ruling is None else ruling_record(hearing.ruling),
        "conditions": [
            {
                "condition": finding.condition,
                "negated": finding.negated,
                "met": finding.met,
                "field": finding.excerpt and finding.excerpt.field,
                "before": finding.excerpt and finding.excerpt.before,
                "matched": finding.excerpt and finding.excerpt.matched,
                "after": finding.excerpt and finding.excerpt.after,
            }
            for finding in findings
        ],
    }


def _finding_line(finding: Finding) -> str:
    condition = f"not {finding.condition}" if finding.negated else finding.condition
    holds = "yes" if finding.met is not finding.negated else "no"
    excerpt = finding.excerpt
    if excerpt is None:
        return f"{holds:<4}{condition}"
    return f"{holds:<4}{condition}  in {excerpt.field}: {excerpt.before}[{excerpt.matched}]{excerpt.after}"


def _listed(tags: Sequence[str]) -> str:
    return ", ".join(tags) or "none"
