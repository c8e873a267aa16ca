"""A cable to hear on, for the tests of live capture."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from benchmarks.wire import Wire

from tests.conftest import REQUIRE_ALL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def wire(require_tool: Callable[[str], str]) -> Iterator[Wire]:
    """Return a cable between two namespaces, else skip: only root can lay one."""
    require_tool("ip")
    if os.geteuid() != 0:
        (pytest.fail if REQUIRE_ALL else pytest.skip)("network namespaces need root")
    cable = Wire()
    try:
        try:
            cable.lay()
        except (OSError, RuntimeError) as error:
            (pytest.fail if REQUIRE_ALL else pytest.skip)(f"no network namespaces here: {error}")
        yield cable
    finally:
        cable.remove()
