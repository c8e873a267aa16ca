"""The first bytes of a segment or datagram in, which Python dissector should read it out: by content, never by port.

RFC 4253 sections 4.2 and 8 (SSH), RFC 5321 section 4.1.1.1 (SMTP), RFC 9113 section 3.4 (HTTP/2), RFC 3261 section
7.1 (SIP), MQTT 3.1.1 section 3.1, MS-SMB2 section 2.2.1 and MS-CIFS section 2.2.3.1 (two SMB headers), MS-RPCE section
2.2.2 (DCE/RPC with a login), RFC 4511 section 4.2 (LDAP's bind), MS-TDS section 2.2.3 (its packets), RFC 1157 section 4
(SNMP), RFC 4120 section 7.2.2 (Kerberos), MS-RDPBCGR sections 2.2.1.1 and 2.2.1.3 (what an RDP client begins with).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.kernel.build.jit import helper
from kwel.kernel.loads import u8, u16, u24, u32
from kwel.kernel.rows import Mark, Stage
from kwel.model.kinds import Application
from kwel.protocols.http import SPACE, find_byte
from kwel.protocols.shapes import TPKT_VERSION
from kwel.streams.preludes import SOCKS5
from kwel.streams.room import note_mark

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    from kwel.streams.room import Tables

MAX_MARKS = 6
"""Payloads of one direction that go to a Python dissector."""
KEX_REPLY, GEX_REPLY, SSH_ALGORITHM, ECDS, SK_ = 31, 33, 0x7373682D, 0x65636473, 0x736B2D
"""How the answer of an SSH server begins that holds its host key, and the names of the algorithms of keys."""
SSH_, PRI_, SIP_, SMB, LONGEST_METHOD = 0x5353482D, 0x50524920, 0x5349502F, 0x534D42, 10
SMALL, EHLO, HELO, READY, READY_MORE = 0x20202020, 0x65686C6F, 0x68656C6F, 0x32323020, 0x3232302D
URI_SIP, URI_MASK = 0x736970, 0x202020
MQTT_CONNECT, MQTT, MQIS = 0x10, 0x4D515454, 0x4D514973
SMB1, SMB2, SMB1_SESSION_SETUP, SMB2_SESSION_SETUP = 0xFF, 0xFE, 0x73, 0x0100  # the second little-endian
SMB1_NEGOTIATE, SMB2_NEGOTIATE, SMB1_REPLY, SMB2_REPLY = 0x72, 0, 0x80, 0x01
AS_REQUEST, TGS_REQUEST, LONGEST_REQUEST = 0x6A, 0x6C, 65536
BER_SEQUENCE, BER_ONE_BYTE = 0x30, 0x0201  # ITU-T X.690
RPC_FIRST, RPC_LAST, RPC_HEADER = 11, 16, 16
X224_REQUEST, COOKIE = 0xE0, 0x436F6F6B
X224_DATA, CONNECT_INITIAL = 0xF080, 0x7F65
SYSTEM, GO_ON, GO_ON_MAIL, IN_BASE64, SMALLEST_NTLM = 0x32313520, 0x33333420, 0x2B20546C, 0x546C524D, 32
NTLM, SSP_ = 0x4E544C4D, 0x53535000
TDS_LOGIN, TDS_SSPI, TDS_REPLY, LDAP_BIND, LDAP_BOUND = 0x10, 0x11, 0x04, 0x60, 0x61
FAR = 512
"""Bytes in which an NTLM message begins that is carried by another protocol."""

M_SSH, M_SMTP, M_HTTP2, M_MQTT = int(Mark.SSH), int(Mark.SMTP), int(Mark.HTTP2), int(Mark.MQTT)
M_SIP, M_KERBEROS, M_NTLM, M_SMB = int(Mark.SIP), int(Mark.KERBEROS), int(Mark.NTLM), int(Mark.SMB)
M_RDP = int(Mark.RDP)
A_HTTP2, A_RDP = int(Application.HTTP2), int(Application.RDP)
WATCH = int(Stage.WATCH)


@helper
def may_greet(data: NDArray[np.uint8], at: int) -> bool:
    """Return whether a segment of eight bytes or more may be a greeting that does not begin with a capital."""
    first = u8(data, at)
    if first == 0:
        is_key = u8(data, at + 5) in (KEX_REPLY, GEX_REPLY) and u16(data, at + 6) == 0
        return is_key or u24(data, at + 5) == SMB or u8(data, at + 4) in (AS_REQUEST, TGS_REQUEST)
    if first in (MQTT_CONNECT, BER_SEQUENCE, TDS_SSPI, TDS_REPLY):
        return True
    word = u32(data, at)
    return word in (READY, READY_MORE, SYSTEM, GO_ON, GO_ON_MAIL) or word | SMALL in (EHLO, HELO)


@helper
def greeting_of(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the mark of the dissector that should read a segment, or 0."""
    if at + 8 > end:
        return 0
    first, word = u8(data, at), u32(data, at)
    if 65 <= first <= 90 or 97 <= first <= 122 or 50 <= first <= 51 or first == 43:
        if word == SSH_:
            return M_SSH
        if word in (READY, READY_MORE, SYSTEM) or word | SMALL in (EHLO, HELO):
            return M_SMTP
        if word == PRI_:
            return M_HTTP2
        if word in (IN_BASE64, GO_ON_MAIL) or (word == GO_ON and u32(data, at + 4) == IN_BASE64):
            return M_NTLM if at + SMALLEST_NTLM <= end else 0
        return M_SIP if is_sip(data, at, end) else 0
    if first == MQTT_CONNECT and is_mqtt(data, at, end):
        return M_MQTT
    if first in (TDS_LOGIN, TDS_SSPI, TDS_REPLY):
        return M_NTLM if u16(data, at + 2) == end - at and u8(data, at + 1) <= 1 and has_ntlm(data, at, end) else 0
    if first == BER_SEQUENCE:
        return M_NTLM if is_bind(data, at, end) and has_ntlm(data, at, end) else 0
    if first == 0:
        return greeting_with_length(data, at, end)
    if first == SOCKS5 and u8(data, at + 1) == 0 and at + RPC_HEADER <= end:
        has_login = RPC_FIRST <= u8(data, at + 2) <= RPC_LAST and u16(data, at + 10) != 0
        return M_NTLM if has_login else 0
    return 0


@helper
def has_ntlm(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether an NTLM message begins early in a payload."""
    for i in range(at, min(end, at + FAR) - SMALLEST_NTLM):
        if u32(data, i) == NTLM and u32(data, i + 4) == SSP_:
            return True
    return False


@helper
def is_bind(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether an LDAP message binds, or answers to that."""
    size = u8(data, at + 1)
    at += 2 + (size & 0x7F if size & 0x80 else 0)
    if at + 8 > end or u8(data, at) != 2 or u8(data, at + 1) > 4:
        return False
    return u8(data, at + 2 + u8(data, at + 1)) in (LDAP_BIND, LDAP_BOUND)


@helper
def is_sip(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a message begins with SIP's version, or with a method and a SIP URI."""
    if u32(data, at) == SIP_:
        return True
    space = find_byte(data, at, min(end, at + LONGEST_METHOD), SPACE)
    return space + 5 <= end and u8(data, space) == SPACE and u24(data, space + 1) | URI_MASK == URI_SIP


@helper
def is_mqtt(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a CONNECT packet begins: a length of one to four bytes, then the protocol's name."""
    at += 1
    for _ in range(4):
        if at + 7 > end:
            return False
        at += 1
        if u8(data, at - 1) & 0x80 == 0:
            return u8(data, at) == 0 and u32(data, at + 2) in (MQTT, MQIS)
    return False


@helper
def tells_of_smb(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether an SMB message logs in, or answers to a login or with the dialect that is spoken."""
    if at + 24 > end:
        return False
    if u8(data, at + 4) == SMB1:
        command = u8(data, at + 8)
        return command == SMB1_SESSION_SETUP or (command == SMB1_NEGOTIATE and u8(data, at + 13) & SMB1_REPLY != 0)
    command = u16(data, at + 16)
    return command == SMB2_SESSION_SETUP or (command == SMB2_NEGOTIATE and u8(data, at + 20) & SMB2_REPLY != 0)


@helper
def is_host_key(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether the answer of an SSH server to a key exchange begins: its host key comes first."""
    if at + 18 > end or u8(data, at + 5) not in (KEX_REPLY, GEX_REPLY):
        return False
    if u32(data, at + 6) >= u32(data, at) or u32(data, at + 10) >= u32(data, at + 6):
        return False
    algorithm = u32(data, at + 14)
    return algorithm in (SSH_ALGORITHM, ECDS) or algorithm >> 8 == SK_


@helper
def greeting_with_length(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the mark for a message that has its length in front: SSH's host key, an SMB login, Kerberos."""
    kind = u8(data, at + 4)
    if is_host_key(data, at, end):
        return M_SSH
    if u24(data, at + 5) == SMB and at + 18 <= end:
        return M_SMB if tells_of_smb(data, at, end) else 0
    is_request = kind in (AS_REQUEST, TGS_REQUEST) and end - at - 4 <= u32(data, at) < LONGEST_REQUEST
    return M_KERBEROS if is_request else 0


@helper
def is_rdp_request(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a TPKT carries RDP's connection request. What its cookie says, a user's name, is not kept."""
    if at + 19 > end or u8(data, at) != TPKT_VERSION or u8(data, at + 5) != X224_REQUEST:
        return False
    return u32(data, at + 11) == COOKIE or (u8(data, at + 11) == 1 and u16(data, at + 13) == 0x0800)


@helper
def is_rdp_connect(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a TPKT carries the message in which an RDP client that does not encrypt tells its name."""
    if at + 64 > end or u8(data, at) != TPKT_VERSION:
        return False
    return u16(data, at + 5) == X224_DATA and u16(data, at + 7) == CONNECT_INITIAL


@helper
def datagram_greeting(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the mark of the dissector that should read a datagram, or 0."""
    if at + 8 > end:
        return 0
    if u8(data, at) in (AS_REQUEST, TGS_REQUEST):
        return M_KERBEROS
    return M_SIP if is_sip(data, at, end) else 0


@helper
def is_snmp(data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether a message of SNMP 1, 2c or 3 begins. Its community, a password in clear, is never touched."""
    if at + 8 > end or u8(data, at) != BER_SEQUENCE:
        return False
    size = u8(data, at + 1)
    at += 2 + (size & 0x7F if size & 0x80 else 0)
    return at + 3 <= end and u16(data, at) == BER_ONE_BYTE and u8(data, at + 2) in (0, 1, 3)


@helper
def note_greeting(mark: int, at: int, end: int, packet: Any, half: Any, t: Tables) -> int:
    """Mark a greeting, a few of each direction. The frames of HTTP/2 go on to be watched."""
    if half.marked < MAX_MARKS:
        half.marked += 1
        note_mark(mark, at, end, packet, t)
    if mark == M_HTTP2:
        t.runs[packet.flow].application = A_HTTP2
        half.stage = WATCH
    return mark
