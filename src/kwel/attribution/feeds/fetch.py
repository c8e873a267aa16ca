"""An address of the web in, the bytes that lie there out: within a limit of size and of time, and over TLS alone.

The only module of kwel that opens a socket; nothing but ``kwel update`` imports it. What a server says is hostile
input: it may send for ever, send nothing, send us elsewhere, or be somebody else.
"""

from __future__ import annotations

import http.client
import ssl
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from kwel.attribution.feeds.formats import FeedError

if TYPE_CHECKING:
    from email.message import Message
    from typing import IO

PIECE: Final = 0x1_0000
SILENCE: Final = 20.0
"""Seconds that a server may say nothing."""
MOST_SECONDS: Final = 180.0
"""Seconds that one list may take: the largest has 5 MB."""
MOST_REDIRECTS: Final = 4
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
"""Hosts that may be asked in clear: a mirror on the machine itself."""


class Fetched(NamedTuple):
    """What lay there."""

    data: bytes
    url: str
    """Where it was in the end."""
    modified: str
    """The server's Last-Modified header, or nothing."""


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a few, and none that leaves TLS."""

    max_redirections = MOST_REDIRECTS
    max_repeats = 1

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> urllib.request.Request | None:
        try:
            check(newurl)
        except FeedError:
            fp.close()
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def check(url: str) -> None:
    """Refuse what is not fetched.

    Raises:
        FeedError: the address is not one of TLS, nor of this machine.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise FeedError(f"{url[:200]}: is not fetched: not https")


def fetch(url: str, most_bytes: int, *, seconds: float = MOST_SECONDS, silence: float = SILENCE) -> Fetched:
    """Fetch one file.

    Raises:
        FeedError: it could not be had, or not within its limits.
    """
    check(url)
    ends = time.monotonic() + seconds
    opener = urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=ssl.create_default_context()), _Redirects()
    )
    request = urllib.request.Request(url, headers={"User-Agent": "kwel-update", "Accept-Encoding": "identity"})
    try:
        with opener.open(request, timeout=min(silence, seconds)) as answer:
            data = _read(answer, most_bytes, ends)
            announced = answer.headers.get("Content-Length", "")
            if announced.isascii() and announced.isdecimal() and len(data) != int(announced):
                raise FeedError(f"cut off: {len(data)} of {announced} bytes came")
            return Fetched(data, answer.url, answer.headers.get("Last-Modified", ""))
    except urllib.error.HTTPError as error:
        error.close()
        raise FeedError(f"the server answers {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise FeedError(f"cannot be reached: {error.reason}") from error
    except TimeoutError as error:
        raise FeedError(f"the server was silent for {silence:.0f} seconds") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        if isinstance(error, FeedError):
            raise
        raise FeedError(f"broken off: {type(error).__name__}: {error}") from error


def _read(answer: http.client.HTTPResponse, most_bytes: int, ends: float) -> bytes:
    data = bytearray()
    while piece := answer.read1(PIECE):
        data += piece
        if len(data) > most_bytes:
            raise FeedError(f"longer than {most_bytes} bytes")
        if time.monotonic() > ends:
            raise FeedError(f"too slow: {len(data)} bytes came in time")
    return bytes(data)
