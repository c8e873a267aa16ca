"""What a server may do to us is bounded: size, time, silence, where it sends us."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import pytest

from kwel.attribution.feeds.fetch import check, fetch
from kwel.attribution.feeds.formats import FeedError
from tests.attribution.feeds.serving import Site, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from http.server import BaseHTTPRequestHandler


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as made:
        yield made


def answer(handler: BaseHTTPRequestHandler, status: int, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


def for_ever(handler: BaseHTTPRequestHandler) -> None:
    answer(handler, 200)
    while True:
        handler.wfile.write(bytes(1 << 16))


def drop_by_drop(handler: BaseHTTPRequestHandler) -> None:
    answer(handler, 200)
    while True:
        handler.wfile.write(b"x")
        time.sleep(0.02)


def silent(handler: BaseHTTPRequestHandler) -> None:
    answer(handler, 200)
    time.sleep(1)


def cut_off(handler: BaseHTTPRequestHandler) -> None:
    answer(handler, 200, Content_Length="1000")
    handler.wfile.write(b"half")


def round_and_round(handler: BaseHTTPRequestHandler) -> None:
    answer(handler, 302, Location="/list")


def no_http(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"\x16\x03\x01 hello\r\n\r\n")


def hidden(handler: BaseHTTPRequestHandler) -> None:
    answer(handler, 302, Location="file:///etc/passwd")


def in_clear(handler: BaseHTTPRequestHandler) -> None:
    answer(handler, 302, Location="http://lists.example/list")


def test_what_lies_there_is_fetched(site: Site) -> None:
    url = site.put("/list", b"3.64.0.0/12\n")
    fetched = fetch(url, 100)

    assert (fetched.data, fetched.url) == (b"3.64.0.0/12\n", url)
    assert site.asked == [("GET", "/list")]


def test_a_redirect_is_followed_and_told(site: Site) -> None:
    url = site.put("/new", b"x")
    site.put("/old", lambda handler: answer(handler, 301, Location="/new"))

    assert fetch(site.root + "/old", 10).url == url


@pytest.mark.parametrize(
    ("behave", "why"),
    [
        (for_ever, "longer than 200000 bytes"),
        (drop_by_drop, "too slow"),
        (silent, "was silent"),
        (cut_off, "broken off|cut off"),
        (round_and_round, "answers 302"),
        (no_http, "broken off|cannot be reached"),
        (hidden, "not allowed"),
        (in_clear, "not https"),
        (lambda handler: answer(handler, 500), "answers 500"),
    ],
)
def test_a_server_that_misbehaves_is_left(
    site: Site, behave: Callable[[BaseHTTPRequestHandler], None], why: str
) -> None:
    site.put("/list", behave)

    with pytest.raises(FeedError, match=why) as raised:
        fetch(site.root + "/list", 200_000, seconds=0.5, silence=0.3)
    assert "\n" not in str(raised.value)


def test_where_nobody_listens_one_line_says_so() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can answer there
        with pytest.raises(FeedError, match="cannot be reached"):
            fetch(f"http://127.0.0.1:{held.getsockname()[1]}/", 10)


@pytest.mark.parametrize(
    "url",
    [
        "http://lists.example/x",
        "ftp://127.0.0.1/x",
        "file:///etc/passwd",
        "gopher://127.0.0.1",
        "",
        "http://127.0.0.1.example/",
    ],
)
def test_nothing_is_asked_in_clear_but_of_this_machine(url: str) -> None:
    with pytest.raises(FeedError, match="not https"):
        check(url)


def test_a_certificate_that_nobody_vouches_for_is_refused(site: Site) -> None:
    with pytest.raises(FeedError, match="cannot be reached"):
        fetch(site.root.replace("http:", "https:") + "/list", 10, seconds=2, silence=2)
