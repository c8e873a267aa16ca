"""Wires, where this machine lets root make them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from kwel.sensor.lockdown import PassiveError
from kwel.sensor.lockdown.selftest import rehearse
from tests.conftest import REQUIRE_ALL
from tests.sensor.lockdown import wires

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.sensor.lockdown.wires import Wire

    RequireTool = Callable[[str], str]


@pytest.fixture(scope="session")
def may_lay_wires(require_tool: RequireTool) -> None:
    """Skip where there is no root, no namespace or no egress hook; with KWEL_REQUIRE_ALL=1 that is a failure."""
    for tool in ("ip", "tc", "nft"):
        require_tool(tool)
    why = "only root makes network namespaces" if os.geteuid() else None
    try:
        why = why or rehearse()
    except PassiveError as error:
        why = str(error)
    if why and REQUIRE_ALL:
        pytest.fail(why)
    if why:
        pytest.skip(why)


@pytest.fixture
def wire(may_lay_wires: None) -> Iterator[Wire]:
    """Return a wire that is deleted after the test."""
    with wires.laid() as one:
        yield one
