"""A suggested allow-list allows what was seen, needs each of its lines, and no name can break out of any format."""

from __future__ import annotations

import csv
import io
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kwel.analysis.stages import Options, analyse
from kwel.export.allowlist import FORMS, as_csv, as_nftables, as_policy, as_suricata
from kwel.model.limits import Result
from kwel.policy.contacts import KEYS, Doubt, Names, Part, put_together
from kwel.policy.judge import Seen, judge
from kwel.policy.of_report import contacts_of as contacts_of_report
from kwel.policy.of_report import seen
from kwel.policy.suggest import suggest
from tests.policy.making import policy_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kwel.policy.contacts import Contacts, Value, Values

SAMPLES = Path(__file__).parents[2] / "sample_pcaps"
HEAD = ("What was seen in x.pcap\n}; flush ruleset\\",)
HOSTILE = (
    '"', "'", "\\", "\n", "\r", "}", "{", ";", "#", "=cmd|' /C calc'!A0", "*", "*.example", "unknown", "=x", "==",
    "10.0.0.0/8", "a/b", "\x00\x1b[2J", "\u202e", "\ud800",
    "😀", '"] }, # ', '");', "|41|", "@x", "a,b", "a b", "]", "x",
    "fe80::1%};", "10.0.0.7", "10.0.0.8", "2001:db8::7",
)  # fmt: skip
names = st.one_of(st.sampled_from(HOSTILE), st.text(min_size=1, max_size=6))
doubtful = st.just(Doubt())
service: st.SearchStrategy[Value] = st.sampled_from(["Pump Cloud", "NTP"]) | doubtful
port = st.sampled_from(["tcp/443", "udp/53", "icmp", "tcp"])
spoken: st.SearchStrategy[Value] = st.sampled_from(["tls", "dns"]) | doubtful


@st.composite
def contact(draw: st.DrawFn) -> dict[str, Values]:
    kind = draw(st.sampled_from(["outside", "inside", "command"]))
    alias = Names(draw(st.lists(names, min_size=1, max_size=2, unique=True)))
    other = Names(draw(st.lists(names, min_size=1, max_size=2, unique=True)))
    row: dict[str, Values] = {"assets": (alias,), "ports": (draw(port),), "protocols": (draw(spoken),)}
    if kind == "outside":
        ways: list[Value] = ["outbound", "inbound", Doubt(("outbound", "inbound"))]
        return row | {"direction": (draw(st.sampled_from(ways)),), "hosts": (other,), "services": (draw(service),)}
    if kind == "inside":
        zones = st.sampled_from(["Cell 1", "Cell *", "DMZ"])
        return row | {
            "direction": ("inside",),
            "zones": (draw(zones),),
            "to_zones": (draw(zones),),
            "to_assets": (other,),
        }
    return row | {
        "direction": ("inside",), "to_assets": (other,), "protocols": ("modbus",),
        "commands": (draw(st.sampled_from(["read", "write"])),),
    }  # fmt: skip


def made(rows: Sequence[dict[str, Values]]) -> Contacts:
    def part(some: list[dict[str, Values]], *, commands: bool) -> Part:
        columns = {key: ([row.get(key, ()) for row in some], _numbers(len(some))) for key in KEYS}
        told = [(_first(row["assets"]), _first(row["assets"]), _first(row.get("hosts", ())), "what") for row in some]
        return Part(len(some), columns, commands, told.__getitem__, lambda row: (f"a\n}} b.pcap#{row + 1}",))

    is_command = ["commands" in row for row in rows]
    return put_together(
        [
            part([r for r, c in zip(rows, is_command, strict=True) if c is wanted], commands=wanted)
            for wanted in (False, True)
        ]
    )


def _numbers(count: int):  # type: ignore[no-untyped-def]
    import numpy as np

    return np.arange(count)


def _first(values: Values) -> str:
    return str(values[0]) if values else ""


def result_of(lines: Sequence[str], contacts: Contacts, told: Seen) -> Result:
    text = "\n".join(lines).encode("utf-8", "backslashreplace").decode()
    return judge(policy_of(text), contacts, told, None).result


def needs_each_line(contacts: Contacts, told: Seen) -> None:
    lines = list(as_policy(suggest(contacts), HEAD))
    allowing = [number for number, line in enumerate(lines) if line.startswith("  {")]

    assert result_of(lines, contacts, told) is Result.IN_ORDER
    for number in allowing:
        assert result_of([*lines[:number], *lines[number + 1 :]], contacts, told) is Result.BREACH, lines[number]


def can_be_written(row: dict[str, Values]) -> bool:
    """A name that is no text can stand in no file; a host has an address beside it."""
    return all(
        not isinstance(value, Names) or any(name.encode("utf-8", "replace").decode() == name for name in value)
        for values in row.values()
        for value in values
    )


@settings(max_examples=60)
@given(st.lists(contact().filter(can_be_written), max_size=6))
def test_what_was_seen_is_allowed_and_each_line_is_needed(rows: list[dict[str, Values]]) -> None:
    needs_each_line(made(rows), Seen("good"))


@pytest.mark.parametrize("name", ["mixed_plant.pcapng", "ipv6.pcap", "proxy_connect.pcap"])
def test_the_same_of_a_capture(name: str) -> None:
    report = analyse([str(SAMPLES / name)], Options()).report

    needs_each_line(contacts_of_report(report), seen(report)._replace(coverage="good"))


@settings(max_examples=60)
@given(st.lists(contact(), min_size=1, max_size=6))
def test_no_name_breaks_out_of_a_format(rows: list[dict[str, Values]]) -> None:
    lines = suggest(made(rows))

    for form in FORMS.values():
        for line in form(lines, HEAD):
            assert line.isprintable() or "\n" in line[:2] or line.startswith("{"), line
    for line in as_nftables(lines, HEAD):
        assert line.lstrip().startswith("#") or NFT.fullmatch(line.strip()), line
        assert not line.endswith("\\")
    for line in as_suricata(lines, HEAD):
        assert line.startswith("#") or SURICATA.fullmatch(line), line
    for cells in csv.reader(io.StringIO("\n".join(as_csv(lines, HEAD)))):
        assert len(cells) == 12
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)


NFT = re.compile(
    r"table inet kwel_suggested \{|chain forward \{|type filter hook forward priority 0; policy drop;|\}"
    r"|ct state established,related accept"
    r'|ip6? saddr \{ [0-9a-f:., ]+ \} ip6? daddr \{ [0-9a-f:., ]+ \} [a-z0-9 {},]+ accept comment "allow-\d+"'
)
SURICATA = re.compile(
    r"pass (tls|dns|tcp|udp|sctp|icmp) \[[0-9a-f:.,]+\] any (->|<>) (any|\[[0-9a-f:.,]+\]) (any|\d+) "
    r'\(((tls\.sni|dns\.query); content:"[A-Za-z0-9._ |-]+"; nocase; bsize:\d+; )?'
    r'msg:"kwel allow-\d+"; sid:\d+; rev:1;\)'
    r'|alert (tls|dns) \$HOME_NET any -> any any \((tls\.sni|dns\.query); pcre:"/\./"; '
    r'msg:"kwel: a name that is not allowed"; sid:\d+; rev:1;\)'
)


def test_nft_takes_the_rules(require_tool: Callable[[str], str], tmp_path: Path) -> None:
    nft, unshare = require_tool("nft"), require_tool("unshare")
    report = analyse([str(SAMPLES / name) for name in ("mixed_plant.pcapng", "ipv6.pcap")], Options()).report
    path = tmp_path / "suggested.nft"
    path.write_text("\n".join(as_nftables(suggest(contacts_of_report(report)), HEAD)) + "\n")

    done = subprocess.run([unshare, "-rn", nft, "-c", "-f", str(path)], capture_output=True, check=False, timeout=30)

    assert (done.returncode, done.stderr) == (0, b"")
