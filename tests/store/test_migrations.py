from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from kwel.model.records.columns import address_text
from kwel.store import codec, head, migrations
from kwel.store.files import Damaged
from kwel.store.folder import HEAD, File, head_file
from kwel.store.schema import VERSION
from kwel.store.spool import read_window
from tests.store.layouts import OLD

if TYPE_CHECKING:
    from pathlib import Path

FACTS = json.loads((OLD / "facts.json").read_text())


def test_there_is_a_way_from_every_layout_and_a_stored_window_of_each() -> None:
    assert len(migrations.MIGRATIONS) == VERSION
    assert sorted(one.name for one in OLD.iterdir() if one.is_dir()) == [str(n) for n in range(VERSION + 1)]


@pytest.mark.parametrize("version", range(VERSION + 1))
def test_a_window_of_an_older_layout_is_read_as_it_was_meant(version: int) -> None:
    assert head.unsealed((OLD / str(version) / HEAD).read_bytes())["schema"] == version

    window = read_window(OLD / str(version))

    flows, names = window.traffic.flows, window.traffic.names
    assert window.sequence == 7
    assert window.losses == (("span0", 10, 2, None),)
    assert window.traffic.coverage.packets == FACTS["packets"]
    assert len(flows) == FACTS["flows"]
    assert flows["initiator_port"].tolist() == FACTS["initiator_ports"]
    assert flows["bytes_out"].tolist() == FACTS["bytes_out"]
    assert [names[i] for i in range(len(names))] == FACTS["names"]
    responders = flows[["responder_hi", "responder_lo"]].tolist()
    assert [address_text(hi, lo) for hi, lo in responders] == FACTS["responders"]


def test_a_layout_of_the_future_is_refused_in_one_line(tmp_path: Path) -> None:
    place = tmp_path / "window"
    shutil.copytree(OLD / str(VERSION), place)
    said = {**head.unsealed((place / HEAD).read_bytes()), "schema": VERSION + 1}
    (place / HEAD).write_bytes(head.sealed(said))

    with pytest.raises(Damaged, match="use a newer kwel") as refused:
        read_window(place)
    assert "\n" not in str(refused.value)
    assert isinstance(head_file(place), File)


def test_no_column_of_the_newest_layout_is_taken_away_or_renamed() -> None:
    """New ones may come: they are 0 in windows that do not have them. Whatever else changes needs a new layout."""
    from pyarrow import parquet

    for file in (OLD / str(VERSION) / "wire").iterdir():
        schema = codec.schema_of(file.stem)
        for field in parquet.read_schema(file):
            assert schema.field(field.name).type == field.type, f"{file.stem}.{field.name}"
