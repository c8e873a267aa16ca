"""What an SSH side says first, and the fingerprint of a server's key."""

from __future__ import annotations

import base64
import hashlib
import struct
import subprocess
from typing import TYPE_CHECKING

import pytest

from kwel.analysis.stages import read_traffic
from kwel.model.kinds import Application
from kwel.protocols import ssh
from kwel.protocols.sayings import Saying
from kwel.protocols.wire import Malformed, Reader
from tests.streams.making import SERVER, Talk, hear

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = "ssh-ed25519 SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA"


def said(raw: bytes) -> list[tuple[str, str]]:
    return [(one.kind, one.value) for one in ssh.observe(Reader(raw)) if isinstance(one, Saying)]


def test_a_host_key_has_the_fingerprint_that_openssh_shows(sample: Callable[[str], bytes]) -> None:
    assert said(sample("ssh.host_key")) == [("host-key", KEY)]


@pytest.mark.parametrize(
    "key",
    [b"", b"\0\0\0\x0bssh-ed2551", struct.pack(">I", 9) + b"ssh-\x1b[31m", struct.pack(">I", 65) + b"ssh-" + 61 * b"a"],
)
def test_what_is_no_host_key_is_refused(key: bytes) -> None:
    message = b"\x1f" + struct.pack(">I", len(key)) + key
    with pytest.raises(Malformed):
        said(struct.pack(">IB", 500, 4) + message)


def test_the_key_is_found_in_a_connection(tmp_path: Path, sample: Callable[[str], bytes]) -> None:
    talk, first, key = Talk(port=2222), sample("ssh.server"), sample("ssh.host_key")
    exchange = struct.pack(">IB", 300, 4) + b"\x14" + bytes(298)
    frames = [*talk.handshake(), talk.down(first, 0), talk.down(exchange, len(first))]
    frames += [talk.down(key, len(first) + len(exchange))]
    traffic = hear(tmp_path, frames)

    assert [(one.value, one.address, one.where.frame) for one in traffic.observed if one.kind == "host-key"] == [
        (KEY, SERVER, 6)
    ]
    assert traffic.flows["application"].tolist() == [Application.SSH]


PUBLISHED = (
    "zeek+zeek/testing/btest/Traces/ssh/single-conn.pcap",
    "zeek+zeek/testing/btest/Traces/ssh/ssh_kex_dh_group18.pcap",
    "zeek+zeek/testing/btest/Traces/ssh/reverse-ssh.pcap",
)


def test_wireshark_finds_the_same_keys(shared: Callable[[str], Path], require_tool: Callable[[str], str]) -> None:
    fields = ["-e", "frame.number", "-e", "ip.src", "-e", "ssh.host_key.type", "-e", "tcp.payload"]
    for path in (shared("corpus") / "captures" / name for name in PUBLISHED):
        command = [require_tool("tshark"), "-n", "-r", str(path), "-Y", "ssh.host_key.type", "-T", "fields", *fields]
        rows = [line.split("\t") for line in subprocess.check_output(command, text=True).splitlines()]
        theirs = []
        for frame, source, kind, payload in rows:
            key = bytes.fromhex(payload)[10:]
            key = key[: int.from_bytes(bytes.fromhex(payload)[6:10], "big")]
            digest = base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")
            theirs.append((int(frame), source, f"{kind} SHA256:{digest}"))
        ours = [(one.where.frame, one.address, one.value) for one in read_traffic(str(path)).observed
                if one.kind == "host-key"]  # fmt: skip
        assert ours == theirs, path.name
