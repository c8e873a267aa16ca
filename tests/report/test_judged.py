"""The chapter on the site's own limits: only where a policy was given, and nothing in it is taken for markup."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kwel.analysis.stages import Options, analyse
from kwel.report import render
from tests.policy.making import policy_of

if TYPE_CHECKING:
    from kwel.model.report import Report

SAMPLE = Path(__file__).parents[2] / "sample_pcaps" / "mixed_plant.pcapng"
HOSTILE = "<script>x</script>"
POLICY = f"""
title = "{HOSTILE}"
default = {{ outbound = "warn", inbound = "deny", inside = "allow" }}
[[rules]]
id = "cloud"
action = "deny"
because = "{HOSTILE}"
states = ["used", "attempted"]
control = "non-european"
[[exceptions]]
rule = "cloud"
assets = "10.20.3.32"
owner = "{HOSTILE}"
reason = "moving"
ticket = "CHG-1"
expires = 2027-01-01
"""


@pytest.fixture(scope="module")
def report() -> Report:
    return analyse([str(SAMPLE)], Options(policy=policy_of(POLICY))).report


def test_page_says_what_is_broken_by_whom_and_who_answers_for_what(report: Report) -> None:
    page = render(report, "en")

    assert 'id="h13"' in page
    assert "Seven contacts break limits of your own." in page
    assert "Zeven contacten overschrijden een eigen grens." in page
    assert "device.vpn.talk2m.com" in page[page.index('id="h13"') :]
    assert "CHG-1" in page
    assert HOSTILE not in page


def test_without_a_policy_there_is_no_chapter() -> None:
    page = render(analyse([str(SAMPLE)], Options()).report, "en")

    assert 'id="h13"' not in page
    assert "limits of your own" not in page
