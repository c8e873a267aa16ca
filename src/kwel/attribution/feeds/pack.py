"""An edition and a private key in, a signed data pack out; and back, on a site that no network leaves.

A pack is a ZIP file of the edition's files, ``SHA256SUMS`` over them and ``SHA256SUMS.sig``, an Ed25519 signature (RFC
8032) of that file. So whoever has no kwel can check one: unzip, ``sha256sum -c SHA256SUMS``, and ``openssl pkeyutl
-verify -pubin -inkey KEY.pub -rawin -in SHA256SUMS -sigfile SHA256SUMS.sig``.
"""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from typing import TYPE_CHECKING, Final

from kwel.attribution.feeds.formats import FeedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SUMS, SIGNATURE = "SHA256SUMS", "SHA256SUMS.sig"
NAMES: Final = ("tables.toml", "cloud.mmdb", "asn.mmdb", "country.mmdb", "oui.tsv")
"""What a pack may hold, beside the two above."""
MOST_BYTES: Final = 200_000_000
"""Of one file in a pack, unpacked."""
EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest date of a ZIP file: the same edition and key give the same pack."""


def new_key(path: Path) -> Path:
    """Write a private key, readable by its owner alone, and beside it the public key; return where that is.

    Raises:
        FeedError: it could not be written, or is there already.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    beside = path.with_name(path.name + ".pub")
    for name, text, mode in ((path, private, 0o600), (beside, public, 0o644)):
        try:
            with open(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                file.write(text)
        except OSError as error:
            raise FeedError(f"{name}: {error.strerror}") from error
    return beside


def write(files: Mapping[str, bytes], key_file: Path) -> bytes:
    """Return a pack of an edition's files, signed.

    Raises:
        FeedError: the key cannot be read, or is none of Ed25519.
    """
    key = _private_key(key_file)
    sums = _sums(files)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in ((SUMS, sums), (SIGNATURE, key.sign(sums)), *sorted(files.items())):
            archive.writestr(zipfile.ZipInfo(name, EPOCH), data, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def read(path: Path, key_file: Path) -> dict[str, bytes]:
    """Return the files of a pack that the owner of a public key has signed.

    Nothing of it is believed, unpacked or parsed before the signature holds, but for the two files that carry it.

    Raises:
        FeedError: it is no pack, not signed with that key, or not what was signed.
    """
    from cryptography.exceptions import InvalidSignature

    key = _public_key(key_file)
    try:
        with zipfile.ZipFile(path) as archive:
            sums, signature = _member(archive, SUMS), _member(archive, SIGNATURE)
            key.verify(signature, sums)
            names = sorted({*archive.namelist()} - {SUMS, SIGNATURE})
            unknown = [name for name in names if name not in NAMES]
            files = {} if unknown else {name: _member(archive, name) for name in names}
    except InvalidSignature:
        raise FeedError(f"{path}: not signed with the key that belongs to {key_file}") from None
    except OSError as error:
        raise FeedError(f"{path}: {error.strerror or error}") from error
    except (zipfile.BadZipFile, KeyError, ValueError, NotImplementedError, RuntimeError, EOFError) as error:
        raise FeedError(f"{path}: not a data pack: {error}") from error
    if unknown:
        raise FeedError(f"{path}: holds {unknown[0]!r}, which is no table of this version")
    if sums != _sums(files):
        raise FeedError(f"{path}: holds other files than those that were signed")
    return files


def _sums(files: Mapping[str, bytes]) -> bytes:
    """Return the checksums of some files, as ``sha256sum -c`` reads them."""
    return "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items())).encode()


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return a file of an archive, and no more of it than may be."""
    with archive.open(name) as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ValueError(f"{name} is longer than {MOST_BYTES} bytes")
    return data


def _private_key(path: Path) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(_key_bytes(path), None)
    except (ValueError, TypeError) as error:
        raise FeedError(f"{path}: no private key without a password: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise FeedError(f"{path}: not a private key of Ed25519; make one with `kwel data key`")
    return key


def _public_key(path: Path) -> Ed25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(_key_bytes(path))
    except ValueError as error:
        raise FeedError(f"{path}: no public key: {error}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise FeedError(f"{path}: not a public key of Ed25519")
    return key


def _key_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FeedError(f"{path}: {error.strerror}") from error
