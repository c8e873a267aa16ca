"""The same window in every layout that there ever was: what ``old/`` was written with.

``python -m tests.store.layouts`` writes the newest one; those before it are never written again. A new layout is a new
function here, and a new folder there.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from kwel.model.records.columns import address_text
from kwel.model.window import Losses
from kwel.store import codec, folder, head
from kwel.store.files import Disk
from tests.store.windows import tiny

OLD = Path(__file__).parent / "old"


def content() -> folder.Content:
    """Return what every one of them holds."""
    window = replace(tiny(7), losses=(Losses("span0", 10, 2, None),))
    said = {
        "window": head.say_window(window),
        "sequences": [[7, 7]],
        "lost": [],
        "left_out": [],
        **head.say_traffic(window.traffic),
    }
    return folder.Content(said, codec.spell(window.traffic), {})


def write_1(place: Path) -> None:
    """Write layout 1, of kwel 0.2."""
    folder.write_folder(Disk(), place, content())


def write_0(place: Path) -> None:
    """Write layout 0, which no release had: it proves that older layouts are read."""
    made = content()
    flows = made.wire["flows"]
    spelt = {"initiator": "client", "initiator_port": "client_port"}
    spelt |= {"responder": "server", "responder_port": "server_port"}
    flows = flows.rename_columns([spelt.get(key, key) for key in flows.column_names])
    losses = [list(loss[:3]) for loss in made.said["window"]["losses"]]
    said = {**made.said, "window": {**made.said["window"], "losses": losses}}
    folder.write_folder(Disk(), place, made._replace(said=said, wire={**made.wire, "flows": flows}))
    told = {**head.unsealed((place / folder.HEAD).read_bytes()), "schema": 0}
    (place / folder.HEAD).write_bytes(head.sealed(told))


def facts() -> dict[str, Any]:
    """Return what whoever reads one of them has to find."""
    traffic = tiny(7).traffic
    return {
        "flows": len(traffic.flows),
        "initiator_ports": traffic.flows["initiator_port"].tolist(),
        "responders": [
            address_text(int(hi), int(lo)) for hi, lo in traffic.flows[["responder_hi", "responder_lo"]].tolist()
        ],
        "bytes_out": traffic.flows["bytes_out"].tolist(),
        "names": [traffic.names[i] for i in range(len(traffic.names))],
        "packets": traffic.coverage.packets,
    }


def main() -> None:
    """Write all of them anew."""
    shutil.rmtree(OLD, ignore_errors=True)
    OLD.mkdir()
    for number, write in enumerate((write_0, write_1)):
        write(OLD / str(number))
    (OLD / "facts.json").write_text(json.dumps(facts(), indent=1) + "\n")


if __name__ == "__main__":
    main()
