"""Passive analysis of plant networks: captures in, dependencies on clouds out.

>>> import kwel
>>> analysis = kwel.analyse(["plant.pcapng"])  # doctest: +SKIP
>>> analysis.dependency_table.groupby("operator").bytes_out.sum()  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kwel.pipeline import Analysis, Options, analyse, read_traffic

__version__ = "0.1.0"

__all__ = ["Analysis", "Options", "__version__", "analyse", "read_traffic"]


def __getattr__(name: str) -> Any:
    """Import the pipeline when it is first used: ``kwel --help`` must not wait for numpy."""
    if name in __all__:
        from kwel import pipeline

        return getattr(pipeline, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
