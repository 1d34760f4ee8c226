"""The words that dates are written with, in eight languages, and what zone names mean; pure.

Words are folded: lower case, without accents. English, German, French, Spanish, Italian, Portuguese, Dutch,
and Russian share no month's name with two meanings; a language whose names would be ambiguous (`listopad` is
October in Croatian and November in Polish) must not be added.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_ACCENTS = re.compile("[\u0300-\u036f]")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def folded(text: str) -> str:
    """Return the text in lower case without accents and marks of direction, on one line.

    The minus becomes that of ASCII, as do the digits of full width, and only those: Persia's count the years
    of another calendar.
    """
    compatible = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).replace("\N{MINUS SIGN}", "-")
    plain = unicodedata.normalize("NFD", compatible.casefold())
    return " ".join(unicodedata.normalize("NFC", _ACCENTS.sub("", plain)).split())


_MONTHS_OF_LANGUAGES = (
    "jan january januar janner janvier janv enero ene gennaio gen janeiro januari январь января янв",
    "feb february februar fevrier fevr fev febrero febbraio fevereiro februari февраль февраля фев февр",
    "mar march marz maerz mrz mars marzo marco maart mrt март марта мар",
    "apr april avril avr abril abr aprile апрель апреля апр",
    "may mai mayo maggio mag maio mei май мая",
    "jun june juni juin junio giugno giu junho июнь июня июн",
    "jul july juli juillet juil julio luglio lug julho июль июля июл",
    "aug august aout aou agosto ago augustus август августа авг",
    "sep sept september septembre septiembre setiembre set settembre setembro сентябрь сентября сент сен",
    "oct october oktober okt octobre octubre ottobre ott outubro out октябрь октября окт",
    "nov november novembre noviembre novembro ноябрь ноября ноя нояб",
    "dec december dezember dez decembre diciembre dic dicembre dezembro декабрь декабря дек",
)
MONTHS = {
    folded(name): number
    for number, names in enumerate(_MONTHS_OF_LANGUAGES, start=1)
    for name in names.split()
}

_WEEKDAYS = """
    mon monday tue tues tuesday wed wednes wednesday thu thur thurs thursday fri friday sat satur saturday
    sun sunday
    mo montag di dienstag mi mittwoch do donnerstag fr freitag sa samstag sonnabend so sonntag
    lun lundi mar mardi mer mercredi jeu jeudi ven vendredi sam samedi dim dimanche
    lunes martes mie miercoles jue jueves vie viernes sab sabado dom domingo
    lunedi martedi mercoledi gio giovedi venerdi sabato domenica
    seg segunda segunda-feira ter terca terca-feira qua quarta quarta-feira qui quinta quinta-feira sex sexta
    sexta-feira
    ma maandag dinsdag wo woensdag donderdag vr vrijdag za zaterdag zo zondag
    пн понедельник вт вторник ср среда чт четверг пт пятница сб суббота вс воскресенье
"""

HOUR_WORDS = ("uhr", "uur", "hs", "h", "ч")
TIME_WORDS = ("at", "um", "a las", "a la", "as", "a", "alle ore", "alle", "ore", "om", "в", "kl")
ARTICLES = ("le", "el", "il", "am", "den")


def one_of(words: Iterable[str]) -> str:
    """Return a pattern for one of the words, the longest that fits."""
    return "(?:" + "|".join(sorted(map(re.escape, words), key=len, reverse=True)) + ")"


WEEKDAY = one_of({folded(name) for name in _WEEKDAYS.split()})

# Hours east of Greenwich. RFC 5322, section 4.3, names those of North America; the others mean one place.
_ZONES = {
    "z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0,
    "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
    "akst": -9, "akdt": -8, "hst": -10, "nst": -3.5, "ndt": -2.5, "adt": -3, "brt": -3, "art": -3,
    "bst": 1, "west": 1, "cet": 1, "met": 1, "mez": 1, "cest": 2, "mest": 2, "mesz": 2, "cat": 2, "sast": 2,
    "eet": 2, "eest": 3, "eat": 3, "idt": 3, "msk": 3, "мск": 3, "trt": 3, "pkt": 5, "npt": 5.75, "wib": 7,
    "ict": 7, "hkt": 8, "sgt": 8, "myt": 8, "pht": 8, "awst": 8, "wita": 8, "jst": 9, "kst": 9, "acst": 9.5,
    "acdt": 10.5, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13,
}  # fmt: skip

# Names of several zones: what they mean to who writes in a language, or in a country.
_CHINA, _INDIA, _ISRAEL, _IRELAND, _BANGLADESH, _NEPAL, _PHILIPPINES = 8, 5.5, 2, 1, 6, 5.75, 8
_STANDARD_OR_SUMMER = None  # what Australia called both
_ZONES_OF_LANGUAGES: dict[str, dict[str, float | None]] = {
    "cst": {
        "zh": _CHINA, "-cn": _CHINA, "-tw": _CHINA, "-mo": _CHINA, "-hk": _CHINA, "yue": _CHINA, "bo": _CHINA,
        "ug": _CHINA, "-cu": -5, "-au": _STANDARD_OR_SUMMER,
    },
    "cdt": {"-cu": -4, "-au": 10.5},
    "est": {"-au": _STANDARD_OR_SUMMER},
    "edt": {"-au": 11},
    "bst": {"bn": _BANGLADESH, "-bd": _BANGLADESH},
    "nst": {"ne": _NEPAL, "-np": _NEPAL},
    "pst": {"fil": _PHILIPPINES, "tl": _PHILIPPINES, "ceb": _PHILIPPINES, "-ph": _PHILIPPINES},
    "ist": {
        "he": _ISRAEL, "iw": _ISRAEL, "-il": _ISRAEL, "ga": _IRELAND, "-ie": _IRELAND, "-in": _INDIA,
        "hi": _INDIA, "mr": _INDIA, "gu": _INDIA, "kn": _INDIA, "ml": _INDIA, "te": _INDIA, "or": _INDIA,
    },
}  # fmt: skip
_MEANINGS: dict[str, set[float]] = {
    "cst": {-6, -5, 8, 9.5, 10.5}, "cdt": {-4, 10.5}, "est": {10, 11}, "edt": {11}, "ist": {1, 2, 5.5},
    "bst": {1, 6}, "nst": {5.75}, "pst": {8},
}  # fmt: skip


def zone_hours(name: str, language: str | None = None) -> float | None:
    """Return how many hours a named zone is ahead of UTC, or None when the name is none, or of several.

    `language` is a language tag (RFC 5646): `CST` is China's in Chinese and in China, and
    Chicago's elsewhere; `IST` is unknown but in the languages and countries of India, Israel and Ireland.
    """
    meanings = _ZONES_OF_LANGUAGES.get(name)
    if meanings and language:
        primary, _, rest = language.lower().replace("_", "-").partition("-")
        for key in (*(f"-{part}" for part in rest.split("-")), primary):
            if key in meanings:
                return meanings[key]
    return _ZONES.get(name)


def may_mean(name: str, hours: float) -> bool:
    """Return whether a zone of this name can be that many hours ahead of UTC."""
    return hours == _ZONES.get(name) or hours in _MEANINGS.get(name, ())


_DAY_FIRST = frozenset({
    "az", "be", "bg", "cs", "da", "de", "et", "fi", "hr", "hy", "it", "ka",
    "kk", "lv", "nb", "nn", "no", "pl", "ro", "ru", "sk", "sl", "sr", "tr",
    "uk",
})  # fmt: skip


def writes_day_first(language: str | None) -> bool:
    """Return whether `3.4.2024` is the third of April in a language, whoever writes it."""
    return (language or "").lower().partition("-")[0] in _DAY_FIRST
