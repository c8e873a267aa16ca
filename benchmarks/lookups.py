"""The look-up tables in, how fast they answer out: cold load, random addresses, and whole attributions.

    python -m benchmarks.lookups [--addresses 200000]

One core, no network, addresses of a fixed seed: those of IPv4 over all of its space, those of IPv6 over what is global
unicast (2000::/3). Cold load is that of a new process which has imported what it needs, from a warm page cache. The
memory of answers is measured as it is used: every address is new, and a row of the tables that repeats is not read
again.
"""

from __future__ import annotations

import argparse
import ipaddress
import random
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SEED: Final = 20261125
LEAST: Final = 1_000_000
"""Look-ups a minute that one core must do."""
MOST_LOAD: Final = 50.0
"""Milliseconds that opening the tables may take."""
LOADS: Final = 7
MINUTE: Final = 60.0
GLOBAL_UNICAST: Final = 0b001 << 125
COLD: Final = """
import time
from importlib.resources import files
import maxminddb
from kwel.attribution.tables import Tables
begin = time.perf_counter()
tables = Tables.open()
tables.lookup("192.0.2.1")
print((time.perf_counter() - begin) * 1000)
"""


class Rate(NamedTuple):
    """How fast one kind of question is answered."""

    what: str
    a_minute: float
    least: float

    def line(self) -> str:
        """Return the row of the table."""
        verdict = "pass" if self.a_minute >= self.least else "FAIL"
        return f"| {self.what:<34} | {self.a_minute / 1e6:6.2f} million a minute | ≥ {self.least / 1e6:g} | {verdict} |"


def addresses(count: int) -> tuple[list[str], list[str]]:
    """Return random addresses of IPv4 and of IPv6: the same ones every time."""
    dice = random.Random(SEED)
    four = [str(ipaddress.IPv4Address(dice.getrandbits(32))) for _ in range(count)]
    six = [str(ipaddress.IPv6Address(GLOBAL_UNICAST | dice.getrandbits(125))) for _ in range(count)]
    return four, six


def rate(ask: Callable[[str], object], asked: Sequence[str]) -> float:
    """Return how many questions one core answers in a minute, by its own processor time."""
    begin = time.process_time()
    for address in asked:
        ask(address)
    return len(asked) / max(time.process_time() - begin, 1e-9) * MINUTE


def load_times(count: int = LOADS) -> list[float]:
    """Return milliseconds to open the tables and answer once, each in a new process."""
    command = [sys.executable, "-c", COLD]
    return [float(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(count)]


def rates(count: int) -> Iterator[Rate]:
    """Yield how fast random addresses are looked up, and how fast they are attributed."""
    from kwel import rulebook
    from kwel.attribution.attribute import Attributor
    from kwel.attribution.tables import Tables

    four, six = addresses(count)
    for what, asked in (("IPv4, all tables", four), ("IPv6, all tables", six)):
        yield Rate(what, rate(Tables.open().lookup, asked), LEAST)
    attributor = Attributor(rulebook.load(), Tables.open())
    for what, asked in (("IPv4, tables, rules and verdict", four), ("IPv6, tables, rules and verdict", six)):
        yield Rate(what, rate(lambda address: attributor(address, None), asked), LEAST)


def main(given: Sequence[str] | None = None) -> int:
    """Print the table; return 1 where a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lookups", description=__doc__.splitlines()[0])
    parser.add_argument("--addresses", type=int, default=200_000, help="of each family (default 200000)")
    options = parser.parse_args(given)
    times = load_times()
    load = statistics.median(times)
    missed = load > MOST_LOAD
    what, spread = f"cold load, median (range) of {len(times)}", f"{min(times):.0f} to {max(times):.0f}"
    print(f"| {what:<34} | {load:.0f} ms ({spread}) | ≤ {MOST_LOAD:g} ms | {'FAIL' if missed else 'pass'} |")
    for found in rates(options.addresses):
        missed |= found.a_minute < found.least
        print(found.line(), flush=True)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
