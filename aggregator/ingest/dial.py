"""Connections only where they may go: one look-up, each address judged, and a judged one connected to."""

from __future__ import annotations

import errno
import os
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from functools import partial
from ipaddress import ip_address
from queue import SimpleQueue
from time import monotonic

from urllib3.util.wait import wait_for_write

from aggregator.ingest.deadline import Exchange, Phase, shut_down
from aggregator.ingest.failures import FetchError
from aggregator.ingest.guard import AddressGuard
from aggregator.model import Outcome

SocketAddress = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
Address = tuple[socket.AddressFamily, SocketAddress]
Lookup = Callable[[str, int], Sequence[Address]]
"""Takes host and port; may block; raises `socket.gaierror` when the name has no address."""

# How long a connection attempt may not notice an abort: there is no portable way to interrupt one.
_CONNECT_SLICE = 0.05


def system_lookup(host: str, port: int) -> list[Address]:
    """Look a name up as the system does: hosts file, DNS."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, address) for family, _, _, _, address in found]


def literal_address(host: str, port: int) -> list[Address]:
    """Return the address that the host spells, in any way the system understands; none for a name.

    A dot at its end changes nothing, as for browsers, where the system would ask a name server.
    """
    try:
        found = socket.getaddrinfo(
            host.removesuffix("."), port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
        )
    except (socket.gaierror, UnicodeError):
        return []
    return [(family, address) for family, _, _, _, address in found]


class Dialer(threading.local):
    """Opens the connections of a fetcher; what it remembers of the current exchange is each thread's own."""

    exchange: Exchange
    fresh = False
    """Whether a connection was opened since this was last set to False."""

    def __init__(self, guard: AddressGuard, lookup: Lookup) -> None:
        self._guard = guard
        self._lookup = lookup

    def dial(self, host: str, port: int, *, guarded: bool) -> socket.socket:
        """Connect within the exchange's time. `guarded` is False only for a proxy out of the config.

        Raises FetchError (DNS, refused address, connection) or ExchangeEndedError.
        """
        self.fresh = True
        addresses = literal_address(host, port) or self._look_up(host, port)
        if guarded:
            addresses = self.permitted(host, addresses)
        self.exchange.phase = Phase.CONNECTING
        return self._connect_any(host if guarded else f"The proxy {host}", port, addresses)

    def permitted(self, host: str, addresses: Sequence[Address]) -> list[Address]:
        """Return the addresses that may be connected to; raises FetchError when there are none."""
        refusals = [(address, self._guard.refusal(ip_address(address[1][0]))) for address in addresses]
        allowed = [address for address, refusal in refusals if refusal is None]
        if allowed:
            return allowed
        (_, where), kind = refusals[0]
        leads = "is" if where[0] == host else f"leads to {where[0]},"
        raise FetchError(
            Outcome.REFUSED_ADDRESS,
            f"{host} {leads} an address ({kind}) that may not be connected to; "
            "if it is meant, list it in [polling] allow_private.",
        )

    def check_written(self, host: str, port: int) -> None:
        """Judge a host that is an address, whatever its spelling; a name passes. Raises FetchError."""
        written = literal_address(host, port)
        if written:
            self.permitted(host, written)

    def watch(self, sock: socket.socket) -> None:
        """Let the end of the current exchange shut this socket down."""
        self.exchange.interrupt_by(partial(shut_down, sock))

    def _look_up(self, host: str, port: int) -> Sequence[Address]:
        self.exchange.phase = Phase.LOOKING_UP
        answer: SimpleQueue[Sequence[Address] | OSError | UnicodeError | None] = SimpleQueue()
        self.exchange.interrupt_by(partial(answer.put, None))

        def look_up() -> None:
            try:
                answer.put(lookup(host, port))
            except (OSError, UnicodeError) as error:
                answer.put(error)

        lookup = self._lookup
        # A thread, since nothing can interrupt getaddrinfo; a daemon, so that it holds up no exit either.
        threading.Thread(target=look_up, name=f"look-up {host}", daemon=True).start()
        found = answer.get()
        self.exchange.remaining()
        if found is None or isinstance(found, (OSError, UnicodeError)) or not found:
            raise _dns_failure(host, found) from (found if isinstance(found, Exception) else None)
        return found

    def _connect_any(self, name: str, port: int, addresses: Sequence[Address]) -> socket.socket:
        """Try one address after the other, each with its share of the time that is left."""
        failures: list[OSError] = []
        for tried, (family, address) in enumerate(addresses):
            share = self.exchange.remaining() / (len(addresses) - tried)
            try:
                return self._connect(family, address, monotonic() + share)
            except OSError as error:
                failures.append(error)
        self.exchange.remaining()
        reason = (
            "nothing listens there"
            if isinstance(failures[0], ConnectionRefusedError)
            else failures[0].strerror
        )
        raise FetchError(
            Outcome.CONNECTION_ERROR, f"{name} could not be connected to on port {port}: {reason}."
        ) from failures[0]

    def _connect(self, family: socket.AddressFamily, address: SocketAddress, until: float) -> socket.socket:
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setblocking(False)
            self._await_connection(sock, sock.connect_ex(address), until)
            sock.settimeout(self.exchange.remaining())
            self.watch(sock)
        except BaseException:
            sock.close()
            raise
        return sock

    def _await_connection(self, sock: socket.socket, code: int, until: float) -> None:
        while code == errno.EINPROGRESS:
            wait = min(self.exchange.remaining(), _CONNECT_SLICE)
            if wait_for_write(sock, wait):
                code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            elif monotonic() >= until:
                code = errno.ETIMEDOUT
        if code:
            raise OSError(code, os.strerror(code))


def _dns_failure(host: str, found: object) -> FetchError:
    match found:
        case UnicodeError():
            reason = "it is not a possible name"
        case socket.gaierror(errno=socket.EAI_AGAIN):
            reason = "the name server did not answer"
        case socket.gaierror(errno=socket.EAI_NONAME):
            reason = "there is no such name"
        case OSError():
            reason = found.strerror or str(found)
        case _:
            reason = "it has no address"
    return FetchError(Outcome.DNS_ERROR, f"The name {host} could not be looked up: {reason}.")


def watch_handshakes(context: ssl.SSLContext, dialer: Dialer) -> None:
    """Let exchanges be ended while they shake hands, too: by then the plain socket is gone."""

    class WatchedSocket(ssl.SSLSocket):
        def do_handshake(self, block: bool = False) -> None:
            try:
                dialer.watch(self)
                super().do_handshake(block)
            except BaseException:
                self.close()  # before Python 3.12, ssl closes it only for some kinds of exceptions
                raise

    context.sslsocket_class = WatchedSocket
