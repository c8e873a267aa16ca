from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kwel.protocols import nbns
from kwel.protocols.sayings import Saying
from kwel.protocols.wire import Malformed, Reader

if TYPE_CHECKING:
    from collections.abc import Callable

RECORD = "00200001 000493e0 0006"


def half_ascii(name: str, suffix: int) -> bytes:
    """Encode a name as RFC 1001 section 14.1 does."""
    raw = name.ljust(15).encode() + bytes([suffix])
    return b"\x20" + bytes(ord("A") + nibble for byte in raw for nibble in (byte >> 4, byte & 15)) + b"\0"


def registration(name: str, suffix: int, flags: int = 0, address: str = "0a140215") -> bytes:
    """Build the request with which a host claims a name."""
    header = bytes.fromhex("1234 2910 0001 0000 0000 0001")
    question = half_ascii(name, suffix) + bytes.fromhex("00200001")
    return header + question + bytes.fromhex("c00c" + RECORD) + flags.to_bytes(2, "big") + bytes.fromhex(address)


def test_a_registration_names_the_host_without_its_suffix(sample: Callable[[str], bytes]) -> None:
    assert list(nbns.observe(Reader(sample("nbns.registration")))) == [
        Saying("hostname", "HMI-LINE1", address="10.20.2.21")
    ]


def test_a_node_status_names_the_host_once_and_the_workgroup(sample: Callable[[str], bytes]) -> None:
    assert list(nbns.observe(Reader(sample("nbns.node_status")))) == [
        Saying("hostname", "HIST01"),
        Saying("domain", "PLANT"),
    ]


def test_a_positive_answer_names_the_host() -> None:
    header = bytes.fromhex("1234 8580 0000 0001 0000 0000")
    raw = header + half_ascii("EWS1", 0x20) + bytes.fromhex(RECORD + "0000 0a140218")

    assert list(nbns.observe(Reader(raw))) == [Saying("hostname", "EWS1", address="10.20.2.24")]


def test_each_address_of_a_positive_answer_counts() -> None:
    header = bytes.fromhex("1234 8580 0000 0001 0000 0000")
    raw = header + half_ascii("EWS1", 0) + bytes.fromhex("00200001 000493e0 000c 0000 0a140218 0000 0a1e0218")

    assert [said.address for said in nbns.observe(Reader(raw))] == ["10.20.2.24", "10.30.2.24"]


@pytest.mark.parametrize("suffix", [0x03, 0x1B, 0x1C, 0x1D, 0x1E])
def test_users_and_domains_are_no_hosts(suffix: int) -> None:
    said = list(nbns.observe(Reader(registration("ADMIN", suffix))))

    assert all(one.kind == "role" and "ADMIN" not in one.value for one in said)


@pytest.mark.parametrize(
    ("suffix", "flags", "said"),
    [
        (0x00, 0x8000, [("domain", "PLANT")]),
        (0x1C, 0x8000, [("domain", "PLANT"), ("role", "domain controller")]),
        (0x1B, 0x0000, [("role", "domain master browser")]),
        (0x1D, 0x0000, [("role", "master browser")]),
        (0x1E, 0x8000, []),
    ],
)
def test_a_name_of_a_group_tells_where_its_holder_belongs_and_what_it_does(
    suffix: int, flags: int, said: list[tuple[str, str]]
) -> None:
    found = list(nbns.observe(Reader(registration("PLANT", suffix, flags=flags))))

    assert [(one.kind, one.value) for one in found] == said
    assert {one.address for one in found} <= {"10.20.2.21"}


def test_a_question_says_nothing() -> None:
    raw = bytes.fromhex("1234 0110 0001 0000 0000 0000") + half_ascii("PLC", 0x20) + bytes.fromhex("00200001")

    assert not list(nbns.observe(Reader(raw)))


def test_a_negative_answer_says_nothing() -> None:
    raw = bytearray(registration("EWS1", 0))
    raw[2:4] = bytes.fromhex("ad86")  # registration response, name is active elsewhere

    assert not list(nbns.observe(Reader(bytes(raw))))


def test_a_pointer_to_a_missing_question_is_malformed() -> None:
    raw = bytes.fromhex("1234 8580 0000 0001 0000 0000 c00c" + RECORD + "0000 0a140218")

    with pytest.raises(Malformed):
        list(nbns.observe(Reader(raw)))


def test_letters_beyond_p_are_malformed() -> None:
    raw = bytearray(registration("EWS1", 0))
    raw[13] = ord("Q")

    with pytest.raises(Malformed):
        list(nbns.observe(Reader(bytes(raw))))
