"""Certificates in DER: read, refused, and never more than a ``WireError``."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from kwel.model.traffic import Certificate
from kwel.protocols.certificates import read_certificate, server_name
from kwel.protocols.wire import WireError
from tests.streams.making import certificate

PLAIN = certificate("plant.example", ["plant.example", "*.plant.example"])


def real(subject: str, names: list[x509.GeneralName], *, organisation: str = "Plant Ltd") -> bytes:
    """Return a certificate as the library of the field makes it."""
    key, day = ec.generate_private_key(ec.SECP256R1()), datetime.datetime(2024, 1, 1)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "NL"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, subject),
        ]
    )
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(day).not_valid_after(day + datetime.timedelta(3650))
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=True)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def test_a_real_certificate_says_whom_it_is_for_and_who_issued_it() -> None:
    names = [
        x509.DNSName("*.plant.example"),
        x509.IPAddress(ipaddress.ip_address("192.0.2.7")),
        x509.DNSName("b.example"),
    ]
    der = real("Plänt Gateway", list(names))

    read = read_certificate(der)
    assert read.subject == "Plänt Gateway"
    assert read.names == ("*.plant.example", "192.0.2.7", "b.example")
    assert read.issuer == "Plant Ltd"
    assert read.sha256 == x509.load_der_x509_certificate(der).fingerprint(hashes.SHA256()).hex()


def test_a_certificate_without_alternative_names_has_none() -> None:
    assert read_certificate(real("plc-7", [])).names == ()


@pytest.mark.parametrize(
    ("subject", "names", "expected"),
    [
        ("a.example", ("b.example", "c.example"), "b.example"),
        ("a.example", (), "a.example"),
        ("a.example", ("192.0.2.7",), "a.example"),
        ("192.0.2.7", ("192.0.2.7",), None),
        ("Plant Gateway", (), None),
        ("gateway", (), None),
        ("", ("*.plant.example",), "*.plant.example"),
        ("*", ("*.",), None),
        ("a..example", ("-a.example", "a.example-"), None),
        ("x." * 130 + "example", (), None),
    ],
)
def test_a_server_is_named_by_what_can_be_a_host(subject: str, names: tuple[str, ...], expected: str | None) -> None:
    assert server_name(Certificate(subject, names, "", "")) == expected


def test_control_characters_in_a_name_cannot_act() -> None:
    assert read_certificate(certificate("a\x1b[31m\u202eb")).subject == "a\\x1b[31m\\u202eb"


@pytest.mark.parametrize("size", [0, 1, 2, 5, 40, 100])
def test_a_certificate_that_stops_short_is_refused(size: int) -> None:
    with pytest.raises(WireError):
        read_certificate(PLAIN[:size])


@pytest.mark.parametrize("raw", [b"\x30\x80\0\0", b"\x30\x84\xff\xff\xff\xff", b"\x1f\x81\x01", b"\x02\x01\x07"])
def test_what_der_does_not_allow_is_refused(raw: bytes) -> None:
    with pytest.raises(WireError):
        read_certificate(raw)


@given(data=st.data())
def test_damage_gives_printable_text_or_a_wire_error(data: st.DataObject) -> None:
    damaged = bytearray(PLAIN)
    for at in data.draw(st.lists(st.integers(0, 220), min_size=1, max_size=5)):
        damaged[at] = data.draw(st.integers(0, 255))

    with contextlib.suppress(WireError):
        read = read_certificate(bytes(damaged))
        assert all(text.isprintable() for text in (read.subject, read.issuer, *read.names))


@given(noise=st.binary(max_size=400))
def test_noise_is_refused_or_read_without_harm(noise: bytes) -> None:
    with contextlib.suppress(WireError):
        read_certificate(noise)
