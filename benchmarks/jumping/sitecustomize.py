"""A file with a number of seconds in, a wall clock that is off by so many out: for `benchmarks.endure` alone.

Python imports a module of this name when it starts. Setting the machine's own clock would set that of everybody.
"""

from __future__ import annotations

import os
import time

_true = time.time_ns
_file = os.environ.get("KWEL_JUMP_FILE", "")


def _jumped() -> int:
    try:
        with open(_file) as file:
            return _true() + int(float(file.read()) * 1e9)
    except (OSError, ValueError):
        return _true()


if _file:
    time.time_ns = _jumped
    time.time = lambda: _jumped() / 1e9
