"""Seeds in, executions out: one process that may die at any of them, and leaves behind which it was."""

from __future__ import annotations

import functools
import hashlib
import json
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic
from typing import TYPE_CHECKING

from kwel import rulebook
from kwel.capture import CaptureFile
from tests.fuzz import targets
from tests.fuzz.mutate import MOST_FRAMES, Frame, damaged, file_of, scene

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LARGEST_SEED = 4_000_000
"""Bytes of a file that is taken for a seed."""
MOST_KEPT = 4000
"""Scenes and payloads that were new in what they led to, kept as seeds of others."""
ROUND = 2.0
"""Seconds between two words of progress."""


def frames_of(path: Path, random: Random) -> list[Frame]:
    """Return some consecutive frames of a capture, none where it has none."""
    batches = CaptureFile("seed", path).batches()
    batch = next(batches, None)
    found: list[Frame] = []
    if batch is not None:
        first = random.choice((0, random.randrange(len(batch.records))))
        for row in batch.records[first : first + random.choice((4, 16, 64, MOST_FRAMES))]:
            data = batch.buffer[int(row["start"]) : int(row["start"]) + int(row["captured"])].tobytes()
            found.append(Frame(int(row["link"]), int(row["time"]), data, max(0, int(row["wire"]) - len(data))))
    return found


@dataclass(slots=True)
class Worker:
    """One run of the fuzzer in one process."""

    seeds: Sequence[Path]
    folder: Path
    random: Random
    executions: int = 0
    kept: list[list[Frame]] = field(default_factory=list)
    payloads: list[bytes] = field(default_factory=list)
    features: set[str] = field(default_factory=set)
    findings: dict[str, Path] = field(default_factory=dict)
    """By where it was raised: the input."""

    def run(self, seconds: float) -> Iterator[None]:
        """Execute until *seconds* are over; stop now and then to let somebody tell how far it came."""
        end, word = monotonic() + seconds, monotonic() + ROUND
        while monotonic() < end:
            self.step()
            if monotonic() >= word:
                word = monotonic() + ROUND
                yield
        yield

    def step(self) -> None:
        """Make one scene, and execute it."""
        random = self.random
        frames, others = self._seed(), self._seed()
        made = scene(frames, others, random) if frames else list(others)
        if random.random() < 0.05 and made:
            self._execute("container", damaged(random.choice(self.seeds).read_bytes()[:LARGEST_SEED], random))
        data = file_of(made, random)
        new = self._execute("everything" if random.random() < 0.05 else "pipeline", data)
        if new and len(self.kept) < MOST_KEPT:
            self.kept.append(made)
        for frame in made[:4]:
            self._payload(frame)

    def _seed(self) -> list[Frame]:
        if self.kept and self.random.random() < 0.5:
            return self.random.choice(self.kept)
        path = self.random.choice(self.seeds)
        return frames_of(path, self.random) if path.stat().st_size <= LARGEST_SEED else []

    def _payload(self, frame: Frame) -> None:
        random = self.random
        data = frame.data[random.choice((14, 42, 54, 60, 66)) :]
        if self.payloads and random.random() < 0.5:
            data = random.choice(self.payloads)
        for _ in range(random.choice((0, 1, 2, 4))):
            data = damaged(data, random)
        if self._execute("payload", data) and len(self.payloads) < MOST_KEPT:
            self.payloads.append(data)

    def _execute(self, name: str, data: bytes) -> bool:
        """Execute one input; return whether it led to something new."""
        self.executions += 1
        path = self.folder / f"current.{name}"
        path.write_bytes(data)
        found: targets.Features = frozenset()
        try:
            found = targets.FILES[name](path)
        except Exception as error:  # noqa: BLE001 - any that gets here is what is looked for
            self._keep(name, data, error)
        path.unlink(missing_ok=True)
        new = found - self.features
        self.features |= new
        return bool(new)

    def _keep(self, name: str, data: bytes, error: Exception) -> None:
        steps = traceback.extract_tb(error.__traceback__)
        place = f"{type(error).__name__} at {Path(steps[-1].filename).name}:{steps[-1].lineno}"
        if place not in self.findings:
            path = self.folder / f"{hashlib.sha256(data).hexdigest()[:16]}.{name}"
            path.write_bytes(data)
            path.with_suffix(f".{name}.txt").write_text("".join(traceback.format_exception(error)))
            self.findings[place] = path


def work(seeds: Sequence[Path], folder: Path, seed: int, seconds: float, say: Callable[[str], None]) -> None:
    """Run one worker; say how far it is, a JSON object a line."""
    rulebook.load = functools.cache(rulebook.load)  # type: ignore[assignment]
    worker = Worker(seeds, folder, Random(seed))
    for _ in worker.run(seconds):
        found = {place: path.name for place, path in worker.findings.items()}
        say(json.dumps({"executions": worker.executions, "features": len(worker.features), "findings": found}))
