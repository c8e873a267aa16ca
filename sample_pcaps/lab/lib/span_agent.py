"""Userspace SPAN helper for what this kernel lacks (8021q, gretap, erspan): reads real frames from a mirror port (AF_PACKET)
and re-emits them on another veth: mode vlan (802.1Q by MAC), qinq, gretap, erspan1, erspan2, erspan3, tzsp."""

import socket, struct, sys, time, os, signal

mode, src, dst = sys.argv[1:4]
vmap = dict(kv.split("=") for kv in (sys.argv[4].split(",") if len(sys.argv) > 4 else []))
r = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
r.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
r.bind((src, 0))
r.settimeout(0.5)
w = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
w.bind((dst, 0))
SIP, DIP = bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2])
OE = bytes.fromhex("0200000002020c01020304a10800")
ident = 0
seq = 0


def csum(b):
    s = sum(struct.unpack("!%dH" % (len(b) // 2), b))
    s = (s & 0xFFFF) + (s >> 16)
    s = (s & 0xFFFF) + (s >> 16)
    return ~s & 0xFFFF


def ip(proto, pl, mtu=0):
    global ident
    ident = (ident + 1) & 0xFFFF
    out = []
    off = 0
    step = (mtu - 20) // 8 * 8 if mtu else len(pl)
    while True:
        c = pl[off : off + step]
        more = off + len(c) < len(pl)
        hd = struct.pack(
            "!BBHHHBBH4s4s",
            0x45,
            0,
            20 + len(c),
            ident,
            (0x2000 if more else 0) | off // 8,
            64,
            proto,
            0,
            SIP,
            DIP,
        )
        hd = hd[:10] + struct.pack("!H", csum(hd)) + hd[12:]
        out.append(OE + hd + c)
        off += len(c)
        if not more:
            return out


MTU = int(os.environ.get("OUTER_MTU", "0"))
print("agent up", flush=True)
run = True
signal.signal(signal.SIGTERM, lambda *a: sys.exit(0))
n = 0
t0 = time.time()


def vid(f):
    return int(vmap.get(f[6:12].hex(":"), vmap.get(f[0:6].hex(":"), "1")))


while time.time() - t0 < 120:
    try:
        f, a = r.recvfrom(65535)
    except socket.timeout:
        continue
    if a[2] == 4:
        continue  # PACKET_OUTGOING
    n += 1
    seq += 1
    if mode in ("vlan", "qinq"):
        t = struct.pack("!HH", 0x8100, vid(f))
        o = [f[:12] + (struct.pack("!HH", 0x88A8, 500) if mode == "qinq" else b"") + t + f[12:]]
    elif mode == "gretap":
        o = ip(47, struct.pack("!HH", 0, 0x6558) + f, MTU)
    elif mode == "erspan1":
        o = ip(47, struct.pack("!HH", 0, 0x88BE) + f, MTU)
    elif mode == "erspan2":
        o = ip(
            47,
            struct.pack("!HHI", 0x1000, 0x88BE, seq)
            + struct.pack("!HHI", 0x1000 | vid(f), (0 << 13) | 100, 0)
            + f,
            MTU,
        )
    elif mode == "erspan3":
        o = ip(
            47,
            struct.pack("!HHI", 0x1000, 0x22EB, seq)
            + struct.pack("!HHIHH", 0x2000 | vid(f), 100, int((time.time() % 429) * 1e7) & 0xFFFFFFFF, 0, 0)
            + f,
            MTU,
        )
    elif mode == "tzsp":
        p = struct.pack("!BBH", 1, 0, 1) + b"\x01" + f
        o = ip(17, struct.pack("!HHHH", 40000, 37008, 8 + len(p), 0) + p, MTU)
    for x in o:
        try:
            w.send(x)
        except OSError as e:
            print("send", len(x), e, flush=True)
