"""CNAME chains are those of the message that answered the very name."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from kwel.dependencies.looked_up import Chains
from kwel.model.names import Names
from kwel.model.records.columns import ANSWER

if TYPE_CHECKING:
    from kwel.model.traffic import Traffic

NAMES = ("", "a.example", "b.example", "c.example", "loop.example")


class Answered:
    """As much of the traffic as is asked for: answers as (message, question, owner, target)."""

    def __init__(self, *answers: tuple[int, int, int, int]) -> None:
        text = "".join(NAMES).encode()
        lengths = np.array([len(name) for name in NAMES], np.int64)
        self.names = Names(np.frombuffer(text, np.uint8), np.cumsum(lengths) - lengths, lengths)
        self.answers = np.zeros(len(answers), ANSWER)
        for row, (message, question, owner, target) in zip(self.answers, answers, strict=True):
            row["message"], row["question"], row["owner"], row["target"] = message, question, owner, target
            row["kind"] = 5 if target else 1


def chains_of(traffic: Answered, *asked: tuple[int, int]) -> list[tuple[str, ...]]:
    """Return the chain behind each (1 + row of the answer, name)."""
    answer, name = np.array(asked, np.int64).reshape(-1, 2).T
    number, chains = Chains(cast("Traffic", traffic)).find(answer, name)
    return [chains[index] for index in number.tolist()]


def test_a_chain_is_followed_from_the_name_asked_for() -> None:
    traffic = Answered((7, 1, 2, 3), (7, 1, 1, 2), (7, 1, 3, 0))

    assert chains_of(traffic, (3, 1)) == [("b.example", "c.example")]


def test_one_alias_is_a_chain_only_where_it_is_of_the_name_asked_for() -> None:
    traffic = Answered((7, 1, 1, 2), (7, 1, 2, 0), (8, 1, 3, 2), (8, 1, 2, 0))

    assert chains_of(traffic, (2, 1), (4, 1)) == [("b.example",), ()]


def test_an_answer_to_another_name_and_no_answer_have_no_chain() -> None:
    traffic = Answered((7, 1, 1, 2), (7, 1, 2, 0))

    assert chains_of(traffic, (2, 3), (0, 1)) == [(), ()]
    assert chains_of(Answered(), (0, 1)) == [()]


def test_of_two_targets_of_one_alias_the_first_counts_and_a_circle_ends() -> None:
    twice = Answered((7, 1, 1, 2), (7, 1, 1, 3))
    circle = Answered((7, 1, 1, 4), (7, 1, 4, 1))

    assert chains_of(twice, (1, 1)) == [("b.example",)]
    assert chains_of(circle, (1, 1)) == [("loop.example", "a.example")]
