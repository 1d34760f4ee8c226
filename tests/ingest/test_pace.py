"""What documents say of how often they want to be polled, in every format that can say it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.ingest.pace import pace_from
from aggregator.ingest.read import read_document
from aggregator.model import Fetched, Pace, Reading

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
SY = 'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'


def pace_of(document: str) -> Pace:
    reading = read_document(
        Fetched(
            status=200, url="https://a.example/f", content_type=None, body=document.encode(), validators=None
        )
    )
    assert isinstance(reading, Reading)
    return reading.pace


def rss(head: str, item: str = "") -> Pace:
    return pace_of(
        f'<rss version="2.0" {SY}><channel><title>A</title>{head}'
        f"<item><title>One</title>{item}</item></channel></rss>"
    )


def sy(period: str, frequency: str = "") -> str:
    times = f"<sy:updateFrequency>{frequency}</sy:updateFrequency>" if frequency else ""
    return f"<sy:updatePeriod>{period}</sy:updatePeriod>{times}"


def test_a_document_that_says_nothing_of_its_pace_has_any() -> None:
    assert rss("") == Pace()


def test_ttl_is_in_minutes() -> None:
    assert rss("<ttl> 90 </ttl>").every == 90 * MINUTE


@pytest.mark.parametrize("ttl", ["", "0", "-5", "soon", "1.5", "٣", "9" * 5000, "60 minutes", "<b>5</b>"])
def test_a_ttl_that_is_no_number_of_minutes_is_none(ttl: str) -> None:
    assert rss(f"<ttl>{ttl}</ttl>").every is None


@pytest.mark.parametrize(
    ("said", "every"),
    [
        (sy("hourly"), HOUR),
        (sy(" Hourly ", "2"), HOUR // 2),
        (sy("daily", "4"), 6 * HOUR),
        (sy("weekly"), 7 * DAY),
        (sy("monthly"), 30 * DAY),
        (sy("yearly"), 365 * DAY),
        (sy("daily", "0"), DAY),
        (sy("daily", "often"), DAY),
        ("<sy:updateFrequency>2</sy:updateFrequency>", DAY // 2),
        (sy("sometimes"), None),
        (sy("fortnightly", "2"), None),
        (sy("", "2"), DAY // 2),
    ],
)
def test_the_syndication_module_says_how_often_in_a_period_there_is_news(
    said: str, every: int | None
) -> None:
    assert rss(said).every == every


def test_rss_1_and_atom_say_it_by_the_syndication_module() -> None:
    rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    head = f"<title>A</title>{sy('daily', '2')}"
    assert (
        pace_of(
            f'<rdf:RDF xmlns:rdf="{rdf}" xmlns="http://purl.org/rss/1.0/" {SY}><channel>{head}'
            "</channel><item><title>One</title></item></rdf:RDF>"
        ).every
        == 12 * HOUR
    )
    other_prefix = head.replace("sy:", "when:")
    atom = f'<feed xmlns="http://www.w3.org/2005/Atom" {SY.replace(":sy", ":when")}>{other_prefix}</feed>'
    assert pace_of(atom).every == 12 * HOUR


def test_of_two_paces_the_slower_one_counts() -> None:
    assert rss("<ttl>5</ttl>" + sy("daily")).every == DAY
    assert rss("<ttl>2880</ttl>" + sy("hourly")).every == 2 * DAY


def test_what_an_item_says_is_not_the_documents_pace() -> None:
    said = f"<ttl>90</ttl>{sy('daily')}<skipHours><hour>3</hour></skipHours>"
    assert rss("", said) == Pace()


def test_every_hour_and_day_to_skip_counts_once_and_in_order() -> None:
    hours = "".join(f"<hour>{hour}</hour>" for hour in (23, 3, " 3 ", 24))
    days = "".join(f"<day>{day}</day>" for day in ("Sunday", "monday", " SUNDAY "))
    pace = rss(f"<skipHours>{hours}</skipHours><skipDays>{days}</skipDays>")
    assert pace == Pace(skip_hours=(0, 3, 23), skip_days=(0, 6))


def test_hours_and_days_to_skip_may_follow_the_items() -> None:
    document = (
        '<rss version="2.0"><channel><item><title>One</title></item>'
        "<skipHours><hour>4</hour></skipHours></channel></rss>"
    )
    assert pace_of(document).skip_hours == (4,)


def test_hours_and_days_that_are_none_are_passed_over() -> None:
    hours = "".join(f"<hour>{hour}</hour>" for hour in ("25", "-1", "noon", "", "7"))
    days = "".join(f"<day>{day}</day>" for day in ("Caturday", "5", "", "Friday"))
    pace = rss(
        f"<skipHours>{hours}</skipHours><skipDays>{days}</skipDays><hour>8</hour><day>Monday</day>",
    )
    assert pace == Pace(skip_hours=(7,), skip_days=(4,))


def test_an_ill_formed_document_with_odd_attributes_says_its_pace_too() -> None:
    pace = rss(
        'A & B <br><ttl x="y">90</ttl><skipHours x="y"><hour x="y">3</hour><hour>4</hour></skipHours>'
        + sy("hourly")
    )
    assert pace == Pace(every=90 * MINUTE, skip_hours=(3, 4))


texts = st.text(max_size=20) | st.integers(-5, 10**12).map(str) | st.sampled_from(("daily", "Monday", "24"))


@given(
    ttl=st.none() | texts,
    period=st.none() | texts,
    frequency=st.none() | texts,
    skip_hours=st.lists(texts),
    skip_days=st.lists(texts),
)
def test_whatever_is_said_a_pace_is_in_its_bounds(
    ttl: str | None, period: str | None, frequency: str | None, skip_hours: list[str], skip_days: list[str]
) -> None:
    pace = pace_from(ttl=ttl, period=period, frequency=frequency, skip_hours=skip_hours, skip_days=skip_days)
    assert pace.every is None or 0 < pace.every < 2**63
    assert set(pace.skip_hours) <= set(range(24))
    assert set(pace.skip_days) <= set(range(7))
