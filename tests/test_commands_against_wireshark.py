"""Commands in other projects' captures: as many of each code as tshark reads, message by message."""

from __future__ import annotations

import subprocess
from collections import Counter
from itertools import repeat
from typing import TYPE_CHECKING

import pytest

from kwel.analysis.stages import read_traffic
from kwel.model.kinds import Application
from kwel.protocols.cip import ENCAPSULATION, PCCC
from kwel.protocols.commands import CHANNEL, FRAME, MESSAGE, UNCONFIRMED
from kwel.protocols.osi import PI_SERVICE, USER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FIELDS = (
    "modbus.func_code", "modbus.exception_code", "s7comm.header.rosctr", "s7comm.param.func",
    "s7comm.param.userdata.type", "s7comm.param.userdata.funcgroup", "s7comm.param.userdata.subfunc", "cip.rr",
    "cip.sc", "cip.pccc.cmd.code", "dnp3.al.func", "iec60870_asdu.typeid", "iec60870_asdu.causetx", "bacapp.type",
    "bacapp.confirmed_service", "bacapp.unconfirmed_service", "ams.cmdid", "ams.state_response", "omron.command",
    "omron.response.code", "opcua.servicenodeid.numeric", "mms.confirmedServiceRequest", "synphasor.command",
    "sbus.att", "sbus.cmd",
)  # fmt: skip
CAPTURES = (
    "ControlThings-io+ct-samples/Protocols/S7comm/s7comm_downloading_block_db1.pcap",
    "ControlThings-io+ct-samples/Protocols/S7comm/s7comm_reading_setting_plc_time.pcap",
    "cisagov+icsnpp-opcua-binary/pcaps/open62541_create_monitored_items.pcap",
    "cisagov+icsnpp-modbus/testing/traces/modbus_example.pcap",
    "ITI+ICS-Security-Tools/pcaps/beckoff/beckofflink.pcapng",
    "OISF+suricata-verify/tests/dnp3/dnp3-max-points/test.pcap",
    "cisagov+icsnpp-omron-fins/testing/traces/omron.pcap",
    "ITI+ICS-Security-Tools/pcaps/EthernetIP/cip_start_plc.pcap",
    "ControlThings-io+ct-samples/Protocols/SBus/SBus-Ethernet/SBus-Ethernet.pcap",
    "ControlThings-io+ct-samples/Protocols/IEC61850/MMS - Specific Commands/iec61850_read.pcap",
    "ntop+nDPI/tests/cfgs/default/pcap/iec60780-5-104.pcap",
)
CONTESTED = {("test.pcap", Application.DNP3, 2): "two long requests, of which tshark puts one together"}
OPEN, CLOSE = (446, 449), (452, 455)
"""OPC UA's types of what opens and closes a channel, asked and answered."""

Codes = Counter[tuple[Application, int]]


def tshark(capture: Path) -> Iterator[dict[str, list[int]]]:
    """Yield the values of each field, frame by frame."""
    command = ["tshark", "-n", "-r", str(capture), "-T", "fields", "-E", "separator=|", "-E", "aggregator=,"]
    for field in FIELDS:
        command += ["-e", field]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    for line in lines:
        cells = zip(FIELDS, line.split("|"), strict=True)
        yield {
            name: [int(value == "True") if value in ("True", "False") else int(value, 0) for value in cell.split(",")]
            for name, cell in cells
            if cell
        }


def of_s7(row: dict[str, list[int]]) -> Iterator[int]:
    functions = iter(row.get("s7comm.param.func", ()))
    keys = ("type", "funcgroup", "subfunc")
    asked = zip(*(row.get(f"s7comm.param.userdata.{key}", ()) for key in keys), strict=False)
    for kind in row.get("s7comm.header.rosctr", ()):
        if kind in (1, 3):
            function = next(functions, None)
            if function is not None and kind == 1:
                yield function
        elif kind == 7:
            who, group, number = next(asked, (0, 0, 0))
            if who == 4:
                yield USER | group << 8 | number


def wanted(capture: Path) -> Codes:
    """Return how often tshark sees each code."""
    found: Codes = Counter()
    for row in tshark(capture):

        def add(application: Application, codes: Iterator[int] | list[int]) -> None:
            found.update(zip(repeat(application), codes, strict=False))

        add(Application.MODBUS, row.get("modbus.func_code", [])[len(row.get("modbus.exception_code", [])) :])
        add(Application.S7COMM, of_s7(row))
        add(Application.DNP3, [code for code in row.get("dnp3.al.func", []) if code < 0x80])
        reasons = zip(row.get("iec60870_asdu.typeid", []), row.get("iec60870_asdu.causetx", []), strict=False)
        add(Application.IEC104, [kind for kind, why in reasons if kind >= 45 and kind != 70 and why in (5, 6, 8)])
        if row.get("bacapp.type", [-1])[0] == 0:
            add(Application.BACNET, row["bacapp.confirmed_service"][:1])
        elif row.get("bacapp.type", [-1])[0] == 1:
            add(Application.BACNET, [UNCONFIRMED | code for code in row["bacapp.unconfirmed_service"][:1]])
        answers = zip(row.get("ams.cmdid", []), row.get("ams.state_response", []), strict=False)
        add(Application.ADS, [code for code, is_answer in answers if not is_answer])
        add(Application.FINS, [] if "omron.response.code" in row else row.get("omron.command", []))
        types = row.get("opcua.servicenodeid.numeric", [])
        add(Application.OPCUA, [OPEN[0] if code in OPEN else CLOSE[0] if code in CLOSE else code for code in types])
        add(Application.MMS, row.get("mms.confirmedServiceRequest", []))
        add(Application.C37118, row.get("synphasor.command", []))
        add(Application.SBUS, [] if row.get("sbus.att", [1])[0] else row.get("sbus.cmd", []))
        if not any(row.get("cip.rr", [1])):
            add(Application.ENIP, [code & 0x7F for code in row.get("cip.sc", [])])
            add(Application.ENIP, [PCCC | code for code in row.get("cip.pccc.cmd.code", [])])
    return found


def as_wireshark(application: Application, code: int) -> int | None:
    """Return the code as tshark's field has it; ``None`` for what has none there."""
    if application == Application.MODBUS and code > 0xFF:
        return code >> 8
    if application == Application.S7COMM and code > PI_SERVICE << 16:
        return PI_SERVICE
    if application == Application.OPCUA and code >= CHANNEL:
        return {0x4F: OPEN[0], 0x43: CLOSE[0]}.get(code & 0xFF)
    if application == Application.ENIP:
        if code & PCCC:
            return PCCC | code >> 8 & 0xFF
        return None if code & ENCAPSULATION else code & 0x7F
    is_frame = code >= FRAME and application != Application.S7COMM
    return None if is_frame or (application == Application.BACNET and code & MESSAGE) else code


def counted(capture: Path) -> Codes:
    found: Codes = Counter()
    for row in read_traffic(str(capture)).commands:
        application = Application(int(row["application"]))
        code = as_wireshark(application, int(row["code"]))
        if code is not None:
            found[application, code] += int(row["count"])
    return found


@pytest.mark.parametrize("name", CAPTURES)
def test_each_code_is_counted_as_often_as_wireshark_reads_it(
    shared: Callable[[str], Path], require_tool: Callable[[str], str], name: str
) -> None:
    require_tool("tshark")
    capture = shared("corpus") / "captures" / name
    want, got = wanted(capture), counted(capture)
    contested = {(application, code) for file, application, code in CONTESTED if file == capture.name}

    differs = {key: (want[key], got[key]) for key in want | got if want[key] != got[key] and key not in contested}
    assert want
    assert differs == {}
