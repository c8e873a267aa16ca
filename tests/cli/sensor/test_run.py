"""``kwel sensor run`` says in one line what it lacks, and reads a folder to its end where asked."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def run(*words: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "kwel", "sensor", "run", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ((), 2, "name an interface"),
        (("span0",), 2, "--store DIR"),
        (("span0", "--from-folder", ".", "--store", "x"), 2, "do not go together"),
        (("--from-folder", "/nowhere", "--store", "{tmp}/s"), 3, "/nowhere"),
        (("--config", "/nowhere.toml"), 3, "/nowhere.toml"),
        (("span0", "--config", "x.toml"), 2, "leave out span0"),
        (("nowhere0", "--store", "{tmp}/s"), 3, "nowhere0"),
        (("lo", "--store", "/proc/s"), 3, "--store"),
        (("lo", "--store", "{tmp}/s", "--user", "nobody-of-that-name"), 3, "no user nobody-of-that-name"),
    ],
)
def test_what_is_lacking_is_said_in_one_line(words: tuple[str, ...], status: int, said: str, tmp_path: Path) -> None:
    got, complaint = run(*(word.format(tmp=tmp_path) for word in words))

    assert (got, complaint.count("\n")) == (status, 1), complaint
    assert said in complaint
