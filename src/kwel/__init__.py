"""Finds which assets of a plant depend on clouds that Europe does not control, from captured packets.

>>> import kwel
>>> analysis = kwel.analyse(["plant.pcapng"])  # doctest: +SKIP
>>> analysis.dependency_table.groupby("operator").bytes_out.sum()  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kwel.model.version import __version__

if TYPE_CHECKING:
    from kwel.analysis import Analysis, Options, analyse, read_traffic

__all__ = ["Analysis", "Options", "__version__", "analyse", "read_traffic"]


def __getattr__(name: str) -> Any:
    """Import the pipeline when it is first used: ``kwel --help`` must not wait for numpy."""
    if name in __all__:
        from kwel import analysis

        return getattr(analysis, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
