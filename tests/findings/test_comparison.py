from __future__ import annotations

from typing import Any

from kwel.findings.comparison import Side, compare


def row(host: str, asset: str = "plc", **more: Any) -> dict[str, Any]:
    return {
        "asset": asset, "asset_label": asset.upper(), "host": host, "address": "192.0.2.1", "operator": None,
        "parent": None, "parent_jurisdiction": None, "supplier": None, "verdict": "unknown", "state": "used",
        "bytes_out": 500_000, "bytes_in": 0, "flows": 1, "evidence": [f"a#{len(host)}"], **more,
    }  # fmt: skip


def side(*rows: dict[str, Any], seconds: float | None = 86_400, assets: list[dict[str, Any]] | None = None) -> Side:
    return Side("side", list(rows), assets or [], seconds)


def told(before: Side, after: Side) -> list[tuple[str, str, str]]:
    return [(one.what, one.how, one.name) for one in compare(before, after).differences]


def test_what_is_the_same_is_not_told() -> None:
    assert told(side(row("a.example")), side(row("a.example"))) == []


def test_operators_jurisdictions_and_suppliers_come_first() -> None:
    new = row("b.example", operator="Cloud", parent_jurisdiction="US", supplier="Maker")

    assert told(side(), side(new)) == [
        ("operator", "new", "Cloud"),
        ("jurisdiction", "new", "US"),
        ("supplier", "new", "Maker"),
        ("dependency", "new", "b.example"),
    ]


def test_what_is_gone_is_told_with_the_frames_of_before() -> None:
    (gone,) = compare(side(row("a.example")), side()).differences

    assert (gone.how, gone.evidence, gone.of) == ("gone", ("a#9",), "PLC")


def test_an_operator_that_becomes_known_or_unknown_is_a_change() -> None:
    (change,) = [one for one in compare(side(row("a")), side(row("a", operator="Cloud"))).differences
                 if one.what == "dependency"]  # fmt: skip

    assert change.changes == (("operator", None, "Cloud"),)


def test_volumes_are_compared_by_the_day() -> None:
    seven, one = side(row("a", bytes_out=7_000_000), seconds=7 * 86_400), side(row("a", bytes_out=1_000_000))

    assert told(seven, one) == []
    (change,) = compare(side(row("a")), side(row("a", bytes_out=5_000_000))).differences
    assert change.changes == (("bytes_per_day", "500000", "5000000"),)
    assert told(side(row("a", bytes_out=10)), side(row("a", bytes_out=90_000))) == []


def test_rows_of_several_windows_are_one_dependency() -> None:
    assert told(side(row("a"), row("a")), side(row("a", bytes_out=1_000_000))) == []


def test_a_dependency_without_a_name_goes_by_its_address() -> None:
    assert told(side(row("")), side(row("", address="192.0.2.2"))) == [
        ("dependency", "new", "192.0.2.2"),
        ("dependency", "gone", "192.0.2.1"),
    ]


def test_assets_are_new_gone_and_changed() -> None:
    def asset(key: str, **more: Any) -> dict[str, Any]:
        return {"asset": key, "label": key, "kind": "ot", "role": None, "vendor": None, "evidence": [], **more}

    before, after = side(assets=[asset("a"), asset("b")]), side(assets=[asset("b", role="plc"), asset("c")])

    assert told(before, after) == [("asset", "new", "c"), ("asset", "gone", "a"), ("asset", "changed", "b")]
