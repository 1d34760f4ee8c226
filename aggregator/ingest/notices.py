"""Tells an article from a notice that a page shows in its place; pure."""

from __future__ import annotations

import re
from unicodedata import east_asian_width

_LONGEST_NOTICE = 2_000
"""Columns; what is longer is an article, maybe one about cookies."""
_SENTENCES = re.compile(r"[.!?。！？\n]+")
_CONSENT = (
    r"cookie|\bconsent|your (?:privacy|device|preferences)|privacy (?:policy|settings|notice)|personal data",
    r"accept all|terms of (?:use|service)|personali[sz]ed ads|datenschutz|einwillig|consentement|consentimi",
    r"confidentialité|privacidad|consenso|toestemming|политик\w+ конфиденц|согласие на",
    r"クッキー|プライバシー|隐私|隱私|쿠키|개인정보",
)
_LOGIN = (
    r"\blog ?in\b|\bsign ?(?:in|up)\b|\bsubscri|paywall|\bregister (?:to|for|now)|already a member",
    r"\banmelden|einloggen|\babonn|connectez-vous|se connecter|iniciar? ses|suscri|accedi\b|abbonat",
    r"assinante|inloggen|zaloguj|prenumer|войдите|войти|подписк|подпиш",
    r"ログイン|会員|購読|登录|登入|订阅|訂閱|会员|會員|로그인|구독|회원",
)
_BROWSER = (
    r"javascript|captcha|not a robot|you are (?:a )?human|ad.?block|werbeblocker|access denied",
    r"(?:your|this|supported|upgrade) browser|votre navigateur|(?:su|tu) navegador|ihre[nm]? browser",
    r"ブラウザ|浏览器|瀏覽器|브라우저",
)
_SAYS_SO = re.compile("|".join((*_CONSENT, *_LOGIN, *_BROWSER)), re.IGNORECASE)


def is_notice(text: str) -> bool:
    """Return whether most of a text is about cookies, logging in, subscribing or the reader's browser.

    A guess by words, in the languages that the web speaks most; a line end ends a sentence.
    """
    if width(text) > _LONGEST_NOTICE:
        return False
    sentences = [sentence.strip() for sentence in _SENTENCES.split(text)]
    of_notice = sum(len(sentence) for sentence in sentences if _SAYS_SO.search(sentence))
    return 2 * of_notice > sum(map(len, sentences))


def width(text: str) -> int:
    """Return how much a text says: its columns, so that a character of East Asia counts as two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
