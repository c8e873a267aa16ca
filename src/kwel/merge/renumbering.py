"""Tables in, the same with rows in another order or fewer of them out: what refers to a row refers to it still."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kwel.merge.stacking import NAMED_IN, Stack
from kwel.merge.vocabulary import reorder_names
from kwel.model.kinds import Application
from kwel.model.records.columns import NameSource

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.model.records.columns import Rows
    from kwel.model.traffic import Traffic

OF_A_FLOW: Final = ("named", "answers", "questions", "hellos", "shown")
"""Tables with a column ``flow``."""
TO_QUESTIONS: Final = (("named", "question"), ("answers", "asked"), ("questions", "previous"))
"""Columns that hold 1 + a row of the questions, by table; and a flow's ``asked``, if it speaks DNS."""
TO_ANSWERS: Final = (("flows", "answer"), ("answers", "previous"))
NEVER: Final = np.iinfo(np.int64).max
BY_TIME: Final = ("named", "hellos", "shown", "claims", "senders", "openings")


def by_time(stack: Stack) -> Stack:
    """Return the tables of parts that overlap in the order in which one analysis would have filled them."""
    traffic = stack.traffic
    order = np.argsort(traffic.flows["first"], kind="stable")
    traffic = with_flows(traffic, order)
    traffic = with_answers(traffic, np.argsort(traffic.answers["time"], kind="stable"))
    traffic = with_questions(traffic, np.argsort(traffic.questions["time"], kind="stable"))
    tables = {name: getattr(traffic, name) for name in BY_TIME}
    sorted_: dict[str, Any] = {name: rows[np.argsort(rows["time"], kind="stable")] for name, rows in tables.items()}
    lan = traffic.lan[np.argsort(traffic.lan["first"], kind="stable")]
    observed = tuple(sorted(traffic.observed, key=lambda one: one.time))
    traffic = with_names(replace(traffic, lan=lan, observed=observed, **sorted_))
    return replace(stack, traffic=traffic, part=stack.part[order], weight=stack.weight[order])


def with_names(traffic: Traffic, *, used_only: bool = False) -> Traffic:
    """Return the traffic with names numbered in the order in which they were seen first.

    *used_only*: without those that no table refers to.
    """
    seen = np.full(len(traffic.names), NEVER)
    for table, columns in NAMED_IN.items():
        rows = getattr(traffic, table)
        time = rows["first" if table == "flows" else "time"]
        for column in columns:
            np.minimum.at(seen, rows[column], time)
    seen[0] = np.iinfo(np.int64).min
    own = is_question(traffic)
    last = traffic.flows["asked"][~own].astype(np.int64)
    seen[last] = np.minimum(seen[last], NEVER - 1)
    order = np.argsort(seen, kind="stable")
    if used_only:
        order = order[seen[order] < NEVER]
    place = np.zeros(len(seen), np.int64)
    place[order] = np.arange(len(order))
    asked = traffic.flows["asked"]
    flows = traffic.flows.copy()
    flows["asked"][~own] = place[asked[~own]]
    tables: dict[str, Any] = {}
    for table, columns in NAMED_IN.items():
        rows = flows if table == "flows" else getattr(traffic, table).copy()
        for column in columns:
            rows[column] = place[rows[column]]
        tables[table] = rows
    return replace(traffic, names=reorder_names(traffic.names, order), **tables)


def with_flows(traffic: Traffic, order: NDArray) -> Traffic:
    """Return the traffic with its flows in another *order*, all of them."""
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    halves = np.stack([2 * order, 2 * order + 1], axis=1).reshape(-1)
    half_place = np.stack([2 * place, 2 * place + 1], axis=1).reshape(-1)
    tables: dict[str, Any] = {name: _moved(getattr(traffic, name), "flow", place) for name in OF_A_FLOW}
    tables |= {name: _moved(getattr(traffic, name), "half", half_place) for name in ("commands", "hinted", "rhythms")}
    beats = traffic.beats[halves] if len(traffic.beats) else traffic.beats
    return replace(traffic, flows=traffic.flows[order], beats=beats, **tables)


def with_answers(traffic: Traffic, order: NDArray) -> Traffic:
    """Return the traffic with those DNS answers alone that *order* names, in that order."""
    tables = _pointing(traffic, TO_ANSWERS, _from_one(order, len(traffic.answers)))
    traffic = replace(traffic, **tables)
    return replace(traffic, answers=traffic.answers[order])


def with_questions(traffic: Traffic, order: NDArray, standing_in: NDArray | None = None) -> Traffic:
    """Return the traffic with those DNS questions alone that *order* names, in that order.

    *standing_in*: by question, which one stands for it from now on; without, each for itself.
    """
    place = _from_one(order, len(traffic.questions))
    if standing_in is not None:
        place[1:] = place[1 + standing_in]
    flows = traffic.flows.copy()
    own = is_question(traffic)
    flows["asked"][own] = place[flows["asked"][own]]
    traffic = replace(traffic, flows=flows, **_pointing(traffic, TO_QUESTIONS, place))
    return replace(traffic, questions=traffic.questions[order])


def is_question(traffic: Traffic) -> NDArray[np.bool_]:
    """Return of which flows ``asked`` is a question of their own; of others it is a name."""
    asked, of = traffic.flows["asked"].astype(np.int64), traffic.questions["flow"]
    is_own: NDArray[np.bool_] = (asked > 0) & (asked <= len(of))
    is_own[is_own] = of[asked[is_own] - 1] == np.flatnonzero(is_own)
    return is_own


def is_told(flows: Rows, answers: Rows) -> NDArray[np.bool_]:
    """Return which flows have their name from the DNS answer that led to them, and from nowhere else."""
    told: NDArray[np.bool_] = (flows["answer"] > 0) & (flows["name_source"] == NameSource.DNS)
    told &= flows["name_frame"] == 0
    told &= flows["application"] != Application.DNS
    told[told] = answers["question"][flows["answer"][told] - 1] == flows["name"][told]
    return told


def _from_one(order: NDArray, count: int) -> NDArray[np.int64]:
    """Return the new number of each old one, both counted from 1; 0 for what is gone, and for none."""
    place: NDArray[np.int64] = np.zeros(count + 1, np.int64)
    place[1 + order] = 1 + np.arange(len(order))
    return place


def _pointing(traffic: Traffic, columns: tuple[tuple[str, str], ...], place: NDArray) -> dict[str, Any]:
    tables: dict[str, Any] = {}
    for table, column in columns:
        rows = tables.get(table, getattr(traffic, table)).copy()
        rows[column] = place[rows[column]]
        tables[table] = rows
    return tables


def _moved(rows: Rows, column: str, place: NDArray) -> Rows:
    """Return rows whose *column* holds new places; sorted by it where it is a direction of a flow."""
    rows = rows.copy()
    rows[column] = place[rows[column]]
    return rows[np.argsort(rows["half"], kind="stable")] if column == "half" else rows
