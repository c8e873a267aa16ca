"""What ``kwel explain`` says of an address before anything is looked up."""

from __future__ import annotations

import pytest

from kwel.attribution.explain import special_use


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("10.1.2.3", "private"), ("100.64.0.1", "private"), ("203.0.113.9", "special"), ("fd00::1", "private"),
        ("127.0.0.1", "itself"), ("169.254.1.1", "link"), ("fe80::1", "link"), ("224.0.0.251", "group"),
    ],
)  # fmt: skip
def test_an_address_that_is_nobodys_on_the_internet_is_said_to_be(address: str, word: str) -> None:
    assert word in (special_use(address) or "")


@pytest.mark.parametrize("address", [None, "8.8.8.8", "2a00:1450::1"])
def test_an_address_of_the_internet_has_no_special_use(address: str | None) -> None:
    assert special_use(address) is None
