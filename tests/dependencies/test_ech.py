"""Whether an encrypted ClientHello that was offered is real or a decoy."""

from __future__ import annotations

import numpy as np

from kwel.dependencies.ech import counts, decide
from kwel.model.records.columns import ANSWER, HELLO, Ech, address_halves
from tests.export.plant import make_flow, make_names

NAMES = make_names("", "outer.example", "shop.example")
CLIENT, OTHER = "10.20.3.32", "10.20.3.33"
FLOWS = make_flow(CLIENT, "192.0.2.7")


def hello(name: int, ech: Ech = Ech.OFFERED) -> np.ndarray:
    rows = np.zeros(1, HELLO)
    rows["name"], rows["ech"] = name, ech
    return rows


def answer(client: str = CLIENT, **columns: int) -> np.ndarray:
    rows = np.zeros(1, ANSWER)
    rows["client_hi"], rows["client_lo"] = address_halves(client)
    for key, value in columns.items():
        rows[key] = value
    return rows


def decided(rows: np.ndarray, *answers: np.ndarray, outer_names: tuple[str, ...] = ()) -> int:
    told = np.concatenate([np.zeros(0, ANSWER), *answers])
    return int(decide(rows, FLOWS, told, NAMES, outer_names)["ech"][0])


def test_without_the_dns_it_is_not_known() -> None:
    assert decided(hello(1)) == Ech.OFFERED


def test_a_public_name_that_the_dns_gave_is_an_outer_name() -> None:
    assert decided(hello(1), answer(question=2, outer=1)) == Ech.REAL


def test_a_public_name_that_a_rule_knows_is_an_outer_name() -> None:
    assert decided(hello(1), outer_names=("outer.example",)) == Ech.REAL


def test_a_name_that_the_client_looked_up_is_likely_the_true_one() -> None:
    assert decided(hello(2), answer(question=2)) == Ech.GREASE_LIKELY


def test_a_public_name_stays_one_though_somebody_looked_it_up() -> None:
    assert decided(hello(1), answer(question=1), answer(question=2, outer=1)) == Ech.REAL


def test_what_another_client_looked_up_tells_nothing() -> None:
    assert decided(hello(2), answer(OTHER, question=2)) == Ech.OFFERED


def test_a_hello_without_a_name_is_not_decided() -> None:
    assert decided(hello(0), answer(question=0, outer=0)) == Ech.OFFERED


def test_hellos_that_offer_nothing_are_left_alone() -> None:
    assert decided(hello(2, Ech.NONE), answer(question=2)) == Ech.NONE
    assert decided(hello(2, Ech.INNER), answer(question=2)) == Ech.INNER


def test_each_kind_is_counted_and_a_service_that_the_dns_tells_apart() -> None:
    rows = np.concatenate([hello(1, Ech.REAL), hello(2), hello(2, Ech.GREASE_LIKELY), hello(2, Ech.NONE)])
    told, weights = make_flow(CLIENT, "192.0.2.7", answer=1), np.ones(1, np.int64)

    assert counts(rows, FLOWS, weights) == {"ech-offered": 1, "ech-real": 0, "ech-unnamed": 1, "ech-grease-likely": 1}
    assert counts(rows, told, weights) == {"ech-offered": 1, "ech-real": 1, "ech-unnamed": 0, "ech-grease-likely": 1}
