"""What devices of a plant say of themselves, protocol by protocol: each sample, and all that is read in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kwel.protocols import enip, mms, modbus, s7comm, snmp
from kwel.protocols.registry import DISSECTORS
from kwel.protocols.sayings import Saying
from kwel.protocols.talk import MOST_OPEN, Talk
from kwel.protocols.wire import Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SAID = {
    "ads.device_info": ["identity=ads/5.18.60.2.1.1", "software=Plc30 App 3.1.4024"],
    "ads.found": ["identity=ads/5.18.60.2.1.1", "hostname=CX-LINE1", "firmware=3.1.4024"],
    "c37118.configuration": ["protocol=c37118/7", "station=BAY 7", "protocol=c37118/7"],
    "dnp3.attributes": ["protocol=dnp3/4", "vendor=ACME", "product=RTU 9", "serial=0815"],
    "enip.identity_object": [
        "identity=cip-vendor/1", "vendor=Rockwell Automation", "product=1756-L61X",
        "protocol=enip/1756-L61X 20.011, serial 00c0ffee",
    ],
    "fins.controller_data": ["protocol=fins/10", "product=CJ2M-CPU33", "firmware=02.01"],
    "fins.over_tcp": ["protocol=fins/10", "product=CJ2M-CPU33", "firmware=02.01"],
    "fox.hello": [
        "protocol=fox", "station=Hall_2", "hostname=jace-8", "firmware=4.10.0.154", "software=Station", "vendor=vykon",
        "serial=Qnx-TITAN-0815", "system=QNX 6.5.0",
    ],
    "hartip.identity": ["identity=hart/e190-123456", "serial=123456", "firmware=3.12 (HART 7)"],
    "hartip.long_tag": ["station=Boiler feed level"],
    "hartip.tag": ["station=TC-101", "description=TC-101 TC-101"],
    "iec104.station": ["protocol=iec104/47"],
    "knx.search": ["protocol=knx/1.1.5", "serial=00c501027f15", "station=IP router hall 2"],
    "knx.description": ["protocol=knx/1.1.5", "serial=00c501027f15", "station=IP router hall 2"],
    "mms.identify": ["vendor=ACME", "product=Bay unit 7", "firmware=3.10"],
    "modbus.server_id": ["protocol=modbus/1", "description=DRIVE-9 v1.2"],
    "opcua.open": ["protocol=opcua/None"],
    "opcua.create_session": [
        "uri=urn:example.org:FreeOpcUa:opcua-asyncio", "software=urn:freeopcua.github.io:client",
        "description=Pure Python Async Client",
    ],
    "opcua.session_created": [
        "uri=urn:freeopcua:python:server", "software=urn:freeopcua.github.io:python:server",
        "description=Line1 OPC UA", "protocol=opcua/None", "protocol=opcua/anonymous login",
    ],
    "s7plus.session": ["protocol=s7plus", "order-number=6ES7 212-1BE40-0XB0", "firmware=V4.2"],
    "slmp.type_name": ["product=Q03UDVCPU"],
    "snmp.response": ['description="Hirschmann RSP35 HiOS-2S"', "hostname=sw-line1"],
    "snmp.report3": [
        "identity=snmp-engine/800010e9030090e8123456", "identity=enterprise-vendor/4329", "vendor=Siemens",
    ],
    "snmp.trap1": ["identity=snmp-object/1.3.6.1.4.1.8691.7.19", "identity=enterprise-vendor/8691", "vendor=Moxa"],
}  # fmt: skip


def heard(said: Iterator[object]) -> list[str]:
    return [f"{one.kind}={one.value}" for one in said if isinstance(one, Saying) and one.kind != "role"]


@pytest.mark.parametrize("name", SAID)
def test_a_device_says_what_it_is(name: str, sample: Callable[[str], bytes]) -> None:
    dissector = next(one for one in DISSECTORS if one.name == name.partition(".")[0])
    data = sample(name)

    assert heard(dissector.observe(Reader(data))) == SAID[name]
    if dissector.size_of and name not in ("ads.found", "fins.controller_data"):  # these are datagrams
        assert dissector.size_of(data) == len(data)
        assert dissector.size_of(data[:1]) is None


def test_a_community_is_no_saying(sample: Callable[[str], bytes]) -> None:
    assert b"hidden" in sample("snmp.trap1")
    assert not [said for said in snmp.observe(Reader(sample("snmp.trap1"))) if "hidden" in str(said)]


def cip(service: int, body: bytes, words: bytes = b"kwelkwel") -> bytes:
    """Return a message of CIP, unconnected, under the sender's own words."""
    message = bytes([service]) + body
    items = bytes(6) + b"\2\0" + bytes(4) + b"\xb2\0" + len(message).to_bytes(2, "little") + message
    return b"\x6f\0" + len(items).to_bytes(2, "little") + bytes(8) + words + bytes(4) + items


def test_one_attribute_of_an_identity_object_needs_its_question() -> None:
    question = cip(0x0E, bytes.fromhex("03 2001 2401 3007"))
    answer = cip(0x8E, bytes.fromhex("000000") + b"\x05DRV-7")
    talk = Talk()

    assert heard(enip.observe(Reader(answer), talk)) == []
    assert heard(enip.observe(Reader(question), talk)) == []
    assert heard(enip.observe(Reader(answer), talk)) == ["product=DRV-7"]
    assert heard(enip.observe(Reader(answer), talk)) == []


def test_a_module_behind_another_address_is_told_of_under_it() -> None:
    inner = bytes.fromhex("0e 03 2001 2401 3006")
    route = b"\x06\0" + b"\x12\x09" + b"10.20.9.7" + b"\0"
    question = cip(0x52, bytes.fromhex("02 2006 2401 0a0e") + len(inner).to_bytes(2, "little") + inner + route)
    talk = Talk()
    list(enip.observe(Reader(question), talk))

    (said,) = enip.observe(Reader(cip(0x8E, bytes(3) + b"\xef\xbe\xad\xde")), talk)
    assert said == Saying("serial", "deadbeef", address="10.20.9.7")


def test_a_module_in_the_same_chassis_is_a_unit_of_it(sample: Callable[[str], bytes]) -> None:
    inner = bytes.fromhex("01 02 2001 2401")
    question = cip(0x52, bytes.fromhex("02 2006 2401 0a0e 0600") + inner + bytes.fromhex("01 00 01 03"))
    talk = Talk()
    list(enip.observe(Reader(question), talk))

    assert heard(enip.observe(Reader(sample("enip.identity_object")), talk)) == [
        "identity=cip-vendor/1", "vendor=Rockwell Automation", "product=1756-L61X",
        "protocol=enip/slot 3: 1756-L61X 20.011, serial 00c0ffee",
    ]  # fmt: skip


def test_questions_in_one_packet_are_answered_in_one() -> None:
    parts = [
        bytes.fromhex("0e 03 2001 2401 3007"),
        bytes.fromhex("4c 02 2006 2401"),
        bytes.fromhex("0e032001240130 06"),
    ]
    answers = [
        bytes.fromhex("8e000000") + b"\x04DRV1",
        bytes.fromhex("cc000000 0102"),
        bytes.fromhex("8e000000 efbeadde"),
    ]

    def packed(messages: list[bytes]) -> bytes:
        at, offsets = 2 + 2 * len(messages), b""
        for message in messages:
            offsets, at = offsets + at.to_bytes(2, "little"), at + len(message)
        return len(messages).to_bytes(2, "little") + offsets + b"".join(messages)

    talk = Talk()
    list(enip.observe(Reader(cip(0x0A, bytes.fromhex("02 2002 2401") + packed(parts))), talk))
    assert heard(enip.observe(Reader(cip(0x8A, bytes(3) + packed(answers))), talk)) == [
        "product=DRV1",
        "serial=deadbeef",
    ]


def pdu(kind: int, number: int, content: str) -> bytes:
    """Return a confirmed message of MMS in session and presentation."""
    body = bytes([2, 1, number]) + bytes.fromhex(content)
    body = bytes([kind, len(body)]) + body
    body = b"\x02\x01\x03\xa0" + bytes([len(body)]) + body
    body = b"\x30" + bytes([len(body)]) + body
    body = b"\x02\xf0\x80\x01\0\x01\0\x61" + bytes([len(body)]) + body
    return b"\3\0" + (4 + len(body)).to_bytes(2, "big") + body


def test_the_domains_of_a_server_are_the_answer_to_that_question_alone() -> None:
    names = pdu(0xA1, 7, "a110 a00b 1a03494544 1a044c444131 8101ff")
    talk = Talk()

    assert heard(mms.observe(Reader(names), talk)) == []
    list(mms.observe(Reader(pdu(0xA0, 7, "a107 a003 800109 a100")), talk))
    assert heard(mms.observe(Reader(names), talk)) == ["station=IED", "station=LDA1"]


def test_a_name_plate_tells_vendor_and_version_of_the_domain_that_was_asked() -> None:
    talk = Talk()
    name = b"LPHD1$DC$PhyNam$serNum"
    inner = bytes.fromhex("1a044c444131") + b"\x1a" + bytes([len(name)]) + name
    for tag in (0xA1, 0xA0, 0x30, 0xA0, 0xA1, 0xA4):
        inner = bytes([tag, len(inner)]) + inner
    list(mms.observe(Reader(pdu(0xA0, 9, inner.hex())), talk))

    assert heard(mms.observe(Reader(pdu(0xA1, 9, "a408 a106 8a04 37373031")), talk)) == ["station=LDA1", "serial=7701"]


def list_part(data: bytes, *, more: bool) -> bytes:
    """Return one of several messages of S7 that hold a status list together."""
    body = b"\xff\x09" + len(data).to_bytes(2, "big") + data
    head = bytes.fromhex("000112081284010007") + bytes([more]) + b"\0\0"
    message = b"\x32\7\0\0\0\1" + len(head).to_bytes(2, "big") + len(body).to_bytes(2, "big") + head + body
    return b"\3\0" + (7 + len(message)).to_bytes(2, "big") + b"\x02\xf0\x80" + message


def test_a_status_list_in_several_messages_is_read_when_it_is_whole() -> None:
    items = b"".join(n.to_bytes(2, "big") + text.ljust(32, b"\0") for n, text in ((1, b"Line 7"), (7, b"CPU 315-2")))
    whole = bytes.fromhex("001c 0000 0022 0002") + items
    talk = Talk()

    first = heard(s7comm.observe(Reader(list_part(whole[:50], more=True)), talk))
    second = heard(s7comm.observe(Reader(list_part(whole[50:], more=False)), talk))
    assert (first, second) == (["protocol=s7comm"], ["protocol=s7comm", "hostname=Line 7", "product=CPU 315-2"])


def test_the_module_name_of_umas_is_the_answer_to_its_question() -> None:
    question = bytes.fromhex("000700000004 01 5a 0002")
    answer = bytes.fromhex("000700000014 01 5a 00fe 0102") + b"BMX P34 2020" + b"\0\1"
    talk = Talk()

    assert heard(modbus.observe(Reader(answer), talk)) == ["protocol=modbus/1"]
    list(modbus.observe(Reader(question), talk))
    assert heard(modbus.observe(Reader(answer), talk)) == ["protocol=modbus/1", "product=BMX P34 2020"]


def test_of_too_many_open_questions_the_oldest_is_forgotten() -> None:
    talk = Talk()
    for number in range(MOST_OPEN + 1):
        talk.ask(number, "what")

    assert talk.answered(0) is None
    assert talk.answered(1) == "what"
