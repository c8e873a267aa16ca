"""A capture in, how long joining its windows takes out, beside reading it whole.

    python -m benchmarks.generate many many.pcap
    python -m benchmarks.join many.pcap [--parts 12]

The capture is heard in parts of equally many frames, as a sensor hears windows; then `kwel.merge.join` makes one of
them. The peer, in the same run, is the analysis that hears all frames in one piece: joining must be far cheaper than
what it saves. Memory is the most that the process held; run it alone.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time

from kwel import merge
from kwel.analysis.analyser import Analyser
from kwel.analysis.stages import read_traffic
from kwel.model.traffic import Capture, Traffic


def parts_of(path: str, count: int, packets: int) -> list[Traffic]:
    """Return what *count* analyses heard that each heard as many of the frames, give or take a batch."""
    from kwel.analysis import stages

    (file,) = stages.find_files([path])
    found: list[Traffic] = []
    analyser, heard = _begun(0), 0
    for batch in file.batches():
        analyser.process(batch)
        heard += len(batch.records)
        if heard > packets * (len(found) + 1) / count and len(found) + 1 < count:
            found.append(_ended(analyser, len(found)))
            analyser = _begun(len(found))
    return [*found, _ended(analyser, len(found))]


def _begun(number: int) -> Analyser:
    analyser = Analyser(1 << 21)
    analyser.begin(f"part-{number}")
    return analyser


def _ended(analyser: Analyser, number: int) -> Traffic:
    capture = Capture(
        name=f"part-{number}", format="pcap", bytes=0, sha256=None, packets=0, first=None, last=None, links=(),
        dropped=None, problem=None,
    )  # fmt: skip
    return analyser.finish((capture,))


def main() -> int:
    """Measure one capture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("capture")
    parser.add_argument("--parts", type=int, default=12)
    asked = parser.parse_args()
    began = time.process_time()
    whole = read_traffic(asked.capture)
    read = time.process_time() - began
    parts = parts_of(asked.capture, asked.parts, whole.coverage.packets)
    rows = sum(len(part.flows) for part in parts)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    joined = merge.join(parts)
    took = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{len(parts)} parts, {rows} rows, {len(joined.flows)} flows joined, {len(whole.flows)} in one piece")
    print(f"join {took:.2f} s, {took / read:.2f} of reading it whole ({read:.2f} s); seconds of processor time")
    print(f"memory at most {peak >> 10} MB, {max(peak - before, 0) >> 10} MB of it more than before joining")
    return len(joined.flows) != len(whole.flows)


if __name__ == "__main__":
    sys.exit(main())
