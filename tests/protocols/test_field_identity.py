"""What controllers and meters say of themselves, where a question must be known or Wireshark can be asked as well."""

from __future__ import annotations

import struct
import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kwel.model.kinds import Application
from kwel.protocols import c1222, gesrtp, profinet_cm
from kwel.protocols.plant import plant_of_datagram, plant_of_stream
from kwel.protocols.registry import DISSECTORS
from kwel.protocols.sayings import Saying
from kwel.protocols.shapes import HINT
from kwel.protocols.talk import Talk
from kwel.protocols.telling import ASKS, TELLS, says
from kwel.protocols.wire import Reader
from tests.streams.making import CLIENT, SERVER, ethernet, hear, ipv4, udp, write_pcap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SAID = {
    "c1222.manufacturer": ["protocol=c1222/1.3.6.1.4.1.33507.1919.673"],
    "codesys.identification": [
        "protocol=codesys", "station=PFC200-HAL2", "product=WAGO 750-8206 PFC200", "vendor=WAGO",
        "firmware=5.15.4.0", "serial=08154711",
    ],
    "profinet-cm.connect": ["description=PROFINET vendor 0x002a, device 0x010e", "station=line-plc-1"],
    "profinet-cm.endpoint": [
        "description=PROFINET vendor 0x002a, device 0x010e", "product=S7-1500", "order-number=6ES7 672-5DC01-0YA0",
        "firmware=V2.1.7",
    ],
    "profinet-cm.function": [
        "description=PROFINET vendor 0x002a, device 0x0313", "description==HALL2+PUMP", "location=Row 4",
    ],
    "profinet-cm.identification": [
        "description=PROFINET vendor 0x002a, device 0x0313", "identity=profinet-vendor/42",
        "order-number=6ES7 155-6AU01-0BN0", "serial=S C-J4DE32152019", "firmware=V4.2.3 (hardware 5)",
    ],
    "profinet-cm.module": [
        "description=PROFINET vendor 0x002a, device 0x0313",
        "protocol=profinet/slot 3: 6ES7 132-6BF01-0BA0 V0.0.1 serial S C-XYZ9",
    ],
    "roc.configuration": ["protocol=roc/7.2", "product=ROC800 Series 2"],
}  # fmt: skip
SAID["codesys.over_tcp"] = SAID["codesys.identification"]
STREAMS = {
    "c1222": Application.C1222,
    "codesys": Application.CODESYS,
    "gesrtp": Application.GESRTP,
    "roc": Application.ROC,
}


def heard(said: Iterator[object]) -> list[str]:
    return [f"{one.kind}={one.value}" for one in said if isinstance(one, Saying) and one.kind != "role"]


@pytest.mark.parametrize("name", SAID)
def test_a_device_says_what_it_is(name: str, sample: Callable[[str], bytes]) -> None:
    dissector = next(one for one in DISSECTORS if one.name == name.partition(".")[0])
    data = sample(name)

    assert heard(dissector.observe(Reader(data))) == SAID[name]
    if dissector.size_of and name != "codesys.identification":  # a datagram
        assert dissector.size_of(data) == len(data)
        assert dissector.size_of(data[:1]) is None


@pytest.mark.parametrize("name", SAID)
def test_what_tells_identity_is_recognised_and_marked(name: str, sample: Callable[[str], bytes]) -> None:
    data = np.frombuffer(sample(name), np.uint8)
    is_stream = name not in ("codesys.identification",) and not name.startswith("profinet")
    found = plant_of_stream(data, 0, len(data)) if is_stream else plant_of_datagram(data, 0, len(data), 0)
    application = STREAMS.get(name.partition(".")[0], Application.PROFINET)

    assert found & ~HINT == application
    assert says(data, 0, len(data), int(application), is_stream) == TELLS


@pytest.mark.parametrize("name", ["gesrtp.asks", "c1222.asks"])
def test_a_question_is_marked_so_that_its_answer_is_read(name: str, sample: Callable[[str], bytes]) -> None:
    data = np.frombuffer(sample(name), np.uint8)

    assert says(data, 0, len(data), int(STREAMS[name.partition(".")[0]]), True) == ASKS


def test_a_program_is_named_in_the_answer_to_that_question_alone(sample: Callable[[str], bytes]) -> None:
    question, answer, talk = sample("gesrtp.asks"), sample("gesrtp.program_names"), Talk()

    assert heard(gesrtp.observe(Reader(answer), talk)) == []
    list(gesrtp.observe(Reader(question), talk))
    assert heard(gesrtp.observe(Reader(answer), talk)) == ["software=BOILER_2"]


def test_a_meter_is_named_in_the_answer_to_that_question_alone(sample: Callable[[str], bytes]) -> None:
    question, answer, talk = sample("c1222.asks"), sample("c1222.manufacturer"), Talk()
    title = SAID["c1222.manufacturer"]

    assert heard(c1222.observe(Reader(answer), talk)) == title
    list(c1222.observe(Reader(question), talk))
    assert heard(c1222.observe(Reader(answer), talk)) == [
        *title, "vendor=KWEL", "product=EM-700", "firmware=4.12 (hardware 2.1)", "serial=0815-4711",
    ]  # fmt: skip


def test_a_user_and_a_password_of_a_meter_are_no_sayings() -> None:
    services = b"\x0d\x50\0\2operator  " + b"\x15\x51" + b"secret".ljust(20)
    message = b"\x81" + bytes([1 + len(services)]) + b"\x80" + services
    for tag in (0x28, 0xBE, 0x60):
        message = bytes([tag, len(message)]) + message
    said = str(list(c1222.observe(Reader(message))))

    assert "client" in said
    assert "secret" not in said
    assert "operator" not in said


def test_a_fragment_that_is_not_the_first_tells_nothing(sample: Callable[[str], bytes]) -> None:
    data = bytearray(sample("profinet-cm.connect"))
    data[76:78] = b"\0\1"

    assert list(profinet_cm.observe(Reader(bytes(data)))) == []


def test_names_over_udp_reach_their_host_end_to_end(tmp_path: Path, sample: Callable[[str], bytes]) -> None:
    def sent(name: str, source: int, destination: int) -> bytes:
        return ethernet(ipv4(udp(sample(name), source, destination), 17, SERVER, CLIENT))

    frames = [
        sent("codesys.identification", 1740, 1743),
        sent("profinet-cm.identification", 34964, 49152),
        sent("roc.configuration", 4000, 50000),
        sent("c1222.manufacturer", 1153, 50001),
    ]
    said = {(one.protocol, one.kind, one.value) for one in hear(tmp_path, frames).observed if one.address == SERVER}

    assert said >= {
        ("codesys", "station", "PFC200-HAL2"),
        ("profinet-cm", "order-number", "6ES7 155-6AU01-0BN0"),
        ("roc", "product", "ROC800 Series 2"),
        ("c1222", "protocol", "c1222/1.3.6.1.4.1.33507.1919.673"),
    }


def test_wireshark_reads_the_samples_as_kwel_does(
    tmp_path: Path, sample: Callable[[str], bytes], require_tool: Callable[[str], str]
) -> None:
    ports = {"profinet-cm": (34964, 34964), "c1222": (1153, 50001)}
    names = [
        "profinet-cm.connect",
        "profinet-cm.identification",
        "profinet-cm.function",
        "c1222.manufacturer",
        "c1222.asks",
    ]
    frames = [ethernet(ipv4(udp(sample(name), *ports[name.partition(".")[0]]), 17, SERVER, CLIENT)) for name in names]
    answer = sample("profinet-cm.endpoint")
    lookup = bytes(48) + bytes(24) + b"\1\0\0\0"
    question = answer[:1] + b"\0" + answer[2:74] + struct.pack("<H", len(lookup)) + answer[76:80] + lookup
    frames.append(ethernet(ipv4(udp(question, *ports["profinet-cm"]), 17, CLIENT, SERVER)))
    frames.append(ethernet(ipv4(udp(answer, *ports["profinet-cm"]), 17, SERVER, CLIENT)))
    fields = (
        "_ws.malformed", "pn_io.cminitiator_station_name", "pn_io.order_id", "pn_io.im_serial_number",
        "pn_io.im_tag_function", "pn_io.im_tag_location", "c1222.calling_ap_title_abs", "c1222.read.table",
        "c1222.data", "epm.annotation",
    )  # fmt: skip
    capture = write_pcap(tmp_path / "samples.pcap", frames)
    command = [require_tool("tshark"), "-n", "-r", str(capture), "-T", "fields", "-E", "separator=|"]
    for field in fields:
        command += ["-e", field]
    out = subprocess.run(command, capture_output=True, text=True, check=False)
    rows = [dict(zip(fields, line.split("|"), strict=True)) for line in out.stdout.splitlines()]

    assert len(rows) == len(frames), out.stderr
    assert not any(row["_ws.malformed"] for row in rows)
    assert rows[0]["pn_io.cminitiator_station_name"] == "line-plc-1"
    assert rows[1]["pn_io.order_id"].strip() == "6ES7 155-6AU01-0BN0"
    assert rows[1]["pn_io.im_serial_number"].strip() == "S C-J4DE32152019"
    assert rows[2]["pn_io.im_tag_function"].strip() == "=HALL2+PUMP"
    assert rows[2]["pn_io.im_tag_location"].strip() == "Row 4"
    assert rows[3]["c1222.calling_ap_title_abs"] == "1.3.6.1.4.1.33507.1919.673"
    assert bytes.fromhex(rows[3]["c1222.data"])[2:].startswith(b"KWELEM-700")  # behind a count
    assert int(rows[4]["c1222.read.table"], 0) == 1
    assert rows[6]["epm.annotation"].startswith("S7-1500")
