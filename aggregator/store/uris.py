"""Which guids can be an entry's id in the feeds that we publish: pure."""

from __future__ import annotations

import re

_URI = re.compile(
    r"""
      https?://[A-Za-z0-9.\-]+(:[0-9]+)?([/?\#][A-Za-z0-9._~:/?\#\[\]@!$&'()*+,;=%\-]*)?
    | tag:[A-Za-z0-9._@\-]+,[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?:[A-Za-z0-9._~:@!$&'()*+,;=%/?\-]*
    | urn:uuid:[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}
    """,
    re.VERBOSE,
)
"""Forms that are unique by themselves and valid in every format: web addresses with a host (RFC 3986),
tag URIs (RFC 4151) and UUIDs (RFC 9562)."""

_LONGEST = 2_000
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def global_uri(guid: str | None) -> str | None:
    """Return the guid when it is an absolute URI that names one thing everywhere, else None.

    Numbers, slugs and the like name something within their source only: two sources may use the same.
    """
    if guid is None or len(guid) > _LONGEST or not _URI.fullmatch(guid) or _STRAY_PERCENT.search(guid):
        return None
    return guid
