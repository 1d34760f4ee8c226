"""One conditional GET with its limits. The only importer of requests.

    FetchRequest ─► target ─► dial (guard) ─► send ─► redirect ─► target …, at most 10 times
                                                   ├► 304 ─► NotModified
                                                   ├► 200 ─► read ─► inflate ─► Fetched
                                                   └► anything else, at any point ─► FetchFailed

Of requests it uses session, adapter and prepared request, but not `Session.send`: that decodes the body of
every redirect, and costs twice the time.
"""

from __future__ import annotations

import base64
import re
import ssl
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import RequestException
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import HTTPConnectionPool, HTTPResponse, PoolManager, Retry
from urllib3.exceptions import HTTPError
from urllib3.util.ssl_ import create_urllib3_context

from aggregator.exceptions import ConfigError
from aggregator.ingest.deadline import Exchange, ExchangeEndedError, Phase, Watchdog
from aggregator.ingest.dial import Dialer, Lookup, system_lookup, watch_handshakes
from aggregator.ingest.failures import FetchError, in_one_line, translate
from aggregator.ingest.guard import AddressGuard
from aggregator.ingest.target import Target, redirected, target_of
from aggregator.ingest.transport import dial_with
from aggregator.ingest.turns import HostTurns
from aggregator.ingest.visit import Visit
from aggregator.model import Fetched, FetchFailed, FetchRequest, NotModified, Outcome, Validators, host_of

MAX_REDIRECTS = 10

_PERMANENT = frozenset({301, 308})
_REDIRECTS = _PERMANENT | {302, 303, 307}
# Few, since each thread has its own: 100 threads hold at most 400 idle connections.
_KEPT_HOSTS = 4
_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.8, */*;q=0.5"
)
_HEADER_NAME = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")  # RFC 9110 section 5.1
_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class HttpFetcher:
    """Brings documents from sources, by requests. Safe to call from several threads at once.

    Each thread keeps a few connections of its own. `guard` judges every address that is connected to. With a
    `proxy` (http or https URL), which may be anywhere, the proxy does look-ups and connections: then only
    addresses that are written in URLs can be judged, not what names lead to. `lookup` and `tls` stand in for
    the system's resolver, and for the trust in the certificate authorities of certifi and of the system.

    Each request waits until it is its thread's turn at the host, and that wait is no part of the time limit.

    Raises ConfigError when the proxy's URL cannot be used.
    """

    def __init__(
        self,
        *,
        guard: AddressGuard,
        user_agent: str,
        proxy: str | None = None,
        lookup: Lookup = system_lookup,
        tls: ssl.SSLContext | None = None,
        turns: HostTurns | None = None,
    ) -> None:
        if proxy is not None and urlsplit(proxy).scheme not in ("http", "https"):
            raise ConfigError(["[polling] proxy: expected a URL that begins with http:// or https://"])
        self._proxies = {"http": proxy, "https": proxy} if proxy else None
        self._dialer = Dialer(guard, lookup)
        self._watchdog = Watchdog()
        self._turns = turns or HostTurns(gap=0)
        self._tls = tls or _trusting_context()
        watch_handshakes(self._tls, self._dialer)
        self._headers = {
            "User-Agent": user_agent,
            "Accept-Encoding": "gzip, deflate, br, zstd",
        }
        self._threads = threading.local()

    def fetch(self, request: FetchRequest) -> Fetched | NotModified | FetchFailed:
        """Return what the source answered within the request's limits; raises nothing for its faults."""
        visit = Visit(request, self._watchdog.start(request.timeout / 1000))
        self._dialer.exchange = visit.exchange
        try:
            answer = self._follow_redirects(visit)
        except (FetchError, ExchangeEndedError, RequestException, HTTPError, OSError, ValueError) as error:
            answer = translate(error, visit.exchange, visit.host, request.timeout, visit.size)
        finally:
            self._watchdog.finish(visit.exchange)
            self._turns.leave()
        if isinstance(answer, FetchFailed):
            return replace(in_one_line(answer), url=visit.url, status=visit.status)
        return answer

    def abort(self) -> None:
        """End every exchange under way, soon: each returns a `FetchFailed`. Later ones fail at once."""
        self._watchdog.abort()
        self._turns.wake()

    def _follow_redirects(self, visit: Visit) -> Fetched | NotModified | FetchFailed:
        asked = target = target_of(visit.request.url)
        owner = target_of(visit.request.owner_url) if visit.request.owner_url else asked
        trusted = permanent = True
        visited = set()
        while True:
            visit.arrive(target.host, visit.request.url if target is asked else target.url)
            visited.add(target.url)
            self._await_turn(visit)
            # Once elsewhere, never again: no other host chooses what is asked of the source as its user.
            trusted = trusted and target.may_know_secrets_of(owner)
            headers = _headers(self._headers, visit.request, visit.validators, trusted=trusted)
            raw = self._send(target, headers, visit.exchange)
            visit.status = raw.status
            if raw.status not in _REDIRECTS:
                return visit.conclude(raw)
            raw.close()  # unread: nobody needs a redirect's body, and it may be a bomb
            target = redirected(target, raw.headers.get("location"))
            permanent = permanent and raw.status in _PERMANENT
            if permanent:
                visit.moved_to = target.url
            if target.url in visited:
                raise FetchError(Outcome.HTTP_ERROR, f"{visit.host} redirects in a circle.")
            if len(visited) > MAX_REDIRECTS:
                raise FetchError(
                    Outcome.HTTP_ERROR, f"{asked.host} redirects more than {MAX_REDIRECTS} times."
                )

    def _await_turn(self, visit: Visit) -> None:
        host = host_of(visit.url)
        if self._turns.may_ask(host):
            return
        left = visit.exchange.remaining()
        self._watchdog.finish(visit.exchange)  # to wait is our own doing: the source's time stands still
        self._turns.go_to(host, unless=lambda: self._watchdog.aborted)
        visit.exchange = self._dialer.exchange = self._watchdog.start(left)

    def _send(self, target: Target, headers: Mapping[str, str | bytes], exchange: Exchange) -> HTTPResponse:
        if self._proxies:
            self._dialer.check_written(target.host, target.port)
        prepared = _Request(target, headers)
        adapter = self._session().get_adapter(target.url)
        self._dialer.fresh = False
        try:
            return self._answer(adapter, prepared, exchange)
        except (RequestException, HTTPError, OSError):
            # The other side may close a kept connection just when it is used again: that is no fault of its.
            if self._dialer.fresh or exchange.ended_by is not None:
                raise
        return self._answer(adapter, prepared, exchange)

    def _answer(self, adapter: Any, prepared: requests.PreparedRequest, exchange: Exchange) -> HTTPResponse:
        exchange.phase = Phase.CONNECTING
        response = adapter.send(prepared, stream=True, timeout=exchange.remaining(), proxies=self._proxies)
        raw: HTTPResponse = response.raw
        if exchange.ended_by is not None:  # a connection that was shut down reads like an end of the headers
            raw.close()
            raise ExchangeEndedError
        return raw

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._threads, "session", None)
        if session is None:
            session = requests.Session()
            session.trust_env = False
            adapter = _Adapter(self._dialer, self._tls)
            session.mount("http://", adapter)
            session.mount("https://", adapter)
            self._threads.session = session
        return session


class _Request(requests.PreparedRequest):
    """A GET that is ready to be sent: what `prepare` would do was done once for its target."""

    def __init__(self, target: Target, headers: Mapping[str, str | bytes]) -> None:
        super().__init__()
        self.method = "GET"
        self.url = target.url
        self.headers = headers  # type: ignore[assignment]  # read only, as a mapping
        self.target = target


class _Adapter(HTTPAdapter):
    """requests' adapter without retries and cookies, on connections that the dialer opens.

    Which certificates are trusted is up to one TLS context: to load the authorities anew for each connection,
    as the base class does, takes longer than the exchange.
    """

    def __init__(self, dialer: Dialer, tls: ssl.SSLContext) -> None:
        self._dialer = dialer
        self._tls = tls
        super().__init__(pool_connections=_KEPT_HOSTS, pool_maxsize=1)
        self.max_retries = Retry(False)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **_: Any) -> None:
        self.poolmanager = PoolManager(
            num_pools=connections, maxsize=maxsize, block=block, ssl_context=self._tls
        )
        dial_with(self.poolmanager, self._dialer)

    def proxy_manager_for(self, proxy: str, **_: Any) -> PoolManager:
        known = proxy in self.proxy_manager
        manager: PoolManager = super().proxy_manager_for(
            proxy, ssl_context=self._tls, proxy_ssl_context=self._tls
        )
        if not known:
            dial_with(manager, self._dialer)
        return manager

    def get_connection_with_tls_context(
        self,
        request: Any,
        verify: Any,  # noqa: ARG002 - the signatures are requests'
        proxies: Any = None,
        cert: Any = None,  # noqa: ARG002
    ) -> HTTPConnectionPool:
        target: Target = request.target
        manager = self.proxy_manager_for(proxies[target.scheme]) if proxies else self.poolmanager
        return manager.connection_from_host(target.host, target.port, target.scheme)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Leave it to the TLS context."""

    def request_url(self, request: Any, proxies: Any) -> str:
        target: Target = request.target
        return target.url if proxies and target.scheme == "http" else target.path

    def build_response(self, req: Any, resp: Any) -> requests.Response:  # noqa: ARG002
        response = requests.Response()
        response.status_code, response.raw = resp.status, resp
        return response


def _headers(
    base: dict[str, str], request: FetchRequest, validators: Validators | None, *, trusted: bool
) -> dict[str, str | bytes]:
    """Return what is sent; headers and credentials of the source only where they are `trusted`."""
    headers: dict[str, str | bytes] = {**base, "Accept": request.accept or _ACCEPT}
    if trusted and request.headers:
        for name, text in request.headers:
            if not _HEADER_NAME.fullmatch(name) or _UNSENDABLE.search(text):
                message = f"The header {name!r} of the source cannot be sent: check its spelling."
                raise FetchError(Outcome.HTTP_ERROR, message)
        own = {name.lower() for name, _ in request.headers}
        headers = {name: text for name, text in headers.items() if name.lower() not in own}
        headers.update((name, text.encode()) for name, text in request.headers)
    if trusted and request.user is not None:
        pair = f"{request.user}:{request.password or ''}".encode()  # RFC 7617: nothing is as common as UTF-8
        headers["Authorization"] = b"Basic " + base64.b64encode(pair)
    if validators and validators.etag:
        headers["If-None-Match"] = validators.etag
    if validators and validators.last_modified:
        headers["If-Modified-Since"] = validators.last_modified
    return headers


def _trusting_context() -> ssl.SSLContext:
    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    context.load_default_certs()  # a home network's own authority is known to the system only
    return context
