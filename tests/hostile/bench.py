"""Runs scenarios against the real fetcher, parse processes, poller and store."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from aggregator.clock import now_ms
from aggregator.ingest.dial import Address
from aggregator.ingest.fetch import HttpFetcher
from aggregator.ingest.guard import AddressGuard
from aggregator.ingest.poll import Poller
from aggregator.ingest.workers import ParsePool
from aggregator.model import Dedupe, Entry, EntryQuery, PollReport, Source, StoryPolicy
from aggregator.store import open_store
from tests.hostile.scenario import Answer, Scenario
from tests.ingest.fetching import make_fetcher
from tests.origin import Origin, Peer, read_request

TLS = Path(__file__).parent.parent / "data" / "tls"
HOUR = 3_600_000
DAY = 24 * HOUR
PARSE_TIMEOUT = 10_000
PASSWORD = "p4ssw0rd"
API_KEY = "k3y-of-the-source"

# Nothing but this may be connected to: also 127.0.0.2 plays an address of somebody else's network.
GUARD = AddressGuard([ipaddress.ip_network("127.0.0.1/32")])


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came of one poll of a scenario."""

    report: PollReport
    entries: tuple[Entry, ...]
    wait: int
    """Milliseconds until the next poll."""
    requests: tuple[bytes, ...]
    healthy: tuple[PollReport, int]
    """How the poll of a healthy source went right afterwards, and how many entries that has."""


class HostileServer:
    """Answers as the scenario's current poll says, and remembers what it was asked."""

    def __init__(self, scenario: Scenario, tls: ssl.SSLContext | None) -> None:
        self.answers: Mapping[str, Answer] = scenario.answers
        self._raw = scenario.raw
        self.requests: list[bytes] = []
        self.peer = Peer(self._speak, tls=tls)

    def filled_in(self, text: str) -> str:
        return text.replace("ORIGIN", f"127.0.0.1:{self.peer.port}").replace("PORT", str(self.peer.port))

    def _speak(self, sock: socket.socket) -> None:
        if self._raw:
            return self._raw(sock)
        head = read_request(sock)
        if not head:
            return None
        self.requests.append(head)
        path = head.split()[1].decode("latin-1").partition("?")[0]
        answer = self.answers.get(path, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        if not isinstance(answer, bytes):
            return answer(sock)
        begin, blank, body = answer.partition(b"\r\n\r\n")
        return sock.sendall(self.filled_in(begin.decode("latin-1")).encode("latin-1") + blank + body)


class Bench:
    """Parse processes, a store and a healthy source, for many scenarios; each of them has its own server."""

    def __init__(self, folder: Path) -> None:
        self._database = str(folder / "aggregator.db")
        self.pool = ParsePool(workers=2, timeout=PARSE_TIMEOUT, memory=384 * 2**20)
        self._origin = Origin()
        self._past: list[Source] = []

    def __enter__(self) -> Bench:
        self._origin.__enter__()
        self.store = open_store(self._database)
        body = b"<rss><channel><title>H</title><item><title>Healthy</title></item></channel></rss>"
        self._healthy = Source(name="healthy", url=self._origin.serve("/healthy", body), timeout=5_000)
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.close()
        self.store.close()
        self._origin.__exit__(None, None, None)

    def run(self, scenario: Scenario) -> list[tuple[Scenario, Result]]:
        """Poll as often as the scenario says; return what came of each poll."""
        results = []
        server, names = HostileServer(scenario, _server_tls(scenario.certificate)), Names()
        tls = ssl.create_default_context(cafile=TLS / "authority.pem")
        fetcher = make_fetcher(guard=GUARD, lookup=names.look_up, tls=tls)
        with server.peer:
            source = Source(
                name=scenario.name,
                url=server.filled_in(scenario.url),
                timeout=scenario.timeout,
                max_size=scenario.max_size,
                user="me",
                password=PASSWORD,
                headers=(("X-Api-Key", API_KEY),),
            )
            # Ports come again: a new source at the address of one that left would be that one, renamed.
            alike = [replace(past, enabled=False) for past in self._past if past.url == source.url]
            self.store.sync_sources([source, self._healthy, *alike], now=now_ms())
            self._past.append(source)
            step: Scenario | None = scenario
            while step is not None:
                server.answers, names.known = step.answers, step.names
                server.requests.clear()
                report, entries, wait = self._poll(source, fetcher)
                requests = tuple(server.requests)
                healthy, theirs, _ = self._poll(self._healthy, fetcher)
                result = Result(
                    report=report,
                    entries=entries,
                    wait=wait,
                    requests=requests,
                    healthy=(healthy, len(theirs)),
                )
                results.append((step, result))
                step = step.then
            fetcher.abort()
        return results

    def _poll(self, source: Source, fetcher: HttpFetcher) -> tuple[PollReport, tuple[Entry, ...], int]:
        poller = Poller(
            store=self.store,
            fetcher=fetcher,
            reader=self.pool,
            clock=now_ms,
            policy=StoryPolicy(dedupe=Dedupe.OFF),  # scenarios have nothing to do with each other
            max_backoff=DAY,
        )
        (job,) = self.store.claim([source.name], now=now_ms(), lease=1)
        done = poller.poll(job, source)
        assert done is not None
        status = next(one for one in self.store.source_statuses() if one.name == source.name)
        assert status.next_poll is not None
        entries = self.store.entries(EntryQuery(sources=(source.name,), limit=50_000, cap=50_000))
        return done[0], tuple(entries), status.next_poll - done[0].started_at - done[0].duration_ms


class Names:
    """A resolver that knows what the scenario says and nothing else."""

    def __init__(self) -> None:
        self.known: Mapping[str, object] = {}

    def look_up(self, host: str, port: int) -> list[Address]:
        found = self.known.get(host)
        if found is None:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        if isinstance(found, (OSError, UnicodeError)):
            raise found
        addresses = found() if callable(found) else found
        assert isinstance(addresses, tuple)
        return [_address(text, port) for text in addresses]


def _address(text: str, port: int) -> Address:
    if ":" in text:
        return (socket.AF_INET6, (text, port, 0, 0))
    return (socket.AF_INET, (text, port))


def _server_tls(certificate: str | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / f"{certificate}.pem", TLS / "server.key")
    return context
