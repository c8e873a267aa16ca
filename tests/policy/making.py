"""Contacts made from words, for tests."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from kwel import rulebook
from kwel.policy.contacts import KEYS, Doubt, Names, Part, put_together
from kwel.policy.policy import parse, sound
from kwel.policy.shipped import known_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kwel.model.limits import Policy
    from kwel.policy.contacts import Contacts, Value, Values
    from kwel.policy.words import Vocabulary

NAMED = ("assets", "to_assets", "hosts")


@cache
def known() -> Vocabulary:
    return known_words(rulebook.load())


def policy_of(text: str) -> Policy:
    return sound(*parse(text.encode(), "limits.toml", known()))


def contacts_of(rows: Sequence[str]) -> Contacts:
    """Return contacts, each told as ``key=value key=value``; those with commands are commands."""
    told = [dict(_said(word) for word in row.split()) for row in rows]
    parts = [_part([row for row in told if ("commands" in row) is commands], commands) for commands in (False, True)]
    return put_together(parts)


def order_of(rows: Sequence[str]) -> list[int]:
    """Return which of the rows each contact is."""
    commands = ["commands=" in row for row in rows]
    return [number for wanted in (False, True) for number, is_command in enumerate(commands) if is_command is wanted]


def _part(rows: list[dict[str, Values]], is_command: bool) -> Part:
    numbers = np.arange(len(rows))
    columns = {key: ([row.get(key, ()) for row in rows], numbers) for key in KEYS}

    def subject(row: int) -> tuple[str, str, str, str]:
        host = ", ".join(str(value) for value in rows[row].get("hosts", ()))
        asset = ", ".join(str(value) for value in rows[row].get("assets", ("a",)))
        return asset, asset, host or "b", "what"

    return Part(len(rows), columns, is_command, subject, lambda row: (f"test.pcap#{row + 1}",))


def _said(word: str) -> tuple[str, Values]:
    key, _, text = word.partition("=")
    assert key in KEYS, key
    return key, tuple(_value(key, part) for part in text.replace("_", " ").split(","))


def _value(key: str, text: str) -> Value:
    if text.startswith("?:"):
        return Doubt(name=text[2:])
    if text.startswith("?"):
        return Doubt(tuple(text[1:].split("|")) if text[1:] else ())
    return Names(text.split("/")) if key in NAMED else text
