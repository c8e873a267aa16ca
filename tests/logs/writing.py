"""What a capture holds in, logs of Zeek and Suricata of it out: written by the formats' documentation."""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING, Any

from kwel.model.kinds import Application, Asked, RecordKind
from kwel.model.records.columns import Direction, NameSource, State, address_text, mac_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from kwel.model.traffic import Traffic

PROTOCOLS = {6: "tcp", 17: "udp", 1: "icmp", 58: "icmp"}
SERVICES = {Application.TLS: "ssl"}
ZEEK_STATES = {State.ESTABLISHED: "SF", State.REFUSED: "REJ", State.UNANSWERED: "S0", State.MIDSTREAM: "OTH"}
CODES = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"]


def seconds(time: int) -> str:
    return f"{time / 1e9:.6f}"


def ends_of(flow: Any) -> tuple[str, int, str, int]:
    return (
        address_text(int(flow["initiator_hi"]), int(flow["initiator_lo"])), int(flow["initiator_port"]),
        address_text(int(flow["responder_hi"]), int(flow["responder_lo"])), int(flow["responder_port"]),
    )  # fmt: skip


def service_of(flow: Any) -> str | None:
    spoken = Application(int(flow["application"]))
    return SERVICES.get(spoken, spoken.label) if spoken else None


def history_of(flow: Any) -> str:
    if flow["transport"] != 6:
        return ("D" if flow["packets_out"] else "") + ("d" if flow["packets_in"] else "")
    if flow["direction"] != Direction.HANDSHAKE:
        return "Dd" if flow["packets_in"] else "D"
    return {State.ESTABLISHED: "ShADad", State.REFUSED: "Sr", State.UNANSWERED: "S"}.get(
        State(int(flow["state"])), "DA"
    )


def rows_of_zeek(traffic: Traffic) -> dict[str, list[dict[str, Any]]]:
    """Return, by log, the lines that Zeek would write."""
    logs: dict[str, list[dict[str, Any]]] = {key: [] for key in ("conn", "dns", "ssl", "x509", "http", "quic", "dhcp")}
    common = []
    for number, flow in enumerate(traffic.flows):
        a, ap, b, bp = ends_of(flow)
        common.append({"uid": f"C{number:05d}x", "id.orig_h": a, "id.orig_p": ap, "id.resp_h": b, "id.resp_p": bp})
        logs["conn"].append(
            {
                "ts": seconds(flow["first"]), **common[-1],
                "proto": PROTOCOLS.get(int(flow["transport"]), "unknown_transport"),
                "ip_proto": int(flow["transport"]), "service": service_of(flow),
                "duration": seconds(flow["last"] - flow["first"]),
                "orig_bytes": int(flow["payload_out"]), "resp_bytes": int(flow["payload_in"]),
                "conn_state": ZEEK_STATES[State(int(flow["state"]))], "missed_bytes": 0, "history": history_of(flow),
                "orig_pkts": int(flow["packets_out"]), "orig_ip_bytes": int(flow["bytes_out"]),
                "resp_pkts": int(flow["packets_in"]), "resp_ip_bytes": int(flow["bytes_in"]), "tunnel_parents": [],
            }
        )  # fmt: skip
    of_flow: dict[int, list[str]] = {}
    for shown in traffic.shown:
        certificate = traffic.certificates[int(shown["certificate"])]
        of_flow.setdefault(int(shown["flow"]), []).append(certificate.sha256)
        logs["x509"].append(
            {
                "ts": seconds(shown["time"]), "fingerprint": certificate.sha256, "certificate.version": 3,
                "certificate.subject": f"CN={certificate.subject}", "certificate.issuer": f"O={certificate.issuer}",
                "san.dns": list(certificate.names), "host_cert": True,
            }
        )  # fmt: skip
    ja4 = {int(row["flow"]): traffic.fingerprints[int(row["fingerprint"])] for row in traffic.hellos}
    names = traffic.names
    for named in traffic.named:
        flow, line = int(named["flow"]), {"ts": seconds(named["time"]), **common[int(named["flow"])]}
        name = names[int(named["name"])]
        match NameSource(int(named["source"])):
            case NameSource.TLS_SNI:
                fps = of_flow.get(flow, [])
                more = {"version": "TLSv12", "server_name": name, "established": True, "cert_chain_fps": fps}
                logs["ssl"].append({**line, **more, "ja4": ja4.get(flow)})
            case NameSource.QUIC_SNI:
                logs["quic"].append({**line, "version": "1", "server_name": name, "server_scid": "ab"})
            case NameSource.HTTP_HOST:
                logs["http"].append({**line, "method": "GET", "host": name, "uri": "/", "status_code": 200})
            case NameSource.HTTP_CONNECT:
                more = {"method": "CONNECT", "host": name, "uri": f"{name}:{named['port']}", "status_code": 200}
                logs["http"].append({**line, **more})
    for flow in of_flow.keys() - {int(row["flow"]) for row in traffic.named if row["source"] == NameSource.TLS_SNI}:
        line = {"ts": seconds(traffic.flows["first"][flow]), **common[flow]}
        logs["ssl"].append({**line, "version": "TLSv12", "established": True, "cert_chain_fps": of_flow[flow]})
    logs["dns"] = list(_dns(traffic, common))
    for one in traffic.claims[traffic.claims["kind"] == 3]:
        logs["dhcp"].append(
            {
                "ts": seconds(one["time"]), "uids": ["C"], "mac": mac_text(int(one["mac"])), "host_name": "plc-7",
                "assigned_addr": address_text(int(one["address_hi"]), int(one["address_lo"])),
                "msg_types": ["REQUEST", "ACK"],
            }
        )  # fmt: skip
    return {key: rows for key, rows in logs.items() if rows}


def _dns(traffic: Traffic, common: list[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    names = traffic.names
    for number, asked in enumerate(traffic.questions, 1):
        told = traffic.answers[traffic.answers["asked"] == number]
        answered = asked["state"] in (Asked.ANSWERED, Asked.UNSEEN)
        records = [
            row for row in told if row["kind"] in (RecordKind.A, RecordKind.AAAA, RecordKind.CNAME, RecordKind.PTR)
        ]
        yield {
            "ts": seconds(asked["time"]), **common[int(asked["flow"])], "proto": "udp",
            "trans_id": int(asked["message"]),
            "rtt": seconds(max(0, asked["answered"] - asked["time"])) if answered else None,
            "query": names[int(asked["name"])], "qclass": 1, "qtype": int(asked["kind"]),
            "rcode": int(told["code"][0]) if answered and len(told) else 0 if answered else None,
            "answers": [data_of(row, names) for row in records], "TTLs": [float(row["ttl"]) for row in records],
        }  # fmt: skip


def data_of(row: Any, names: Any) -> str:
    if row["kind"] in (RecordKind.A, RecordKind.AAAA):
        return address_text(int(row["address_hi"]), int(row["address_lo"]))
    return str(names[int(row["target"])])


def tsv(path: str, rows: list[dict[str, Any]]) -> str:
    """Return a log as Zeek's ASCII writer has it."""
    fields = list(dict.fromkeys(key for row in rows for key in row))
    head = [
        "#separator \\x09", "#set_separator\t,", "#empty_field\t(empty)", "#unset_field\t-", f"#path\t{path}",
        "#open\t2026-11-26-01-00-00", "\t".join(["#fields", *fields]),
        "\t".join(["#types", *(["string"] * len(fields))]),
    ]  # fmt: skip
    return "\n".join(
        [*head, *("\t".join(_cell(row.get(key)) for key in fields) for row in rows), "#close\t2026-11-26\n"]
    )


def _cell(value: Any) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "T" if value else "F"
    if isinstance(value, list):
        return ",".join(map(str, value)) or "(empty)"
    return str(value)


def write_zeek(traffic: Traffic, folder: Path, *, as_json: bool = False, times: str = "epoch") -> None:
    """Write the logs of Zeek into *folder*."""
    for path, rows in rows_of_zeek(traffic).items():
        file = folder / f"{path}.log"
        if not as_json:
            file.write_text(tsv(path, rows))
            continue
        lines = []
        for row in rows:
            ts = float(row["ts"]) if times == "epoch" else iso(round(float(row["ts"]) * 1e9))
            lines.append(json.dumps({**{k: v for k, v in row.items() if v is not None}, "ts": ts}))
        file.write_text("\n".join(lines) + "\n")


def iso(time: int) -> str:
    moment = datetime.datetime.fromtimestamp(time / 1e9, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f+0000")


def events_of(traffic: Traffic, *, dns: int = 2) -> list[dict[str, Any]]:
    """Return the events that Suricata would log; *dns* is the version of its DNS events."""
    events, common = [], []
    for number, flow in enumerate(traffic.flows):
        a, ap, b, bp = ends_of(flow)
        proto = PROTOCOLS.get(int(flow["transport"]), str(int(flow["transport"]))).upper()
        common.append(
            {"flow_id": 10**15 + number, "src_ip": a, "src_port": ap, "dest_ip": b, "dest_port": bp, "proto": proto}
        )
        tcp = {"tcp": {"tcp_flags_ts": f"{flow['flags_out']:02x}", "tcp_flags_tc": f"{flow['flags_in']:02x}"}}
        service = service_of(flow)
        events.append(
            {
                "timestamp": iso(flow["last"]), **common[-1], "event_type": "flow",
                "app_proto": "tls" if service == "ssl" else service or "failed",
                "flow": {
                    "pkts_toserver": int(flow["packets_out"]), "pkts_toclient": int(flow["packets_in"]),
                    "bytes_toserver": int(flow["bytes_out"]), "bytes_toclient": int(flow["bytes_in"]),
                    "start": iso(flow["first"]), "end": iso(flow["last"]), "state": "closed",
                },
                **(tcp if flow["transport"] == 6 else {}),
            }
        )  # fmt: skip
    names = traffic.names
    for named in traffic.named:
        event = {"timestamp": iso(named["time"]), **common[int(named["flow"])]}
        name = names[int(named["name"])]
        match NameSource(int(named["source"])):
            case NameSource.TLS_SNI:
                events.append({**event, "event_type": "tls", "tls": {"sni": name, "version": "TLS 1.2"}})
            case NameSource.QUIC_SNI:
                events.append({**event, "event_type": "quic", "quic": {"sni": name, "version": "1"}})
            case NameSource.HTTP_HOST:
                http = {"hostname": name, "url": "/", "http_method": "GET"}
                events.append({**event, "event_type": "http", "http": http})
            case NameSource.HTTP_CONNECT:
                http = {"hostname": name, "url": f"{name}:{named['port']}", "http_method": "CONNECT"}
                events.append({**event, "event_type": "http", "http": http})
    for shown in traffic.shown:
        certificate = traffic.certificates[int(shown["certificate"])]
        tls = {"subject": f"CN={certificate.subject}", "issuerdn": f"O={certificate.issuer}", "version": "TLS 1.2"}
        event = {"timestamp": iso(shown["time"]), **common[int(shown["flow"])], "event_type": "tls"}
        events.append(
            {**event, "tls": {**tls, "subjectaltname": list(certificate.names), "serial": certificate.sha256}}
        )
    for number, asked in enumerate(traffic.questions, 1):
        events += _dns_events(traffic, number, asked, common[int(asked["flow"])], dns)
    alert = {
        "timestamp": iso(int(traffic.flows["first"][0])),
        **common[0],
        "event_type": "alert",
        "alert": {"action": "allowed"},
    }
    return [*sorted(events, key=lambda event: str(event["timestamp"])), alert]


def _dns_events(traffic: Traffic, number: int, asked: Any, common: dict[str, Any], dns: int) -> list[dict[str, Any]]:
    name, kind = traffic.names[int(asked["name"])], RecordKind(int(asked["kind"])).name
    query = {"rrname": name, "rrtype": kind}
    head: dict[str, Any] = {"id": int(asked["message"]), **({"version": dns} if dns > 1 else {})}
    body = {"queries": [query]} if dns == 3 else query
    event = {"timestamp": iso(asked["time"]), **common, "event_type": "dns"}
    events = [{**event, "dns": {"type": "request" if dns == 3 else "query", **head, **body}}]
    if asked["state"] != Asked.ANSWERED:
        return events
    told = traffic.answers[traffic.answers["asked"] == number]
    code = {"rcode": CODES[int(told["code"][0])] if len(told) else "NOERROR"}
    records = [
        {
            "rrname": traffic.names[int(row["owner"])], "rrtype": RecordKind(int(row["kind"])).name,
            "ttl": int(row["ttl"]),
            "rdata": data_of(row, traffic.names),
        }
        for row in told
        if row["kind"] in (RecordKind.A, RecordKind.AAAA, RecordKind.CNAME, RecordKind.PTR)
    ]  # fmt: skip
    event = {**event, "timestamp": iso(asked["answered"])}
    if dns == 1:
        server = {
            "src_ip": common["dest_ip"],
            "src_port": common["dest_port"],
            "dest_ip": common["src_ip"],
            "dest_port": common["src_port"],
        }
        return [*events, *({**event, **server, "dns": {"type": "answer", **head, **code, **one}} for one in records)]
    kind_of = "response" if dns == 3 else "answer"
    return [*events, {**event, "dns": {"type": kind_of, **head, **code, **body, "answers": records}}]


def write_eve(traffic: Traffic, file: Path, *, dns: int = 2) -> None:
    """Write an EVE log."""
    file.write_text("".join(json.dumps(event, separators=(",", ":")) + "\n" for event in events_of(traffic, dns=dns)))


def write_netflow(traffic: Traffic, file: Path) -> None:
    """Write flows as Suricata's netflow events: each direction that has packets apart."""
    lines = []
    for event in events_of(traffic):
        if event["event_type"] != "flow":
            continue
        flow, turned = event.pop("flow"), dict(event)
        turned.update(
            src_ip=event["dest_ip"], src_port=event["dest_port"], dest_ip=event["src_ip"], dest_port=event["src_port"]
        )
        for one, way, of in ((event, "toserver", "ts"), (turned, "toclient", "tc")):
            half = {
                "pkts": flow[f"pkts_{way}"],
                "bytes": flow[f"bytes_{way}"],
                "start": flow["start"],
                "end": flow["end"],
            }
            tcp = {"tcp": {"tcp_flags": event["tcp"][f"tcp_flags_{of}"]}} if "tcp" in event else {}
            lines += [{**one, **tcp, "event_type": "netflow", "netflow": half}] if half["pkts"] else []
    file.write_text("\n".join(map(json.dumps, lines)))
