from __future__ import annotations

import ipaddress
import os
import stat
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwel.suppliers.pseudonyms import CryptoPan, Key, KeyFileError, open_key

if TYPE_CHECKING:
    from pathlib import Path

# Key and sample of the reference implementation of Crypto-PAn (Georgia Tech, 2002), as its ports repeat them.
REFERENCE = bytes([21, 34, 23, 141, 51, 164, 207, 128, 19, 10, 91, 22, 73, 144, 125, 16,
                   216, 152, 143, 131, 121, 121, 101, 39, 98, 87, 76, 45, 42, 132, 34, 2])  # fmt: skip
IPV4 = {
    "128.11.68.132": "135.242.180.132",
    "129.118.74.4": "134.136.186.123",
    "130.132.252.244": "133.68.164.234",
    "141.223.7.43": "141.167.8.160",
    "141.233.145.108": "141.129.237.235",
    "152.163.225.39": "151.140.114.167",
    "156.29.3.236": "147.225.12.42",
    "165.247.96.84": "162.9.99.234",
    "166.107.77.190": "160.132.178.185",
    "192.102.249.13": "252.138.62.131",
    "10.185.25.118": "117.161.29.118",
}
# The reference knows IPv4 only; these are what independent ports of it to IPv6 agree on.
IPV6 = {
    "::1": "78ff:f001:9fc0:20df:8380:b1f1:704:ed",
    "::2": "78ff:f001:9fc0:20df:8380:b1f1:704:ef",
    "::ffff": "78ff:f001:9fc0:20df:8380:b1f1:704:f838",
    "2001:db8::1": "4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1e",
    "2001:db8::2": "4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1c",
}
PAN = CryptoPan(REFERENCE)
KEY = Key("company-aaaaaaaaaaaaaaaa", bytes(range(32)))


@pytest.mark.parametrize(("real", "pseudonym"), [*IPV4.items(), *IPV6.items()])
def test_addresses_are_those_of_the_reference(real: str, pseudonym: str) -> None:
    assert PAN.address(real) == pseudonym


def shared(one: int, other: int, bits: int) -> int:
    return bits - (one ^ other).bit_length()


@settings(max_examples=40)
@given(st.data(), st.sampled_from([32, 128]))
def test_what_two_addresses_share_their_pseudonyms_share_and_no_more(data: st.DataObject, bits: int) -> None:
    kind = ipaddress.IPv4Address if bits == 32 else ipaddress.IPv6Address
    one = data.draw(st.integers(0, 2**bits - 1))
    other = one ^ data.draw(st.integers(0, 2 ** data.draw(st.integers(0, bits)) - 1))
    first, second = (int(ipaddress.ip_address(PAN.address(str(kind(value))))) for value in (one, other))

    assert shared(first, second, bits) == shared(one, other, bits)


def test_readers_get_pseudonyms_that_cannot_be_laid_side_by_side() -> None:
    one, other = KEY.for_reader("siemens"), KEY.for_reader("abb")

    assert one.name("asset", "plc7") == KEY.for_reader("siemens").name("asset", "plc7")
    assert one.name("asset", "plc7") != other.name("asset", "plc7") != other.name("zone", "plc7")
    assert one.address("10.0.0.7") != other.address("10.0.0.7")
    assert one.address("no address") is None
    assert one.address("10.0.0.7@20") == one.address("10.0.0.7")


def test_a_key_is_made_once_for_its_owner_alone_and_read_again(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "supplier.key"
    made, is_new = open_key(file)
    text = file.read_bytes()
    again, is_new_again = open_key(file)

    assert (is_new, is_new_again) == (True, False)
    assert made == again
    assert file.read_bytes() == text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert open_key(tmp_path / "other.key")[0].company != made.company


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "supplier.key"
    open_key(file)
    file.chmod(0o640)

    with pytest.raises(KeyFileError, match="chmod 600"):
        open_key(file)


@pytest.mark.parametrize(
    "text", [b"", b"\xff\xfe", b'format = "kwel-key-1"', b'format = "x"\ncompany = "c"\nsecret = "00"', b"company = ["]
)
def test_what_is_no_key_is_refused_and_left_alone(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "supplier.key"
    file.write_bytes(text)
    file.chmod(0o600)

    with pytest.raises(KeyFileError, match="is no key"):
        open_key(file)
    assert file.read_bytes() == text


def test_a_key_is_not_made_through_a_dangling_link(tmp_path: Path) -> None:
    file = tmp_path / "supplier.key"
    os.symlink(tmp_path / "elsewhere", file)

    with pytest.raises(KeyFileError):
        open_key(file)
    assert not (tmp_path / "elsewhere").exists()
