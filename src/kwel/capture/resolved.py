"""Name resolution blocks of a pcapng file in, addresses and the names that the capturing machine had for them out.

Layout: draft-ietf-opsawg-pcapng section 4.5. The machine may have had a name from its hosts file, from its own
resolver, or from whoever edited the file: nothing on the wire shows it.
"""

from __future__ import annotations

import struct

MOST_NAMES = 0x1_0000
"""Distinct pairs that are kept of one capture."""
MOST_BLOCKS = 0x1000
"""Blocks that are read of one capture; Wireshark writes one."""

END = 0
ADDRESS_BYTES = {1: 4, 2: 16}
"""Record types nrb_record_ipv4 and nrb_record_ipv6, and how long their address is."""

LONGEST_NAME = 253
"""Characters of a domain name (RFC 1035 section 2.3.4)."""


class Resolved:
    """What the name resolution blocks of one capture say, bounded."""

    def __init__(self) -> None:
        self._pairs: dict[tuple[str, str], None] = {}
        self.left_out = 0
        """Names that are none, or for which there was no room."""

    @property
    def names(self) -> tuple[tuple[str, str], ...]:
        """Distinct pairs of address and name, in the order of the file."""
        return tuple(self._pairs)

    def read(self, body: bytes, order: str) -> None:
        """Take in the body of one block. A damaged record ends the reading of the block.

        Args:
            body: what stands between the block's two lengths; a block that is too long to keep ends early.
            order: of the bytes of a number, as ``struct`` spells it.
        """
        import ipaddress

        at = 0
        while at + 4 <= len(body):
            kind, size = struct.unpack_from(order + "HH", body, at)
            at += 4
            if kind == END or at + size > len(body):
                break
            width = ADDRESS_BYTES.get(kind, 0)
            if width and size > width:
                address = str(ipaddress.ip_address(body[at : at + width]))
                for name in body[at + width : at + size].split(b"\0"):
                    self._keep(address, name)
            at += (size + 3) & ~3

    def _keep(self, address: str, raw: bytes) -> None:
        if not raw:
            return
        name = raw[: LONGEST_NAME + 1].decode("ascii", "replace").lower().removesuffix(".")
        pair = (address, name)
        if pair in self._pairs or name == address:
            return
        sound = len(raw) <= LONGEST_NAME and name.isascii() and name.isprintable() and name and " " not in name
        if sound and len(self._pairs) < MOST_NAMES:
            self._pairs[pair] = None
        else:
            self.left_out += 1
