"""Text from elsewhere, made fit for a terminal or a log. Pure."""

from __future__ import annotations

import re

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def escape(text: str) -> str:
    r"""Return `text` in one line that cannot steer a terminal: what is not printable becomes `\uXXXX`.

    Control characters, line separators, overrides of the writing direction, and lone surrogates. The form is
    JSON's, so escaping a whole JSON document leaves its meaning as it was.
    """
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
