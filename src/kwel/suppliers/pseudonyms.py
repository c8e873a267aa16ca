"""A key in, pseudonyms out: addresses keep their prefixes, names keep nothing.

Addresses by Crypto-PAn (J. Xu, J. Fan, M. Ammar, S. Moon, "Prefix-Preserving IP Address Anonymization", ICNP 2002):
two addresses that share their first n bits have pseudonyms that share their first n bits, and no more is kept. Names
by HMAC-SHA256 (RFC 2104), cut to 50 bits. Each reader of pseudonyms gets those of a key of its own, derived from the
owner's: what one supplier reads cannot be laid beside what another one reads.

AES is that of ``cryptography``, which signed data packs need anyway: a well-kept library is better here than the block
of dissect/aes.py, which is compiled for public keys of QUIC Initials and makes no promise about secrets.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import os
import secrets
import stat
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FORMAT: Final = "kwel-key-1"
SECRET: Final = 32
"""Bytes of the owner's secret."""
LONGEST_FILE: Final = 10_000
_SHORT: Final = 10
"""Characters of a pseudonym of a name: 50 bits. Among a thousand names two are alike once in two milliard."""


class KeyFileError(ValueError):
    """The key cannot be used: one line that says what, where and what to do."""


class CryptoPan:
    """Crypto-PAn under a key of 32 bytes: 16 for AES-128, 16 to pad with."""

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        if len(key) != 32:
            raise ValueError("Crypto-PAn takes a key of 32 bytes")
        # ECB is what the scheme is made of: one block for each bit, each block another.
        self._cipher = Cipher(algorithms.AES(key[:16]), modes.ECB())
        self._pad = int.from_bytes(self._encrypted(key[16:]))

    def _encrypted(self, blocks: bytes) -> bytes:
        encryptor = self._cipher.encryptor()
        return encryptor.update(blocks) + encryptor.finalize()

    def address(self, text: str) -> str:
        """Return the pseudonym of an IPv4 or IPv6 address.

        Raises:
            ValueError: it is no address.
        """
        real = ipaddress.ip_address(text)
        bits, value = real.max_prefixlen, int(real)
        shift = 128 - bits
        pad = self._pad
        blocks = bytearray()
        for kept in range(bits):
            mask = ((1 << kept) - 1) << (128 - kept)
            blocks += ((value << shift & mask) | (pad & ~mask)).to_bytes(16)
        scrambled = self._encrypted(bytes(blocks))
        flips = 0
        for first in scrambled[::16]:
            flips = flips << 1 | first >> 7
        return str(type(real)(value ^ flips))


@dataclass(frozen=True, slots=True)
class Key:
    """What the owner keeps: the secret, and the name under which the company is known to others."""

    company: str
    """Random, and the same in all dossiers of one owner."""
    secret: bytes

    def for_reader(self, reader: str) -> Pseudonyms:
        """Return the pseudonyms that one reader gets."""
        return Pseudonyms(hmac.digest(self.secret, b"kwel reader\0" + reader.encode(), hashlib.sha256))

    def site(self, name: str) -> str:
        """Return the pseudonym of a site of the company: the same for all readers."""
        return f"site-{_short(self.secret, 'site', name)}"


class Pseudonyms:
    """Stands in for everything internal, in the eyes of one reader."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._pan = CryptoPan(hmac.digest(secret, b"addresses", hashlib.sha256))

    def address(self, text: str) -> str | None:
        """Return the pseudonym of an address, as another address; nothing where *text* is none."""
        try:
            return self._pan.address(text.partition("@")[0].partition("%")[0])
        except ValueError:
            return None

    def name(self, kind: str, text: str) -> str:
        """Return the pseudonym of a name: ``asset-k3vq…``."""
        return f"{kind}-{_short(self._secret, kind, text)}"


def _short(secret: bytes, kind: str, text: str) -> str:
    digest = hmac.digest(secret, f"{kind}\0{text}".encode("utf-8", "surrogatepass"), hashlib.sha256)
    return base64.b32encode(digest).decode().lower()[:_SHORT]


def default_file() -> Path:
    """Return where the key is kept unless the user says otherwise: ``$XDG_CONFIG_HOME``, else ``~/.config``."""
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return Path(base, "kwel", "supplier.key")


def open_key(file: Path) -> tuple[Key, bool]:
    """Return the key in a file, and whether it was made just now. One that is there is never written to.

    Raises:
        KeyFileError: it can neither be read nor made, others may read it, or it is none.
    """
    try:
        if not file.is_symlink() and not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with suppress(FileExistsError):  # somebody else made it meanwhile
                return _make(file), True
        return _read(file), False
    except OSError as error:
        reason = error.strerror or "cannot be used"
        raise KeyFileError(f"{file}: {reason.lower()}; choose another place for the key with --key") from error


def _make(file: Path) -> Key:
    key = Key(f"company-{base64.b32encode(secrets.token_bytes(10)).decode().lower()}", secrets.token_bytes(SECRET))
    text = (
        "# The key to pseudonyms in supplier dossiers. Whoever has it can undo them: keep it, and give it to nobody.\n"
        "# Without it, the next dossiers bear other pseudonyms, and your company counts twice in a sector view.\n"
        f'format = "{FORMAT}"\ncompany = "{key.company}"\nsecret = "{key.secret.hex()}"\n'
    )
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
    except OSError:
        with suppress(OSError):
            file.unlink()
        raise
    return key


def _read(file: Path) -> Key:
    with file.open("rb") as source:
        mode = os.fstat(source.fileno()).st_mode
        if stat.S_IMODE(mode) & 0o077:
            raise KeyFileError(f"{file}: others may read it; run: chmod 600 {file}")
        text = source.read(LONGEST_FILE)
    try:
        table = tomllib.loads(text.decode())
        key = Key(table["company"], bytes.fromhex(table["secret"]))
    except (ValueError, KeyError, TypeError) as error:
        raise KeyFileError(f"{file}: is no key of kwel; choose another with --key") from error
    if table.get("format") != FORMAT or len(key.secret) != SECRET or not isinstance(key.company, str):
        raise KeyFileError(f"{file}: is no key of kwel; choose another with --key")
    return key
