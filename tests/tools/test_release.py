"""What a release is made of says nothing of when, where and by whom it was made."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import subprocess
import tarfile
from typing import TYPE_CHECKING

import build_deb
import draw_wiring
import man_page
import pytest
import release

from kwel.cli.app import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MOMENT = 1_772_442_847


def made(folder: Path, number: int) -> Path:
    """Return an archive with the same files as another one, made at another time, by another, in another order."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        for name in sorted(("kwel/a.py", "kwel/b.py", "kwel/run"), reverse=bool(number)):
            of = tarfile.TarInfo(name)
            of.size, of.mtime, of.uid, of.uname = 4, 1000 + number, number, f"user{number}"
            of.mode = (0o755 if name == "kwel/run" else 0o640) | number
            archive.addfile(of, io.BytesIO(name[-4:].encode()))
    path = folder / f"{number}.tar.gz"
    path.write_bytes(gzip.compress(whole.getvalue(), mtime=number))
    return path


def test_an_archive_is_the_same_whenever_it_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(MOMENT))
    first, second = made(tmp_path, 0), made(tmp_path, 2)
    assert first.read_bytes() != second.read_bytes()
    for archive in (first, second):
        release.repack(archive)

    assert first.read_bytes() == second.read_bytes()
    with tarfile.open(first) as files:
        assert [of.name for of in files] == ["kwel/a.py", "kwel/b.py", "kwel/run"]
        assert {(of.mtime, of.uid, of.uname) for of in files} == {(MOMENT, 0, "")}


def test_a_package_is_the_same_whenever_it_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, require_tool: Callable[[str], str]
) -> None:
    require_tool("dpkg-deb")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(MOMENT))
    packages = []
    for number in range(2):
        stage = tmp_path / str(number) / "stage"
        (stage / "opt").mkdir(parents=True)
        (stage / "opt" / "a").write_text("a")
        (stage / "opt" / "link").symlink_to("a")
        os.utime(stage / "opt" / "a", (number, number))
        (stage / "opt" / "a").chmod(0o600 + 4 * number)
        build_deb.write_control(stage, "1.0", "amd64")
        build_deb.settle(stage)
        packages.append(tmp_path / f"{number}.deb")
        build_deb.pack_up(stage, packages[-1])

    assert packages[0].read_bytes() == packages[1].read_bytes()


def test_the_sums_are_signed_so_that_openssl_can_tell(tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    from kwel.attribution.feeds import pack

    openssl, key = require_tool("openssl"), tmp_path / "key.pem"
    pack.new_key(key)
    folder = tmp_path / "release"
    folder.mkdir()
    (folder / "a").write_text("a")
    release.sign(folder, key)
    check = [openssl, "pkeyutl", "-verify", "-pubin", "-inkey", f"{key}.pub", "-rawin", "-in", "SHA256SUMS", "-sigfile",
             "SHA256SUMS.sig"]  # fmt: skip

    assert (folder / "SHA256SUMS").read_text() == f"{hashlib.sha256(b'a').hexdigest()}  a\n"
    assert subprocess.run(check, cwd=folder, check=False, capture_output=True).returncode == 0
    (folder / "SHA256SUMS").write_text("other")
    assert subprocess.run(check, cwd=folder, check=False, capture_output=True).returncode == 1


def test_the_manual_names_every_command_and_has_no_strange_macro() -> None:
    page = man_page.page(["kwel"])

    for name in COMMANDS:
        assert f"kwel {name}" in page.replace("\\-", "-")
    known = {".TH", ".SH", ".SS", ".PP", ".TP", ".B", ".I", ".nf", ".fi"}
    assert {line.split()[0] for line in page.splitlines() if line.startswith((".", "'"))} <= known


@pytest.mark.parametrize("name", draw_wiring.PICTURES)
def test_pictures_are_those_of_today(name: str) -> None:
    drawn = draw_wiring.PICTURES[name]()

    assert (draw_wiring.FOLDER / f"{name}.svg").read_text() == drawn, "run python tools/draw_wiring.py"
    assert "prefers-color-scheme: dark" in drawn


def test_a_name_fits_into_its_box(monkeypatch: pytest.MonkeyPatch) -> None:
    boxes: list[draw_wiring.Box] = []
    monkeypatch.setattr(draw_wiring, "picture", lambda _title, _height, of, _lines: boxes.extend(of))
    for draw in draw_wiring.PICTURES.values():
        draw()

    assert len(boxes) > 15
    for box in boxes:
        assert max(len(box.name) * 8.2, len(box.more) * 6.8) < box.width, box


def test_every_unit_is_in_the_package() -> None:
    assert set(build_deb.UNITS) == {unit.name for unit in (build_deb.PACKAGING / "systemd").glob("*.service")}
