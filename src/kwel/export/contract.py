"""What a column and a table are: the nouns of ``schema``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    Cell = str | int | bool | list[str] | None

Kind = Literal["text", "list", "whole", "flag", "time"]
Name = Literal[
    "flows", "names", "hellos", "assets", "facts", "dependencies", "zones", "conduits", "commands", "inventory",
    "lan", "interruptions", "needs",
]  # fmt: skip

JSON = {
    "text": "string",
    "list": "array of strings",
    "whole": "number",
    "flag": "boolean",
    "time": "string",
}
"""How each kind is written in JSON Lines."""


COMMANDS: dict[Name, tuple[str, ...]] = {
    "facts": ("assets", "--facts"),
    "zones": ("conduits", "--zones"),
    "inventory": ("inventory", "check"),
}
"""The words that write a table, where they are not its name."""


class Column(NamedTuple):
    """One column."""

    name: str
    kind: Kind
    meaning: str
    example: str
    """As JSON."""
    unit: str = ""
    optional: bool = False
    """Whether ``null`` may stand in it: not known, or not there."""
    rank: int = 2
    """On a narrow terminal: 0 leads every row, 1 is always shown, 3 only where there is room for everything."""


class Table(NamedTuple):
    """One table: what a row is, and its columns."""

    name: Name
    row: str
    columns: tuple[Column, ...]

    @property
    def command(self) -> tuple[str, ...]:
        """Return the words behind ``kwel`` that write it."""
        return COMMANDS.get(self.name, (self.name,))

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the names of the columns in order."""
        return tuple(column.name for column in self.columns)


def first_and_last(of: str) -> tuple[Column, Column]:
    """Return the columns of a span of time."""
    return (
        Column("first", "time", f"First packet of {of}.", '"2026-03-02T09:14:07.120331000Z"', "UTC"),
        Column("last", "time", f"Last packet of {of}.", '"2026-03-02T09:14:37.902118000Z"', "UTC", rank=3),
    )


LABEL = Column(
    "label",
    "text",
    "What people call it: the site's own name for it, else what it calls itself, else its address.",
    '"ketelhuis HMI 2"',
    rank=0,
)


def label_of(prefix: str) -> Column:
    """Return the column of what people call an asset in another column."""
    return LABEL._replace(name=f"{prefix}_label", meaning=f"What people call the {prefix}, as `label` in `assets`.")


EVIDENCE = Column("evidence", "list", "Frames that prove it, as `capture#frame`.", '["plant.pcapng#118"]', rank=3)


CAPTURE = Column(
    "capture",
    "text",
    "File name of the capture, without folders; `-` is standard input.",
    '"plant.pcapng"',
    rank=3,
)


def framed(table: Table, rows: list[dict[str, Cell]]) -> pd.DataFrame:
    """Return rows as a DataFrame with the columns of *table*."""
    import numpy as np
    import pandas as pd

    from kwel.export.text import spell_times

    made: dict[str, Callable[[list[Cell]], pd.Series]] = {
        "text": lambda cells: pd.Series(cells, dtype="str"),
        "list": lambda cells: pd.Series(cells, dtype="object"),
        "whole": lambda cells: pd.Series(cells, dtype="int64"),
        "flag": lambda cells: pd.Series(cells, dtype="bool"),
        "time": lambda cells: spell_times(np.array(cells, np.int64)),
    }
    return pd.DataFrame({of.name: made[of.kind]([row[of.name] for row in rows]) for of in table.columns})
