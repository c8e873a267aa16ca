"""Every number of a frame follows the frame, or says that it was not kept."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kwel.analysis.stages import read_traffic
from kwel.evidence.renumber import FRAMES, renumber
from kwel.model.traffic import Traffic

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def traffic(samples: Path) -> Traffic:
    return read_traffic([str(samples / "mixed_plant.pcapng")])


def cited(traffic: Traffic) -> list[int]:
    """Return every number of a frame in the traffic, in order."""
    found = [one.where.frame for one in traffic.observed]
    for field in fields(traffic):
        table = getattr(traffic, field.name)
        if isinstance(table, np.ndarray) and table.dtype.names:
            for name in table.dtype.names:
                if "frame" in name or name in ("before", "after"):
                    found += table[name].ravel().tolist()
    return found


def test_kept_frames_get_their_new_numbers(traffic: Traffic) -> None:
    kept = np.unique(np.array(cited(traffic)))[1::2]
    number = {int(frame): place for place, frame in enumerate(kept, 1)}

    assert cited(renumber(traffic, kept)) == [number.get(frame, 0) for frame in cited(traffic)]


def test_all_kept_in_place_changes_nothing(traffic: Traffic) -> None:
    before = cited(traffic)

    assert cited(renumber(traffic, np.arange(1, 100_000))) == before
    assert not any(cited(renumber(traffic, np.zeros(0, np.int64))))
    assert cited(traffic) == before, "the traffic itself is left alone"


def test_no_table_has_a_frame_that_is_not_followed(traffic: Traffic) -> None:
    for field in fields(Traffic):
        table = getattr(traffic, field.name)
        if isinstance(table, np.ndarray):
            names = [name for name in table.dtype.names or () if "frame" in name and name not in ("frames",)]
            assert set(names) <= set(FRAMES), field.name
