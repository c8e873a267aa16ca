"""What the hardened unit forbids is told when the configuration is checked, not at night when it cannot be written."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import pytest

from kwel.sensor.config import Config, parse
from kwel.sensor.service import SENDER, Service, closed, give, installed, remedy
from tests.conftest import ROOT

UNIT = ROOT / "packaging" / "systemd" / "kwel-sensor.service"
TEXT = """
[[interfaces]]
name = "span0"
[reports]
folder = "/srv/reports"
[health]
prometheus = "/var/lib/prometheus/node-exporter/kwel.prom"
[alerts]
[[alerts.file]]
path = "/var/log/kwel/alerts.jsonl"
"""


def places(folder: Path, *drop_ins: str) -> tuple[str, str]:
    """Return where systemd would look, with the unit that ships in the second place."""
    own, shipped = folder / "etc", folder / "lib"
    (own / f"{UNIT.name}.d").mkdir(parents=True)
    shipped.mkdir()
    for unit in (UNIT, UNIT.with_name(SENDER)):
        (shipped / unit.name).write_text(unit.read_text())
    for number, text in enumerate(drop_ins):
        (own / f"{UNIT.name}.d" / f"{number}.conf").write_text(text)
    return str(own), str(shipped)


def config(file: str = "/etc/kwel/sensor.toml", text: str = TEXT) -> Config:
    found, faults = parse(text.encode(), Path(file))
    assert faults == []
    return found


def test_what_the_unit_forbids_is_told_with_the_lines_that_let_it(tmp_path: Path) -> None:
    service = installed(places(tmp_path))
    found = closed(config(), service)

    assert service
    assert (service.config, service.user) == ("/etc/kwel/sensor.toml", "kwel")
    assert [key for key, _ in found] == ["reports.folder", "health.prometheus"]
    assert "ReadWritePaths=/srv/reports" in found[0][1]
    assert "let kwel write there" in found[0][1]
    assert "systemctl edit kwel-sensor, and write [Service] and below it" in found[1][1]


def test_what_a_drop_in_lets_is_let(tmp_path: Path) -> None:
    more = "[Service]\nReadWritePaths=-/srv /var/lib/prometheus/node-exporter\n"

    assert closed(config(), installed(places(tmp_path, more))) == []


def test_where_alerts_are_sent_apart_their_files_are_the_senders(tmp_path: Path) -> None:
    units = places(tmp_path, "[Service]\nReadWritePaths=/srv /var/lib/prometheus/node-exporter\n")
    sensor, sender = installed(units), installed(units, SENDER)
    text = TEXT.replace("[alerts]", "[alerts]\napart = true")

    assert sender
    assert sender.config == "/etc/kwel/sensor.toml"
    assert closed(config(text=text), sensor, sender) == [], "both units have a folder for logs"
    ((key, why),) = closed(config(text=text.replace("/var/log/kwel", "/srv")), sensor, sender)
    assert key == "alerts.file.path"
    assert why.startswith(
        "kwel-alerts.service cannot write to /srv; let kwel write there (chown), then: systemctl edit "
    )
    assert "edit kwel-alerts, and write" in why
    assert closed(config(text=text.replace("/var/log/kwel", "/nowhere")), sensor, None) == []


def test_a_configuration_that_the_unit_does_not_start_is_none_of_its_business(tmp_path: Path) -> None:
    assert closed(config("/home/me/try.toml"), installed(places(tmp_path))) == []
    assert installed([str(tmp_path / "nowhere")]) is None
    assert closed(config(), None) == []
    assert closed(config(), Service("", "", ())) == []


def test_whoever_cannot_write_says_what_to_do() -> None:
    said = [remedy(OSError(number, ""), "/srv/x") for number in (errno.EROFS, errno.EACCES, errno.ENOSPC)]

    assert "ReadWritePaths=/srv/x" in said[0]
    assert said[1:] == ["; its user has to be able to write there", ""]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_a_test_of_alerts_wrote_is_given_to_whose_store_it_is() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, 65534, 65534)
        for name in ("alerts.jsonl", "alerts.jsonl.1", "other", "linked"):
            (Path(folder) / name).write_text("x")
        (Path(folder) / "alerts.jsonl.2").hardlink_to(Path(folder) / "linked")
        (Path(folder) / "alerts.jsonl.3").symlink_to(Path(folder) / "other")
        give([f"{folder}/alerts.jsonl", f"{folder}/none"], f"{folder}/store/not/yet")

        owners = {path.name: path.lstat().st_uid for path in Path(folder).iterdir()}
    assert {name for name, owner in owners.items() if owner == 65534} == {"alerts.jsonl", "alerts.jsonl.1"}
