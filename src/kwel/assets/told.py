"""Assets and a site file in, the same assets with the names and kinds that the site gives them out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from kwel.model.assets import Asset, AssetKind
from kwel.model.claims import Claim, Evidence, Grade
from kwel.model.site import TOLD_LEVEL, Effect, OverrideState
from kwel.model.siteindex import SiteIndex

if TYPE_CHECKING:
    from kwel.model.site import NamedAsset, Override, Site

FIELDS: Final = ("kind", "role", "vendor", "product")
"""What an override may say of an asset."""


class Told:
    """Applies what a site file says of assets, and remembers what that changed."""

    def __init__(self, site: Site, day: str | None) -> None:
        self.effects: list[tuple[int, Effect]] = []
        """What an override changed, with its number."""
        self._site = site
        self._index = SiteIndex(site)
        self._overrides = {
            override.what: override
            for override in site.overrides
            if override.scope == "asset" and override.state(day) is OverrideState.APPLIES
        }
        self._kinds: dict[str, tuple[AssetKind, Claim]] = {}

    def apply(self, asset: Asset) -> Asset:
        """Return the asset as the site knows it."""
        keys = (*asset.addresses, *(claim.value for claim in asset.macs))
        named = self._index.asset(keys)
        asset = self._with_name(asset, named) if named else asset
        override = next((self._overrides[key] for key in keys if key in self._overrides), None)
        return self._overruled(asset, override) if override else asset

    def with_own_kind(self, asset: Asset) -> Asset:
        """Return the asset with the kind that the site says, whatever others concluded from its neighbours."""
        kind, why = self._kinds.get(asset.id, (asset.kind, asset.kind_why))
        return replace(asset, kind=kind, kind_why=why)

    def _with_name(self, asset: Asset, named: NamedAsset) -> Asset:
        step = Evidence("looked-up", "site-name", (("name", named.name),), source=self._site.source())
        others = tuple(claim for claim in asset.names if claim.value != named.name)
        level = asset.level
        if named.level:
            values = (("name", named.name), ("level", named.level))
            level = Claim(named.level, Grade.B, (Evidence("looked-up", TOLD_LEVEL, values, source=step.source),))
        return replace(
            asset,
            label=named.name,
            names=(Claim(named.name, Grade.B, (step,)), *others),
            level=level,
            owner=named.owner or asset.owner,
            criticality=named.criticality or asset.criticality,
        )

    def _overruled(self, asset: Asset, override: Override) -> Asset:
        """Return the asset as somebody of the site says that it is."""
        before, after, fields = [], [], dict[str, Any]()
        for key, value in override.sets:
            known = getattr(asset, key)
            was = known.value if known else ""
            values = (("field", key), ("value", value), ("author", override.author), ("reason", override.reason))
            step = Evidence("looked-up", "site-override", values, source=self._site.source(override))
            steps: tuple[Evidence, ...] = (step,)
            if was and was != value:
                gone = asset.kind_why if key == "kind" else known
                source = next((s.source or str(s.where) for s in gone.evidence), "") if gone else ""
                grade = (gone.grade if gone else Grade.U).name
                steps += (
                    Evidence(
                        "inferred", "overruled", (("field", key), ("value", was), ("grade", grade)), source=source
                    ),
                )
            if was != value:
                before.append((key, was))
                after.append((key, value))
            claim = Claim(value, Grade.C, steps)
            fields |= {"kind": AssetKind(value), "kind_why": claim} if key == "kind" else {key: claim}
            if key == "kind":
                self._kinds[asset.id] = AssetKind(value), claim
        self.effects.append((override.number, Effect(asset.label, tuple(before), tuple(after))))
        return replace(asset, **fields)
