"""A web server on loopback that serves lists as their owners format them, and does what a server should not."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


def _aws(prefix: str, service: str, border: str = "eu-central-1", key: str = "ip_prefix") -> dict[str, str]:
    region = "eu-central-1" if border.startswith("eu-central-1") else border
    return {key: prefix, "region": region, "service": service, "network_border_group": border}


AWS: dict[str, Any] = {
    "syncToken": "1795600000",
    "createDate": "2026-11-24-17-03-11",
    "prefixes": [
        _aws("3.64.0.0/12", "AMAZON"),
        _aws("3.64.0.0/12", "EC2"),
        _aws("3.78.10.0/24", "EC2", "eu-central-1-waw-1"),
        _aws("13.32.0.0/15", "CLOUDFRONT", "GLOBAL"),
    ],
    "ipv6_prefixes": [_aws("2a05:d014::/36", "EC2", key="ipv6_prefix")],
}


def _azure(name: str, region: str, *prefixes: str) -> dict[str, Any]:
    about = {"changeNumber": 9, "region": region, "platform": "Azure", "systemService": name.partition(".")[0]}
    return {"name": name, "id": name, "properties": {**about, "addressPrefixes": list(prefixes)}}


AZURE: dict[str, Any] = {
    "changeNumber": 400,
    "cloud": "Public",
    "values": [
        _azure("AzureCloud", "", "13.69.0.0/17", "2603:1020::/36"),
        _azure("AzureCloud.westeurope", "westeurope", "13.69.0.0/17"),
        _azure("AzureIoTHub.WestEurope", "westeurope", "13.69.109.130/31"),
        _azure("AzureFrontDoor.Backend", "", "147.243.0.0/16"),
    ],
}
GOOGLE: dict[str, Any] = {
    "syncToken": "1795600000000",
    "creationTime": "2026-11-24T16:03:36.9",
    "prefixes": [
        {"ipv4Prefix": "34.90.0.0/15", "service": "Google Cloud", "scope": "europe-west4"},
        {"ipv6Prefix": "2600:1900:4060::/44", "service": "Google Cloud", "scope": "europe-west4"},
    ],
}
ORACLE: dict[str, Any] = {
    "last_updated_timestamp": "2026-11-20T10:01:02.123456",
    "regions": [{"region": "eu-amsterdam-1", "cidrs": [{"cidr": "140.238.240.0/20", "tags": ["OCI"]}]}],
}
GEOFEED = "# prefix,country,region,city,postal\n5.101.96.0/21,NL,NL-NH,Amsterdam,1105AT\n2604:a880::/32,US,,,\n"
LINES = "173.245.48.0/20\n103.21.244.0/22\n"
PAGE = '<a href="https://elsewhere.example/x.json">no</a> <a href="{root}/ServiceTags_Public_20261123.json">yes</a>'


class Site:
    """What is served: by path, bytes or a function of the request's handler."""

    def __init__(self, port: int) -> None:
        self.root = f"http://127.0.0.1:{port}"
        self.files: dict[str, bytes | Callable[[BaseHTTPRequestHandler], None]] = {}
        self.asked: list[tuple[str, str]] = []

    def put(self, path: str, what: object) -> str:
        """Serve a list; return its address."""
        if callable(what) or isinstance(what, bytes):
            self.files[path] = what
        else:
            self.files[path] = (what if isinstance(what, str) else json.dumps(what)).encode()
        return self.root + path


@contextmanager
def serving() -> Iterator[Site]:
    """Serve until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append((self.command, self.path))
            what = site.files.get(self.path)
            if callable(what):
                what(self)
                return
            self.send_response(404 if what is None else 200)
            self.send_header("Content-Length", str(len(what or b"")))
            self.end_headers()
            self.wfile.write(what or b"")

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site = Site(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


TABLES = {
    "asn.mmdb": (("iptoasn", "ip2asn"),),
    "country.mmdb": (("dbip", "range-countries"),),
    "oui.tsv": (("ieee-l", "ieee-csv"), ("ieee-s", "ieee-csv")),
}
"""Of a test: table -> its lists, each an id and a format."""


def tables_toml(root: str) -> str:
    """Return the part of feeds.toml on tables whose lists lie at /ID under *root*."""
    parts = []
    for name, lists in TABLES.items():
        parts.append(f'[[tables]]\nname = "{name}"\nkind = "k"\nabout = "a"\nsource = "a registry"\nlicence = "PDDL"\n')
        for each, form in lists:
            month = "-{month}" if each == "dbip" else ""
            parts.append(f'[[tables.lists]]\nid = "{each}"\nformat = "{form}"\nurl = "{root}/{each}{month}"\n')
            parts.append("most_bytes = 100000\n")
    return "".join(parts)


def feeds_toml(lists: Mapping[str, tuple[str, str, str]], link: str = "", minus: str = "") -> str:
    """Return a feeds.toml of lists: id -> (provider, format, url); "google" is without the prefixes of *minus*."""
    parts = ['no_countries = ["EU"]\nno_vendors = ["IEEE Registration Authority", "Private"]\n']
    parts += ['reviewed = 2026-11-25\nsources = ["this test, 2026"]\n']
    for name, (provider, form, url) in lists.items():
        parts.append(f'[[feeds]]\nid = "{name}"\nprovider = "{provider}"\nformat = "{form}"\n')
        parts.append(f'url = "{url}"\nmost_bytes = 100000\n')
        if name == "azure" and link:
            parts.append(f"link = '{link}'\n")
        if name == "google" and minus:
            parts.append(f'minus = "{minus}"\n')
    parts.append('[reserved]\nsource = "IANA, 2026"\nprefixes = ["10.0.0.0/8", "192.168.0.0/16"]\n')
    return "".join(parts)


IP2ASN = (
    "0.0.0.0\t0.255.255.255\t0\tNone\tNot routed\n"
    "10.0.0.0\t10.0.255.255\t64503\tUS\tSOMEBODY\n"
    "198.51.0.0\t198.51.255.255\t64500\tNL\tEXAMPLE-NET Example B.V.\n"
    "203.0.112.0\t203.0.112.255\t64500\tUS\tEXAMPLE-NET Example B.V.\n"
    "203.0.113.0\t203.0.113.255\t64501\tEU\tEXAMPLE-EU\r\n"
    "2a05:d014::\t2a05:d014:ffff:ffff:ffff:ffff:ffff:ffff\t64502\tDE\tEXAMPLE-SIX\n"
)
"""Lists as their owners format them: iptoasn.com, db-ip.com, standards-oui.ieee.org."""
COUNTRIES = (
    "10.0.0.0,10.0.255.255,US\n"
    "198.51.0.0,198.51.255.255,NL\n"
    '"203.0.113.0","203.0.113.255","EU"\n'
    "203.0.114.0,203.0.114.255,ZZ\n"
    "2a05:d014::,2a05:d014:ffff:ffff:ffff:ffff:ffff:ffff,DE\n"
)
IEEE = (
    "Registry,Assignment,Organization Name,Organization Address\r\n"
    'MA-L,001B1B,"Siemens AG, ",Gleiwitzer Str. 555 Nuernberg DE 90475 \r\n'
    "MA-L,0050C2,IEEE Registration Authority,445 Hoes Lane US \r\n"
    'MA-S,0050C2001,"Two\tWords",Somewhere US \r\n'
    "MA-L,02AAAA,Locally administered,Nowhere \r\n"
    "MA-M,100000A,Private,\r\n"
)
