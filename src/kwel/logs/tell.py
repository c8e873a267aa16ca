"""What the logs of one kind of probe told in, the traffic of it out: every row with the line that tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kwel.logs import matching
from kwel.logs.gathered import LONGEST_NAME, Asked, Gathered, Told
from kwel.model.coverage import Coverage
from kwel.model.names import Names
from kwel.model.records.bindings import CLAIM, SENDER
from kwel.model.records.columns import ANSWER, HELLO, NAME, QUESTION, SHOWN, NameSource
from kwel.model.traffic import Traffic

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Capture, Certificate

FRAME: Final = ("time", "frame", "capture")


def traffic_of(gathered: Gathered, captures: tuple[Capture, ...], rank: NDArray[np.int64]) -> Traffic:
    """Return the traffic that logs tell of.

    Args:
        gathered: what their lines say.
        captures: one for each log.
        rank: of the probe that wrote each log; where two tell of one flow, the lower number is believed.
    """
    said = gathered.all_said()
    flows, of, twice = matching.place(*gathered.all_flows(), said, rank)
    gathered.note("log-flows-twice", twice)
    matching.fill_applications(flows, said, of)
    matching.name_flows(flows, said, of)
    questions, question_of = _questions(gathered.asked, said, of)
    answers = _answers(gathered.told, said, of, flows, question_of)
    matching.chain(answers)
    matching.lead(flows, answers)
    named = _named(said, of, gathered.asked, question_of)
    certificates, shown, more = _shown(gathered, said, of, flows)
    named = np.concatenate([named, more])
    _remember(flows, named, questions)
    return Traffic(
        captures=captures,
        flows=flows,
        names=_names(gathered),
        named=named[np.lexsort((named["frame"], named["capture"]))],
        answers=answers,
        questions=questions,
        claims=_claims(gathered),
        senders=_senders(gathered),
        observed=gathered.sayings([capture.name for capture in captures]),
        coverage=Coverage(packets=0, used=0, set_aside={}, notes={**gathered.notes, "log-flows": len(flows)}),
        hellos=_hellos(gathered, said, of),
        fingerprints=tuple(gathered.fingerprints),
        certificates=certificates,
        shown=shown,
    )


def _names(gathered: Gathered) -> Names:
    raw = list(gathered.names)
    length = np.array([len(name) for name in raw], np.int64)
    return Names(np.frombuffer(b"".join(raw), np.uint8), np.cumsum(length) - length, length)


def _remember(flows: Rows, named: Rows, questions: Rows) -> None:
    """Fill which name, or which question, each flow was noted with last."""
    flows["asked"][named["flow"]] = named["name"]
    flows["asked"][questions["flow"]] = np.arange(1, len(questions) + 1)


def _questions(asked: list[Asked], said: Rows, of: NDArray[np.int64]) -> tuple[Rows, NDArray[np.int64]]:
    """Return the questions in order of time, and where each of those asked stands among them, counted from 1."""
    rows = np.zeros(len(asked), QUESTION)
    if not asked:
        return rows, np.zeros(0, np.int64)
    line, time, answered, name, kind, message, state = np.array(asked, np.int64).T
    order = np.lexsort((line, time))
    line = line[order]
    rows["time"], rows["answered"], rows["name"] = time[order], answered[order], name[order]
    rows["kind"], rows["message"], rows["state"] = kind[order], message[order], state[order]
    rows["flow"], rows["frame"], rows["capture"] = of[line], said["frame"][line], said["capture"][line]
    together = np.argsort(rows["flow"], kind="stable")
    same = rows["flow"][together][1:] == rows["flow"][together][:-1]
    rows["previous"][together[1:][same]] = together[:-1][same] + 1
    number = np.empty(len(order), np.int64)
    number[order] = np.arange(1, len(order) + 1)
    return rows, number


def _answers(told: list[Told], said: Rows, of: NDArray[np.int64], flows: Rows, question_of: NDArray[np.int64]) -> Rows:
    """Return the answers in order of time."""
    rows = np.zeros(len(told), ANSWER)
    if not told:
        return rows
    high = np.array([(one.hi, one.lo) for one in told], np.uint64)
    columns = [[getattr(one, key) for one in told] for key in Told._fields if key not in ("hi", "lo")]
    line, asked, time, question, owner, target, ttl, message, kind, code = np.array(columns, np.int64)
    order = np.lexsort((np.arange(len(told)), message, time))
    line = line[order]
    flow = of[line]
    rows["address_hi"], rows["address_lo"] = high[order].T
    rows["client_hi"], rows["client_lo"] = flows["initiator_hi"][flow], flows["initiator_lo"][flow]
    values = (("time", time), ("question", question), ("owner", owner), ("target", target), ("ttl", ttl))
    for key, column in (*values, ("message", message), ("kind", kind), ("code", code)):
        rows[key] = column[order]
    rows["flow"], rows["frame"], rows["capture"] = flow, said["frame"][line], said["capture"][line]
    rows["asked"] = question_of[asked[order] - 1]
    return rows


def _named(said: Rows, of: NDArray[np.int64], asked: list[Asked], question_of: NDArray[np.int64]) -> Rows:
    """Return every name that was said on a flow."""
    question = np.zeros(len(said), np.int64)
    if asked:
        question[[one.said for one in asked]] = question_of
    rows = np.flatnonzero((said["name"] > 0) & (said["source"] > 0))
    rows = rows[(said["source"][rows] != NameSource.DNS) | (question[rows] > 0)]
    named = np.zeros(len(rows), NAME)
    for key in (*FRAME, "name", "port", "source", "from_initiator"):
        named[key] = said[key][rows]
    named["flow"], named["question"] = of[rows], question[rows]
    return named


def _hellos(gathered: Gathered, said: Rows, of: NDArray[np.int64]) -> Rows:
    """Return the ClientHellos of which a fingerprint is told."""
    rows = np.zeros(len(gathered.hellos), HELLO)
    if len(rows):
        line, fingerprint, version = np.array(gathered.hellos, np.int64).T
        for key in (*FRAME, "name", "source"):
            rows[key] = said[key][line]
        rows["flow"], rows["fingerprint"], rows["version"] = of[line], fingerprint, version
    return rows


def _shown(
    gathered: Gathered, said: Rows, of: NDArray[np.int64], flows: Rows
) -> tuple[tuple[Certificate, ...], Rows, Rows]:
    """Return the certificates, where they were shown, and the names that they give to flows.

    A name that the client asked for says more: a certificate may be for many hosts.
    """
    numbers = {key: number for number, key in enumerate(gathered.certificates)}
    known = [one for one in gathered.shown if one.certificate in numbers]
    rows = np.zeros(len(known), SHOWN)
    certificates = tuple(gathered.certificates.values())
    if not known:
        return certificates, rows, np.zeros(0, NAME)
    line = np.array([one.said for one in known], np.int64)
    for key in FRAME:
        rows[key] = said[key][line]
    rows["flow"] = of[line]
    rows["certificate"] = [numbers[one.certificate] for one in known]
    rows["from_initiator"] = [one.from_initiator for one in known]
    names = np.array([_server_name(gathered, one) for one in certificates], np.int64)
    servers = rows[(rows["from_initiator"] == 0) & (names[rows["certificate"]] > 0)]
    _, first = np.unique(servers["flow"], return_index=True)
    servers = servers[first]
    named = np.zeros(len(servers), NAME)
    for key in (*FRAME, "flow"):
        named[key] = servers[key]
    named["name"], named["source"] = names[servers["certificate"]], int(NameSource.TLS_CERTIFICATE)
    bare = flows["name_frame"][servers["flow"]] == 0
    flow = servers["flow"][bare]
    nameless = flows["name"][flow] == 0
    flow, kept = flow[nameless], np.flatnonzero(bare)[nameless]
    flows["name"][flow], flows["name_frame"][flow] = named["name"][kept], named["frame"][kept]
    flows["name_source"][flow] = int(NameSource.TLS_CERTIFICATE)
    return certificates, rows, named


def _server_name(gathered: Gathered, certificate: Certificate) -> int:
    """Return the number of the host that a certificate is for: its first name that can be one."""
    for name in (*certificate.names, certificate.subject):
        if "." in name and len(name) <= LONGEST_NAME and (number := gathered.name(name)):
            return number
    return 0


def _claims(gathered: Gathered) -> Rows:
    """Return who says that an address is its own, the first first."""
    kept = [(holder, when) for holder, when in gathered.holders.items() if holder.kind]
    rows = np.zeros(len(kept), CLAIM)
    for row, (holder, when) in enumerate(kept):
        rows[row]["mac"], rows[row]["address_hi"], rows[row]["address_lo"] = holder.mac, holder.hi, holder.lo
        rows[row]["time"], rows[row]["last"] = when.first, when.last if when.last > when.first else 0
        rows[row]["frame"], rows[row]["capture"] = when.line & 0xFFFF_FFFF, when.capture
        rows[row]["vlan"], rows[row]["kind"] = holder.vlan, holder.kind
    return rows[np.lexsort((rows["frame"], rows["capture"], rows["time"]))]


def _senders(gathered: Gathered) -> Rows:
    """Return which MAC sent packets of which address; of their TTL, which no log tells, nothing."""
    kept = [(holder, when) for holder, when in gathered.holders.items() if not holder.kind]
    rows = np.zeros(len(kept), SENDER)
    for row, (holder, when) in enumerate(kept):
        rows[row]["mac"], rows[row]["address_hi"], rows[row]["address_lo"] = holder.mac, holder.hi, holder.lo
        rows[row]["time"], rows[row]["last"], rows[row]["vlan"] = when.first, when.last, holder.vlan
        rows[row]["frame"], rows[row]["capture"] = when.line & 0xFFFF_FFFF, when.capture
    return rows[np.lexsort((rows["frame"], rows["capture"], rows["time"]))]
