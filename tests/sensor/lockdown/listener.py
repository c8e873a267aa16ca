"""A watcher in small: hears mon0 through the ring, sealed, and has a copy of itself write. Tests run it."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from kwel.model.window import Window

if TYPE_CHECKING:
    from kwel.analysis.analyser import Analyser


def main(folder: str) -> None:
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as every command does: its threads would keep their rights
    from kwel.analysis.analyser import Analyser
    from kwel.capture.live import open_live
    from kwel.kernel.build import jit
    from kwel.sensor.lockdown.seal import seal

    jit.load()
    analyser = Analyser(10_000)
    analyser.begin("window")
    live = open_live("mon0", patience=0.1)
    live.start()
    checks = seal([live.fileno()], may_fork=True)
    frames, until = 0, time.monotonic() + 20
    for batch in live.batches():
        if batch is not None:
            frames += len(batch.records)
            analyser.process(batch)
        if frames >= 90 or time.monotonic() > until:
            break
    losses = live.losses()
    child = os.fork()
    if child == 0:
        write(Path(folder), analyser, frames)
        os._exit(0)
    _, ended = os.waitpid(child, 0)
    print(json.dumps({"checks": checks, "frames": frames, "counted": losses.frames, "ended": ended}), flush=True)
    os._exit(0)


def write(folder: Path, analyser: Analyser, frames: int) -> None:
    from kwel.model.traffic import Capture
    from kwel.store.spool import write_window

    traffic = analyser.finish((Capture("window", "pcapng", 0, None, frames, None, None, (), None, None),))
    now = time.time_ns()
    write_window(folder, Window("test", "mon0", 1, now, now, 0, traffic), None)


if __name__ == "__main__":
    main(sys.argv[1])
