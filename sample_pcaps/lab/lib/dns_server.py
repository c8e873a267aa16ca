"""Authoritative+recursive stand-in: real CNAME chains, A/AAAA, HTTPS (SVCB) records with alpn/ech; UDP+TCP 53, DoT 853."""

import sys, os, socket, threading, struct, ssl

sys.path.insert(0, os.path.dirname(__file__))
from dnslib import *
from dnslib.server import DNSServer, BaseResolver, DNSLogger
import clouds
from places import RUN

ECH = open(RUN + "/ech.b64").read().strip() if os.path.exists(RUN + "/ech.b64") else None


class R(BaseResolver):
    def resolve(self, request, handler):
        q = request.q
        n = str(q.qname).rstrip(".").lower()
        r = request.reply()
        host = {k.lower(): (k, v) for k, v in clouds.HOSTS.items()}.get(n)
        if n.endswith(".in-addr.arpa") or n.endswith(".ip6.arpa") or not host:
            # reply on CNAME targets too
            for k, v in clouds.HOSTS.items():
                if n in [c.lower() for c in v["cname"]]:
                    if q.qtype == QTYPE.A and v["a"]:
                        r.add_answer(RR(q.qname, QTYPE.A, rdata=A(v["a"]), ttl=60))
                    return r
            r.header.rcode = RCODE.NXDOMAIN
            r.add_auth(
                RR(
                    ".",
                    QTYPE.SOA,
                    rdata=SOA(
                        "a.root-servers.net", "nstld.verisign-grs.com", (2026110100, 1800, 900, 604800, 86400)
                    ),
                    ttl=60,
                )
            )
            return r
        k, v = host
        owner = q.qname
        for c in v["cname"]:
            r.add_answer(RR(owner, QTYPE.CNAME, rdata=CNAME(c), ttl=120))
            owner = DNSLabel(c)
        if q.qtype == QTYPE.A and v["a"]:
            r.add_answer(RR(owner, QTYPE.A, rdata=A(v["a"]), ttl=60))
        elif q.qtype == QTYPE.AAAA and v["aaaa"]:
            r.add_answer(RR(owner, QTYPE.AAAA, rdata=AAAA(v["aaaa"]), ttl=60))
        elif q.qtype == QTYPE.HTTPS and v["https"]:
            [("alpn", ["h2", "h3"] if v["https"] == "h3" else ["h2", "http/1.1"])]
            txt = "1 . alpn=" + ("h3,h2" if v["https"] == "h3" else "h2")
            if v["https"] == "ech" and ECH:
                txt += " echconfig=" + ECH
            r.add_answer(RR(owner, QTYPE.HTTPS, rdata=HTTPS.fromZone(txt.split()), ttl=60))
        else:
            r.add_auth(
                RR(
                    owner,
                    QTYPE.SOA,
                    rdata=SOA("ns1.example", "h.example", (1, 1800, 900, 604800, 86400)),
                    ttl=60,
                )
            )
        return r


def dot(ip):
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ctx.load_cert_chain(RUN + "/multi.pem")
    ctx.set_alpn_protocols(["dot"])
    s = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((ip, 853))
    s.listen(8)

    def h(c):
        try:
            c = ctx.wrap_socket(c, server_side=True)
            f = c.makefile("rb")
            while True:
                l = f.read(2)
                if len(l) < 2:
                    break
                d = f.read(struct.unpack("!H", l)[0])
                a = R().resolve(DNSRecord.parse(d), None).pack()
                c.sendall(struct.pack("!H", len(a)) + a)
        except Exception:
            pass

    while True:
        c, _ = s.accept()
        threading.Thread(target=h, args=(c,), daemon=True).start()


if __name__ == "__main__":
    lg = DNSLogger("-request,-reply")
    for ip in sys.argv[1:]:
        for tcp in (False, True):
            s = DNSServer(R(), address=ip, port=53, tcp=tcp, logger=lg)
            s.start_thread()
    for ip in ("8.8.8.8", "1.1.1.1"):
        threading.Thread(target=dot, args=(ip,), daemon=True).start()
    print("dns up", flush=True)
    threading.Event().wait()
