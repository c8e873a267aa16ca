"""What ``import kwel`` offers."""

from __future__ import annotations

import subprocess
import sys

import pytest

import kwel
from kwel import pipeline


def test_the_library_is_the_pipeline_and_is_imported_when_it_is_used() -> None:
    probe = "import sys, kwel; print('numpy' in sys.modules); kwel.analyse; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "True"]
    assert kwel.analyse is pipeline.analyse
    assert kwel.Options is pipeline.Options


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'analyze'"):
        getattr(kwel, "analyze")  # noqa: B009
