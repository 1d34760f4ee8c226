"""Raw HTML → safe HTML or plain text: nothing leaves the house unsanitized. Pure, and never raises."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from html import escape
from urllib.parse import urljoin, urlsplit

import nh3

from aggregator.model import RawHtml, SafeHtml
from aggregator.publish.markup import bounded, text_of, with_embeds_as
from aggregator.publish.text import excerpt, one_line, printable
from aggregator.publish.urls import web_url

_DATA_IMAGE = re.compile(r"data:image/(?:png|gif|jpeg|webp);base64,[A-Za-z0-9+/=]*", re.ASCII | re.IGNORECASE)
_MAX_DATA_IMAGE = 16 * 1024

_MATHML = """
    math mi mo mn ms mtext mspace mrow mfrac msqrt mroot mstyle merror mpadded mphantom msub msup msubsup
    munder mover munderover mmultiscripts mprescripts mtable mtr mtd semantics
"""

_HTML = """
    a abbr acronym address article aside audio b bdi big blockquote br caption center cite code col
    colgroup data dd del details dfn div dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hgroup
    hr i img ins kbd li main mark nav ol p picture pre q rp rt rtc ruby s samp section small source span
    strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var video wbr
"""
_TAGS = frozenset((_HTML + _MATHML).split())

_CELL = {"abbr", "align", "colspan", "headers", "rowspan", "scope", "valign"}

_ATTRIBUTES = {
    "*": {"dir", "lang", "title"},
    "a": {"href", "hreflang", "type"},
    "audio": {"controls", "loop", "muted", "preload", "src"},
    "blockquote": {"cite"},
    "col": {"align", "span", "valign", "width"},
    "colgroup": {"align", "span", "valign", "width"},
    "data": {"value"},
    "del": {"cite", "datetime"},
    "details": {"open"},
    "img": {"align", "alt", "height", "sizes", "src", "srcset", "width"},
    "ins": {"cite", "datetime"},
    "li": {"value"},
    "math": {"display"},
    "mo": {"fence", "form", "separator", "stretchy"},
    "mtd": {"columnspan", "rowspan"},
    "ol": {"reversed", "start", "type"},
    "q": {"cite"},
    "source": {"height", "media", "sizes", "src", "srcset", "type", "width"},
    "table": {"align", "border", "cellpadding", "cellspacing", "summary", "width"},
    "td": _CELL,
    "th": _CELL,
    "time": {"datetime"},
    "tr": {"align", "valign"},
    "ul": {"type"},
    "video": {"controls", "height", "loop", "muted", "playsinline", "poster", "preload", "src", "width"},
}

_WEB = {"http", "https"}
_LINKED = _WEB | {"mailto", "tel", "sms", "xmpp", "magnet", "ftp"}
"""Schemes of links. What a reader loads by itself comes over http and https, or is a small `data` image."""

_ADDRESSES = {"href", "src", "poster"}

_NOT_IN_URLS = re.compile("[\x00-\x1f\x7f-\x9f]")
"""Browsers pass over some of these in an address, others would be taken out later: before it is judged, all
go, so that none can hide a scheme."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):", re.ASCII)

_LEFT_OUT = {
    "applet", "datalist", "embed", "iframe", "noembed", "noframes", "object", "script", "select", "style",
    "svg", "template", "textarea", "title",
}  # fmt: skip
"""Elements that go with all that is in them; of any other that is not allowed, only the tag goes."""

_CANDIDATE = re.compile(r"[\s,]*(?:(\S+),(?=\s)|(\S+)([^,]*))")
"""Of a `srcset`: a URL up to white space, then its descriptor up to a comma (HTML, 4.8.4.2.1)."""

_INVISIBLE = {"0", "1", "0px", "1px"}
"""Width or height of an embedded page that only counts its readers."""

_LINK_TEXT = 120
"""Characters of an embedded page's title."""

_PARAGRAPHS = re.compile(r"\s*\n\s*\n\s*")


def sanitize(html: RawHtml | None, base_url: str) -> SafeHtml:
    """Return HTML that is safe to show in any reader: elements, attributes and URLs of an allow-list.

    Relative URLs are resolved against `base_url`, and left out when it is no absolute web address. An
    embedded page, such as a video, becomes a link to it. A document that is built to exhaust a parser comes
    out with less: its formatting gone, or as plain paragraphs.
    """
    if not html:
        return SafeHtml("")
    base = web_url(base_url)
    markup = bounded(with_embeds_as(partial(_embed_link, base), printable(html)))
    if markup is None:
        return _as_paragraphs(html)
    return SafeHtml(printable(_cleaner_for(base).clean(markup)).strip())


def plain_text(html: str) -> str:
    """Return the text of HTML on one line: no tags or scripts, entities decoded, white space collapsed."""
    return " ".join(text_of(html, block=" ").split())


def _embed_link(base_url: str | None, attributes: Mapping[str, str]) -> str:
    url = _resolved(base_url, attributes.get("src", ""))
    if (
        not attributes.get("src")
        or url is None
        or _INVISIBLE & {attributes.get("width"), attributes.get("height")}
    ):
        return ""
    text = excerpt(one_line(attributes.get("title", "")), _LINK_TEXT) or urlsplit(url).hostname or url
    return f' <a href="{escape(url)}">{escape(text)}</a> '


def _as_paragraphs(html: str) -> SafeHtml:
    paragraphs = (" ".join(part.split()) for part in _PARAGRAPHS.split(text_of(html, block="\n\n")))
    return SafeHtml("\n".join(f"<p>{escape(part, quote=False)}</p>" for part in paragraphs if part))


@lru_cache(maxsize=128)
def _cleaner_for(base_url: str | None) -> nh3.Cleaner:
    try:
        return _cleaner(base_url)
    except ValueError:  # browsers refuse some hosts that are well-formed, such as 1.2.3.999
        return _cleaner(None)


def _cleaner(base_url: str | None) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(_TAGS),
        clean_content_tags=_LEFT_OUT,
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute_filter(base_url),
        url_schemes=_LINKED | {"data"},
        url_relative="deny" if base_url is None else ("rewrite_with_base", base_url),
        link_rel="noopener noreferrer",
    )


def _attribute_filter(base_url: str | None) -> Callable[[str, str, str], str | None]:
    def allowed(element: str, attribute: str, value: str) -> str | None:
        if attribute in _ADDRESSES:
            return _address(element, attribute, _NOT_IN_URLS.sub("", printable(value)).strip())
        if attribute == "cite":
            return _resolved(base_url, value)
        if attribute == "srcset":
            return _srcset(base_url, value)
        return value

    return allowed


def _address(element: str, attribute: str, value: str) -> str | None:
    """Return an address that nh3 has made absolute, when its scheme is one for its place."""
    scheme = _SCHEME.match(value)
    if scheme is None or scheme[1].lower() in (_LINKED if attribute == "href" else _WEB):
        return value
    small_image = element == "img" and len(value) <= _MAX_DATA_IMAGE and _DATA_IMAGE.fullmatch(value)
    return value if small_image else None


def _resolved(base_url: str | None, value: str) -> str | None:
    try:
        return web_url(urljoin(base_url or "", value.strip()))
    except ValueError:  # brackets that are no IPv6 address
        return None


def _srcset(base_url: str | None, value: str) -> str | None:
    """Return the candidates of a `srcset` with absolute URLs; what is no web address is left out."""
    candidates = []
    for bare, url, descriptor in _CANDIDATE.findall(value):
        resolved = _resolved(base_url, bare or url.rstrip(","))
        if resolved:
            candidates.append(f"{resolved.replace(',', '%2C')} {descriptor.strip()}".rstrip())
    return ", ".join(candidates) or None
