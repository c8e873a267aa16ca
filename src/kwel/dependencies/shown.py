"""The row of a dependency in, the object with its evidence out: made when somebody wants to see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kwel.dependencies.asked import Questions
from kwel.dependencies.greetings import ByFlow, Greetings
from kwel.dependencies.reverse import reverse_names
from kwel.model.claims import Evidence, Where
from kwel.model.dependencies import STATES, Dependency
from kwel.model.kinds import Application, RecordKind
from kwel.model.records.columns import NameSource, State, address_text
from kwel.model.transports import transport_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kwel.dependencies.contacts import Contacts
    from kwel.dependencies.looked_up import LookedUp
    from kwel.dependencies.trips import Trips
    from kwel.model.assets import Asset
    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Traffic
    from kwel.model.verdicts import Attribution

SECOND = 1_000_000_000
MOST_HOLDERS = 3
"""Names of a certificate that evidence tells."""
TCP = 6
NO_SUCH_NAME = 3
"""The RCODE NXDOMAIN, RFC 1035 section 4.1.1."""
APPLICATIONS = {int(spoken): spoken.label if spoken else None for spoken in Application}
STATE_WORDS = {state: state.name.lower() for state in State}
COLUMNS = ("asset", "attribution", "state", "first", "last", "flows", "bytes_out", "bytes_in")
_KINDS = {State.UNANSWERED: "syn-unanswered", State.REFUSED: "refused"}


class _Flow(NamedTuple):
    """What a flow is evidence of: the fields of ``columns.FLOW`` that are told."""

    initiator_hi: int
    initiator_lo: int
    responder_hi: int
    responder_lo: int
    responder_port: int
    transport: int
    first_frame: int
    name: int
    name_frame: int
    answer: int
    capture: int
    name_source: int
    state: int
    application: int


FLOW_FIELDS = list(_Flow._fields)
ANSWER_FIELDS = ["question", "owner", "address_hi", "address_lo", "flow", "capture", "frame", "asked"]


class Shown:
    """Makes one dependency with its evidence, when somebody wants to see it."""

    def __init__(
        self,
        traffic: Traffic,
        assets: Sequence[Asset],
        contacts: Contacts,
        strongest: NDArray,
        misfit: NDArray,
        looked_up: LookedUp,
        attributions: Sequence[Attribution],
        columns: dict[str, NDArray],
        order: NDArray,
        trips: Trips,
    ) -> None:
        self._traffic, self._assets, self._contacts = traffic, assets, contacts
        self._strongest, self._misfit, self._looked_up = strongest, misfit, looked_up
        self._attributions, self._columns, self._order, self._trips = attributions, columns, order, trips
        self._greetings, self._questions = Greetings(traffic), Questions(traffic)
        self._named = ByFlow(traffic.named)
        self._reverse: dict[tuple[int, int], int] | None = None
        self._captures = [capture.name for capture in traffic.captures]
        # A whole row at once: its fields one by one would each take as long.
        self._flows, self._answers = traffic.flows[FLOW_FIELDS], traffic.answers[ANSWER_FIELDS]

    def build(self, index: int) -> Dependency:
        """Return dependency *index* as an object."""
        owner, kind, state, first, last, flows, bytes_out, bytes_in = [
            self._columns[key].item(index) for key in COLUMNS
        ]
        asset, attribution = self._assets[owner], self._attributions[kind]
        row = self._order.item(index)
        port: int | None = None
        application: str | None = None
        if row < len(self._strongest):
            contact = self._strongest.item(row)
            number = self._contacts.flow.item(contact)
            flow = _Flow(*self._flows[number].item())
            port = flow.responder_port or None
            application = APPLICATIONS[flow.application]
            evidence = (
                *self._of_flow(flow, number),
                *self._of_name(flow, contact),
                *self._greetings.of(number),
                *self._of_certificate(row, contact),
                *self._of_address(contact),
                *self._trips.evidence(row, attribution),
            )
        else:
            evidence = self._of_question(row - len(self._strongest))
        return Dependency(
            asset.id,
            asset.label,
            asset.kind,
            attribution.name or attribution.address or "",
            attribution,
            STATES[state],
            first,
            last,
            flows,
            bytes_out,
            bytes_in,
            port,
            application,
            (*evidence, *attribution.evidence),
        )

    def _where(self, capture: int, frame: int) -> Where:
        return Where(self._captures[capture], frame)

    def _of_flow(self, flow: _Flow, number: int) -> tuple[Evidence, ...]:
        state = State(flow.state)
        values = (
            ("initiator", address_text(flow.initiator_hi, flow.initiator_lo)),
            ("responder", address_text(flow.responder_hi, flow.responder_lo)),
            ("port", str(flow.responder_port)),
            ("transport", transport_label(flow.transport)),
            ("state", STATE_WORDS[state]),
        )
        kind = _KINDS.get(state, "flow-seen")
        if kind == "syn-unanswered" and flow.transport != TCP:
            kind = "unanswered"
        steps = [Evidence("observed", kind, values, self._where(flow.capture, flow.first_frame))]
        if flow.name_frame:
            source, name = NameSource(flow.name_source).label, self._traffic.names[flow.name]
            where = self._of_named(number, flow) or self._where(flow.capture, flow.name_frame)
            steps.append(Evidence("observed", source, (("name", name),), where))
        return tuple(steps)

    def _of_named(self, number: int, flow: _Flow) -> Where | None:
        """Return where a flow's name was read first: a flow may go on in the next capture, or stand in two logs."""
        for row in self._named.rows(number):
            if row["name"] == flow.name and row["source"] == flow.name_source and row["frame"]:
                return self._where(int(row["capture"]), int(row["frame"]))
        return None

    def _of_name(self, flow: _Flow, contact: int) -> tuple[Evidence, ...]:
        """Return the DNS question and answer that led to a contact, and what it lacks."""
        answer = int(self._contacts.answer[contact])
        if answer == 0:
            return ()
        began = self._traffic.flows["first"].item(self._contacts.flow.item(contact)) if flow.answer else None
        told = self._of_answer(answer, began)
        if not self._contacts.weak[contact]:
            return told
        row, name = self._traffic.answers[answer - 1], told[-1].values[0]
        if flow.answer == 0:
            client = address_text(int(row["client_hi"]), int(row["client_lo"]))
            return (*told, Evidence("inferred", "dns-answer-to-another", (name, ("client", client))))
        age = (int(self._traffic.flows["first"][self._contacts.flow[contact]]) - int(row["time"])) // SECOND
        return (*told, Evidence("inferred", "dns-answer-stale", (name, ("age", str(age)), ("ttl", str(row["ttl"])))))

    def _of_certificate(self, row: int, contact: int) -> tuple[Evidence, ...]:
        """Return the certificate that does not cover the name asked for, if one was shown."""
        number = int(self._misfit[row])
        if number == 0:
            return ()
        shown = self._traffic.shown[number - 1]
        certificate = self._traffic.certificates[int(shown["certificate"])]
        holder = ", ".join(certificate.names[:MOST_HOLDERS]) or certificate.subject
        values = (("name", self._traffic.names[int(self._contacts.name[contact])]), ("holder", holder))
        where = self._where(int(shown["capture"]), int(shown["frame"]))
        return (Evidence("observed", "certificate-of-another", values, where),)

    def _of_address(self, contact: int) -> tuple[Evidence, ...]:
        """Return what the address is called in the reverse tree, if somebody in the capture asked."""
        if self._reverse is None:
            self._reverse = reverse_names(self._traffic)
        hi, lo = int(self._contacts.hi[contact]), int(self._contacts.lo[contact])
        row = self._reverse.get((hi, lo))
        if row is None:
            return ()
        told = self._traffic.answers[row]
        client = address_text(int(told["client_hi"]), int(told["client_lo"]))
        values = (
            ("address", address_text(hi, lo)),
            ("name", self._traffic.names[int(told["target"])]),
            ("client", client),
        )
        return (Evidence("observed", "reverse-name", values, self._where(int(told["capture"]), int(told["frame"]))),)

    def _of_answer(self, answer: int, began: int | None = None) -> tuple[Evidence, ...]:
        names = self._traffic.names
        question, owner, hi, lo, flow, capture, frame, number = self._answers[answer - 1].item()
        resolver = self._flows[flow]
        values = (
            ("name", names[question]),
            ("address", address_text(hi, lo)),
            ("chain", names[owner] if owner != question else ""),
            ("resolver", address_text(int(resolver["responder_hi"]), int(resolver["responder_lo"]))),
        )
        answered = Evidence("observed", "dns-answer", values, self._where(capture, frame))
        return (*self._questions.asked(number, began), answered)

    def _of_question(self, index: int) -> tuple[Evidence, ...]:
        answer = int(self._looked_up.answer[index])
        seen = self._traffic.named[self._looked_up.row[index]]
        number = int(seen["question"])
        name = ("name", self._traffic.names[int(seen["name"])])
        if answer == 0:
            return (self._asked(number, name, seen), *self._questions.unanswered(number))
        row = self._traffic.answers[answer - 1]
        question = self._asked(int(row["asked"]) or number, name, seen)
        if row["address_hi"] or row["address_lo"]:
            return (question, self._of_answer(answer)[-1])
        if row["kind"] != RecordKind.NOTHING:
            return (question,)
        kind = "dns-no-such-name" if row["code"] == NO_SUCH_NAME else "dns-no-record"
        where = self._where(int(row["capture"]), int(row["frame"]))
        return (question, Evidence("observed", kind, (name, ("code", str(row["code"]))), where))

    def _asked(self, question: int, name: tuple[str, str], seen: Rows) -> Evidence:
        """Return that a name was asked for: by its question, else by where it was *seen*."""
        for asked in self._questions.asked(question):
            return asked
        where = self._where(int(seen["capture"]), int(seen["frame"]))
        return Evidence("observed", "dns-question", (name, ("asked", "")), where)
