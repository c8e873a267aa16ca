"""Alerts arrive: over every transport, after the collector was away, and nowhere but where the settings say."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import http.server
import json
import socket
import socketserver
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from kwel.alerts import Alerter, load, send
from tests.alerts.making import START

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Collector(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Takes streams of syslog messages, framed by RFC 6587 section 3.4.1."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int = 0, context: ssl.SSLContext | None = None) -> None:
        self.messages: list[bytes] = []
        super().__init__(("127.0.0.1", port), _Stream)
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: some clients turn away."""

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class _Stream(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        while length := self._length():
            self.server.messages.append(self.rfile.read(length))  # type: ignore[attr-defined]

    def _length(self) -> int:
        digits = b""
        while (digit := self.rfile.read(1)) not in (b" ", b""):
            digits += digit
        return int(digits or b"0")


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with a key and a certificate of 127.0.0.1 that nobody else signed."""
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "collector of this test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


def fingerprint(path: Path) -> str:
    pem = path.read_text()
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem[pem.index("-----BEGIN CERT") :])).hexdigest()


def alerter(folder: Path, listened: tuple[str, ...] = (), **table: Any) -> Alerter:
    """Return one that sends when it is told to."""
    return Alerter(load(table), folder / "state", sensor="box", listened=listened, background=False)


def told(one: Alerter, number: int = 1) -> None:
    for count in range(number):
        one.blind("window-lost", f"span{count}", now=START, count="1", why="a test")


def until(what: Callable[[], object], seconds: float = 5.0) -> None:
    ends = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.01)


def test_tcp(tmp_path: Path, collector: Collector) -> None:
    one = alerter(tmp_path, syslog=[{"to": f"tcp://127.0.0.1:{collector.port}"}])
    told(one, 3)
    one.deliver()

    assert one.health().outputs[0].trouble == ""
    until(lambda: len(collector.messages) == 3)
    assert all(message.startswith(b"<130>1 ") for message in collector.messages)
    assert one.health().outputs[0].waiting == 0
    one.close()


def test_what_was_sent_is_not_sent_again(tmp_path: Path, collector: Collector) -> None:
    one = alerter(tmp_path, syslog=[{"to": f"tcp://127.0.0.1:{collector.port}"}])
    told(one)
    one.deliver()
    one.deliver()
    one.close()

    assert len(collector.messages) == 1


def test_while_the_collector_is_away_nothing_is_lost(tmp_path: Path, collector: Collector) -> None:
    port = collector.port
    collector.close()
    table: dict[str, Any] = {"syslog": [{"to": f"tcp://127.0.0.1:{port}"}]}
    one = alerter(tmp_path, **table)
    told(one, 120)
    one.tick(START + 3 * 3600 * 10**9)
    one.deliver()
    health = one.health().outputs[0]
    assert "refused" in health.trouble
    assert health.waiting == 21, "twenty one by one, and one that sums up the others"
    one.close()

    back, again = Collector(port), alerter(tmp_path, **table)
    again.deliver()
    until(lambda: len(back.messages) == 21)
    assert again.health().outputs[0] == (*("syslog 1", 0, 0), again.health().outputs[0].last_sent, "")
    again.close()
    back.close()


def test_a_collector_that_takes_the_connection_and_reads_nothing_is_no_delivery(tmp_path: Path) -> None:
    deaf = socket.create_server(("127.0.0.1", 0))
    one = alerter(tmp_path, syslog=[{"to": f"tcp://127.0.0.1:{deaf.getsockname()[1]}"}])
    told(one)

    def hang_up() -> None:
        line, _ = deaf.accept()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # closes with a reset
        time.sleep(0.1)
        line.close()

    threading.Thread(target=hang_up, daemon=True).start()
    one.deliver()

    assert one.health().outputs[0].waiting == 1
    assert "reset" in one.health().outputs[0].trouble
    one.close()
    deaf.close()


def server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.parametrize("how", ["ca", "fingerprint"])
def test_tls(tmp_path: Path, certificate: Path, how: str) -> None:
    collector = Collector(context=server_context(certificate))
    trust = {"ca": str(certificate), "fingerprint": "sha256:" + fingerprint(certificate)}
    one = alerter(tmp_path, syslog=[{"to": f"tls://127.0.0.1:{collector.port}", how: trust[how]}])
    told(one, 2)
    one.deliver()

    assert one.health().outputs[0].trouble == ""
    until(lambda: len(collector.messages) == 2)
    one.close()
    collector.close()


@pytest.mark.parametrize("trust", [{}, {"fingerprint": "00" * 32}])
def test_tls_with_somebody_else(tmp_path: Path, certificate: Path, trust: dict[str, str]) -> None:
    collector = Collector(context=server_context(certificate))
    one = alerter(tmp_path, syslog=[{"to": f"tls://127.0.0.1:{collector.port}", **trust}])
    told(one)
    one.deliver()

    assert "certificate" in one.health().outputs[0].trouble
    assert one.health().outputs[0].waiting == 1
    assert collector.messages == []
    one.close()
    collector.close()


def test_udp(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        one = alerter(tmp_path, syslog=[{"to": f"udp://127.0.0.1:{receiver.getsockname()[1]}"}])
        told(one)
        one.deliver()
        assert receiver.recv(4096).startswith(b"<130>1 ")
        assert one.health().outputs[0].waiting == 0
        one.close()


def test_udp_where_nobody_listens_is_noticed_on_this_machine(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    one = alerter(tmp_path, syslog=[{"to": f"udp://127.0.0.1:{port}"}])
    told(one)
    one.deliver()

    assert one.health().outputs[0].waiting == 1
    one.close()


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_the_log_of_this_machine(tmp_path: Path, kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_UNIX, kind) as log:
        log.bind(str(tmp_path / "log"))
        log.settimeout(5)
        if kind == socket.SOCK_STREAM:
            log.listen()
        one = alerter(tmp_path, syslog=[{"to": f"unix:{tmp_path}/log"}])
        told(one)
        one.deliver()
        line = log.accept()[0] if kind == socket.SOCK_STREAM else log
        text = line.recv(4096)
        assert text.startswith(b"<130>Mar  2 ")
        assert b" kwel: 1 windows of span0 were lost: a test. [A" in text
        if line is not log:
            line.close()
        one.close()


class Hook(http.server.BaseHTTPRequestHandler):
    """Answers as it is told to."""

    status = 204
    got: ClassVar[list[tuple[str, dict[str, str], bytes]]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.path, dict(self.headers), body))
        self.send_response(self.status)
        if self.status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hook() -> Iterator[tuple[type[Hook], int]]:
    class Mine(Hook):
        got: ClassVar = []

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mine)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield Mine, server.server_port
    server.shutdown()
    server.server_close()


def test_a_webhook_gets_json_and_can_tell_who_sent_it(tmp_path: Path, hook: tuple[type[Hook], int]) -> None:
    kind, port = hook
    (tmp_path / "secret").write_text("between us\n")
    (tmp_path / "secret").chmod(0o600)
    to = f"http://127.0.0.1:{port}/kwel?site=3"
    one = alerter(tmp_path, webhook=[{"to": to, "secret_file": str(tmp_path / "secret")}], language="nl")
    told(one)
    one.deliver()

    ((path, headers, body),) = kind.got
    signed = hmac.new(b"between us", headers["X-Kwel-Timestamp"].encode() + b"." + body, "sha256").hexdigest()
    assert path == "/kwel?site=3"
    assert headers["X-Kwel-Signature"] == f"sha256={signed}"
    alert = json.loads(body)
    assert alert["text"] == "1 vensters van span0 zijn verloren: a test."
    assert alert["severity"] == "high"
    assert alert["to_do"]["en"].startswith("Read the sensor's journal")
    one.close()


@pytest.mark.parametrize(("status", "waiting"), [(302, 1), (500, 1), (401, 1), (429, 1), (200, 0)])
def test_a_webhook_that_does_not_take_it(
    tmp_path: Path, hook: tuple[type[Hook], int], status: int, waiting: int
) -> None:
    kind, port = hook
    kind.status = status
    one = alerter(tmp_path, webhook=[{"to": f"http://127.0.0.1:{port}/"}])
    told(one)
    one.deliver()

    assert one.health().outputs[0].waiting == waiting
    assert len(kind.got) == 1, "a redirect is not followed"
    one.close()


def test_a_message_that_is_never_taken_does_not_hold_up_the_others(
    tmp_path: Path, hook: tuple[type[Hook], int]
) -> None:
    kind, port = hook
    kind.status = 400
    for number in range(10):  # each round of the keeper opens it anew
        one = alerter(tmp_path, webhook=[{"to": f"http://127.0.0.1:{port}/"}])
        if not number:
            told(one, 2)
        assert one.health().outputs[0].lost == 0
        one.deliver()
        one.close()
    kind.status = 200
    one = alerter(tmp_path, webhook=[{"to": f"http://127.0.0.1:{port}/"}])
    one.deliver()

    health = one.health().outputs[0]
    assert (health.waiting, health.lost, len(kind.got)) == (0, 1, 11)
    assert "1 alerts never arrived" in health.trouble
    assert "answers 400" in health.trouble
    one.close()


def test_a_receiver_that_hangs_holds_up_neither_the_round_nor_the_other_outputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()
    monkeypatch.setattr(send, "post", lambda *_: ended.wait(10))
    monkeypatch.setattr(send, "MOST_SECONDS", 0.05)
    lines = tmp_path / "lines"
    one = alerter(tmp_path, webhook=[{"to": "http://127.0.0.1:9/"}], file=[{"path": str(lines)}])
    told(one)
    begun = time.monotonic()
    one.deliver(0.05)

    assert time.monotonic() - begun < 5
    assert "did not end" in next(of.trouble for of in one.health().outputs if of.name == "webhook 1")
    assert len(lines.read_text().splitlines()) == 1
    ended.set()
    one.close()


def test_what_there_was_no_time_for_waits_for_the_next_round(tmp_path: Path) -> None:
    one = alerter(tmp_path, file=[{"path": str(tmp_path / "lines")}])
    told(one)
    one.deliver(0)
    assert not (tmp_path / "lines").exists()
    one.deliver()
    assert len((tmp_path / "lines").read_text().splitlines()) == 1
    one.close()


def test_a_webhook_over_tls_through_a_proxy(tmp_path: Path, certificate: Path) -> None:
    class Mine(Hook):
        got: ClassVar = []

    server = http.server.HTTPServer(("127.0.0.1", 0), Mine)
    server.socket = server_context(certificate).wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    asked: list[bytes] = []

    class Proxy(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += self.request.recv(1)
            asked.append(head)
            with socket.create_connection(("127.0.0.1", server.server_port)) as inner:
                self.request.sendall(b"HTTP/1.1 200 fine\r\n\r\n")
                threading.Thread(target=pass_on, args=(inner, self.request), daemon=True).start()
                pass_on(self.request, inner)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Proxy) as proxy:
        proxy.daemon_threads = True
        threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        where, via = server.server_address[1], proxy.server_address[1]
        one = alerter(
            tmp_path,
            webhook=[
                {"to": f"https://127.0.0.1:{where}/x", "ca": str(certificate), "proxy": f"http://127.0.0.1:{via}"}
            ],
        )
        told(one)
        one.deliver()
        assert one.health().outputs[0].trouble == ""
        proxy.shutdown()
    assert len(Mine.got) == 1
    assert asked[0].startswith(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n" % where)
    one.close()
    server.shutdown()
    server.server_close()


def pass_on(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(4096):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


@pytest.mark.parametrize(("mode", "text", "says"), [(0o644, "x", "everybody may read it"), (0o600, "", "is empty")])
def test_a_secret_that_is_none(tmp_path: Path, mode: int, text: str, says: str) -> None:
    (tmp_path / "secret").write_text(text)
    (tmp_path / "secret").chmod(mode)
    one = alerter(tmp_path, webhook=[{"to": "https://127.0.0.1:1/", "token_file": str(tmp_path / "secret")}])
    told(one)
    one.deliver()

    assert says in one.health().outputs[0].trouble
    one.close()


def test_a_server_that_never_ends_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(send, "MOST_SECONDS", 0.5)
    server = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        line, _ = server.accept()
        try:
            line.sendall(b"HTTP/1.1 200 ")
            for _ in range(100):
                line.sendall(b"x")
                time.sleep(0.05)
        except OSError:
            pass
        line.close()

    threading.Thread(target=drip, daemon=True).start()
    one = alerter(tmp_path, webhook=[{"to": f"http://127.0.0.1:{server.getsockname()[1]}/"}])
    told(one)
    begun = time.monotonic()
    one.deliver()

    assert time.monotonic() - begun < 3
    assert one.health().outputs[0].waiting == 1
    one.close()
    server.close()


def test_nothing_is_sent_by_an_interface_that_is_listened_to(tmp_path: Path, collector: Collector) -> None:
    one = alerter(tmp_path, listened=("lo",), syslog=[{"to": f"tcp://127.0.0.1:{collector.port}"}])
    told(one)
    one.deliver()

    assert "listened to" in one.health().outputs[0].trouble
    assert collector.messages == []
    one.close()


def test_only_what_is_grave_enough_is_sent(tmp_path: Path) -> None:
    one = alerter(tmp_path, file=[{"path": str(tmp_path / "grave"), "least": "high"}, {"path": str(tmp_path / "all")}])
    one.blind("clock-step", "span0", now=START, seconds="+7")
    told(one)
    one.deliver()

    assert len((tmp_path / "grave").read_text().splitlines()) == 1
    assert len((tmp_path / "all").read_text().splitlines()) == 2
    one.close()


def test_threads_send_by_themselves(tmp_path: Path, collector: Collector) -> None:
    table: dict[str, Any] = {"syslog": [{"to": f"tcp://127.0.0.1:{collector.port}"}]}
    one = Alerter(load(table), tmp_path / "state", sensor="box")
    told(one)
    until(lambda: len(collector.messages) == 1)
    one.close()


def test_a_queue_has_an_end_and_says_what_it_cost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kwel.alerts.ledger.MOST_WAITING", 5)
    one = alerter(tmp_path, file=[{"path": str(tmp_path / "none" / "a")}])
    told(one, 8)
    one.deliver()

    assert one.health().outputs[0][1:3] == (5, 3)
    one.close()
