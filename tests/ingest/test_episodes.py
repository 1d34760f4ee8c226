"""What podcasts and videos say beside their files: one quirk each."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aggregator.ingest.read import read_document
from aggregator.model import Enclosure, Episode, Fetched, Reading

URL = "https://feeds.example.org/feed.xml"
SITE = "https://show.example.org/"
NAMESPACES = (
    'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:media="http://search.yahoo.com/mrss/"'
    ' xmlns:podcast="https://podcastindex.org/namespace/1.0"'
)
YEAR = 366 * 24 * 3600


def drafts(body: str) -> Any:
    reading = read_document(
        Fetched(
            url=URL,
            status=200,
            body=body.encode("utf-8", "surrogatepass"),
            content_type=None,
            validators=None,
        )
    )
    assert isinstance(reading, Reading), reading
    return reading.drafts


def rss(item: str, channel: str = "") -> str:
    return (
        f'<rss version="2.0" {NAMESPACES}><channel><title>Show</title><link>{SITE}</link>{channel}'
        f"<item><title>t</title>{item}</item></channel></rss>"
    )


def told(item: str, channel: str = "") -> Episode | None:
    (draft,) = drafts(rss(item, channel))
    episode: Episode | None = draft.episode
    return episode


def episode(item: str) -> Episode:
    found = told(item)
    assert found is not None
    return found


def told_in_json(**item: object) -> Episode | None:
    document = {"version": "https://jsonfeed.org/version/1.1", "title": "t", "items": [{"id": "1", **item}]}
    (draft,) = drafts(json.dumps(document))
    found: Episode | None = draft.episode
    return found


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("3600", 3600),
        ("90:05", 5405),
        ("05:07", 307),
        ("1:02:03", 3723),
        ("01:02:03", 3723),
        ("00:75:10", 4510),
        (" 42 ", 42),
        ("61.9", 61),
        ("1:02:03.500", 3723),
        (str(YEAR), YEAR),
    ],
)
def test_a_duration_is_seconds_or_a_clock(said: str, expected: int) -> None:
    assert episode(f"<itunes:duration>{said}</itunes:duration>").duration == expected


@pytest.mark.parametrize(
    "said",
    [
        *(
            "",
            "0",
            "00:00",
            "00:00:00",
            "-5",
            "1:-2",
            "soon",
            "45 min",
            "1:2:3:4",
            ":30",
            "5:",
            "PT1H",
            "1e3",
        ),
        *("٣٠", "nan", "9" * 30, str(YEAR + 1), "9999:999999:999999999"),
    ],
)
def test_what_is_no_duration_is_none(said: str) -> None:
    assert told(f"<itunes:duration>{said}</itunes:duration>") is None


def test_a_duration_that_is_none_lets_another_be_heard() -> None:
    said = '<itunes:duration>0</itunes:duration><media:content url="/a.mp4" duration="185"/>'
    assert episode(said).duration == 185


def test_the_podcast_s_own_duration_goes_before_that_of_a_file() -> None:
    said = '<media:content url="/a.mp4" duration="1"/><itunes:duration>2</itunes:duration>'
    assert episode(said).duration == 2


def test_a_duration_beside_attributes_is_read() -> None:
    assert episode('<itunes:duration unit="s">17</itunes:duration>').duration == 17


@pytest.mark.parametrize(
    "element",
    [
        '<itunes:image href="/i.jpg"/>',
        '<itunes:image url="/i.jpg"/>',
        "<itunes:image>https://show.example.org/i.jpg</itunes:image>",
        '<media:thumbnail url="/i.jpg"/>',
        "<media:thumbnail>/i.jpg</media:thumbnail>",
        '<media:group><media:thumbnail url="/i.jpg"/></media:group>',
        '<media:content url="/a.mp4"><media:thumbnail url="i.jpg"/></media:content>',
    ],
)
def test_an_image_is_an_absolute_url_however_it_is_said(element: str) -> None:
    assert episode(element).image == f"{SITE}i.jpg"


def test_an_image_is_relative_to_the_base_in_force() -> None:
    said = '<media:thumbnail xml:base="https://cdn.example.org/x/" url="i.jpg"/>'
    assert episode(said).image == "https://cdn.example.org/x/i.jpg"


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:image/png;base64,AAAA", "ftp://example.org/i.jpg", "//[", "", " "]
)
def test_an_image_that_is_nowhere_on_the_web_is_none(url: str) -> None:
    assert told(f'<itunes:image href="{url}"/>') is None


def test_an_image_of_the_item_goes_before_a_frame_of_the_video() -> None:
    said = '<media:thumbnail url="/frame.jpg" width="900"/><itunes:image href="/cover.jpg"/>'
    assert episode(said).image == f"{SITE}cover.jpg"


def test_of_several_thumbnails_the_widest_is_the_image() -> None:
    said = "".join(f'<media:thumbnail url="/{width}.jpg" width="{width}"/>' for width in (90, 480, 120))
    assert episode(said).image == f"{SITE}480.jpg"


def test_of_thumbnails_without_width_the_first_is_the_image() -> None:
    said = '<media:thumbnail url="/1.jpg" width="x"/><media:thumbnail url="/2.jpg"/>'
    assert episode(said).image == f"{SITE}1.jpg"


def test_what_the_podcast_says_of_itself_is_not_said_of_its_items() -> None:
    own = (
        '<itunes:image href="/c.jpg"/><itunes:explicit>yes</itunes:explicit>'
        '<itunes:duration>1</itunes:duration><media:thumbnail url="/c.jpg"/>'
        "<image><url>/c.jpg</url><title>t</title><link>/</link></image>"
    )
    assert told("", own) is None
    assert told("<source url='/x'>y</source>", own) is None


def test_what_the_podcast_says_of_itself_below_its_items_is_not_said_of_the_last_one() -> None:
    (draft,) = drafts(rss('</item><itunes:image href="/c.jpg"/><item>').replace("<item></item>", ""))
    assert draft.episode is None


def test_what_an_item_says_of_the_podcast_it_is_from_is_not_said_of_the_item() -> None:
    (draft,) = drafts(
        f'<feed xmlns="http://www.w3.org/2005/Atom" {NAMESPACES}><title>t</title>'
        '<entry><id>1</id><title>t</title><source><id>2</id><itunes:image href="/c.jpg"/></source>'
        "</entry></feed>"
    )
    assert draft.episode is None


def test_an_item_s_image_does_not_stay_for_the_next_item() -> None:
    first, second = drafts(rss('<itunes:image href="/i.jpg"/></item><item><title>u</title>'))
    assert (first.episode is None, second.episode) == (False, None)


@pytest.mark.parametrize(
    ("said", "expected"),
    [("12", 12), ("012", 12), ("0", 0), ("2147483647", 2**31 - 1), ("2147483648", None), ("9" * 40, None)]
    + [(said, None) for said in ("-1", "1.5", "S2", "twelve", "", "٣")],
)
def test_season_and_episode_are_whole_numbers_that_any_program_can_hold(
    said: str, expected: int | None
) -> None:
    found = told(
        f"<itunes:season>{said}</itunes:season><itunes:episode>{said}</itunes:episode>"
        "<itunes:explicit>no</itunes:explicit>"
    )
    assert found == Episode(season=expected, number=expected, explicit=False)


def test_season_and_episode_are_read_from_the_podcast_namespace_too() -> None:
    said = '<podcast:season name="Two">2</podcast:season><podcast:episode display="7th">7</podcast:episode>'
    assert (episode(said).season, episode(said).number) == (2, 7)


@pytest.mark.parametrize(
    ("said", "kind"),
    [("full", "full"), (" Trailer ", "trailer"), ("BONUS", "bonus"), ("episodic", None), ("", None)],
)
def test_the_kind_of_an_episode_is_one_of_three(said: str, kind: str | None) -> None:
    found = told(f"<itunes:episodeType>{said}</itunes:episodeType>")
    assert (found and found.kind) == kind


@pytest.mark.parametrize(
    ("said", "explicit"),
    [
        *(("yes", True), ("Yes", True), ("true", True), ("explicit", True), ("no", False), ("false", False)),
        *(("clean", False), ("", None), ("maybe", None), ("1", None)),
    ],
)
def test_explicit_is_yes_or_no_in_all_their_words(said: str, explicit: bool | None) -> None:
    found = told(f"<itunes:explicit>{said}</itunes:explicit>")
    assert (found and found.explicit) is explicit


def test_chapters_are_a_file() -> None:
    said = '<podcast:chapters url="c.json" type="application/json+chapters"/>'
    assert episode(said).chapters == Enclosure(url=f"{SITE}c.json", type="application/json+chapters")


def test_each_transcript_is_a_file() -> None:
    said = (
        '<podcast:transcript url="/1.vtt" type="text/vtt" language="en" rel="captions"/>'
        '<podcast:transcript url="/1.srt" type="application/x-subrip"/>'
        '<podcast:transcript url="/1.vtt" type="text/vtt"/>'
        '<podcast:transcript type="text/plain"/>'
    )
    assert episode(said).transcripts == (
        Enclosure(url=f"{SITE}1.vtt", type="text/vtt"),
        Enclosure(url=f"{SITE}1.srt", type="application/x-subrip"),
    )


@pytest.mark.parametrize(
    "namespace",
    [
        "https://podcastindex.org/namespace/1.0",
        "https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md",
    ],
)
def test_the_podcast_namespace_is_known_by_its_name_not_its_prefix(namespace: str) -> None:
    (draft,) = drafts(
        f'<rss version="2.0" xmlns:p="{namespace}"><channel><title>Show</title><link>{SITE}</link>'
        '<item><title>t</title><p:chapters url="/c.json"/></item></channel></rss>'
    )
    assert draft.episode == Episode(chapters=Enclosure(url=f"{SITE}c.json"))


def test_atom_says_it_with_the_same_elements() -> None:
    body = (
        f'<feed xmlns="http://www.w3.org/2005/Atom" {NAMESPACES}><title>t</title>'
        '<itunes:image href="/no.jpg"/>'
        '<entry><id>1</id><title>t</title><link rel="enclosure" href="/1.mp3" type="audio/mpeg" length="9"/>'
        '<itunes:duration>10</itunes:duration><itunes:image href="i.jpg"/>'
        '<media:content duration="3"/></entry></feed>'
    )
    (draft,) = drafts(body)
    assert draft.episode == Episode(duration=10, image="https://feeds.example.org/i.jpg")
    assert draft.enclosures == (
        Enclosure(url="https://feeds.example.org/1.mp3", type="audio/mpeg", length=9),
    )


def test_a_video_of_youtube_has_a_picture_and_no_file() -> None:
    body = (
        f'<feed xmlns="http://www.w3.org/2005/Atom" {NAMESPACES}><title>t</title><entry><id>yt:video:a</id>'
        '<title>Title</title><link rel="alternate" href="https://www.youtube.com/watch?v=a"/><media:group>'
        "<media:title>Title</media:title>"
        '<media:content url="https://www.youtube.com/v/a?version=3" width="640"'
        ' type="application/x-shockwave-flash"/>'
        '<media:thumbnail url="https://i1.ytimg.com/vi/a/hqdefault.jpg" width="480" height="360"/>'
        "<media:description>Words</media:description></media:group></entry></feed>"
    )
    (draft,) = drafts(body)
    assert draft.episode == Episode(image="https://i1.ytimg.com/vi/a/hqdefault.jpg")
    assert (draft.enclosures, draft.title, draft.content_html) == ((), "Title", "Words")
    assert draft.url == "https://www.youtube.com/watch?v=a"


def test_files_that_media_rss_names_are_enclosures_each_once() -> None:
    (draft,) = drafts(
        rss(
            '<enclosure url="/a.mp3" length="0" type="audio/mpeg"/><enclosure url="/b.mp3" length="12 MB"/>'
            '<media:group><media:content url="/a.mp3" fileSize="5" type="audio/mpeg"/>'
            '<media:content url="/c.mp4" fileSize="7" duration="60"/></media:group>'
        )
    )
    assert draft.enclosures == (
        Enclosure(url=f"{SITE}a.mp3", type="audio/mpeg", length=0),
        Enclosure(url=f"{SITE}b.mp3"),
        Enclosure(url=f"{SITE}c.mp4", length=7),
    )


def test_an_ill_formed_feed_says_it_as_well() -> None:
    item = (
        '<itunes:duration>1:00</itunes:duration><itunes:image href="/i.jpg?a=1&amp;b=2"/>'
        '<podcast:transcript url="/t" type="text/vtt"/><itunes:explicit><![CDATA[yes]]></itunes:explicit>'
    )
    (draft,) = drafts(rss(item).replace("<title>t", "<title>&nope; <b> t"))
    assert draft.episode == Episode(
        duration=60,
        image=f"{SITE}i.jpg?a=1&b=2",
        explicit=True,
        transcripts=(Enclosure(url=f"{SITE}t", type="text/vtt"),),
    )


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (90, 90),
        (90.7, 90),
        ("90", 90),
        (True, None),
        (None, None),
        (-1, None),
        (0, None),
        (10**400, None),
        ([], None),
    ],
)
def test_json_feed_says_durations_of_its_attachments(said: object, expected: int | None) -> None:
    found = told_in_json(
        attachments=[{"url": "/a.mp3", "mime_type": "audio/mpeg", "duration_in_seconds": said}]
    )
    assert (found and found.duration) == expected


def test_the_duration_of_the_first_attachment_that_has_one_is_the_item_s() -> None:
    files = [
        {"url": "/a.pdf"},
        {"url": "/a.mp3", "duration_in_seconds": 7},
        {"url": "/b", "duration_in_seconds": 9},
    ]
    assert told_in_json(attachments=files) == Episode(duration=7)


@pytest.mark.parametrize(
    ("item", "image"),
    [
        ({"image": "/i.jpg", "banner_image": "/b.jpg"}, "https://feeds.example.org/i.jpg"),
        ({"image": "javascript:x", "banner_image": "/b.jpg"}, "https://feeds.example.org/b.jpg"),
        ({"image": 5, "banner_image": ["/b.jpg"]}, None),
        ({"image": "https://x.example/\ud800\x00.jpg"}, "https://x.example/\ufffd.jpg"),
    ],
)
def test_json_feed_s_image_goes_before_its_banner(item: dict[str, object], image: str | None) -> None:
    found = told_in_json(**item)
    assert (found and found.image) == image
