"""Filters: what libpcap makes of them, and what is refused because it would be looked up."""

from __future__ import annotations

import ctypes.util
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwel.capture.filters import WORDS, Unfit, check_words, compile_filter
from tests.conftest import REQUIRE_ALL

if TYPE_CHECKING:
    from collections.abc import Callable

if not ctypes.util.find_library("pcap") and not REQUIRE_ALL:
    pytest.skip("libpcap is not installed", allow_module_level=True)

TAKEN = (
    "ip",
    "udp and port 53",
    "not (tcp and portrange 6000-6063)",
    "host 192.0.2.1 or net 198.51.100.0/24 or net 203.0.113",
    "host 2001:db8::1 or net 2001:db8::/32",
    "ether host 02:00:00:00:00:01 and ether proto 0x88b8",
    "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
    "ip[2:2] > 576 and ether[0] & 1 = 0",
    "less 100 || greater 1000",
    "icmp[icmptype] == icmp-echo",
)


@pytest.mark.parametrize("text", TAKEN)
def test_it_is_what_tcpdump_makes_of_it(text: str, require_tool: Callable[[str], str]) -> None:
    told = subprocess.run(
        [require_tool("tcpdump"), "-ddd", "-y", "EN10MB", "-s", "262144", text],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    numbers = [[int(number) for number in line.split()] for line in told.stdout.splitlines()[1:]]
    program = compile_filter(text)
    code = program.code
    ours = [
        [
            int.from_bytes(code[i : i + 2], "little"),
            code[i + 2],
            code[i + 3],
            int.from_bytes(code[i + 4 : i + 8], "little"),
        ]
        for i in range(0, len(code), 8)
    ]
    assert ours == numbers
    assert program.length == len(numbers)


@pytest.mark.parametrize(
    "text",
    [
        "host example.com",
        "host localhost",
        "port http",
        "net example",
        "portrange ssh-http",
        "host 6000-6008",
        "ether host gateway",
        "host \\tcp",
        "host tcp-foo",
        "gateway router",
        "src host a",
        "host vxlan",
        "host 02:00-00.00:00-01",
    ],
)
def test_what_libpcap_would_look_up_is_refused(text: str) -> None:
    with pytest.raises(Unfit, match="the filter has"):
        compile_filter(text)


def test_tags_cannot_be_asked_for() -> None:
    with pytest.raises(Unfit, match="vlan"):
        compile_filter("vlan 10 and udp")


def test_a_misspelt_word_names_the_one_that_was_meant() -> None:
    with pytest.raises(Unfit, match="perhaps 'port'"):
        compile_filter("udp portt 53")


def test_what_is_no_filter_says_why() -> None:
    with pytest.raises(Unfit, match="syntax error"):
        compile_filter("udp and and")
    with pytest.raises(Unfit, match="longer than"):
        compile_filter("ip or " * 2000 + "ip")
    with pytest.raises(Unfit, match="'é'"):
        check_words("host é")


words = st.sampled_from(
    [*sorted(WORDS), "1", "0x10", "192.0.2.1", "10.0.0.0/8", "::1", "(", ")", "[", "]", ":", "=", "1-2"]
)


@given(st.lists(words, max_size=8).map(" ".join))
def test_any_row_of_words_is_a_program_or_refused(text: str) -> None:
    try:
        program = compile_filter(text)
    except Unfit as unfit:
        said = str(unfit)
    else:
        said = ""
        assert len(program.code) == 8 * program.length
    assert "unknown" not in said  # what libpcap says of a host, network or port that it looked for and did not find


@given(st.text(max_size=30))
def test_any_text_is_a_program_or_refused(text: str) -> None:
    try:
        compile_filter(text)
    except Unfit:
        return
