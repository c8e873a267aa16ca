from __future__ import annotations

import ipaddress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.assets.scopes import NO_HOSTS, RANGES, OnSegment, Prefix, Scope, Scopes
from kwel.model.records.columns import address_halves


@pytest.mark.parametrize(
    ("address", "scope"),
    [
        ("10.20.1.11", Scope.INTERNAL),
        ("172.31.255.254", Scope.INTERNAL),
        ("172.32.0.1", Scope.EXTERNAL),
        ("192.168.0.1", Scope.INTERNAL),
        ("100.64.0.1", Scope.INTERNAL),
        ("100.128.0.1", Scope.EXTERNAL),
        ("169.254.7.7", Scope.INTERNAL),
        ("fd12:3456::1", Scope.INTERNAL),
        ("fe80::1", Scope.INTERNAL),
        ("2001:db8::1", Scope.EXTERNAL),
        ("8.8.8.8", Scope.EXTERNAL),
        ("0.0.0.0", Scope.NO_HOST),
        ("127.0.0.1", Scope.NO_HOST),
        ("224.0.0.251", Scope.NO_HOST),
        ("255.255.255.255", Scope.NO_HOST),
        ("::", Scope.NO_HOST),
        ("::1", Scope.NO_HOST),
        ("ff02::fb", Scope.NO_HOST),
    ],
)
def test_an_address_lies_where_its_standard_says(address: str, scope: Scope) -> None:
    assert Scopes().of_one(*address_halves(address)) == scope


def test_a_user_may_call_a_public_prefix_internal() -> None:
    scopes = Scopes(["145.10.0.0/16", "2001:db8:20::/48"])

    assert scopes.of_one(*address_halves("145.10.3.4")) == Scope.INTERNAL
    assert scopes.of_one(*address_halves("2001:db8:20::1")) == Scope.INTERNAL
    assert scopes.of_one(*address_halves("145.11.3.4")) == Scope.EXTERNAL


def test_host_bits_in_a_users_prefix_are_forgiven() -> None:
    assert Prefix.parse("145.10.3.4/16", "").text == "145.10.0.0/16"


def test_no_prefix_is_an_error() -> None:
    with pytest.raises(ValueError, match="plant"):
        Scopes(["plant"])


@given(addresses=st.lists(st.ip_addresses(), max_size=40))
def test_many_addresses_lie_where_each_of_them_does(addresses: list[ipaddress.IPv4Address]) -> None:
    scopes = Scopes(["145.10.0.0/16"])
    halves = [address_halves(str(address)) for address in addresses]
    hi, lo = (np.array([half[n] for half in halves], np.uint64) for n in (0, 1))

    assert scopes.find(hi, lo).tolist() == [scopes.of_one(*half) for half in halves]


@given(data=st.data())
def test_a_prefix_holds_what_the_standard_library_says(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([*(text for text, _ in RANGES), *NO_HOSTS]))
    network = ipaddress.ip_network(text)
    first, last = int(network[0]), int(network[-1])
    kind = type(network[0])
    near = st.integers(first, last) | st.sampled_from([max(0, first - 1), last, first])
    address = kind(data.draw(near))

    assert Prefix.parse(text, "").holds(*address_halves(str(address))) == (address in network)


def test_a_proven_public_address_is_the_plants_and_so_is_the_rest_of_an_ipv6_link() -> None:
    hi4, lo4 = address_halves("145.10.3.4")
    hi6, lo6 = address_halves("2001:db8:20::5")
    on_segment = OnSegment(frozenset({lo4}), frozenset({hi6}))
    hi, lo = np.array([hi4, hi4, hi6, hi6 + 1], np.uint64), np.array([lo4, lo4 + 1, 77, lo6], np.uint64)

    assert Scopes().find(hi, lo, on_segment).tolist() == [1, 0, 1, 0]
    assert [on_segment.holds(*at) for at in zip(hi.tolist(), lo.tolist(), strict=True)] == [True, False, True, False]


def test_prefixes_of_a_site_count_once_and_only_beyond_the_private_ones() -> None:
    scopes = Scopes(
        (), ("10.1.0.0/16", "198.51.100.0/25", "198.51.100.128/25", "198.51.100.7/32", "2001:db8::/48"), "s"
    )
    found = [scopes.prefix_of(*address_halves(text)) for text in ("10.1.0.1", "198.51.100.200", "2001:db8::1")]

    assert [(of.text, of.source) for of in found if of] == [
        ("10.0.0.0/8", "RFC 1918"),
        ("198.51.100.0/24", "s"),
        ("2001:db8::/48", "s"),
    ]
