"""HTTPS/1.1 (+DoH) on 443/8443 and TLS sink on 5671; certificate minted per SNI, or per local IP when no SNI."""

import asyncio, ssl, sys, os

sys.path.insert(0, os.path.dirname(__file__))
import clouds, pki
from dnslib import DNSRecord
import dns_server
from places import RUN

CACHE = {}


def ctx_for(nm):
    if nm not in CACHE:
        org = clouds.HOSTS.get(nm, clouds.DIRECT.get(nm, {})).get("org", "Namespace Lab")
        p = RUN + "/leaf_%s.pem" % nm.replace(":", "_")
        pki.leaf([nm], org, p)
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        c.load_cert_chain(p)
        c.set_alpn_protocols(["http/1.1"])
        CACHE[nm] = c
    return CACHE[nm]


base = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
base.load_cert_chain(RUN + "/multi.pem")
base.set_alpn_protocols(["http/1.1"])


def sni(obj, nm, c):
    if nm:
        obj.context = ctx_for(nm)


base.sni_callback = sni
per_ip = {}


async def handle(r, w):
    try:
        while True:
            line = await asyncio.wait_for(r.readline(), 30)
            if not line:
                break
            cl = 0
            path = line.split()[1].decode() if len(line.split()) > 1 else "/"
            while True:
                h = await r.readline()
                if h in (b"\r\n", b"\n", b""):
                    break
                k, _, v = h.decode("latin1").partition(":")
                if k.lower() == "content-length":
                    cl = int(v)
                if k.lower() == "expect":
                    w.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = await r.readexactly(cl) if cl else b""
            if path.startswith("/dns-query") and body:
                out = dns_server.R().resolve(DNSRecord.parse(body), None).pack()
                ct = b"application/dns-message"
            else:
                n = int(path.rsplit("/", 1)[-1]) if path.rsplit("/", 1)[-1].isdigit() else 300
                out = (b"<!doctype html><title>ok</title><p>lab page</p>" + b"." * n)[: max(n, 60)]
                ct = b"text/html"
            w.write(
                b"HTTP/1.1 200 OK\r\nServer: lab\r\nContent-Type: "
                + ct
                + b"\r\nContent-Length: "
                + str(len(out)).encode()
                + b"\r\n\r\n"
                + out
            )
            await w.drain()
    except Exception:
        pass
    finally:
        try:
            w.close()
        except Exception:
            pass


async def main():
    byip = clouds.by_ip()
    for ip in clouds.addrs():
        b = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        nm = byip.get(ip, ip)
        org = clouds.HOSTS.get(nm, clouds.DIRECT.get(nm, {})).get("org", "Namespace Lab")
        p = RUN + "/ip_%s.pem" % ip.replace(":", "_")
        pki.leaf([nm if ip not in clouds.DIRECT else "gateway.acme-remote.example", ip], org, p)
        b.load_cert_chain(p)
        b.set_alpn_protocols(["http/1.1"])
        b.sni_callback = sni
        for port in (443, 8443, 5671) if ip not in ("104.18.23.46", "104.18.10.118") else (8443,):
            await asyncio.start_server(handle, ip, port, ssl=b)
    await asyncio.start_server(handle, "0.0.0.0", 80)
    await asyncio.start_server(handle, "::", 80)
    print("tls up", flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
