"""Independent check: does tshark see in the pcap what the ground truth claims as evidence?"""

import os, sys, glob, yaml, subprocess as sp

PCAPS = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
tot = bad = 0
for y in sorted(glob.glob(PCAPS + "/*.yaml")):
    g = yaml.safe_load(open(y))
    p = PCAPS + "/" + g["file"]

    def F(flt, *f):
        a = ["tshark", "-n", "-r", p, "-Y", flt, "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=;"]
        for x in f:
            a += ["-e", x]
        return {
            v
            for l in sp.run(a, capture_output=True, text=True, errors="replace").stdout.splitlines()
            for c in l.split("\t")
            for v in c.split(";")
            if v
        }

    sni = F("tls.handshake.type==1", "tls.handshake.extensions_server_name")
    qsni = F("quic && tls.handshake.type==1", "tls.handshake.extensions_server_name")
    dns = F("dns", "dns.qry.name")
    cert = F("tls.handshake.type==11", "x509ce.dNSName", "x509sat.uTF8String", "x509sat.printableString")
    conn = F("http.request.method==CONNECT", "http.request.uri")
    hh = F("http.host", "http.host")
    out = []
    for e in g["cloud_events"]:
        for v in e["evidence"]:
            h = e["hostname"]
            tot += 1
            ok = {
                "dns": h in dns,
                "sni": h in sni,
                "quic-sni": h in qsni,
                "cert": (h or e.get("cert_cn")) in cert,
                "http-connect": any(h and h in c for c in conn),
                "http-host": h in hh,
                "ech-outer-sni": e.get("outer_sni") in sni and h not in sni,
            }.get(v, True)
            if not ok:
                bad += 1
                out.append("%s/%s" % (h or e["dst_ip"], v))
    print(
        "%-24s pk=%4d ev=%2d sni=%d quic=%d dns=%d cert=%d %s"
        % (
            g["file"],
            g["packets"],
            len(g["cloud_events"]),
            len(sni),
            len(qsni),
            len(dns),
            len(cert),
            ("MISSING " + ", ".join(out)) if out else "ok",
        )
    )
print("evidence claims", tot, "not seen by tshark", bad)
