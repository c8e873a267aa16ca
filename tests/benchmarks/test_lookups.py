"""The benchmark of look-ups measures what it says."""

from __future__ import annotations

import ipaddress
import time
from typing import TYPE_CHECKING

from benchmarks import lookups

if TYPE_CHECKING:
    import pytest


def test_the_addresses_are_the_same_every_time_and_of_their_family() -> None:
    four, six = lookups.addresses(50)

    assert (four, six) == lookups.addresses(50)
    assert all(ipaddress.ip_address(text).version == 4 for text in four)
    assert all(ipaddress.ip_address(text) in ipaddress.ip_network("2000::/3") for text in six)


def test_a_rate_is_by_processor_time() -> None:
    def slow(_: str) -> None:
        end = time.process_time() + 0.001
        while time.process_time() < end:
            pass

    assert 20_000 < lookups.rate(slow, ["a"] * 20) < 60_000


def test_a_missed_target_is_a_failure(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(lookups, "load_times", lambda: [40.0, 60.0, 55.0])
    monkeypatch.setattr(lookups, "rates", lambda _: iter([lookups.Rate("IPv4", 2e6, 1e6)]))

    assert lookups.main([]) == 1
    said = capsys.readouterr().out
    assert "55 ms (40 to 60) | ≤ 50 ms | FAIL" in said
    assert "2.00 million a minute | ≥ 1 | pass" in said


def test_the_tables_load_and_answer() -> None:
    (load,) = lookups.load_times(1)
    found = list(lookups.rates(200))

    assert 0 < load < 5000
    assert len(found) == 4
    assert all(each.a_minute > 0 for each in found)
