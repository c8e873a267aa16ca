"""A checked-out commit in, everything of a release out: twice the same commit gives twice the same bytes.

``python tools/release.py out/release [--key release.pem] [--offline]``: source archive, wheel, Debian package, bill of
materials (CycloneDX), SHA256SUMS, and its signature (Ed25519) where a key is given. See docs/release.md.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import build_deb
from build_deb import ROOT, run

SETUPTOOLS = "setuptools==80.9.0"
"""Builds source archive and wheel: another one may write other bytes."""


def main() -> None:
    """Make it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where all of it goes; emptied first")
    parser.add_argument("--key", type=Path, help="private key (PEM, Ed25519) that signs SHA256SUMS")
    parser.add_argument("--wheels", type=Path, default=ROOT / "out" / "wheels", help="wheels of the libraries")
    parser.add_argument("--offline", action="store_true", help="fetch nothing: all wheels are there already")
    parser.add_argument("--only", choices=["deb"], help="the package alone, with the wheel that it is made of")
    given = parser.parse_args()
    folder = given.folder.resolve()
    os.environ["SOURCE_DATE_EPOCH"] = epoch()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    wheel = build_python(folder, given.wheels.resolve(), offline=given.offline)
    if not given.offline:
        build_deb.fetch(wheel, given.wheels.resolve())
    if not given.only:
        bill(folder, wheel, given.wheels.resolve())
    build_deb.build(wheel, given.wheels.resolve(), folder)
    shutil.rmtree(folder / "deb")
    if not given.only:
        sign(folder, given.key)
    print(*sorted(file.name for file in folder.iterdir()), sep="\n")


def epoch() -> str:
    """Return when the commit was made, in seconds: what every time in the artefacts says."""
    return os.environ.get("SOURCE_DATE_EPOCH") or run("git", "-C", str(ROOT), "log", "-1", "--format=%ct").strip()


def build_python(folder: Path, wheels: Path, *, offline: bool) -> Path:
    """Write the source archive and the wheel of what is committed; return the wheel."""
    with tempfile.TemporaryDirectory() as place:
        source, environment = Path(place) / "source", Path(place) / "builder"
        check_out(source)
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
        tool = ("--no-index", "--find-links", str(wheels)) if offline else ()
        if not offline:
            run(sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(wheels), SETUPTOOLS)
        run(
            f"{environment}/bin/python",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            *tool,
            SETUPTOOLS,
        )
        for kind in ("sdist", "wheel"):
            build = f"from setuptools import build_meta; build_meta.build_{kind}({str(folder)!r})"
            run(f"{environment}/bin/python", "-c", build, cwd=source)
    for archive in folder.glob("*.tar.gz"):
        repack(archive)
    (wheel,) = folder.glob("*.whl")
    return wheel


def check_out(source: Path) -> None:
    """Put there what is committed, and nothing that merely lies about."""
    source.mkdir()
    archive = subprocess.run(["git", "-C", str(ROOT), "archive", "HEAD"], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(source, filter="data")
    for file in source.rglob("*"):
        if not file.is_symlink():
            file.chmod(0o755 if file.is_dir() or file.stat().st_mode & 0o100 else 0o644)


def repack(archive: Path) -> None:
    """Write an archive anew: in order, with one time, of nobody."""
    made, moment = io.BytesIO(), int(os.environ["SOURCE_DATE_EPOCH"])
    with tarfile.open(archive) as old, tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as new:
        for member in sorted(old.getmembers(), key=lambda of: of.name):
            member.mtime, member.uid, member.gid, member.uname, member.gname = moment, 0, 0, "", ""
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            member.pax_headers = {}
            new.addfile(member, old.extractfile(member) if member.isfile() else None)
    archive.write_bytes(gzip.compress(made.getvalue(), 9, mtime=0))


def bill(folder: Path, wheel: Path, wheels: Path) -> None:
    """Write the bill of materials of what the package installs: CycloneDX 1.6, JSON, with licences."""
    with tempfile.TemporaryDirectory() as place:
        stage = Path(place)
        build_deb.lay_out_environment(stage, wheel, wheels)
        told = run(sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible", "--pyproject",
                   str(ROOT / "pyproject.toml"), str(stage / build_deb.HOME / "bin" / "python"))  # fmt: skip
    bom = json.loads(told)
    bom["components"] = [of for of in bom["components"] if of["name"] != "kwel"]
    bom["metadata"]["component"]["version"] = wheel.name.split("-")[1]
    name = wheel.name.split("-")[1]
    (folder / f"kwel-{name}.cdx.json").write_text(json.dumps(bom, indent=1, sort_keys=True) + "\n")


def sign(folder: Path, key: Path | None) -> None:
    """Write the sums of all artefacts, and sign them."""
    files = sorted(file for file in folder.iterdir() if file.is_file())
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    (folder / "SHA256SUMS").write_text("".join(lines))
    if key:
        sums, signature = str(folder / "SHA256SUMS"), str(folder / "SHA256SUMS.sig")
        run("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", str(key), "-in", sums, "-out", signature)


if __name__ == "__main__":
    main()
