"""Invented items of two sources: stories that both tell, and different articles that look alike."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aggregator.store.similar import Said, said, source_names


@dataclass(frozen=True)
class Told:
    """An item of a source."""

    title: str
    text: str
    source: str = "Morning Post"
    file: str | None = None
    url: str | None = None
    """The source's, where it does not follow from its name."""

    @property
    def said(self) -> Said:
        host = "".join(self.source.lower().split())
        url = self.url or f"https://www.{host}.example/rss"
        names = source_names(self.source, f"{self.source} - All articles", url=url)
        return said(self.title, self.text, names=names, files=[self.file] if self.file else [])


@dataclass(frozen=True)
class Language:
    """One agency report, and a column whose issues differ by a name, a number or a day only."""

    agency: str
    title: str
    report: list[str]
    """Its paragraphs."""
    dateline: str
    boilerplate: str
    column: str
    issue: str
    fields: list[dict[str, str]]
    """What three issues of the column say."""


def _tables(name: str) -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parents[1] / "data" / name).read_text("utf-8"))


LANGUAGES = {code: Language(**table) for code, table in _tables("stories.toml").items()}

HERALD = "Evening Herald"


def stories() -> dict[str, tuple[Told, Told]]:
    """Return pairs of items that tell one story, by a name for each."""
    pairs: dict[str, tuple[Told, Told]] = {}
    for code, said_in in LANGUAGES.items():
        title, plain = said_in.title, " ".join(said_in.report)
        first = Told(title, "".join(f"<p>{paragraph}</p>\n" for paragraph in said_in.report))
        extract = f"{plain[: len(plain) * 3 // 5]}…"
        others = {
            "other markup": Told(title, plain.replace(". ", ".<br/>\n"), HERALD),
            "agency in the title": Told(f"{title} - {said_in.agency}", plain, HERALD),
            "site in the title": Told(f"{title} | {HERALD}", plain, HERALD),
            "punctuation of the title": Told(f"“{title.replace(',', ' –')}”!", plain, HERALD),
            "dateline": Told(title, said_in.dateline + plain, HERALD),
            "boilerplate": Told(title, f"{plain}<p>{said_in.boilerplate}</p>", HERALD),
            "beginning of the text": Told(title, extract, HERALD),
            "beginning and site": Told(
                f"{HERALD}: {title}", f"<p>{extract} <a href='/x'>Read more</a></p>", HERALD
            ),
            "last paragraph is cut": Told(title, " ".join(said_in.report[:2]), HERALD),
        }
        pairs |= {f"{code}: {name}": (first, other) for name, other in others.items()}
    english = LANGUAGES["en"]
    footer = "<p>The post <a href='/x'>{}</a> appeared first on <a href='/'>{}</a>.</p>"
    below = {name: footer.format(english.title, name) for name in ("Morning Post", HERALD)}
    plain = " ".join(english.report)
    return pairs | {
        "en: the post appeared first": (
            Told(english.title, plain + below["Morning Post"]),
            Told(english.title, plain + below[HERALD], HERALD),
        ),
        "en: agency in one title, site in the other": (
            Told(f"{english.title} - Reuters", plain),
            Told(f"{english.title} | {HERALD}", plain, HERALD),
        ),
    }


def told_apart() -> dict[str, tuple[Told, Told]]:
    """Return pairs of items that tell one story, which is not found: what they differ in could be another."""
    pairs: dict[str, tuple[Told, Told]] = {}
    for code, said_in in LANGUAGES.items():
        title, plain = said_in.title, " ".join(said_in.report)
        pairs[f"{code}: both sites in the titles"] = (
            Told(f"{title} - Morning Post", plain),
            Told(f"{title} | {HERALD}", plain, HERALD),
        )
    english = LANGUAGES["en"]
    plain = " ".join(english.report)
    first = Told(english.title, plain)
    return pairs | {
        "en: spelling": (first, Told(english.title, plain.replace("opposition", "oposition"), HERALD)),
        "en: a word": (first, Told(english.title, plain.replace("asked for", "sought"), HERALD)),
        "en: longer heading": (first, Told(f"{english.title} within six years", plain, HERALD)),
    }


def lookalikes() -> dict[str, tuple[Told, Told]]:
    """Return pairs of different articles that differ in a word, by a name for each."""
    pairs = {}
    for name, table in _tables("lookalikes.toml").items():
        sources = table.get("sources", ("Morning Post", HERALD))
        one, other = (
            Told(table["title"].format(**said), table["text"].format(**said), source, url=url)
            for said, source, url in zip(
                (table["one"], table["other"]), sources, table.get("urls", (None, None)), strict=True
            )
        )
        pairs[name] = (one, other)
    return pairs


def others() -> dict[str, tuple[Told, Told]]:
    """Return pairs of items that are different articles however alike they are, by a name for each."""
    pairs: dict[str, tuple[Told, Told]] = {}
    for code, said_in in LANGUAGES.items():
        base = said_in.fields[0]
        issues = [said_in.issue.format(**fields) for fields in said_in.fields]
        pairs |= {
            f"{code}: {part} {value} for {base[part]}": (
                Told(said_in.column, issues[0]),
                Told(said_in.column, said_in.issue.format(**{**base, part: value}), HERALD),
            )
            for fields in said_in.fields
            for part, value in fields.items()
            if value != base[part]
        }
        title, plain = said_in.title, " ".join(said_in.report)
        name, other_name = said_in.fields[0]["name"], said_in.fields[1]["name"]
        pairs |= {
            f"{code}: names in titles": (
                Told(f"{said_in.column}: {name}", issues[0]),
                Told(f"{said_in.column}: {other_name}", issues[1], HERALD),
            ),
            f"{code}: one text under two names": (
                Told(f"{said_in.column}: {name}", plain),
                Told(f"{said_in.column}: {other_name}", plain, HERALD),
            ),
            f"{code}: one text under two numbers": (
                Told(f"{title} 3", plain),
                Told(f"{title} 4", plain, HERALD),
            ),
            f"{code}: titles alone": (Told(title, ""), Told(title, "", HERALD)),
            f"{code}: a short note": (Told(title, plain[:30]), Told(title, plain[:30], HERALD)),
            f"{code}: one heading over two texts": (Told(title, plain), Told(title, issues[0], HERALD)),
            f"{code}: other numbers in the report": (
                Told(title, plain),
                Told(title, plain.translate(str.maketrans("123458", "986712")), HERALD),
            ),
        }
    english = LANGUAGES["en"]
    release = (
        "This release mends several faults that users have reported, makes the start faster on old machines"
        " and brings the translations up to date. Everyone should upgrade; the configuration stays as it is."
        " Packages for all systems can be found at the usual place, together with their signatures."
    )
    show = (
        "In our weekly show we talk with people who make things by hand about tools, materials and mistakes."
        " If you like what you hear, tell a friend, leave a review and support us with a small donation."
        " Music by friends of the show, recorded in a kitchen with two microphones and a borrowed desk."
    )
    match = "The home team won {} after a lively second half in front of a full house. " + " ".join(
        english.report
    )
    return pairs | {
        "a version in the title": (
            Told("A new version of the editor: v1.2.3", release),
            Told("A new version of the editor: v1.2.4", release, HERALD),
        ),
        "results in titles": (
            Told("League match in the harbour city ends 3:1", match.format("3:1")),
            Told("League match in the harbour city ends 2:1", match.format("2:1"), HERALD),
        ),
        "quarters in titles": (
            Told("Company results for Q3 are better than expected", " ".join(english.report)),
            Told("Company results for Q2 are better than expected", " ".join(english.report), HERALD),
        ),
        "a briefing": (
            Told("Daily briefing", " ".join(english.report)),
            Told("Daily briefing", release, HERALD),
        ),
        "the same words under a common heading": (
            Told("Daily briefing", release),
            Told("Daily briefing", release, HERALD),
        ),
        "weather": (
            Told("Weather", "Sunny, later cloudy, 21 degrees."),
            Told("Weather", "Sunny, later cloudy, 23 degrees.", HERALD),
        ),
        "episodes under their show's description": (
            Told("People who make things: Ada and her looms", show),
            Told("People who make things: Ben and his boats", show, HERALD),
        ),
        "an episode and its show": (
            Told("People who make things by hand", show),
            Told("People who make things by hand: Ada", show, HERALD),
        ),
        "episodes under one heading": (
            Told("People who make things by hand", show, file="https://a.example/1.mp3"),
            Told("People who make things by hand", show, HERALD, file="https://b.example/2.mp3"),
        ),
    }
