"""Numbers in, host names and addresses out: the hosts of the big capture.

The suffixes are those that a plant's traffic is full of, so that kwel's rules find something to attribute.
The addresses are random within blocks that clouds and content networks use; name and address need not agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

LABELS = (
    "api", "app", "assets", "auth", "cdn", "cloud", "data", "edge", "files", "img", "iot", "login",
    "mail", "media", "metrics", "mqtt", "news", "portal", "push", "shop", "static", "sync", "telemetry",
    "track", "update", "video", "www",
)  # fmt: skip
SUFFIXES = (
    "akamaiedge.net", "amazonaws.com", "apple.com", "azure-devices.net", "cloudflare.net",
    "example.com", "facebook.com", "fastly.net", "github.com", "google.com", "microsoft.com",
    "mindsphere.io", "netflix.com", "office365.com", "siemens.cloud", "slack.com", "spotify.com",
    "ubuntu.com", "windows.net", "zoom.us",
)  # fmt: skip
LONG_EVERY = 50
"""One name in so many has a further, long label."""

FIRST_OCTETS = (13, 23, 34, 52, 64, 74, 93, 104, 140, 142, 151, 172, 185, 199, 203, 212)
IPV6_PREFIX = bytes.fromhex("2a00145040010800")

WEB_NAMES = tuple(f"http{number}.example.org" for number in range(500))
"""Names that are asked for in clear, in an HTTP Host field."""


@dataclass(frozen=True, slots=True)
class Host:
    """A named host on the outside."""

    name: str
    ipv4: bytes
    ipv6: bytes


def _name(number: int, random: Random) -> str:
    name = f"{random.choice(LABELS)}{number}.{random.choice(SUFFIXES)}"
    return f"a-rather-long-label-{number}.{name}" if number % LONG_EVERY == 0 else name


def _host(number: int, random: Random) -> Host:
    # 172.16.0.0/12 is private: the second octet keeps clear of it.
    octets = (
        random.choice(FIRST_OCTETS),
        random.randrange(32, 255),
        random.randrange(256),
        random.randrange(1, 255),
    )
    return Host(_name(number, random), bytes(octets), IPV6_PREFIX + random.randbytes(8))


def hosts(count: int, random: Random) -> list[Host]:
    """Return *count* hosts; no name occurs twice."""
    return [_host(number, random) for number in range(count)]
