import datetime, os, sys, ipaddress, base64, struct

sys.path.insert(0, os.path.dirname(__file__))
from cryptography import x509
from cryptography.x509.oid import NameOID, ExtendedKeyUsageOID
from cryptography.hazmat.primitives import hashes, serialization as S
from cryptography.hazmat.primitives.asymmetric import ec, x25519
import clouds
from places import RUN


def name(cn, o=None):
    return x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, cn[:64])]
        + ([x509.NameAttribute(NameOID.ORGANIZATION_NAME, o)] if o else [])
    )


def pem(k):
    return k.private_bytes(S.Encoding.PEM, S.PrivateFormat.PKCS8, S.NoEncryption())


NOW = datetime.datetime.now(datetime.timezone.utc)


def ca():
    k = ec.generate_private_key(ec.SECP256R1())
    c = (
        x509.CertificateBuilder()
        .subject_name(name("Lab Root CA", "Namespace Lab"))
        .issuer_name(name("Lab Root CA", "Namespace Lab"))
        .public_key(k.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - datetime.timedelta(days=1))
        .not_valid_after(NOW + datetime.timedelta(days=300))
        .add_extension(x509.BasicConstraints(True, None), True)
        .add_extension(x509.KeyUsage(True, False, False, False, False, True, True, False, False), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(k.public_key()), False)
        .sign(k, hashes.SHA256())
    )
    open(RUN + "/ca.pem", "wb").write(c.public_bytes(S.Encoding.PEM))
    open(RUN + "/ca.key", "wb").write(pem(k))
    return k, c


def load():
    if not os.path.exists(RUN + "/ca.pem"):
        return ca()
    return S.load_pem_private_key(open(RUN + "/ca.key", "rb").read(), None), x509.load_pem_x509_certificate(
        open(RUN + "/ca.pem", "rb").read()
    )


LEAFKEY = RUN + "/leaf.key"


def leaf(names, org, path, key=None, client=False):
    k, c = load()
    if os.path.exists(LEAFKEY):
        lk = S.load_pem_private_key(open(LEAFKEY, "rb").read(), None)
    else:
        lk = ec.generate_private_key(ec.SECP256R1())
        open(LEAFKEY, "wb").write(pem(lk))
    san = []
    for n in names:
        try:
            san.append(x509.IPAddress(ipaddress.ip_address(n)))
        except ValueError:
            san.append(x509.DNSName(n))
    crt = (
        x509.CertificateBuilder()
        .subject_name(name(names[0], org))
        .issuer_name(c.subject)
        .public_key(lk.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - datetime.timedelta(days=1))
        .not_valid_after(NOW + datetime.timedelta(days=60))
        .add_extension(x509.SubjectAlternativeName(san), False)
        .add_extension(
            x509.ExtendedKeyUsage(
                [ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH]
            ),
            False,
        )
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(c.public_key()), False)
        .sign(k, hashes.SHA256())
    )
    open(path, "wb").write(pem(lk) + crt.public_bytes(S.Encoding.PEM))
    return path


def ech():
    k = x25519.X25519PrivateKey.generate()
    pub = k.public_key().public_bytes_raw()
    pn = b"cloudflare-ech.com"
    body = (
        bytes([7])
        + struct.pack("!HH", 0x20, 32)
        + pub
        + struct.pack("!H", 4)
        + struct.pack("!HH", 1, 1)
        + bytes([0, len(pn)])
        + pn
        + b"\0\0"
    )
    cfg = struct.pack("!HH", 0xFE0D, len(body)) + body
    open(RUN + "/ech.b64", "w").write(base64.b64encode(struct.pack("!H", len(cfg)) + cfg).decode())


if __name__ == "__main__":
    load()
    ech()
    leaf(list(clouds.HOSTS) + list(clouds.addrs()), "Namespace Lab", RUN + "/multi.pem")
    raw = open(RUN + "/multi.pem").read()
    i = raw.index("-----BEGIN CERT")
    open(RUN + "/multi.key", "w").write(raw[:i])
    open(RUN + "/multi.crt", "w").write(raw[i:])
    import hashlib

    pk = (
        S.load_pem_private_key(open(LEAFKEY, "rb").read(), None)
        .public_key()
        .public_bytes(S.Encoding.DER, S.PublicFormat.SubjectPublicKeyInfo)
    )
    open(RUN + "/spki", "w").write(base64.b64encode(hashlib.sha256(pk).digest()).decode())

    def crt(names, org, out, client=False):
        leaf(names, org, RUN + "/tmp.pem", client=client)
        r = open(RUN + "/tmp.pem").read()
        open(out, "w").write(r[r.index("-----BEGIN CERT") :])

    for nm, org, san in (
        ("plantgw-prod.azure-devices.net", "Microsoft Corporation", "*.azure-devices.net"),
        (
            "global.azure-devices-provisioning.net",
            "Microsoft Corporation",
            "*.azure-devices-provisioning.net",
        ),
        ("a3k7odshaiipe8-ats.iot.eu-west-1.amazonaws.com", "Amazon", "*.iot.eu-west-1.amazonaws.com"),
        (
            "iot-060a0c9b.mqtt.iothub.aliyuncs.com",
            "Alibaba (China) Technology Co., Ltd.",
            "*.mqtt.iothub.aliyuncs.com",
        ),
        ("mqtt.eu-plant.otc.example", "T-Systems International GmbH", "mqtt.eu-plant.otc.example"),
    ):
        crt([san, nm], org, RUN + "/mq_%s.crt" % nm)
    crt(["plant-gw-01"], "Demo Plant", RUN + "/client.crt", True)
    crt(["cloudflare-ech.com", "ech.vendor-iiot.example"], "Cloudflare, Inc.", RUN + "/ech.crt")
