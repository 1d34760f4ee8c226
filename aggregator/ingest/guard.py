"""Which addresses may be connected to; pure.

An address is judged after the look-up of its name, on each connection, so that no spelling of a host
(`2130706433`, `0x7f.1`) and no change of a name's address between check and use gets around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

# Own tables, because `is_global` of the standard library changed its mind between patch releases.
# From IANA's special-purpose address registries (RFC 6890 and its updates).
_SPECIAL_V4 = tuple(
    (IPv4Network(network), kind)
    for network, kind in (
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "private (carrier-grade NAT)"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "reserved"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("255.255.255.255/32", "broadcast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_SPECIAL_V6 = tuple(
    (IPv6Network(network), kind)
    for network, kind in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "private"),
        ("ff00::/8", "multicast"),
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "documentation"),
        ("3fff::/20", "documentation"),
    )
)
_GLOBAL_V6 = IPv6Network("2000::/3")
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/96"))  # RFC 6052, RFC 8215


class AddressGuard:
    """Decides whether an IP address may be connected to.

    Refused is what is not globally routable: loopback, private, link-local, carrier-grade NAT, multicast,
    unspecified, documentation, reserved, broadcast. IPv6 addresses that carry an IPv4 address (NAT64, 6to4,
    Teredo) are as good as that, but what is allowed of it is not allowed of them: where the packets of such
    an address end is up to others. The mapped form is the IPv4 address itself. The rest of NAT64's local-use
    range 64:ff9b:1::/48 is refused, since where it carries an address is up to its network.
    """

    def __init__(self, allow: Sequence[IPNetwork]) -> None:
        self._allow = tuple(allow)

    def refusal(self, address: IPAddress) -> str | None:
        """Return what kind of address it is that may not be connected to, or None when it may be."""
        itself = _unmapped(address)
        if self._is_allowed(address) or self._is_allowed(itself):
            return None
        ends = _carried(itself) or (itself,)
        return next((kind for kind in map(_special_kind, ends) if kind is not None), None)

    def _is_allowed(self, address: IPAddress) -> bool:
        return any(address.version == network.version and address in network for network in self._allow)


def _special_kind(address: IPAddress) -> str | None:
    if isinstance(address, IPv4Address):
        return next((kind for network, kind in _SPECIAL_V4 if address in network), None)
    kind = next((kind for network, kind in _SPECIAL_V6 if address in network), None)
    return kind if kind or address in _GLOBAL_V6 else "reserved"


def _unmapped(address: IPAddress) -> IPAddress:
    """Return the IPv4 address that a socket connects to when it is given in its IPv6 form (RFC 4291)."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped


def _carried(address: IPAddress) -> tuple[IPv4Address, ...]:
    """Return the IPv4 addresses that packets to this address end at (Teredo: server and client)."""
    if isinstance(address, IPv4Address):
        return ()
    if any(address in network for network in _NAT64):
        return (IPv4Address(int(address) & 0xFFFF_FFFF),)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    return address.teredo or ()
