import os, time, hashlib, subprocess as sp, re, collections, yaml
import lab, clouds
from lab import *

S = collections.OrderedDict()


def sc(f):
    S[f.__name__] = f
    return f


CA = RUN + "/ca.pem"
CURL = (
    'curl -sS --max-time 10 --cacert %s -o /dev/null -w "%%{http_code} %%{remote_ip} %%{http_version}\\n" '
    % CA
)
CH = (
    "timeout 25 chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update --disable-sync --user-data-dir=%s/ud%%d --ignore-certificate-errors-spki-list=$(cat %s/spki) %%s --dump-dom %%s 2>/dev/null"
    % (RUN, RUN)
)
_ud = [int(time.time()) % 100000]


def chrome(n, url, quic=None):
    _ud[0] += 1
    r = cl(n, CH % (_ud[0], "--origin-to-force-quic-on=" + quic if quic else "--disable-quic", url), 35)
    sp.run(["rm", "-rf", RUN + "/ud%d" % _ud[0]])
    return r


GTP = lambda host: clouds.HOSTS[host]


# ------------------------------------------------------------------ finishing: counts come from tshark, independent of the product
def finish(t, caps, point, extra=None):
    for c in caps if isinstance(caps, list) else [caps]:
        path = c.path
        f = [
            "frame.number",
            "frame.time_relative",
            "frame.len",
            "ip.src",
            "ip.dst",
            "ipv6.src",
            "ipv6.dst",
            "tcp.srcport",
            "tcp.dstport",
            "udp.srcport",
            "udp.dstport",
            "eth.src",
        ]
        out = sp.run(
            ["tshark", "-n", "-r", path, "-T", "fields", "-E", "occurrence=l", "-E", "separator=|"]
            + sum((["-e", x] for x in f), []),
            capture_output=True,
            text=True,
            errors="replace",
        ).stdout
        rows = [l.split("|") for l in out.splitlines()]
        ev = []
        for e in t.ev:
            k = [
                r
                for r in rows
                if len(r) >= 12
                and {e["asset_ip"], e["dst_ip"]} <= {r[3] or r[5], r[4] or r[6]}
                and str(e["port"]) in r[7:11]
            ]
            outb = [r for r in k if (r[3] or r[5]) == e["asset_ip"]]
            ev.append(
                dict(
                    e,
                    packets=len(k),
                    packets_out=len(outb),
                    frame_bytes=sum(int(r[2]) for r in k),
                    first_frame=int(k[0][0]) if k else None,
                )
            )
        loc = []
        for e in t.local:
            a, b = [H[x]["ip"] if x in H else x for x in (e["src"], e["dst"])]
            k = [
                r
                for r in rows
                if len(r) >= 12
                and a in (r[3], r[4])
                and (b in (r[3], r[4]))
                and (str(e["port"]) in r[7:11] if e["port"] else True)
            ]
            n_ = (
                len(k)
                if e["protocol"] != "LLDP"
                else len(
                    sp.run(
                        ["tshark", "-n", "-r", path, "-Y", "lldp"], capture_output=True, text=True
                    ).stdout.splitlines()
                )
            )  # no IP layer
            loc.append(dict(e, packets=n_))
        q = sp.run(
            [
                "tshark",
                "-n",
                "-r",
                path,
                "-Y",
                "dns.flags.response==0 && udp.port==53",
                "-T",
                "fields",
                "-E",
                "occurrence=l",
                "-e",
                "ip.src",
                "-e",
                "ipv6.src",
                "-e",
                "dns.qry.name",
            ],
            capture_output=True,
            text=True,
        ).stdout
        qs = sorted({tuple(x for x in l.split("\t") if x) for l in q.splitlines()})
        contacted = {e["hostname"] for e in t.ev}
        sp.run(["capinfos", "-M", "-c", "-u", "-s", "-E", "-t", path], capture_output=True, text=True).stdout
        used = {}
        ips = (
            {r[3] for r in rows if len(r) > 5}
            | {r[4] for r in rows if len(r) > 5}
            | {r[5] for r in rows if len(r) > 6}
            | {r[6] for r in rows if len(r) > 6}
        )
        for n, d in H.items():
            if d["ip"] in ips or d["ip6"] in ips:
                used[n] = dict(
                    ip=[x for x in (d["ip"], d["ip6"]) if x in ips],
                    mac=d["mac"],
                    oui_vendor=d["vendor"],
                    kind=d["kind"],
                )
        g = dict(
            file=os.path.basename(path),
            title=t.title,
            sha256=hashlib.sha256(open(path, "rb").read()).hexdigest(),
            size_bytes=os.path.getsize(path),
            packets=len(rows),
            duration_s=round(float(rows[-1][1]), 3) if rows else 0,
            capture_point=point,
            infrastructure=dict(
                router_mac=GW_MAC,
                router_ip=["10.20.0.1", "10.30.0.1"],
                dns=["10.20.0.1"],
                sensor_mac="02:00:00:00:5e:01",
            ),
            assets=used,
            cloud_events=ev,
            ot_local_events=loc,
            dns_queries=[dict(src=x[0], name=x[1], contacted=x[1] in contacted) for x in qs if len(x) == 2],
            expectations=t.notes,
            note="addresses of clouds are real published prefixes, used only inside the lab namespaces; certificates are from a lab CA",
        )
        g.update(extra or {})
        yaml.safe_dump(
            g,
            open(re.sub(r"\.pcap(ng)?$", "", path) + ".yaml", "w"),
            sort_keys=False,
            allow_unicode=True,
            width=140,
        )
        bad = [e["hostname"] or e["dst_ip"] for e in ev if not e["packets"] and not e.get("expect_zero")]
        print(
            "   -> %-28s %7d B %5d pkts  events=%d local=%d%s"
            % (
                g["file"],
                g["size_bytes"],
                g["packets"],
                len(ev),
                len(loc),
                "  !! zero packets: %s" % bad if bad else "",
            ),
            flush=True,
        )


# ------------------------------------------------------------------ actions (run a real client + record truth)
def web(t, n, host, opts="", port=443, ev=("dns", "sni"), v6=False, path="/", data=0, **k):
    o = opts + (" -6" if v6 else " -4")
    if data:
        open(RUN + "/blob", "wb").write(os.urandom(data))
        o += " -T %s/blob" % RUN if "PUT" not in opts else ""
    ok = cl(n, CURL + o + ' "https://%s%s%s"' % (host, ":%d" % port if port != 443 else "", path))
    t.cloud(n, host, port, "HTTPS", ev, client="curl " + opts, v6=v6, ok=ok, **k)


def mq(t, n, host, opts="", v6=False):
    ok = cl(n, "%s %s/mqtt_tls.py %s 3 %s" % (PY, C, host, opts))
    t.cloud(
        n,
        host,
        8883,
        "MQTT over TLS",
        ("dns", "sni") + (("cert",) if "tls12" in opts else ()),
        client="paho-mqtt " + opts,
        ok=ok,
        v6=v6,
    )


def s7(t, k=5):
    t.ot(
        "hmi1", "plc1", "S7comm", 102, "python-snap7 3.3", cl("hmi1", f"{PY} {C}/s7_client.py 10.20.1.11 {k}")
    )


def mb(t, k=6, n="hmi1"):
    t.ot(n, "plc2", "Modbus/TCP", 502, "pymodbus 3.16", cl(n, f"{PY} {C}/mb_client.py 10.20.1.12 {k}"))


def ua(t, k=2):
    t.ot("hist", "opc1", "OPC UA", 4840, "asyncua 2.1", cl("hist", f"{PY} {C}/ua_client.py 10.20.2.23 {k}"))


def bac(t):
    t.ot(
        "hist",
        "bms1",
        "BACnet/IP",
        47808,
        "bacpypes3",
        cl("hist", f"{PY} {C}/bac_client.py 10.20.2.22 10.20.1.15"),
    )


def enip(t):
    t.ot(
        "ews1",
        "plc3",
        "EtherNet/IP (CIP)",
        44818,
        "pycomm3 + cpppo",
        cl("ews1", f"{PY} {C}/enip_client.py 10.20.1.13")
        and cl("ews1", f"{PY} -m cpppo.server.enip.client -a 10.20.1.13:44818 SCADA[0-3] SCADA[1]=9"),
    )


def i104(t):
    t.ot(
        "hist",
        "rtu1",
        "IEC 60870-5-104",
        2404,
        "c104 2.2",
        cl("hist", f"{PY} {C}/i104_client.py 10.20.1.14 4"),
    )


def snmp(t):
    t.ot(
        "hist",
        "10.20.0.1",
        "SNMP v2c",
        161,
        "snmpwalk",
        cl("hist", "snmpget -v2c -c public -t1 -r0 10.20.0.1 1.3.6.1.2.1.1.1.0 1.3.6.1.2.1.1.5.0"),
    )


def syslog(t, n="plc1"):
    t.ot(
        n,
        "10.20.0.1",
        "syslog",
        514,
        "logger",
        cl(
            n,
            'logger -n 10.20.0.1 -P 514 -d -t plc1 "PLC mode RUN"; logger -n 10.20.0.1 -P 514 -d -t plc1 "cycle 12ms"',
        ),
    )


def ntp(t, n, host):
    ok = cl(n, 'chronyd -Q -t 6 "server %s iburst maxsamples 2"' % host)
    t.cloud(n, host, 123, "NTP", ("dns",), client="chronyd", ok=ok)


def mdns(t, n, name):
    cl(n, f"{PY} {C}/zc.py {H[n]['ip']} {name}")


def lldp(t, n, secs=4, descr="HiOS-2S-09.1 RSP35", platform=""):
    d = RUN + "/lldpd-" + n
    os.makedirs(d, exist_ok=True)
    open(d + "/lldpd.conf", "w").write(
        'configure lldp tx-interval 1\nconfigure system hostname %s\nconfigure system description "%s"\n'
        % (n, descr)
    )
    cl(
        n,
        "mkdir -p /run/lldpd; mount -t tmpfs x /run 2>/dev/null; mkdir -p /run/lldpd; cp %s/lldpd.conf /run/l.conf; timeout %d lldpd -d -u /run/lldpd.socket -I eth0 -O /run/l.conf & sleep 1; lldpcli -u /run/lldpd.socket -c /run/l.conf; sleep %d; wait; true"
        % (d, secs, secs - 1),
        secs + 6,
    )
    t.ot(n, "01:80:c2:00:00:0e", "LLDP", None, "lldpd")


def avahi(t, n, secs=4):
    open(RUN + "/avahi.conf", "w").write(
        "[server]\nhost-name=%s\nenable-dbus=no\nuse-ipv6=no\nallow-interfaces=eth0\n[publish]\npublish-hinfo=yes\npublish-workstation=yes\n"
        % n
    )
    cl(
        n,
        "mount -t tmpfs x /run; mkdir -p /run/avahi-daemon; timeout %d avahi-daemon -f %s/avahi.conf --no-drop-root --no-chroot --no-rlimits; true"
        % (secs, RUN),
        secs + 5,
    )
    t.ot(n, "224.0.0.251", "mDNS", 5353, "avahi-daemon")


# ------------------------------------------------------------------ scenarios
@sc
def office_it():
    t = Truth("office_it", "Office IT: Microsoft 365, Google, Windows telemetry, DoH/DoT")
    flush()
    with Cap("office_it.pcap") as c:
        web(t, "off1", "login.microsoftonline.com")
        web(t, "off1", "outlook.office365.com", "--tls-max 1.2", ev=("dns", "sni", "cert"))
        web(t, "off1", "teams.microsoft.com", path="/20000")
        web(t, "off2", "v10.events.data.microsoft.com", data=30000)
        web(t, "off2", "download.windowsupdate.com", path="/60000")
        ok = cl("off2", CURL + "-4 http://download.windowsupdate.com/30000")
        t.cloud("off2", "download.windowsupdate.com", 80, "HTTP", ("dns", "http-host"), client="curl", ok=ok)
        ok = cl(
            "off1",
            CURL + "-4 --doh-url https://dns.google/dns-query https://plantstore01.blob.core.windows.net/",
        )
        t.cloud("off1", "dns.google", 443, "DNS over HTTPS", ("dns", "sni"), client="curl --doh-url", ok=ok)
        t.cloud(
            "off1",
            "plantstore01.blob.core.windows.net",
            443,
            "HTTPS",
            ("sni",),
            client="curl (name resolved by DoH: no clear DNS)",
            ok=ok,
        )
        ok = cl(
            "off2",
            f"{PY} -c \"import ssl,socket,struct;from dnslib import DNSRecord;c=ssl.create_default_context(cafile='{CA}');c.check_hostname=False;s=c.wrap_socket(socket.create_connection(('1.1.1.1',853),5));q=DNSRecord.question('teams.microsoft.com').pack();s.sendall(struct.pack('!H',len(q))+q);print(len(s.recv(999)))\"",
        )
        t.ev.append(
            dict(
                asset="off2",
                asset_ip="10.30.0.12",
                hostname=None,
                cname_chain=[],
                dst_ip="1.1.1.1",
                port=853,
                protocol="DNS over TLS",
                provider="Cloudflare",
                provider_hq="US",
                region="anycast",
                service="public resolver",
                non_european_provider=True,
                evidence=["ip", "port"],
                client="python ssl",
                client_ok=ok,
            )
        )
        ok = chrome("off1", "https://www.google.com/", "www.google.com:443")
        t.cloud(
            "off1", "www.google.com", 443, "QUIC/HTTP3", ("dns", "quic-sni"), client="chromium 156", ok=ok
        )
        ntp(t, "off1", "time.windows.com")
        mdns(t, "off2", "printer")
    t.notes = [
        "Chromium also asks DNS for clients2.google.com, update.googleapis.com, accounts.google.com and gets NXDOMAIN: a query without a flow is not contact"
    ]
    finish(t, c, "SPAN of plant/office switch (bridge mirror via tc mirred, offloads off)")


@sc
def azure_iot():
    t = Truth("azure_iot", "IIoT gateway to Azure IoT Hub (MQTT, AMQP, DPS, Blob)")
    flush()
    with Cap("azure_iot.pcap") as c:
        ok = cl("gw1", f"{PY} {C}/azure_sdk.py")
        t.cloud(
            "gw1",
            "plantgw-prod.azure-devices.net",
            8883,
            "MQTT over TLS",
            ("dns", "sni"),
            client="azure-iot-device 2.14",
            ok=ok,
        )
        mq(t, "gw1", "plantgw-prod.azure-devices.net", "tls12")
        web(t, "gw1", "global.azure-devices-provisioning.net")
        web(t, "gw1", "plantstore01.blob.core.windows.net", data=120000)
        ok = cl(
            "gw1",
            "openssl s_client -connect plantgw-prod.azure-devices.net:5671 -servername plantgw-prod.azure-devices.net -CAfile %s -brief </dev/null"
            % CA,
        )
        t.cloud(
            "gw1",
            "plantgw-prod.azure-devices.net",
            5671,
            "AMQP over TLS (handshake only)",
            ("dns", "sni"),
            client="openssl s_client",
            ok=ok,
        )
    finish(t, c, "SPAN")


@sc
def aws_iot():
    t = Truth("aws_iot", "IIoT gateway to AWS IoT Core eu-west-1 (mutual TLS) and S3")
    flush()
    with Cap("aws_iot.pcap") as c:
        ok = cl("gw1", f"{PY} {C}/aws_sdk.py")
        hst = "a3k7odshaiipe8-ats.iot.eu-west-1.amazonaws.com"
        t.cloud("gw1", hst, 8883, "MQTT over TLS", ("dns", "sni"), client="awsiotsdk 1.31 (s2n)", ok=ok)
        mq(t, "gw1", hst, "tls12")
        web(t, "hist", "plant-historian.s3.eu-central-1.amazonaws.com", data=150000)
        ok = cl(
            "gw1",
            "mosquitto_pub -h %s -p 8883 --cafile %s --cert %s/client.crt --key %s/multi.key -t a -m b"
            % (hst, CA, RUN, RUN),
        )
        t.cloud("gw1", hst, 8883, "MQTT over TLS", ("dns", "sni"), client="mosquitto_pub", ok=ok)
    t.notes = [
        "TLS 1.2 session carries the client certificate in clear: subject CN=plant-gw-01, O=Demo Plant (device identity)",
        "region eu-west-1 is in the EU, provider is US: both facts must be reported separately",
    ]
    finish(t, c, "SPAN")


@sc
def ot_clean():
    t = Truth("ot_clean", "OT only, no cloud at all")
    flush()
    with Cap("ot_clean.pcap", flt="") as c:
        s7(t)
        mb(t)
        ua(t)
        bac(t)
        enip(t)
        i104(t)
        snmp(t)
        syslog(t)
        lldp(t, "plc1", 4, "Siemens SIMATIC S7-300 CPU315-2 PN/DP")
        avahi(t, "hmi1", 4)
        cl("hist", "ping -c 3 -i 0.3 10.20.1.11")
        cl("hmi1", "getent hosts hist.plant.local")
        t.ot("hmi1", "10.20.0.1", "DNS (internal name)", 53, "getent")
    t.notes = [
        "verdict must be: no communication with any external address observed; ssdp/mdns/llmnr multicasts are not external"
    ]
    finish(t, c, "SPAN")


@sc
def mixed_plant():
    t = Truth(
        "mixed_plant",
        "Mixed plant: OT traffic, gateway to Azure+AWS, historian to Hetzner, camera to CN vendor cloud, remote access",
    )
    flush()
    with Cap("mixed_plant.pcapng", tool="dumpcap") as c:
        s7(t, 3)
        mb(t, 4)
        ua(t, 1)
        bac(t)
        enip(t)
        i104(t)
        snmp(t)
        syslog(t)
        mq(t, "gw1", "plantgw-prod.azure-devices.net")
        mq(t, "gw1", "a3k7odshaiipe8-ats.iot.eu-west-1.amazonaws.com")
        web(t, "hist", "historian.hz-fsn1.example", data=40000)
        web(t, "cam1", "eu.hik-connect.com", "--tls-max 1.2", ev=("dns", "sni", "cert"))
        mq(t, "cam1", "iot-060a0c9b.mqtt.iothub.aliyuncs.com", "tls12")
        web(t, "ewon1", "device.vpn.talk2m.com")
        chrome("ews1", "https://portal.vendor-iiot.example/")
        t.cloud(
            "ews1",
            "portal.vendor-iiot.example",
            443,
            "HTTPS",
            ("dns", "sni"),
            client="chromium 156 (X25519MLKEM768, CH in 2 segments)",
        )
        ok = cl(
            "hmi1",
            "openssl s_client -connect 3.88.101.55:443 -noservername -CAfile %s -brief </dev/null" % CA,
        )
        t.cloud(
            "hmi1",
            None,
            443,
            "TLS",
            ("ip",),
            ip="3.88.101.55",
            client="openssl s_client -noservername TLS1.3",
            ok=ok,
        )
        ntp(t, "plc1", "time.windows.com")
        ntp(t, "hist", "0.nl.pool.ntp.org")
        web(t, "off1", "outlook.office365.com")
        mdns(t, "cam1", "cam-gate1")
        ok = cl("hist", CURL + '--tls-max 1.2 -4 "https://telemetry.plantcloud.ovh/"')
        t.cloud(
            "hist", "telemetry.plantcloud.ovh", 443, "HTTPS", ("dns", "sni", "cert"), client="curl", ok=ok
        )
    finish(t, c, "SPAN, dumpcap pcapng")


@sc
def quic_h3():
    t = Truth("quic_h3", "QUIC: Chromium h3, aioquic v1 and v2")
    flush()
    with Cap("quic_h3.pcap") as c:
        ok = chrome("ews1", "https://www.google.com/", "www.google.com:443")
        t.cloud(
            "ews1", "www.google.com", 443, "QUIC v1/HTTP3", ("dns", "quic-sni"), client="chromium 156", ok=ok
        )
        ok = cl("gw1", f"{PY} {C}/h3_client.py portal.vendor-iiot.example")
        t.cloud(
            "gw1",
            "portal.vendor-iiot.example",
            443,
            "QUIC v1/HTTP3",
            ("dns", "quic-sni"),
            client="aioquic",
            ok=ok,
        )
        ok = cl("gw1", f"{PY} {C}/h3_client.py fonts.gstatic.com v2")
        t.cloud(
            "gw1", "fonts.gstatic.com", 443, "QUIC v2/HTTP3", ("dns", "quic-sni"), client="aioquic v2", ok=ok
        )
    t.notes = [
        "Chromium splits its CRYPTO frames out of order over 2 Initial datagrams (X25519MLKEM768): SNI needs reassembly over datagrams"
    ]
    finish(t, c, "SPAN")


@sc
def ech():
    t = Truth("ech", "Encrypted Client Hello: accepted by the server, and GREASE")
    flush()
    with Cap("ech.pcap") as c:
        ok = chrome("ews1", "https://ech.vendor-iiot.example/")
        print("     ", lab.LASTLOG[-1][4][:90].replace("\n", " "))
        t.cloud(
            "ews1",
            "ech.vendor-iiot.example",
            443,
            "HTTPS with ECH",
            ("dns", "ech-outer-sni"),
            client="chromium 156",
            ok=ok,
            outer_sni="cloudflare-ech.com",
        )
        chrome("ews1", "https://portal.vendor-iiot.example/")
        t.cloud(
            "ews1",
            "portal.vendor-iiot.example",
            443,
            "HTTPS, ECH GREASE",
            ("dns", "sni"),
            client="chromium 156",
        )
    t.notes = [
        "the outer SNI cloudflare-ech.com is NOT the host contacted; DNS (clear here) gives ech.vendor-iiot.example",
        "the GREASE ECH extension (65037) of the second host must not be reported as ECH; SNI there is real",
    ]
    finish(t, c, "SPAN")


@sc
def dhcp_dns_tls():
    t = Truth(
        "dhcp_dns_tls",
        "Asset appears by DHCP, resolves a CNAME chain, TLS; then same MAC gets another address",
    )
    flush()
    d = H["gw1"]
    N = d["ns"]
    ns(N, "ip addr flush dev eth0")
    ns(N, "ip route flush dev eth0", check=False)
    rc = open("/etc/netns/%s/resolv.conf" % N).read()
    with Cap("dhcp_dns_tls.pcap") as c:
        u = 'udhcpc -i eth0 -q -n -t 4 -T 1 -s %s/udhcpc.sh -x hostname:moxa-gw-line1 -V "MoxaUC8200" ' % L
        cl("gw1", u)
        a1 = ns(N, "ip -4 -o addr show eth0").split()[3].split("/")[0]
        ok = cl("gw1", "%s %s/mqtt_tls.py plantgw-prod.azure-devices.net 3 tls12" % (PY, C))
        t.cloud(
            "gw1",
            "plantgw-prod.azure-devices.net",
            8883,
            "MQTT over TLS",
            ("dns", "sni", "cert"),
            client="paho-mqtt",
            ok=ok,
        )
        t.ev[-1]["asset_ip"] = a1
        ns(N, "ip addr flush dev eth0")
        cl("gw1", u + " -C -x 0x3d:0100aabbccdd -r 10.20.9.140")
        a2 = ns(N, "ip -4 -o addr show eth0").split()[3].split("/")[0]
        ok = cl("gw1", CURL + "-4 https://plantstore01.blob.core.windows.net/")
        t.cloud(
            "gw1", "plantstore01.blob.core.windows.net", 443, "HTTPS", ("dns", "sni"), client="curl", ok=ok
        )
        t.ev[-1]["asset_ip"] = a2
    open("/etc/netns/%s/resolv.conf" % N, "w").write(rc)
    ns(N, "ip addr flush dev eth0")
    ns(N, "ip addr add %s/16 dev eth0" % d["ip"])
    ns(N, "ip route replace default via 10.20.0.1")
    t.notes = [
        "DHCP hostname moxa-gw-line1, vendor class MoxaUC8200; one asset (MAC 00:90:e8:10:00:32) with addresses %s then %s"
        % (a1, a2)
    ]
    finish(t, c, "SPAN", dict(dhcp_asset=dict(mac=d["mac"], hostname="moxa-gw-line1", addresses=[a1, a2])))


def small_mix(t):
    s7(t, 3)
    mb(t, 3)
    mq(t, "gw1", "plantgw-prod.azure-devices.net")
    web(t, "off1", "outlook.office365.com", "--tls-max 1.2", ev=("dns", "sni", "cert"), path="/9000")
    web(t, "hist", "telemetry.plantcloud.ovh", data=9000)


def vmap():
    return ",".join("%s=%d" % (d["mac"], d["vlan"]) for d in H.values())


def relay(name, mode, title, env=None, notes=()):
    t = Truth(name, title)
    flush()
    sh("ip netns exec lab-span ip link del tr0", check=False)
    ns("lab-span", "ip link add tr0 mtu 9000 type veth peer name tr1 mtu 9000")
    ns("lab-span", "ip link set tr0 arp off up")
    ns("lab-span", "ip link set tr1 arp off up")
    a = bg(
        "lab-span",
        "%s %s/lib/span_agent.py %s mon0 tr0 %s" % (PY, L, mode, vmap()),
        "agent-" + mode,
        wait="agent up",
        env=env,
    )
    with Cap(name + ".pcap", dev="tr1") as c:
        small_mix(t)
        time.sleep(0.5)
    stop(a)
    t.notes = list(notes)
    ns("lab-span", "ip link del tr0", check=False)
    finish(t, c, title)


@sc
def vlan_trunk():
    relay(
        "vlan_trunk",
        "vlan",
        "SPAN of an 802.1Q trunk (VLAN 20 OT, 30 office)",
        notes=["same MAC/IP must be one asset; VLAN id belongs to the asset"],
    )


@sc
def qinq_trunk():
    relay("qinq_trunk", "qinq", "802.1ad QinQ (S-VLAN 500, C-VLAN 20/30)")


@sc
def erspan2():
    relay(
        "erspan2",
        "erspan2",
        "ERSPAN type II (GRE 0x88be, session 100), jumbo underlay",
        notes=["outer 192.0.2.1 -> 192.0.2.2 is mirror transport, not an asset conversation"],
    )


@sc
def erspan2_frag():
    relay(
        "erspan2_frag",
        "erspan2",
        "ERSPAN II over a 1500-byte underlay: outer IP fragments",
        env={"OUTER_MTU": "1500"},
        notes=[
            "full-size inner frames arrive as two outer fragments; without defragmentation SNI/cert of large records is lost: count it as a limitation"
        ],
    )


@sc
def erspan3():
    relay("erspan3", "erspan3", "ERSPAN type III (GRE 0x22eb)")


@sc
def gre_teb():
    relay("gre_teb", "gretap", "GRE transparent ethernet bridging (gretap mirror)")


@sc
def tzsp():
    relay("tzsp", "tzsp", "TZSP mirror (MikroTik), UDP 37008")


@sc
def vxlan_mirror():
    t = Truth("vxlan_mirror", "Mirror over VXLAN (kernel vxlan device, VNI 4200)")
    flush()
    sh("ip netns add lab-col")
    ns("lab-col", "ip link set lo up")
    sh("ip link add und0 netns lab-span mtu 1600 type veth peer name und1 netns lab-col mtu 1600")
    ns("lab-span", "ip addr add 192.0.2.1/24 dev und0")
    ns("lab-col", "ip addr add 192.0.2.2/24 dev und1")
    ns("lab-span", "ip link set und0 up")
    ns("lab-col", "ip link set und1 up")
    for a, b in (("lab-span", "und0"), ("lab-col", "und1")):
        ns(a, "ethtool -K %s %s" % (b, OFF), check=False)
    ns(
        "lab-span",
        "ip link add vx0 mtu 1540 type vxlan id 4200 local 192.0.2.1 remote 192.0.2.2 dstport 4789 nolearning",
    )
    ns("lab-span", "ip link set vx0 arp off up")
    ns("lab-span", "tc qdisc add dev mon0 clsact")
    ns(
        "lab-span",
        "tc filter add dev mon0 ingress protocol all prio 10 u32 match u32 0 0 action mirred egress mirror dev vx0",
    )
    with Cap("vxlan_mirror.pcap", nsn="lab-col", dev="und1") as c:
        small_mix(t)
    ns("lab-span", "tc qdisc del dev mon0 clsact")
    ns("lab-span", "ip link del vx0")
    sh("ip netns del lab-col")
    t.notes = [
        "collector answers ICMP port unreachable to the mirror source (no listener on 4789): a sensor with an IP on the mirror interface is not silent!"
    ]
    finish(t, c, "VXLAN underlay")


@sc
def ipv6():
    t = Truth("ipv6", "IPv6: NDP, AAAA, TLS and MQTT over IPv6, QUIC v6")
    v6on()
    flush()
    time.sleep(1)
    with Cap("ipv6.pcap") as c:
        web(t, "gw1", "dualstack.s3.dualstack.eu-west-1.amazonaws.com", v6=True)
        web(t, "off1", "outlook.office365.com", "--tls-max 1.2", v6=True, ev=("dns", "sni", "cert"))
        web(t, "hist", "historian.hz-fsn1.example", v6=True, data=9000)
        web(t, "hist", "telemetry.plantcloud.ovh", v6=True)
        hst = "a3k7odshaiipe8-ats.iot.eu-west-1.amazonaws.com"
        ok = cl(
            "gw1",
            "mosquitto_pub -h 2a05:d018:76c::21 --insecure -p 8883 --cafile %s --cert %s/client.crt --key %s/multi.key -t a -m b"
            % (CA, RUN, RUN),
        )
        t.cloud(
            "gw1",
            hst,
            8883,
            "MQTT over TLS",
            ("ip",),
            v6=True,
            client="mosquitto_pub to an address literal (no DNS, no SNI)",
            ok=ok,
        )
        ok = cl(
            "ews1",
            CH
            % (
                1,
                '--origin-to-force-quic-on=www.google.com:443 --host-resolver-rules="MAP www.google.com [2a00:1450:400e:811::2004]"',
                "https://www.google.com/",
            ),
            35,
        )
        t.cloud(
            "ews1",
            "www.google.com",
            443,
            "QUIC v1/HTTP3",
            ("quic-sni",),
            v6=True,
            client="chromium 156, host-resolver-rules",
            ok=ok,
        )
        cl("hmi1", "ping -6 -c2 -i.3 %s" % H["plc1"]["ip6"])
    v6off()
    t.notes = ["one asset may have IPv4 + IPv6 GUA + link-local with the same MAC"]
    finish(t, c, "SPAN")


@sc
def eu_only():
    t = Truth(
        "eu_only", "European-only cloud site: OVHcloud, Hetzner, Scaleway, Open Telekom Cloud, SURF NTP"
    )
    flush()
    with Cap("eu_only.pcap") as c:
        s7(t, 3)
        ua(t, 1)
        web(t, "hist", "telemetry.plantcloud.ovh", data=20000)
        web(t, "hist", "historian.hz-fsn1.example", "--tls-max 1.2", ev=("dns", "sni", "cert"))
        web(t, "hist", "plant-backup.s3.nl-ams.scw.cloud", data=60000)
        mq(t, "gw1", "mqtt.eu-plant.otc.example")
        ntp(t, "plc1", "0.nl.pool.ntp.org")
        web(t, "ews1", "master3.teamviewer.com")
    t.notes = ["verdict: external communication observed, none with a non-European provider"]
    finish(t, c, "SPAN")


@sc
def no_dns_no_sni():
    t = Truth(
        "no_dns_no_sni",
        "Address literal, TLS 1.3 without SNI; TLS 1.2 with certificate only; and a flow joined mid-stream",
    )
    flush()
    lng = bg(
        "lab-gw1",
        "mosquitto_sub -h plantgw-prod.azure-devices.net -p 8883 --cafile %s -i line1-gw -k 5 -t x" % CA,
        "sub",
    )
    time.sleep(1.5)
    with Cap("no_dns_no_sni.pcap") as c:
        ok = cl(
            "hmi1",
            "openssl s_client -connect 3.88.101.55:443 -noservername -CAfile %s -brief </dev/null" % CA,
        )
        t.cloud("hmi1", None, 443, "TLS 1.3", ("ip",), ip="3.88.101.55", client="openssl s_client", ok=ok)
        ok = cl(
            "ews1",
            "openssl s_client -tls1_2 -connect 3.88.101.55:443 -noservername -CAfile %s -brief </dev/null"
            % CA,
        )
        t.cloud(
            "ews1",
            None,
            443,
            "TLS 1.2",
            ("ip", "cert"),
            ip="3.88.101.55",
            client="openssl s_client",
            ok=ok,
            cert_cn="gateway.acme-remote.example",
        )
        time.sleep(9)
    stop(lng)
    t.cloud(
        "gw1",
        "plantgw-prod.azure-devices.net",
        8883,
        "MQTT over TLS (mid-stream: keep-alives only)",
        ("ip",),
        client="mosquitto_sub -k 5",
        hostname_observable=False,
    )
    t.notes = [
        "for gw1 nothing but the address and the port is observable; hostname must be reported unknown, provider from prefix, direction inferred from port"
    ]
    finish(t, c, "SPAN")


@sc
def blocked_attempts():
    t = Truth("blocked_attempts", "Attempts a firewall drops or rejects: nothing leaves")
    flush()
    open(RUN + "/nf", "w").write(
        "table inet lf {\n chain f {\n type filter hook forward priority 0;\n ip daddr 47.254.135.77 drop\n ip daddr 52.57.120.30 meta l4proto tcp reject with tcp reset\n ip daddr 20.189.173.11 reject\n }\n}\n"
    )
    ns("lab-rtr", "nft -f %s/nf" % RUN)
    with Cap("blocked_attempts.pcap") as c:
        for n, hst, w in (
            ("cam1", "www.easy4ipcloud.com", "dropped: SYN only"),
            ("cam1", "eu.hik-connect.com", "RST from firewall"),
            ("off1", "v10.events.data.microsoft.com", "ICMP admin/port unreachable"),
        ):
            ok = cl(n, CURL + "-4 --connect-timeout 3 https://%s/" % hst)
            t.cloud(n, hst, 443, "TCP SYN", ("dns",), client="curl", ok=not ok, outcome=w, established=False)
        cl("cam1", "getent hosts does-not-exist.hicloudcam.com")
    ns("lab-rtr", "nft delete table inet lf")
    t.notes = [
        "must be reported as ATTEMPT, never as communication; no bytes of payload left; RST came from the firewall (TTL differs by path length)"
    ]
    finish(t, c, "SPAN inside firewall")


@sc
def proxy_connect():
    t = Truth("proxy_connect", "Through the plant HTTP proxy (CONNECT, tinyproxy)")
    flush()
    with Cap("proxy_connect.pcap") as c:
        for n, hst in (
            ("hist", "plant-historian.s3.eu-central-1.amazonaws.com"),
            ("ews1", "login.microsoftonline.com"),
            ("hist", "telemetry.plantcloud.ovh"),
        ):
            ok = cl(n, CURL + "-4 -x http://10.20.0.1:3128 https://%s/" % hst)
            t.cloud(
                n,
                hst,
                3128,
                "HTTPS in HTTP CONNECT",
                ("http-connect", "sni"),
                client="curl -x",
                ok=ok,
                via_proxy="10.20.0.1:3128",
            )
            t.ev[-1]["cloud_ip"] = t.ev[-1]["dst_ip"]
            t.ev[-1]["dst_ip"] = "10.20.0.1"
    t.notes = [
        "server address seen is the proxy 10.20.0.1: the provider must come from the CONNECT authority / SNI, address of the cloud unknown"
    ]
    finish(t, c, "SPAN inside proxy")


@sc
def nat_wan():
    t = Truth("nat_wan", "Sensor on the WAN side of NAT: all assets share one address")
    flush()
    open(RUN + "/nf", "w").write(
        'table ip ln {\n chain p {\n type nat hook postrouting priority 100;\n oifname "wan0" masquerade\n }\n}\n'
    )
    ns("lab-rtr", "nft -f %s/nf" % RUN)
    with Cap("nat_wan.pcap", nsn="lab-rtr", dev="wan0") as c:
        mq(t, "gw1", "plantgw-prod.azure-devices.net")
        web(t, "off1", "outlook.office365.com")
        web(t, "hist", "telemetry.plantcloud.ovh")
    ns("lab-rtr", "nft delete table ip ln")
    for e in t.ev:
        e["real_asset_ip"], e["asset_ip"] = e["asset_ip"], "100.64.0.1"
    t.notes = [
        "assets cannot be told apart: the only asset is 100.64.0.1 (router); the report must warn that the capture point is behind NAT",
        "a caching plant resolver hides repeated DNS from a WAN sensor: the lab empties the cache first",
    ]
    finish(t, c, "WAN side of NAT router")


@sc
def offload_artifacts():
    t = Truth(
        "offload_artifacts",
        "Capture on a host with TSO/GRO/checksum offload: super-frames > MTU, partial checksums",
    )
    flush()
    ns("lab-hist", "ethtool -K eth0 tx on rx on sg on tso on gso on gro on", check=False)
    ns("lab-rtr", "ethtool -K lan0 tx on rx on sg on tso on gso on gro on", check=False)
    for p in ("p-hist", "p-rtr"):
        ns("lab-sw", "ethtool -K %s tx on rx on sg on tso on gso on gro on" % p, check=False)
    for p, n_ in (("span0", "lab-sw"), ("mon0", "lab-span")):
        ns(n_, "ethtool -K %s tx on rx on sg on tso on gso on gro on" % p, check=False)
    with Cap("offload_artifacts.pcap") as c:
        web(
            t,
            "hist",
            "plant-historian.s3.eu-central-1.amazonaws.com",
            "--tls-max 1.2",
            data=200000,
            ev=("dns", "sni", "cert"),
        )
        web(t, "hist", "telemetry.plantcloud.ovh", path="/150000")
    for a, b in (
        ("lab-hist", "eth0"),
        ("lab-rtr", "lan0"),
        ("lab-sw", "p-hist"),
        ("lab-sw", "p-rtr"),
        ("lab-sw", "span0"),
        ("lab-span", "mon0"),
    ):
        ns(a, "ethtool -K %s %s" % (b, OFF), check=False)
    t.notes = [
        "frames larger than 1514 bytes and invalid checksums are normal here: never discard on checksum"
    ]
    finish(t, c, "host capture, offloads on")


@sc
def dup_span():
    t = Truth("dup_span", "SPAN rx+tx on all ports: every unicast frame appears twice")
    flush()
    ports = ["p-" + n for n in H] + ["p-rtr"]
    for p in ports:
        ns(
            "lab-sw",
            "tc filter add dev %s egress protocol all prio 10 u32 match u32 0 0 action mirred egress mirror dev span0"
            % p,
        )
    with Cap("dup_span.pcap") as c:
        small_mix(t)
    for p in ports:
        ns("lab-sw", "tc filter del dev %s egress" % p)
    t.notes = [
        "byte/packet counts must not be doubled (or the report must say that duplicates were seen); TCP stream reassembly must not break"
    ]
    finish(t, c, "SPAN rx+tx")


@sc
def one_way():
    t = Truth("one_way", "Half SPAN: only frames from the plant, no answers (mirror source rx only)")
    flush()
    ns("lab-sw", "tc filter del dev p-rtr ingress")
    with Cap("one_way.pcap") as c:
        small_mix(t)
    for e in t.ev:
        e["evidence"] = [x for x in e["evidence"] if x != "cert"]
    ns(
        "lab-sw",
        "tc filter add dev p-rtr ingress protocol all prio 10 u32 match u32 0 0 action mirred egress mirror dev span0",
    )
    t.notes = [
        "no SYN-ACK, no DNS answers, no certificates: SNI still seen; established must be inferred from client ACK/payload"
    ]
    finish(t, c, "SPAN, one direction")


@sc
def snaplen128():
    t = Truth("snaplen128", "Capture cut at 128 bytes per packet")
    flush()
    with Cap("snaplen128.pcap", snap=128) as c:
        small_mix(t)
    t.notes = [
        "SNI is beyond the snap length; hostnames only from DNS (short answers) - names may be missing, addresses stay; bytes must be counted from orig_len"
    ]
    for e in t.ev:
        e["evidence"] = ["ip", "dns-if-fits"]
    finish(t, c, "SPAN, snaplen 128")
