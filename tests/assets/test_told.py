"""Assets have the names, zones and kinds that the site gives them; what was concluded stays visible."""

from __future__ import annotations

from kwel.assets.told import Told
from kwel.model.assets import AssetKind
from kwel.model.claims import Claim, Grade
from kwel.model.site import NamedAsset, Override, Site
from tests.export.plant import SEEN, make_asset

DAY = "2026-03-02"


def make_site(**parts: object) -> Site:
    nothing: dict[str, object] = {
        "file": "site.toml", "sha256": "", "name": "", "internal": (), "domains": (), "tenants": (), "zones": (),
        "assets": (), "overrides": (),
    }  # fmt: skip
    return Site(**{**nothing, **parts})  # type: ignore[arg-type]


def test_the_name_of_the_site_comes_first_and_the_others_stay() -> None:
    told = Told(make_site(assets=(NamedAsset("Historian", (), ("00:90:e8:10:00:32",), None),)), DAY)
    mac, name = Claim("00:90:e8:10:00:32", Grade.A, (SEEN,)), Claim("moxa-gw", Grade.A, (SEEN,))
    found = told.apply(make_asset(32, macs=(mac,), names=(name,)))

    assert (found.label, [claim.value for claim in found.names]) == ("Historian", ["Historian", "moxa-gw"])
    assert found.names[0].evidence[0].source == "site file site.toml"


def kind_is(expires: str | None) -> Told:
    sets = (("kind", "ot"), ("role", "historian"))
    said = Override(1, "asset", "10.20.3.32", sets, "A. Author", "register", "2026-01-20", None, expires)
    return Told(make_site(overrides=(said,)), DAY)


def test_an_override_of_an_asset_says_what_it_displaced() -> None:
    told, role = kind_is(None), Claim("server", Grade.B, (SEEN,))
    found = told.apply(make_asset(32, kind=AssetKind.SHARED, role=role))
    (number, effect) = told.effects[0]

    assert found.kind is AssetKind.OT
    assert found.kind_why is not None
    assert (found.kind_why.grade, found.kind_why.evidence[0].source) == (
        Grade.C,
        "site file site.toml (A. Author, 2026-01-20)",
    )
    assert (number, effect.before) == (1, (("kind", "shared"), ("role", "server")))
    assert effect.after == (("kind", "ot"), ("role", "historian"))
    assert told.with_own_kind(make_asset(32, kind=AssetKind.SHARED)).kind is AssetKind.OT


def test_an_expired_override_of_an_asset_is_not_applied() -> None:
    told, asset = kind_is("2026-03-01"), make_asset(32)

    assert told.apply(asset) == asset
    assert told.effects == []
