"""Messages in, the same at the collector that the user named out: the one module of alerting that opens a socket.

It connects to addresses of the settings alone, never by an interface that is listened to, and never elsewhere: a
redirect is not followed and a proxy of the environment not used. Whoever answers is hostile input: it may send for
ever, send nothing, or be somebody else.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import hmac
import http.client
import ipaddress
import os
import socket
import ssl
import struct
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from kwel.alerts.routes import leaves_by, name_servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kwel.alerts.settings import Identity, Syslog, Webhook

SILENCE: Final = 10.0
"""Seconds that the other side may say nothing."""
MOST_SECONDS: Final = 60.0
"""Seconds that one delivery may take in all."""
LINGER: Final = 3.0
"""Seconds to wait for the other side to have read everything."""
MOST_ANSWER: Final = 0x1_0000
"""Bytes of an answer that are read."""
MOST_SECRET: Final = 4096
SIOCOUTQ: Final = 0x5411
"""Asks how many bytes the other side has not acknowledged (linux/sockios.h)."""
RETRIED: Final = (401, 403, 404, 407, 408, 425, 429)
"""Statuses below 500 that may change by themselves, or with somebody's help; of others the message is to blame."""


class SendError(ValueError):
    """Something could not be sent: one line. ``hopeless``: nor will it ever be."""

    def __init__(self, line: str, *, hopeless: bool = False) -> None:
        super().__init__(line)
        self.hopeless = hopeless


class Road:
    """By which interface to go, and by which never."""

    def __init__(
        self, listened: Sequence[str] = (), interface: str = "", find: Callable[[str], str | None] = leaves_by
    ):
        """*listened*: interfaces that are listened to; *interface*: that for management, or nothing."""
        self.listened, self.interface, self._find = tuple(listened), interface, find
        if interface and interface in self.listened:
            raise SendError(f"{interface} is listened to: nothing is ever sent by it; name another interface")

    def check(self, address: str) -> None:
        """Refuse an address whose packets would leave by an interface that is listened to.

        Raises:
            SendError: they would, or nobody knows.
        """
        if self.interface or not self.listened:
            return
        by = self._find(address)
        if by is None:
            raise SendError(f"no route to {address} is known: name the management interface in [alerts]")
        if by in self.listened:
            raise SendError(f"the route to {address} leaves by {by}, which is listened to: nothing is sent")

    def resolve(self, host: str, port: int, kind: socket.SocketKind) -> list[tuple[socket.AddressFamily, tuple]]:
        """Return the addresses of a host. A name is looked up only where that does not leave by such an interface."""
        is_name = not _is_address(host)
        if is_name and self.listened:
            if host.lower().endswith(".local"):  # RFC 6762: asked on every interface
                raise SendError(f"{host}: names under .local are asked for on every interface: write its address")
            for server in name_servers():
                self._check_server(server)
        try:
            found = socket.getaddrinfo(host, port, type=kind)
        except (OSError, UnicodeError) as error:
            raise SendError(f"{host}: the name is not found: {error}") from error
        return [(family, address) for family, _, _, _, address in found]

    def _check_server(self, server: str) -> None:
        by = self._find(server) if _is_address(server) else None
        if by in self.listened:
            raise SendError(f"name server {server} is asked by {by}, which is listened to: write an address, no name")

    def connect(self, host: str, port: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
        """Return a socket connected to a host.

        Raises:
            SendError: by no way that is allowed.
        """
        trouble = SendError(f"{host}: has no address")
        for family, address in self.resolve(host, port, kind):
            try:
                self.check(str(address[0]))
                return self._connected(family, kind, address)
            except SendError as error:
                trouble = error
            except OSError as error:
                trouble = SendError(f"{host} port {port}: {error.strerror or error}")
        raise trouble

    def _connected(self, family: socket.AddressFamily, kind: socket.SocketKind, address: tuple) -> socket.socket:
        made = socket.socket(family, kind)
        try:
            made.settimeout(SILENCE)
            if self.interface:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self.interface.encode() + b"\0")
            made.connect(address)
        except OSError:
            made.close()
            raise
        return made


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


@contextmanager
def _sending(to: str) -> Iterator[list[socket.socket]]:
    """Give a list for the sockets of one delivery: they are cut off when it takes too long, and closed at its end."""
    used: list[socket.socket] = []
    is_cut = threading.Event()

    def cut_off() -> None:
        is_cut.set()
        for one in used:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(MOST_SECONDS, cut_off)
    timer.daemon = True
    timer.start()
    try:
        yield used
        _check_time(to, is_cut)  # half an answer may read like a whole one
    except (ssl.SSLError, ssl.CertificateError) as error:
        raise SendError(f"{to}: TLS: {getattr(error, 'verify_message', '') or error.reason or error}") from error
    except (OSError, http.client.HTTPException) as error:
        raise SendError(f"{to}: {getattr(error, 'strerror', None) or str(error) or type(error).__name__}") from error
    finally:
        timer.cancel()
        for one in used:
            one.close()


def _check_time(to: str, is_cut: threading.Event) -> None:
    if is_cut.is_set():
        raise SendError(f"{to}: took longer than {MOST_SECONDS:g} seconds")


def send_syslog(output: Syslog, messages: Sequence[bytes], road: Road) -> None:
    """Send messages to a collector, and return when it has them, as far as its transport can tell.

    Raises:
        SendError: it may not have them all: send them again.
    """
    to = f"{output.transport}:{output.host}" + (f":{output.port}" if output.port else "")
    with _sending(to) as used:
        if output.transport == "unix":
            _send_local(output.host, messages, used)
        elif output.transport == "udp":
            _send_datagrams(road.connect(output.host, output.port, socket.SOCK_DGRAM), messages, used)
        else:
            line = road.connect(output.host, output.port)
            used.append(line)
            if output.transport == "tls":
                line = _wrap(line, output.host, output.identity)
                used[:] = [line]
            line.sendall(b"".join(b"%d %s" % (len(message), message) for message in messages))  # RFC 6587 3.4.1
            _wait_until_read(line)


def _send_datagrams(line: socket.socket, messages: Sequence[bytes], used: list[socket.socket]) -> None:
    """Send each in a datagram (RFC 5426): where nobody listens, the other side's kernel may say so."""
    used.append(line)
    for message in messages:
        line.send(message)
    line.settimeout(0.2)
    with suppress(TimeoutError):
        line.recv(1)  # raises what an ICMP error says


def _send_local(path: str, messages: Sequence[bytes], used: list[socket.socket]) -> None:
    """Send to a socket of this machine: datagrams, or a stream with a zero byte behind each, as syslogs have it."""
    line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    used.append(line)
    line.settimeout(SILENCE)
    end = b""
    try:
        line.connect(path)
    except OSError as error:
        if error.errno != errno.EPROTOTYPE:
            raise
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        used.append(line)
        line.settimeout(SILENCE)
        line.connect(path)
        end = b"\0"
    for message in messages:
        line.sendall(message + end)


def _wait_until_read(line: socket.socket) -> None:
    """Say that no more comes, and wait until the other side has ended too, or its kernel has everything.

    A stream takes bytes long before anybody reads them: what the collector never got must be sent again.
    """
    if isinstance(line, ssl.SSLSocket):
        line.settimeout(LINGER)
        try:
            line.unwrap()  # the other side answers our goodbye behind everything that it read
        except (TimeoutError, ssl.SSLError):  # it just closed, or has not: its kernel knows
            pass
        else:
            return
    else:
        line.shutdown(socket.SHUT_WR)
        line.settimeout(0.05)
        ends = time.monotonic() + LINGER
        while time.monotonic() < ends:
            with suppress(TimeoutError):
                if not line.recv(4096):
                    return
    if _unacknowledged(line):
        raise SendError("the collector did not take everything")


def _unacknowledged(line: socket.socket) -> int:
    left = fcntl.ioctl(line.fileno(), SIOCOUTQ, b"\0" * 4)
    return int(struct.unpack("i", left)[0])


def _wrap(line: socket.socket, host: str, identity: Identity) -> ssl.SSLSocket:
    """Return the line within TLS: to whom the settings say, by name and authority or by the certificate itself."""
    context = ssl.create_default_context()
    if identity.authority:
        context = ssl.create_default_context(cafile=identity.authority)
    if identity.certificate:
        context.load_cert_chain(identity.certificate, identity.key)
    if identity.fingerprint:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # the one certificate is checked below
    wrapped = context.wrap_socket(line, server_hostname=host)
    if identity.fingerprint:
        shown = hashlib.sha256(wrapped.getpeercert(binary_form=True) or b"").hexdigest()
        if not hmac.compare_digest(shown, identity.fingerprint):
            wrapped.close()
            raise SendError(f"{host} shows another certificate than the one that is trusted: sha256:{shown}")
    return wrapped


def post(output: Webhook, body: bytes, road: Road, now: float) -> None:
    """Post JSON to an address, signed where there is a secret.

    Raises:
        SendError: it was not taken.
    """
    parts = urlsplit(output.url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    headers = {"Content-Type": "application/json", "User-Agent": "kwel-sensor", **_proofs(output, body, now)}
    with _sending(f"{parts.scheme}://{host}:{port}") as used:
        line = _through(output.proxy, host, port, road, used) if output.proxy else road.connect(host, port)
        used[:] = [line]
        if parts.scheme == "https":
            line = _wrap(line, host, output.identity)
            used[:] = [line]
        connection = http.client.HTTPConnection(host, port)
        connection.auto_open = 0
        connection.sock = line
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body, {"Host": parts.netloc, "Connection": "close", **headers})
        answer = connection.getresponse()
        answer.read(MOST_ANSWER)
        _judge(answer.status)


def _judge(status: int) -> None:
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise SendError(f"the webhook answers {status}: redirects are not followed; write where it is now")
    raise SendError(f"the webhook answers {status}", hopeless=400 <= status < 500 and status not in RETRIED)


def _proofs(output: Webhook, body: bytes, now: float) -> dict[str, str]:
    """Return the headers by which the receiver knows who sends."""
    proofs: dict[str, str] = {}
    if output.secret_file:
        moment = str(int(now))
        signed = hmac.new(_secret(output.secret_file), f"{moment}.".encode() + body, "sha256").hexdigest()
        proofs |= {"X-Kwel-Timestamp": moment, "X-Kwel-Signature": f"sha256={signed}"}
    if output.token_file:
        proofs["Authorization"] = f"Bearer {_secret(output.token_file).decode('ascii', 'ignore')}"
    return proofs


def _secret(path: str) -> bytes:
    """Return what is in a file that only its owner, and its group, may read."""
    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            secret = file.read(MOST_SECRET).strip()
    except OSError as error:
        raise SendError(f"{path}: {error.strerror or error}") from error
    if mode & 0o007:
        raise SendError(f"{path}: everybody may read it: chmod o= {path}")
    if not secret:
        raise SendError(f"{path}: is empty")
    return secret


def _through(proxy: str, host: str, port: int, road: Road, used: list[socket.socket]) -> socket.socket:
    """Return a line through a proxy (RFC 9110 section 9.3.6)."""
    parts = urlsplit(proxy)
    line = road.connect(parts.hostname or "", parts.port or 8080)
    used.append(line)
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    line.sendall(f"CONNECT {where} HTTP/1.1\r\nHost: {where}\r\n\r\n".encode("ascii"))
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = line.recv(1)
        if not piece or len(head) > MOST_ANSWER:
            raise SendError("the proxy breaks off")
        head += piece
    words = head.split(None, 2)
    if len(words) < 2 or not words[1].startswith(b"2"):
        status = words[1][:3].decode("ascii", "replace") if len(words) > 1 else "nothing"
        raise SendError(f"the proxy answers {status}")
    return line
