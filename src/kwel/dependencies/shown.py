"""The row of a dependency in, the object with its evidence out: made when somebody wants to see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kwel.columns import Application, NameSource, State, address_text
from kwel.model import STATES, Dependency, Evidence, Where

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kwel.dependencies.contacts import Contacts
    from kwel.dependencies.looked_up import LookedUp
    from kwel.model import Asset, Attribution, Traffic

TCP = 6


class Shown:
    """Makes one dependency with its evidence, when somebody wants to see it."""

    def __init__(
        self,
        traffic: Traffic,
        assets: Sequence[Asset],
        contacts: Contacts,
        strongest: NDArray,
        looked_up: LookedUp,
        attributions: Sequence[Attribution],
        columns: dict[str, NDArray],
        order: NDArray,
    ) -> None:
        self._traffic, self._assets, self._contacts = traffic, assets, contacts
        self._strongest, self._looked_up = strongest, looked_up
        self._attributions, self._columns, self._order = attributions, columns, order

    def build(self, index: int) -> Dependency:
        """Return dependency *index* as an object."""
        column = {key: int(values[index]) for key, values in self._columns.items()}
        asset, attribution = self._assets[column["asset"]], self._attributions[column["attribution"]]
        row = int(self._order[index])
        port: int | None = None
        application: str | None = None
        if row < len(self._strongest):
            contact = int(self._strongest[row])
            flow = self._traffic.flows[self._contacts.flow[contact]]
            port = int(flow["responder_port"]) or None
            application = Application(int(flow["application"])).label if flow["application"] else None
            evidence = self._of_flow(flow, int(self._contacts.name[contact]))
        else:
            evidence = self._of_question(row - len(self._strongest))
        return Dependency(
            asset.id,
            asset.label,
            asset.kind,
            attribution.name or attribution.address or "",
            attribution,
            STATES[column["state"]],
            column["first"],
            column["last"],
            column["flows"],
            column["bytes_out"],
            column["bytes_in"],
            port,
            application,
            (*evidence, *attribution.evidence),
        )

    def _where(self, capture: int, frame: int) -> Where:
        return Where(self._traffic.captures[capture].name, frame)

    def _of_flow(self, flow: NDArray, name: int) -> tuple[Evidence, ...]:
        names, transport = self._traffic.names, {6: "TCP", 17: "UDP", 1: "ICMP", 58: "ICMPv6", 132: "SCTP"}
        state = State(int(flow["state"]))
        values = (
            ("initiator", address_text(int(flow["initiator_hi"]), int(flow["initiator_lo"]))),
            ("responder", address_text(int(flow["responder_hi"]), int(flow["responder_lo"]))),
            ("port", str(int(flow["responder_port"]))),
            ("transport", transport.get(int(flow["transport"]), f"IP {int(flow['transport'])}")),
            ("state", state.name.lower()),
        )
        kind = {State.UNANSWERED: "syn-unanswered", State.REFUSED: "refused"}.get(state, "flow-seen")
        if kind == "syn-unanswered" and int(flow["transport"]) != TCP:
            kind = "unanswered"
        steps = [Evidence("observed", kind, values, self._where(int(flow["capture"]), int(flow["first_frame"])))]
        if flow["name_frame"]:
            source = NameSource(int(flow["name_source"])).label
            where = self._where(int(flow["capture"]), int(flow["name_frame"]))
            steps.append(Evidence("observed", source, (("name", names[int(flow["name"])]),), where))
        if flow["answer"]:
            steps.append(self._of_answer(int(flow["answer"])))
        return tuple(steps)

    def _of_answer(self, answer: int) -> Evidence:
        row, names = self._traffic.answers[answer - 1], self._traffic.names
        values = (
            ("name", names[int(row["question"])]),
            ("address", address_text(int(row["address_hi"]), int(row["address_lo"]))),
            ("chain", names[int(row["owner"])] if row["owner"] != row["question"] else ""),
        )
        return Evidence("observed", "dns-answer", values, self._where(int(row["capture"]), int(row["frame"])))

    def _of_question(self, index: int) -> tuple[Evidence, ...]:
        answer = int(self._looked_up.answer[index])
        seen = self._traffic.named[self._looked_up.row[index]]
        where = self._where(int(seen["capture"]), int(seen["frame"]))
        name = self._traffic.names[int(seen["name"])]
        question = Evidence("observed", "dns-question", (("name", name),), where)
        is_address = answer and self._traffic.answers[answer - 1]["target"] == 0
        return (question, self._of_answer(answer)) if is_address else (question,)
