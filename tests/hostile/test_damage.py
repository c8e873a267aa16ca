"""Every sample damaged at random, absurd times and lengths, names that mean harm: a bounded, clean answer."""

from __future__ import annotations

import io
import random
import re
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kwel.analysis.stages import Analysis, Options, analyse
from kwel.export import write
from kwel.export.report_json import write_report_json
from kwel.report import render
from tests.capture.making import interface, option, packet, pcap, record, section
from tests.conftest import SAMPLES
from tests.streams.making import Talk, ethernet, hello, ipv4, ipv6, resolver_says, tcp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from kwel.export.schema import Name

CAPTURES = sorted(SAMPLES.glob("*.pcap*"))
NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
BYTES = (0, 1, 0x45, 0x6F, 0x7F, 0x80, 0xC0, 0xFF)
CONCLUDED: tuple[Name, ...] = ("assets", "facts", "zones", "conduits", "commands", "interruptions", "needs")
FORMS: tuple[write.Format, ...] = ("csv", "jsonl", "table")
TALK = [*Talk().handshake(), Talk().up(hello("host.example.com"), 0), *resolver_says("b.example", "198.51.100.9")]


def everything(path: Path, forms: Sequence[write.Format] = FORMS) -> Analysis:
    """Draw every conclusion, write everything that can be written, in these forms; the ledger must add up."""
    made = analyse([str(path)], Options(hash_files=True))
    coverage = made.report.coverage
    assert coverage.packets == coverage.used + sum(coverage.set_aside.values())
    assert coverage.packets == sum(capture.packets for capture in made.traffic.captures)
    render(made.report, "nl")
    write_report_json(made.report, io.BytesIO())
    for form in forms:
        write.write_flows(made.traffic, form, io.BytesIO(), 80)
        write.write_names(made.traffic, form, io.BytesIO(), 80)
        for name in CONCLUDED:
            write.write_concluded(name, made.report, form, io.BytesIO(), 80)
        write.write_dependencies(made.report, form, io.BytesIO(), 80)
    return made


def pieces(data: bytes | bytearray) -> list[tuple[int, int, int]]:
    """Return (start, start of the frame, end) of each record or block."""
    is_ng, at, out = data[:4] == b"\x0a\x0d\x0d\x0a", 0, []
    at = 0 if is_ng else 24
    while at + 16 <= len(data):
        size = struct.unpack_from("<I", data, at + (4 if is_ng else 8))[0] + (0 if is_ng else 16)
        if size < 12 or at + size > len(data):
            break
        out.append((at, at + (28 if is_ng else 16), at + size))
        at += size
    return out


def damaged(data: bytes, choose: random.Random) -> bytes:
    """Return *data* with one to forty faults: in its structure as often as in its frames."""
    made = bytearray(data)
    for _ in range(choose.choice((1, 1, 2, 3, 8, 40))):
        parts = pieces(made)
        if not parts:
            break
        start, frame, end = choose.choice(parts)
        fault = choose.randrange(8)
        if fault == 0:
            made[choose.randrange(len(made))] ^= 1 << choose.randrange(8)
        elif fault == 1:
            del made[choose.randrange(start, end) :]
        elif fault == 2:
            place = choose.choice(parts)[0]
            made[place:place] = made[start:end] * choose.choice((1, 2, 50))
        elif fault == 3:
            del made[start:end]
        elif fault == 4:
            struct.pack_into("<I", made, start + choose.choice((0, 4, 8, 12)), choose.choice(NUMBERS))
        elif frame < end:
            for _ in range(choose.choice((1, 2, 5))):
                at = frame + min(choose.randrange(end - frame), choose.choice((20, 40, 60, 90, 150, 2000)))
                made[at] = choose.choice((*BYTES, choose.randrange(256)))
    return bytes(made)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=15)
@given(sample=st.sampled_from(CAPTURES), seed=st.integers(0, 1 << 32))
def test_no_damage_to_a_sample_ends_in_an_error(sample: Path, seed: int, tmp_path: Path) -> None:
    path = tmp_path / sample.name
    path.write_bytes(damaged(sample.read_bytes(), random.Random(seed)))
    everything(path)


@pytest.mark.slow
@pytest.mark.parametrize("sample", CAPTURES, ids=lambda path: path.name)
def test_ten_damages_to_each_sample_end_in_no_error(sample: Path, tmp_path: Path) -> None:
    """Tables are written in one form a damage, in turn: most of the time goes into them."""
    data, choose = sample.read_bytes(), random.Random(sample.name)
    for turn in range(10):
        path = tmp_path / sample.name
        path.write_bytes(damaged(data, choose))
        everything(path, [FORMS[turn % len(FORMS)]])


def _timed(*options: bytes, step: int = 1, first: int = 0) -> bytes:
    frames = (packet(frame, units=first + i * step) for i, frame in enumerate(TALK * 5))
    return section() + interface(*options) + b"".join(frames)


def _nested(frame: bytes, depth: int, wrap: Callable[[bytes], bytes]) -> bytes:
    for _ in range(depth):
        frame = wrap(frame)
    return frame


PLAIN = TALK[3]
FAR = 9_223_372_036_854_775
CURIOUS = {
    "1970": _timed(step=0),
    "2262": _timed(first=FAR),
    "behind 2262": _timed(first=1 << 63),
    "the end of time": _timed(first=(1 << 64) - 60),
    "time going backwards": _timed(first=1_700_000_000_000_000, step=-(10**9)),
    "from 1970 to 2262 in two frames": section() + interface() + packet(PLAIN) + packet(PLAIN, units=FAR),
    "before 1970": _timed(option(14, struct.pack("<q", -4_000_000_000))),
    "offset absurdly early": _timed(option(14, struct.pack("<q", -(1 << 62)))),
    "offset absurdly late": _timed(option(14, struct.pack("<q", 1 << 62))),
    **{f"resolution {value}": _timed(option(9, bytes([value])), step=1 << 40) for value in (0, 9, 19, 127, 128, 255)},
    "latest pcap time": pcap(*(record(frame, time=(0xFFFFFFFF, 0xFFFFFFFF)) for frame in TALK)),
    "65,535 interfaces": section() + interface() * 65535 + b"".join(packet(f, on=65534) for f in TALK),
    "two byte orders": section() + interface() + packet(PLAIN) + section(">")
    + interface(order=">") + packet(PLAIN, order=">"),
    "snap length 0 and empty frames": pcap(*[record(b"", wire=60)] * 500),
    "frames of no length on the wire": pcap(*(record(frame, wire=0) for frame in TALK)),
    "frames of 4 GiB on the wire": pcap(*(record(frame, wire=0xFFFFFFFF) for frame in TALK * 50)),
    "frames of 256 KiB": pcap(*(record(frame + bytes(262144 - len(frame))) for frame in TALK)),
    "every link type": section() + b"".join(interface(link=n) for n in range(300))
    + b"".join(packet(frame, on=n) for n in range(300) for frame in TALK),
    "IP total length 0": pcap(record(PLAIN[:16] + b"\0\0" + PLAIN[18:])),
    "IP total length 65,535": pcap(record(PLAIN[:16] + b"\xff\xff" + PLAIN[18:])),
    **{
        f"UDP length {size}": pcap(record(TALK[4][:38] + struct.pack(">H", size) + TALK[4][40:]))
        for size in (0, 7, 8, 65535)
    },
    **{f"{n} VLAN tags": pcap(record(PLAIN[:12] + b"\x81\0\0\5" * n + PLAIN[12:])) for n in (10, 360)},
    **{
        f"GRE in GRE, {n} deep": pcap(record(_nested(PLAIN, n, lambda f: ethernet(ipv4(b"\0\0\x65\x58" + f, 47)))))
        for n in (7, 12)
    },
    "IP in IP, 12 deep": pcap(record(ethernet(_nested(PLAIN[14:], 12, lambda inner: ipv4(inner, 4))))),
    "200 IPv6 extension headers": pcap(
        record(ethernet(ipv6((b"\x3c" + bytes(7)) * 200 + tcp(b"", 1), 60, b"\xfd" + bytes(15), b"\x20" * 16), 0x86DD))
    ),
    "a super frame without length": pcap(record(ethernet(ipv4(tcp(bytes(60000), 1), 6)[:2] + b"\0\0"
    + ipv4(tcp(bytes(60000), 1), 6)[4:]))),
    "CNAMEs that go round": pcap(
        *map(record, resolver_says("a.example", "198.51.100.1", ("b.example", "a.example") * 20))
    ),
}  # fmt: skip


@pytest.mark.parametrize("data", CURIOUS.values(), ids=CURIOUS.keys())
def test_a_curious_capture_is_read_like_any_other(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "made.pcap").write_bytes(data)
    made = everything(tmp_path / "made.pcap")

    assert made.report.coverage.packets > 0
    assert made.traffic.captures[0].problem is None


EVIL = (
    b"\x1b[31mred.example",
    b"<script>document.title='owned'</script>.example",
    b"</style><img src=x onerror=alert(1)>.example",
    b'"onmouseover="alert(1).example',
    b"=cmd|' /C calc'!A0.example",
    b"@SUM(1+1).example",
    b"\xff\xfe\xff.example",
    "\u202egpj.example\u2066".encode(),
    b"\0.example",
    b"a\nb\rc.example",
    b"a,b;c\t.example",
    b"{{7*7}}.example",
    b"[bold red]rich[/].example",
    b"http://collector.example/beacon.png",
    b"javascript:alert(1)",
    b".",
    b"..",
    b"a" * 255,
)


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a capture whose names mean harm: in TLS, HTTP and CONNECT."""
    frames = []
    for i, name in enumerate(EVIL):
        talk = Talk(client_port=2000 + i)
        frames += [*talk.handshake(), talk.up(hello("X" * len(name)).replace(b"X" * len(name), name), 0)]
        for port, request in ((80, b"GET / HTTP/1.1\r\nHost: %s\r\n\r\n"), (8080, b"CONNECT %s:443 HTTP/1.1\r\n\r\n")):
            talk = Talk(port, client_port=port * 3 + i)
            frames += [*talk.handshake(), talk.up(request % name, 0)]
    path = tmp_path_factory.mktemp("evil") / "evil.pcap"
    path.write_bytes(pcap(*map(record, frames)))
    return path


def test_names_that_mean_harm_are_inert_wherever_they_are_written(evil: Path) -> None:
    made = everything(evil)
    page = render(made.report, "en")

    assert len(made.traffic.named) >= 2 * len(EVIL)
    assert "<img" not in page
    assert "<script>document" not in page
    for form in FORMS:
        out = io.BytesIO()
        write.write_names(made.traffic, form, out, 160)
        write.write_dependencies(made.report, form, out, 160)
        text = out.getvalue().decode()
        assert all(c.isprintable() or c in "\r\n" for c in text)
        if form == "csv":
            assert not re.search(r"(^|,)\"?[=@+-][^,\d]", text, re.MULTILINE)


@pytest.mark.slow
def test_no_script_of_a_name_runs_and_no_request_leaves_the_browser(
    evil: Path, tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    from playwright import sync_api

    chromium = require_tool("chromium")
    page_file = tmp_path / "evil.html"
    page_file.write_text(render(analyse([str(evil)]).report, "en"))
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        asked, told = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("dialog", lambda dialog: told.append(dialog.message))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("console", lambda message: told.append(message.text))
        page.goto(page_file.as_uri())
        page.mouse.move(300, 300)
        title = page.title()
        strange = page.evaluate("document.querySelectorAll('img, iframe, object, embed, a[href^=http]').length")
        browser.close()

    assert asked == [page_file.as_uri()]
    assert told == []
    assert "owned" not in title
    assert strange == 0
