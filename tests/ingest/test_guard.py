from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.ingest.guard import AddressGuard

STRICT = AddressGuard([])


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("0.0.0.0", "unspecified"),
        ("10.1.2.3", "private"),
        ("100.64.0.1", "private (carrier-grade NAT)"),
        ("100.127.255.255", "private (carrier-grade NAT)"),
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("169.254.169.254", "link-local"),
        ("172.16.0.1", "private"),
        ("172.31.255.255", "private"),
        ("192.0.0.8", "reserved"),
        ("192.0.2.1", "documentation"),
        ("192.168.178.1", "private"),
        ("198.18.0.1", "benchmarking"),
        ("224.0.0.1", "multicast"),
        ("239.255.255.250", "multicast"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "broadcast"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("::7f00:1", "reserved"),
        ("fc00::1", "private"),
        ("fd12:3456::1", "private"),
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("fec0::1", "private"),
        ("ff02::1", "multicast"),
        ("100::1", "reserved"),
        ("2001:db8::1", "documentation"),
        ("4000::1", "reserved"),
    ],
)
def test_an_address_that_is_not_globally_routable_is_refused_by_its_kind(address: str, kind: str) -> None:
    assert STRICT.refusal(ip_address(address)) == kind


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.0.1",
        "172.32.0.1",
        "193.0.0.1",
        "223.255.255.255",
        "2606:4700:4700::1111",
        "2a00:1450:4001::200e",
        "2001:4860:4860::8888",
    ],
)
def test_a_global_address_may_be_connected_to(address: str) -> None:
    assert STRICT.refusal(ip_address(address)) is None


CARRIERS = {
    "mapped": lambda v4: (0xFFFF << 32) | v4,
    "nat64": lambda v4: int(IPv6Address("64:ff9b::")) | v4,
    "local nat64": lambda v4: int(IPv6Address("64:ff9b:1::")) | v4,
    "6to4": lambda v4: (0x2002 << 112) | (v4 << 80) | 1,
    "teredo client": lambda v4: (0x20010000 << 96) | (0x01010101 << 64) | (v4 ^ 0xFFFF_FFFF),
    "teredo server": lambda v4: (0x20010000 << 96) | (v4 << 64) | (0x01010101 ^ 0xFFFF_FFFF),
}


@given(carrier=st.sampled_from(sorted(CARRIERS)), v4=st.integers(0, 2**32 - 1))
def test_an_ipv6_address_that_carries_an_ipv4_address_is_as_good_as_that(carrier: str, v4: int) -> None:
    carried = IPv6Address(CARRIERS[carrier](v4))

    assert STRICT.refusal(carried) == STRICT.refusal(IPv4Address(v4))


@pytest.mark.parametrize("carrier", sorted(CARRIERS))
def test_a_loopback_address_is_refused_in_every_wrapping(carrier: str) -> None:
    assert STRICT.refusal(IPv6Address(CARRIERS[carrier](0x7F000001))) == "loopback"


@pytest.mark.parametrize("carrier", sorted(CARRIERS.keys() - {"mapped"}))
def test_an_allowed_address_is_refused_in_every_tunnel(carrier: str) -> None:
    guard = AddressGuard([ip_network("127.0.0.0/8")])

    assert guard.refusal(IPv6Address(CARRIERS[carrier](0x7F000001))) == "loopback"


def test_a_tunnel_s_own_range_can_be_allowed() -> None:
    guard = AddressGuard([ip_network("64:ff9b:1::/48")])

    assert guard.refusal(ip_address("64:ff9b:1::10.0.0.1")) is None


def test_the_rest_of_the_local_nat64_range_is_refused() -> None:
    assert STRICT.refusal(ip_address("64:ff9b:1:101:1:100::")) == "reserved"


def test_an_allowed_network_opens_itself_and_nothing_else() -> None:
    guard = AddressGuard([ip_network("192.168.178.0/24"), ip_network("fd00::/8")])

    assert guard.refusal(ip_address("192.168.178.20")) is None
    assert guard.refusal(ip_address("::ffff:192.168.178.20")) is None
    assert guard.refusal(ip_address("fd00::20")) is None
    assert guard.refusal(ip_address("192.168.179.20")) == "private"
    assert guard.refusal(ip_address("127.0.0.1")) == "loopback"
    assert guard.refusal(ip_address("::1")) == "loopback"
