from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Iterator

import pytest

from aggregator import logs

NASTY = "line one\nline two\r\x1b[31mred\x9b0m\u2028\x7fend"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What the root logger had before comes back afterwards: pytest's own handlers hang there."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in (*logs._CHATTY, "urllib3", "uvicorn.error")}
    yield io.StringIO()
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, former in levels.items():
        logging.getLogger(name).setLevel(former)


def lines(stream: io.StringIO) -> list[str]:
    return stream.getvalue().split("\n")[:-1]


def test_a_human_line_has_time_level_and_message(stream: io.StringIO) -> None:
    logs.set_up(style="human", level="info", stream=stream)
    logging.getLogger("aggregator").info("polled %s", "日経中文網")
    (line,) = lines(stream)
    date, time, rest = line.split(" ", 2)
    assert (len(date), len(time)) == (10, 8)
    assert rest == "INFO    polled 日経中文網"


def test_a_json_line_has_the_extra_fields(stream: io.StringIO) -> None:
    logs.set_up(style="json", level="info", stream=stream)
    logging.getLogger("aggregator.daemon").warning("slow", extra={"source": "日経", "duration_ms": 12})
    (line,) = lines(stream)
    record = json.loads(line)
    assert isinstance(record.pop("ts"), int)
    assert record == {
        "level": "warning",
        "logger": "aggregator.daemon",
        "message": "slow",
        "source": "日経",
        "duration_ms": 12,
    }
    assert "日経" in line


@pytest.mark.parametrize("style", logs.FORMATS)
def test_hostile_text_keeps_to_one_line_without_control_characters(stream: io.StringIO, style: str) -> None:
    logs.set_up(style=style, level="info", stream=stream)
    logging.getLogger("aggregator").info("%s", NASTY, extra={"title": NASTY})
    (line,) = lines(stream)
    assert len(line.splitlines()) == 1
    assert not set("\r\x1b\x7f\x9b") & set(line)


def test_escaped_text_is_the_same_text_to_who_reads_the_json(stream: io.StringIO) -> None:
    logs.set_up(style="json", level="info", stream=stream)
    logging.getLogger("aggregator").info("%s", NASTY)
    assert json.loads(lines(stream)[0])["message"] == NASTY


@pytest.mark.parametrize("style", logs.FORMATS)
def test_a_traceback_stays_in_the_line_of_its_event(stream: io.StringIO, style: str) -> None:
    logs.set_up(style=style, level="info", stream=stream)
    try:
        int("bad\nthing")
    except ValueError:
        logging.getLogger("aggregator").exception("poll failed")
    (line,) = lines(stream)
    assert "poll failed" in line
    assert "ValueError: invalid literal" in line
    assert "test_logs.py" in line


def test_an_extra_field_cannot_pose_as_one_of_ours(stream: io.StringIO) -> None:
    logs.set_up(style="json", level="info", stream=stream)
    logging.getLogger("aggregator").info("said", extra={"level": "fake", "path": object})
    record = json.loads(lines(stream)[0])
    assert record["level"] == "info"
    assert record["path"] == "<class 'object'>"


def test_lower_levels_are_left_out(stream: io.StringIO) -> None:
    logs.set_up(style="human", level="warning", stream=stream)
    logging.getLogger("aggregator").info("quiet")
    logging.getLogger("aggregator").warning("loud")
    assert [line.rsplit(" ", 1)[1] for line in lines(stream)] == ["loud"]


@pytest.mark.parametrize(("level", "heard"), [("info", ["w"]), ("debug", ["i", "w"]), ("error", [])])
def test_libraries_are_heard_less(stream: io.StringIO, level: str, heard: list[str]) -> None:
    logs.set_up(style="human", level=level, stream=stream)
    library = logging.getLogger("apscheduler.scheduler")
    library.debug("d")
    library.info("i")
    library.warning("w")
    assert [line.rsplit(" ", 1)[1] for line in lines(stream)] == heard


@pytest.mark.parametrize("level", logs.LEVELS)
def test_a_library_that_names_whole_urls_is_heard_for_errors_only(stream: io.StringIO, level: str) -> None:
    logs.set_up(style="human", level=level, stream=stream)
    library = logging.getLogger("urllib3.connection")
    library.warning("http://a.example/?token=s3cret")
    library.error("e")
    assert [line.rsplit(" ", 1)[1] for line in lines(stream)] == ["e"]


@pytest.mark.parametrize(("level", "heard"), [("info", ["e"]), ("warning", ["e"]), ("debug", ["w", "e"])])
def test_malformed_requests_are_told_of_to_those_who_look_for_faults_only(
    stream: io.StringIO, level: str, heard: list[str]
) -> None:
    logs.set_up(style="human", level="info", stream=stream)
    logs.set_up(style="human", level=level, stream=stream)
    server = logging.getLogger("uvicorn.error")
    server.warning("w")
    server.error("e")
    assert [line.rsplit(" ", 1)[1] for line in lines(stream)] == heard


def test_warnings_are_logged_in_one_line(stream: io.StringIO) -> None:
    logs.set_up(style="human", level="info", stream=stream)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old\nway", UserWarning, stacklevel=1)
        logging.captureWarnings(capture=False)
    (line,) = lines(stream)
    assert "UserWarning: old" in line


def test_setting_up_again_replaces_the_former(stream: io.StringIO) -> None:
    logs.set_up(style="human", level="info", stream=io.StringIO())
    logs.set_up(style="human", level="info", stream=stream)
    logging.getLogger("aggregator").info("once")
    assert len(lines(stream)) == 1


@pytest.mark.parametrize("style", logs.FORMATS)
def test_no_line_tells_the_secrets_of_urls(stream: io.StringIO, style: str) -> None:
    logs.set_up(style=style, level="info", stream=stream)
    url = "https://me:hidden@feeds.example/c2.xml?token=hidden"
    logging.getLogger("aggregator").error(
        "polled %s: moved: to %s.", url, url, exc_info=ValueError(url), extra={"source": url}
    )
    (line,) = lines(stream)
    assert "hidden" not in line
    assert line.count("https://feeds.example/c2.xml") >= 3
    assert "moved: to https://feeds.example/c2.xml." in line
