"""The text of a capture filter in, a program for the system's packet filter out (classic BPF, by libpcap's compiler).

The language is that of tcpdump, pcap-filter(7). Two parts of it are refused. Names of hosts, networks and services:
libpcap would look them up, which sends questions to the DNS. And ``vlan``: the system takes the outer tag out of a
frame before it filters, so that the bytes that libpcap would look at are not there; all else sees through that tag.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import difflib
import ipaddress
import re
import struct
from typing import NamedTuple

LONGEST = 0x4_0000
"""Bytes of a frame that a filter lets through: all."""
NETMASK_UNKNOWN = 0xFFFF_FFFF
"""What ``broadcast`` of IPv4 would need; libpcap refuses that primitive without it."""
MOST_INSTRUCTIONS = 4096
"""That the system takes (BPF_MAXINSNS)."""
MOST_TEXT = 4096
"""Characters of a filter: a longer one is no filter, and libpcap's parser recurses."""
ERROR_SIZE = 256
"""PCAP_ERRBUF_SIZE."""

WORDS = frozenset(
    """
    host net port portrange src dst and or not proto protochain mask len less greater broadcast multicast ether
    fddi tr wlan link ip ip6 arp rarp tcp udp icmp icmp6 igmp igrp pim vrrp carp esp ah sctp atalk aarp decnet lat
    moprc mopdl sca stp ipx netbeui iso clnp esis isis mpls pppoed pppoes tcpflags icmptype icmpcode tcp-fin
    tcp-syn tcp-rst tcp-push tcp-ack tcp-urg icmp-echo icmp-echoreply icmp-unreach
    """.split()  # noqa: SIM905 -- as a list it fills a page
)
"""Words of the language that every libpcap since 1.8 knows: one that it does not know it takes for a host's name."""
RANGE = re.compile(r"[0-9]+-[0-9]+")
"""Of ports: anywhere but behind ``portrange`` libpcap takes it for a host's name."""
MAC_ADDRESS = re.compile(r"[0-9A-Fa-f]{1,2}([:.-])[0-9A-Fa-f]{1,2}(\1[0-9A-Fa-f]{1,2}){4}")
NUMBER = re.compile(r"0[xX][0-9A-Fa-f]+|[0-9]+|[0-9]{1,3}(?:\.[0-9]{1,3}){1,3}")
TOKEN = re.compile(r"[A-Za-z0-9_.:/-]*[A-Za-z0-9_]|[\s()\[\]!=<>&|+*/%^:,-]", re.ASCII)


class Unfit(ValueError):
    """A filter that is none, or that is not taken: one line that says what and why."""


class Program(NamedTuple):
    """Instructions of classic BPF."""

    text: str
    """What it was compiled from; empty where it was made otherwise."""
    code: bytes
    """Of ``struct sock_filter``, eight bytes an instruction."""

    @property
    def length(self) -> int:
        """Return how many instructions there are."""
        return len(self.code) // 8


NOTHING = Program("", struct.pack("=HBBI", 0x06, 0, 0, 0))
"""Lets no frame through: return 0."""


class _Instructions(ctypes.Structure):
    """``struct bpf_program``."""

    _fields_ = (("length", ctypes.c_uint), ("first", ctypes.c_void_p))


def check_words(text: str) -> None:
    """See that a filter has nothing in it that would be looked up, or that the system cannot see.

    Raises:
        Unfit: it has.
    """
    if len(text) > MOST_TEXT:
        raise Unfit(f"the filter is longer than {MOST_TEXT} characters")
    at, before = 0, ""
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise Unfit(f"the filter has {text[at]!r} at character {at + 1}, which no filter has")
        at, word = match.end(), match[0]
        if word[0].isalnum() or word[0] == "_" or len(word) > 1:
            if not (before == "portrange" and RANGE.fullmatch(word)):
                _check_word(word)
            before = word


def _check_word(word: str) -> None:
    if word in WORDS or NUMBER.fullmatch(word) or MAC_ADDRESS.fullmatch(word) or _is_address(word):
        return
    if all(NUMBER.fullmatch(part) for part in word.split(":")):  # offset and size, as in ip[2:2]
        return
    if word == "vlan":
        raise Unfit("the filter asks for 'vlan': the system takes tags out before it filters; leave it out")
    near = difflib.get_close_matches(word, WORDS, 1)
    hint = f", perhaps {near[0]!r}" if near else ""
    raise Unfit(f"the filter has {word!r}, which is no word of it{hint}; names are not looked up: write numbers")


def _is_address(word: str) -> bool:
    try:
        ipaddress.ip_network(word, strict=False)
    except ValueError:
        return False
    return True


def compile_filter(text: str, link: int = 1) -> Program:
    """Return the program that a filter means.

    Args:
        text: in the language of pcap-filter(7).
        link: LINKTYPE_ number of the frames, 1 for Ethernet.

    Raises:
        Unfit: it is no filter, it is not taken, or libpcap is not installed.
    """
    check_words(text)
    path = ctypes.util.find_library("pcap")
    if path is None:
        raise Unfit("a filter needs libpcap, which is not installed (Debian: libpcap0.8)")
    try:
        code = _compiled(ctypes.CDLL(path), text, link)
    except (OSError, AttributeError) as error:
        raise Unfit(f"a filter needs libpcap, and {path} is none: {error}") from None
    if not 0 < len(code) // 8 <= MOST_INSTRUCTIONS:
        raise Unfit(f"the filter has {len(code) // 8} instructions, and the system takes {MOST_INSTRUCTIONS}")
    return Program(text, code)


def _compiled(pcap: ctypes.CDLL, text: str, link: int) -> bytes:
    """Return the instructions by libpcap: pcap_open_dead, pcap_compile."""
    pcap.pcap_open_dead.restype = ctypes.c_void_p
    pcap.pcap_open_dead.argtypes = [ctypes.c_int, ctypes.c_int]
    pcap.pcap_compile.argtypes = [
        ctypes.c_void_p, ctypes.POINTER(_Instructions), ctypes.c_char_p, ctypes.c_int, ctypes.c_uint32,
    ]  # fmt: skip
    pcap.pcap_geterr.restype = ctypes.c_char_p
    pcap.pcap_geterr.argtypes = pcap.pcap_close.argtypes = [ctypes.c_void_p]
    pcap.pcap_freecode.argtypes = [ctypes.POINTER(_Instructions)]
    handle = pcap.pcap_open_dead(link, LONGEST)
    if not handle:
        raise Unfit("libpcap has no memory for the filter")
    made = _Instructions()
    try:
        if pcap.pcap_compile(handle, ctypes.byref(made), text.encode("ascii"), 1, NETMASK_UNKNOWN):
            raise Unfit(f"the filter is none: {pcap.pcap_geterr(handle).decode('ascii', 'replace')}")
        code = ctypes.string_at(made.first, 8 * made.length)
        pcap.pcap_freecode(ctypes.byref(made))
        return code
    finally:
        pcap.pcap_close(handle)
