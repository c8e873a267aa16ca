"""How long a policy of forty rules takes on a million contacts, once they are loaded: ``python -m benchmarks.policy``.

The contacts are made, not captured: 400 assets, 20,000 hosts of 300 operators in 60 countries, some of it not known.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

import numpy as np

from kwel import rulebook
from kwel.model.limits import Decision
from kwel.policy.contacts import KEYS, Doubt, Names, Part, put_together
from kwel.policy.judge import Seen, judge
from kwel.policy.policy import parse, sound
from kwel.policy.shipped import known_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kwel.model.limits import Policy
    from kwel.policy.contacts import Contacts, Values

COUNTRIES = ("NL", "DE", "FR", "IE", "US", "CN", "GB", "CH", "NO", "SE", "JP", "CA")


def contacts(rows: int, seed: int = 7) -> Contacts:
    """Return made contacts; the same seed gives the same."""
    draw = np.random.default_rng(seed)

    def column(values: list[Values]) -> tuple[list[Values], NDArray]:
        return values, draw.integers(0, len(values), rows)

    unknown: list[Values] = [(Doubt(),)]
    columns = {
        "assets": column([(Names((f"asset-{i}", f"10.0.{i >> 8}.{i & 255}")),) for i in range(400)]),
        "kinds": column([("ot",), ("it",), ("iiot",), *unknown]),
        "roles": column([("controller",), ("hmi",), ("historian",), ("server",), *unknown]),
        "zones": column([(f"Cell {i}",) for i in range(40)]),
        "levels": column([("0",), ("1",), ("2",), ("3",), ("4",), *unknown]),
        "hosts": column([(Names((f"h{i}.cloud{i % 90}.example", f"198.51.0.{i & 255}")),) for i in range(20_000)]),
        "operators": column([*((f"Operator {i}",) for i in range(300)), *unknown]),
        "jurisdictions": column([(a, b) for a in COUNTRIES for b in COUNTRIES]),
        "places": column([*((code,) for code in COUNTRIES), *unknown]),
        "functions": column([("monitoring",), ("remote-access",), ("time",), ("identity",), *unknown]),
        "paths": column([("data",), ("control",), *unknown]),
        "control": column([("non-european",), ("european",), (Doubt(("non-european", "european"), "undecided"),)]),
        "direction": column([("outbound",), ("outbound",), ("outbound",), ("inbound",)]),
        "states": column([("used",), ("attempted",), ("resolved-only",)]),
        "protocols": column([("tls",), ("dns",), ("ntp",), *unknown]),
        "ports": column([(f"tcp/{port}",) for port in range(1, 2000)]),
    }  # fmt: skip
    assert set(columns) <= set(KEYS)
    part = Part(rows, columns, False, lambda row: (str(row), str(row), "", ""), lambda row: (f"made#{row + 1}",))
    return put_together([part])


def policy(rules: int) -> Policy:
    """Return a policy of so many rules, most of which hold for few contacts."""
    kinds = (
        'zones = "Cell {n}"\nhosts = "*.cloud{n}.example"',
        'functions = "remote-access"\noperators = ["Operator {n}", "Operator 2{n}"]',
        'not_jurisdictions = "EEA"\nlevels = [0, 1]\nports = "tcp/{n}-{n}9"',
        'assets = "10.0.0.{n}"\nplaces = ["CN", "US"]',
    )
    text = ['default = "allow"']
    for number in range(rules):
        action = ("deny", "allow", "warn")[number % 3]
        text.append(f'[[rules]]\nid = "r{number}"\naction = "{action}"\n{kinds[number % 4].format(n=number + 1)}')
    text.append(
        '[[exceptions]]\nrule = "r2"\nassets = "10.0.0.0/25"\nowner = "o"\nreason = "r"\nticket = "t"\n'
        "expires = 2027-01-01"
    )
    return sound(*parse("\n".join(text).encode(), "made.toml", known_words(rulebook.load())))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rules", type=int, default=40)
    parser.add_argument("--times", type=int, default=3)
    options = parser.parse_args()
    seen, limits, loaded = Seen("good"), policy(options.rules), contacts(options.rows)
    for _ in range(options.times):
        begin = time.perf_counter()
        judgement = judge(limits, loaded, seen, "2026-11-25")
        counts = ", ".join(f"{judgement.count(of)} {of.value}" for of in Decision)
        print(f"{time.perf_counter() - begin:.2f} s for {options.rows} contacts and {options.rules} rules: {counts}")


if __name__ == "__main__":
    main()
