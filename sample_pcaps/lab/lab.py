"""Real-traffic lab in network namespaces.  lab.py up | down | list | run SCENARIO... | all
Everything stays inside namespaces named lab-*; nothing is attached to the host's own interfaces."""

import os, sys, subprocess as sp, time, signal, collections, shlex, atexit

L = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, L + "/lib")
os.environ["PYTHONPATH"] = L + "/lib"  # clients and servers find lib/places.py
import clouds
from places import CLIENTS as C, LOG, PCAPS, PYTHON as PY, RUN

GW_MAC = "00:09:0f:aa:00:01"  # Fortinet
# name: (ns, mac, vendor, ip, kind, vlan)
H = collections.OrderedDict()


def h(n, mac, vendor, ip, kind, vlan=20, ip6=None):
    H[n] = dict(ns="lab-" + n, mac=mac, vendor=vendor, ip=ip, kind=kind, vlan=vlan, ip6=ip6)


h("plc1", "28:63:36:10:00:11", "Siemens AG", "10.20.1.11", "PLC (S7)")
h("plc2", "00:80:f4:10:00:12", "Telemecanique/Schneider Electric", "10.20.1.12", "PLC (Modbus/TCP)")
h("plc3", "5c:88:16:10:00:13", "Rockwell Automation", "10.20.1.13", "PLC (EtherNet/IP)")
h("rtu1", "00:02:a3:10:00:14", "Hitachi Energy (ABB)", "10.20.1.14", "RTU (IEC 60870-5-104)")
h("bms1", "00:10:8d:10:00:15", "Johnson Controls", "10.20.1.15", "BMS controller (BACnet/IP)")
h("hmi1", "00:1b:1b:10:00:21", "Siemens AG", "10.20.2.21", "HMI")
h("hist", "00:50:56:10:00:22", "VMware", "10.20.2.22", "Historian server")
h("opc1", "00:01:05:10:00:23", "Beckhoff", "10.20.2.23", "OPC UA server")
h("ews1", "d4:be:d9:10:00:24", "Dell", "10.20.2.24", "Engineering workstation")
h("cam1", "44:19:b6:10:00:31", "Hikvision", "10.20.3.31", "IP camera")
h("gw1", "00:90:e8:10:00:32", "Moxa", "10.20.3.32", "IIoT gateway")
h("ewon1", "00:03:27:10:00:33", "HMS/Ewon", "10.20.3.33", "Remote-access router")
h("off1", "3c:d9:2b:30:00:11", "Hewlett Packard", "10.30.0.11", "Office PC", 30)
h("off2", "a4:bb:6d:30:00:12", "Dell", "10.30.0.12", "Office PC", 30)
for i, (n, d) in enumerate(H.items()):
    d["ip6"] = "2001:db8:%d::%x" % (d["vlan"], int(d["ip"].split(".")[-1]) + 256 * int(d["ip"].split(".")[2]))
PROCS = []


def sh(c, check=True, quiet=False):
    r = sp.run(c, shell=True, capture_output=True, text=True)
    if r.returncode and check:
        raise SystemExit("FAILED: %s\n%s%s" % (c, r.stdout, r.stderr))
    return r.stdout


def ns(n, c, **k):
    return sh("ip netns exec %s %s" % (n, c), **k)


def bg(n, c, log, env=None, wait=None, timeout=20):
    f = open("%s/%s.log" % (LOG, log), "w")
    p = sp.Popen(
        ["ip", "netns", "exec", n, "bash", "-c", "exec " + c],
        stdout=f,
        stderr=sp.STDOUT,
        start_new_session=True,
        env=dict(os.environ, PYTHONUNBUFFERED="1", **(env or {})),
    )
    PROCS.append((log, p))
    if wait:
        t = time.time()
        while time.time() - t < timeout:
            if wait in open(f.name, errors="replace").read():
                return p
            if p.poll() is not None:
                print("!! %s exited early: %s" % (log, open(f.name).read()[-400:]))
                return p
            time.sleep(0.1)
        print("!! %s did not say %r" % (log, wait))
    return p


def stop(p):
    if p.poll() is None:
        try:
            os.killpg(p.pid, signal.SIGTERM)
            p.wait(4)
        except sp.TimeoutExpired:
            os.killpg(p.pid, signal.SIGKILL)
            p.wait(2)
        except ProcessLookupError:
            pass


def stopall():
    while PROCS:
        stop(PROCS.pop()[1])


OFF = "tx off rx off sg off tso off gso off gro off"


def host(n, d, offload=False, mtu=1500):
    sh("ip netns add " + d["ns"])
    os.makedirs("/etc/netns/" + d["ns"], exist_ok=True)
    open("/etc/netns/%s/resolv.conf" % d["ns"], "w").write("nameserver 10.%d.0.1\n" % d["vlan"])
    sh("ip link add p-%s netns lab-sw type veth peer name eth0 netns %s" % (n, d["ns"]))
    ns(
        d["ns"],
        "sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.disable_ipv6=1",
    )
    ns(d["ns"], "ip link set eth0 address " + d["mac"])
    if not offload:
        ns(d["ns"], "ethtool -K eth0 " + OFF, check=False)
        ns("lab-sw", "ethtool -K p-%s %s" % (n, OFF), check=False)
    ns(d["ns"], "ip link set lo up")
    ns(d["ns"], "ip link set eth0 up")
    ns("lab-sw", "ip link set p-%s master br0 up" % n)
    if d["ip"]:
        ns(d["ns"], "ip addr add %s/16 dev eth0" % d["ip"])
        ns(d["ns"], "ip route add default via 10.%d.0.1" % d["vlan"])
    mirror("p-" + n)


def mirror(port):  # SPAN: copy every frame that ENTERS the switch on this port, exactly once
    ns("lab-sw", "tc qdisc add dev %s clsact" % port)
    ns(
        "lab-sw",
        "tc filter add dev %s ingress protocol all prio 10 u32 match u32 0 0 action mirred egress mirror dev span0"
        % port,
    )


def v6on():
    for n, d in H.items():
        ns(d["ns"], "sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.eth0.disable_ipv6=0")
        ns(d["ns"], "ip -6 addr add %s/64 dev eth0 nodad" % d["ip6"], check=False)
        ns(d["ns"], "ip -6 route replace default via 2001:db8:%d::1" % d["vlan"], check=False)


def v6off():
    for n, d in H.items():
        ns(d["ns"], "sysctl -qw net.ipv6.conf.all.disable_ipv6=1")


def up():
    down()
    for n in ("lab-sw", "lab-span", "lab-rtr", "lab-inet"):
        sh("ip netns add " + n)
        ns(n, "ip link set lo up")
        if n in ("lab-sw", "lab-span"):
            ns(n, "sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1")
        os.makedirs("/etc/netns/" + n, exist_ok=True)
    open("/etc/netns/lab-rtr/resolv.conf", "w").write("nameserver 9.9.9.9\n")
    open("/etc/netns/lab-inet/resolv.conf", "w").write("nameserver 9.9.9.9\n")
    ns("lab-sw", "ip link add br0 type bridge")
    ns("lab-sw", "ip link set br0 up")
    # SPAN destination port (sensor side has no IP, no ARP)
    sh("ip link add span0 netns lab-sw type veth peer name mon0 netns lab-span")
    ns("lab-span", "ip link set mon0 address 02:00:00:00:5e:01 arp off")
    ns("lab-span", "ethtool -K mon0 " + OFF, check=False)
    ns("lab-sw", "ethtool -K span0 " + OFF, check=False)
    ns("lab-span", "ip link set mon0 promisc on up")
    ns("lab-sw", "ip link set span0 up")
    # router
    sh("ip link add p-rtr netns lab-sw type veth peer name lan0 netns lab-rtr")
    sh("ip link add wan0 netns lab-rtr type veth peer name eth0 netns lab-inet")
    ns("lab-rtr", "ip link set lan0 address " + GW_MAC)
    for a, b in (("lab-rtr", "lan0"), ("lab-rtr", "wan0"), ("lab-inet", "eth0"), ("lab-sw", "p-rtr")):
        ns(a, "ethtool -K %s %s" % (b, OFF), check=False)
    ns(
        "lab-rtr",
        "sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1",
    )
    ns("lab-inet", "sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0")
    ns("lab-rtr", "ip link set lan0 up")
    ns("lab-rtr", "ip link set wan0 up")
    ns("lab-inet", "ip link set eth0 up")
    ns("lab-sw", "ip link set p-rtr master br0 up")
    mirror("p-rtr")
    for v in (20, 30):
        ns("lab-rtr", "ip addr add 10.%d.0.1/16 dev lan0" % v)
        ns("lab-rtr", "ip -6 addr add 2001:db8:%d::1/64 dev lan0 nodad" % v)
    ns("lab-rtr", "ip addr add 100.64.0.1/30 dev wan0")
    ns("lab-rtr", "ip -6 addr add fd00:64::1/64 dev wan0 nodad")
    ns("lab-inet", "ip addr add 100.64.0.2/30 dev eth0")
    ns("lab-inet", "ip -6 addr add fd00:64::2/64 dev eth0 nodad")
    ns("lab-rtr", "ip route add default via 100.64.0.2")
    ns("lab-rtr", "ip -6 route add default via fd00:64::2")
    ns("lab-inet", "ip route add 10.0.0.0/8 via 100.64.0.1")
    ns("lab-inet", "ip -6 route add 2001:db8::/32 via fd00:64::1")
    for a in clouds.addrs():
        ns(
            "lab-inet",
            "ip addr add %s/%d dev lo%s" % (a, 128 if ":" in a else 32, " nodad" if ":" in a else ""),
        )
    for n, d in H.items():
        host(n, d)
    print("namespaces up:", sh("ip netns list | grep -c lab-").strip())


def down():
    for l in sh("ip netns list").splitlines():
        n = l.split()[0]
        if n.startswith("lab-"):
            for pid in sh("ip netns pids " + n).split():
                try:
                    os.kill(int(pid), signal.SIGTERM)
                except OSError:
                    pass
    time.sleep(0.3)
    for l in sh("ip netns list").splitlines():
        n = l.split()[0]
        if n.startswith("lab-"):
            for pid in sh("ip netns pids " + n).split():
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except OSError:
                    pass
            sh("ip netns del " + n)
            sh("rm -rf /etc/netns/" + n)


def services(ot=True):
    DNS = ["8.8.8.8", "9.9.9.9", "1.1.1.1", "185.12.64.1", "2001:4860:4860::8888"]
    bg(
        "lab-inet",
        "%s/echsrv 104.18.23.46:443,104.18.10.118:443 %s/ech.crt %s/multi.key cloudflare-ech.com %s/ech.b64"
        % (RUN, RUN, RUN, RUN),
        "echsrv",
        wait="ech up",
    )
    bg("lab-inet", "%s %s/lib/dns_server.py %s" % (PY, L, " ".join(DNS)), "dns", wait="dns up")
    bg("lab-inet", "%s %s/lib/tls_server.py" % (PY, L), "tls", wait="tls up", timeout=40)
    q = [
        x
        for n in (
            "www.google.com",
            "fonts.gstatic.com",
            "portal.vendor-iiot.example",
            "historian.hz-fsn1.example",
        )
        for x in (clouds.HOSTS[n]["a"], clouds.HOSTS[n]["aaaa"])
        if x
    ]
    bg("lab-inet", "%s %s/lib/h3_server.py %s" % (PY, L, " ".join(q)), "h3", wait="h3 up")
    m = "per_listener_settings true\nuser root\n"
    for k, (nm, mtls) in enumerate(
        [
            ("plantgw-prod.azure-devices.net", 0),
            ("global.azure-devices-provisioning.net", 0),
            ("a3k7odshaiipe8-ats.iot.eu-west-1.amazonaws.com", 1),
            ("iot-060a0c9b.mqtt.iothub.aliyuncs.com", 0),
            ("mqtt.eu-plant.otc.example", 0),
        ]
    ):
        for kk in ("a", "aaaa"):
            ip = clouds.HOSTS[nm][kk]
            if ip:
                m += (
                    "listener 8883 %s\nallow_anonymous true\ncafile %s/ca.pem\ncertfile %s/mq_%s.crt\nkeyfile %s/multi.key\n%s"
                    % (
                        ip,
                        RUN,
                        RUN,
                        nm,
                        RUN,
                        "require_certificate true\nuse_identity_as_username true\n" if mtls else "",
                    )
                )
    m += "listener 1883 47.91.80.20\nallow_anonymous true\n"
    open(RUN + "/mosq.conf", "w").write(m)
    bg("lab-inet", "/usr/sbin/mosquitto -v -c %s/mosq.conf" % RUN, "mosquitto", wait="running")
    open(RUN + "/tp.conf", "w").write(
        'User root\nGroup root\nPort 3128\nListen 10.20.0.1\nTimeout 60\nAllow 10.0.0.0/8\nMaxClients 20\nLogFile "%s/tinyproxy.log"\nPidFile "%s/tp.pid"\n'
        % (LOG, RUN)
    )
    bg("lab-rtr", "/usr/bin/tinyproxy -d -c %s/tp.conf" % RUN, "tinyproxy")
    if ot:
        bg("lab-plc1", "%s %s/s7_server.py 3000" % (PY, C), "s7", wait="s7 up")
        bg("lab-plc2", "%s %s/mb_server.py" % (PY, C), "mb", wait="mb up")
        bg("lab-opc1", "%s %s/ua_server.py 10.20.2.23 3000" % (PY, C), "ua", wait="ua up")
        bg("lab-bms1", "%s %s/bac_server.py 10.20.1.15 3000" % (PY, C), "bac", wait="bac up")
        bg(
            "lab-plc3",
            "%s -m cpppo.server.enip -a 0.0.0.0:44818 SCADA=INT[100] TEXT=SSTRING[10]" % PY,
            "enip",
        )
        bg("lab-rtu1", "%s %s/i104_server.py 10.20.1.14 3000" % (PY, C), "i104", wait="104 up")
    open(RUN + "/chrony-srv.conf", "w").write(
        "local stratum 2\nallow all\ncmdport 0\nport 123\npidfile %s/chrony-srv.pid\nbindcmdaddress /\n" % RUN
    )
    bg("lab-inet", "/usr/sbin/chronyd -x -d -f %s/chrony-srv.conf" % RUN, "chrony-srv")
    open(RUN + "/dnsmasq.conf", "w").write(
        """no-daemon
no-resolv
no-hosts
server=9.9.9.9
interface=lan0
bind-interfaces
cache-size=400
log-facility=-
dhcp-range=10.20.9.100,10.20.9.150,255.255.0.0,1h
dhcp-option=option:router,10.20.0.1
dhcp-option=option:dns-server,10.20.0.1
dhcp-option=option:ntp-server,10.20.0.1
dhcp-leasefile=%s/leases
host-record=hist.plant.local,10.20.2.22
host-record=plc1.plant.local,10.20.1.11
domain=plant.local
pid-file=%s/dnsmasq.pid
"""
        % (RUN, RUN)
    )
    bg("lab-rtr", "/usr/sbin/dnsmasq -C %s/dnsmasq.conf" % RUN, "dnsmasq", wait="started")
    open(RUN + "/rsyslog.conf", "w").write(
        'module(load="imudp")\ninput(type="imudp" port="514")\n*.* %s/syslog.out\n' % RUN
    )
    bg("lab-rtr", "/usr/sbin/rsyslogd -n -f %s/rsyslog.conf -i %s/rsyslog.pid" % (RUN, RUN), "rsyslog")
    open(RUN + "/snmpd.conf", "w").write(
        'rocommunity public\nsysDescr "Hirschmann RSP35 HiOS-2S"\nsysName sw-line1\nagentaddress udp:161\n'
    )
    bg("lab-rtr", "/usr/sbin/snmpd -f -Lo -C -c %s/snmpd.conf -p %s/snmpd.pid" % (RUN, RUN), "snmpd")
    time.sleep(0.5)


# ---------------------------------------------------------------- capture + ground truth
class Cap:
    def __init__(s, name, nsn="lab-span", dev="mon0", tool="tcpdump", snap=0, flt=""):
        s.name, s.ns, s.dev, s.flt = name, nsn, dev, flt
        s.path = "%s/%s" % (PCAPS, name)
        s.tool = tool
        s.snap = snap

    def __enter__(s):
        if os.path.exists(s.path):
            os.remove(s.path)
        if s.tool == "tcpdump":
            c = "/usr/bin/tcpdump -Z root -U -i %s %s -w %s %s" % (
                s.dev,
                "-s %d" % s.snap if s.snap else "",
                s.path,
                shlex.quote(s.flt) if s.flt else "",
            )
            w = "listening on"
        else:
            c = "/usr/bin/dumpcap -q -i %s %s -w %s" % (s.dev, "-s %d" % s.snap if s.snap else "", s.path)
            w = "File:"
        s.p = bg(s.ns, c, "cap-" + s.name, wait=w)
        return s

    def __exit__(s, *a):
        time.sleep(1.2)
        os.killpg(s.p.pid, signal.SIGINT)
        try:
            s.p.wait(5)
        except sp.TimeoutExpired:
            stop(s.p)


class Truth:
    def __init__(s, name, title):
        s.name, s.title, s.ev, s.notes, s.local = name, title, [], [], []

    def cloud(
        s, asset, host=None, port=443, proto="TLS", evidence=(), ip=None, client="", v6=False, ok=True, **kw
    ):
        c = clouds.HOSTS.get(host) or clouds.DIRECT.get(ip) or {}
        dst = ip or (c.get("aaaa") if v6 else c.get("a"))
        s.ev.append(
            dict(
                asset=asset,
                asset_ip=(H[asset]["ip6"] if v6 else H[asset]["ip"])
                if asset in H
                else kw.pop("asset_ip", None),
                hostname=host,
                cname_chain=c.get("cname") or [],
                dst_ip=dst,
                port=port,
                protocol=proto,
                provider=c.get("prov"),
                provider_hq=c.get("hq"),
                region=c.get("region"),
                service=c.get("svc"),
                non_european_provider=(c.get("hq") not in ("FR", "DE", "NL", "AT", "SE")) if c else None,
                evidence=list(evidence),
                client=client,
                client_ok=ok,
                **kw,
            )
        )

    def ot(s, src, dst, proto, port, client, ok=True, **kw):
        s.local.append(dict(src=src, dst=dst, protocol=proto, port=port, client=client, client_ok=ok, **kw))


def res(rc_out):
    return rc_out


LASTLOG = []


def cl(n, cmd, t=25, env=None):
    """run one real client in the host's namespace, bounded; returns True on success"""
    e = dict(
        os.environ, SSL_CERT_FILE=RUN + "/ca.pem", REQUESTS_CA_BUNDLE=RUN + "/ca.pem", HOME=RUN, **(env or {})
    )
    t0 = time.time()
    try:
        r = sp.run(
            [
                "ip",
                "netns",
                "exec",
                H[n]["ns"] if n in H else n,
                "timeout",
                "-k",
                "3",
                str(t),
                "bash",
                "-c",
                cmd,
            ],
            capture_output=True,
            text=True,
            env=e,
            timeout=t + 8,
            errors="replace",
        )
        rc, out = r.returncode, (r.stdout + r.stderr)
    except sp.TimeoutExpired:
        rc, out = 124, "timeout"
    LASTLOG.append((n, cmd, rc, round(time.time() - t0, 1), out[-1500:]))
    with open(LOG + "/clients.log", "a") as f:
        f.write("\n### %s $ %s\nrc=%s %.1fs\n%s\n" % (n, cmd, rc, time.time() - t0, out[-1500:]))
    print("   %-5s rc=%-3s %5.1fs %s" % (n, rc, time.time() - t0, cmd[:110]), flush=True)
    return rc == 0


def flush(*names):
    for l, p in PROCS:
        if l == "dnsmasq" and p.poll() is None:
            os.kill(
                p.pid, signal.SIGHUP
            )  # empty the plant resolver's cache: truth must not depend on scenario order
    time.sleep(0.2)
    for n in H:
        ns(H[n]["ns"], "ip neigh flush all", check=False)


if __name__ == "__main__":
    import lab as M, scenarios  # one module instance only: scenarios use M.PROCS too

    a = sys.argv[1:] or ["help"]
    atexit.register(M.stopall)
    if a[0] == "down":
        M.down()
    elif a[0] == "up":
        M.up()
    elif a[0] == "list":
        print("\n".join(scenarios.S))
    elif a[0] in ("run", "all"):
        M.up()
        M.services()
        try:
            for nme in a[1:] if a[0] == "run" else list(scenarios.S):
                print("==", nme, flush=True)
                scenarios.S[nme]()
        finally:
            M.stopall()
            M.down()
    else:
        print(__doc__)
