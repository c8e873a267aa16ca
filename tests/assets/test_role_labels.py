"""Devices of public captures that were labelled before the rules were written: how often the rules are right."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from kwel.analysis.stages import read_traffic
from kwel.assets import identify

if TYPE_CHECKING:
    from collections.abc import Callable

    from kwel.model.assets import Asset

LABELS: Final = tomllib.loads(Path(__file__).with_name("role_labels.toml").read_text())["captures"]
DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "roles.md"


def found_in(capture: dict[str, Any], folder: Path) -> dict[str, Asset]:
    """Return the assets of a capture by id, address and MAC."""
    inventory = identify(read_traffic([str(folder / capture["file"])]), capture.get("internal", ()))
    keys = [(asset, (asset.id, *asset.addresses, *(mac.value for mac in asset.macs))) for asset in inventory.assets]
    return {key: asset for asset, of in keys for key in of}


def outcome(label: dict[str, Any], asset: Asset | None) -> str:
    """Return how a label compares with what is said of the asset."""
    if asset is None:
        return "absent"
    if asset.role is None:
        return "none"
    if asset.role.value in label["roles"]:
        return "right"
    return "second" if asset.role_or and asset.role_or.value in label["roles"] else "other"


@pytest.mark.slow
def test_the_rules_agree_with_the_labels_as_often_as_the_document_says(shared: Callable[[str], Path]) -> None:
    folder = shared("corpus/captures")
    counts, false_kind = Counter[str](), []
    for capture in LABELS:
        by = found_in(capture, folder)
        for label in capture["assets"]:
            asset = by.get(label["id"])
            counts[outcome(label, asset)] += 1
            if asset and label["kind"] == "it" and asset.kind == "ot":
                false_kind.append(label["id"])

    said = dict(re.findall(r"^\| (right|other) \|[^|]*\| (\d+) \|", DOCUMENT.read_text(), re.MULTILINE))
    assert counts["right"] >= int(said["right"]), counts
    assert counts["other"] <= int(said["other"]), counts
    assert false_kind == []
