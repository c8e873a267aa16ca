"""A wheel of kwel in, a Debian package of it with all its libraries out: the same bytes from the same wheels.

``python tools/build_deb.py out/release``: takes the wheel of kwel there, fetches those of its libraries once into
``out/wheels`` (``--offline``: takes those that are there), and writes ``kwel_VERSION_ARCH.deb`` beside it. The package
has a Python environment of its own in /opt/kwel, for the Python of the system that builds it.
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGING = ROOT / "packaging"
PYTHON = Path("/usr/bin/python3")
"""Of the system: the package runs on this minor version alone, for its libraries are compiled for it."""
HOME = Path("opt/kwel")
UNITS = tuple(sorted(path.name for path in (PACKAGING / "systemd").glob("*.service")))
CONTROL = """Package: kwel
Version: {version}
Architecture: {architecture}
Maintainer: the authors of kwel <kwel@localhost>
Installed-Size: {size}
Depends: {python}, {python}-minimal, libc6 (>= 2.34), libstdc++6, iproute2, nftables, systemd, util-linux
Recommends: ethtool
Section: net
Priority: optional
Description: passive OT network traffic analyser, and a sensor for mirror ports
 Says which OT and IT assets depend on clouds that Europe does not control. It only
 listens: it sends nothing, ever, on the network that it listens to.
 .
 Nothing is started by the installation. See /usr/share/doc/kwel/sensor.md.
"""


def main() -> None:
    """Build it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the wheel of kwel is, and the package goes")
    parser.add_argument("--wheels", type=Path, default=ROOT / "out" / "wheels", help="wheels of the libraries")
    parser.add_argument("--offline", action="store_true", help="take the wheels that are there, and fetch none")
    given = parser.parse_args()
    (wheel,) = given.folder.glob("kwel-*.whl")
    if not given.offline:
        fetch(wheel, given.wheels)
    print(build(wheel, given.wheels, given.folder))


def fetch(wheel: Path, wheels: Path) -> None:
    """Fetch the wheels of the libraries, for this machine and the system's Python."""
    wheels.mkdir(parents=True, exist_ok=True)
    version = python_version()
    run(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:",
        "--python-version", version, "--dest", str(wheels), str(wheel))  # fmt: skip
    for own in wheels.glob("kwel-*.whl"):
        own.unlink()


def build(wheel: Path, wheels: Path, folder: Path) -> Path:
    """Return the package."""
    version = wheel.name.split("-")[1]
    architecture = run("dpkg", "--print-architecture").strip()
    stage = folder / "deb"
    shutil.rmtree(stage, ignore_errors=True)
    lay_out_environment(stage, wheel, wheels)
    lay_out_system(stage, version)
    write_control(stage, version, architecture)
    package = folder / f"kwel_{version}_{architecture}.deb"
    settle(stage)
    pack_up(stage, package)
    return package


def lay_out_environment(stage: Path, wheel: Path, wheels: Path) -> None:
    """Put a Python environment there: as ``venv`` makes it, without a word about where it was made."""
    home, version = stage / HOME, python_version()
    packages = home / "lib" / f"python{version}" / "site-packages"
    packages.mkdir(parents=True)
    run(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-compile",
        "--find-links", str(wheels), "--python-version", version, "--only-binary", ":all:",
        "--target", str(packages), str(wheel))  # fmt: skip
    shutil.rmtree(packages / "bin", ignore_errors=True)
    for told in (*packages.rglob("direct_url.json"), *packages.rglob("REQUESTED")):
        told.unlink()
    for tests in [of for of in packages.rglob("tests") if of.is_dir()]:
        shutil.rmtree(tests, ignore_errors=True)
    gone = re.compile(r"(\.\./)*bin/|.*/(direct_url\.json|REQUESTED),|.*/tests/")
    for record in packages.glob("*.dist-info/RECORD"):
        lines = record.read_text().splitlines(keepends=True)
        record.write_text("".join(sorted(line for line in lines if not gone.match(line))))
    (home / "bin").mkdir()
    for name in ("python", "python3", f"python{version}"):
        (home / "bin" / name).symlink_to(f"/usr/bin/python{version}")
    (home / "pyvenv.cfg").write_text(f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {version}\n")
    start = home / "bin" / "kwel"
    start.write_text("#!/opt/kwel/bin/python -sE\nfrom kwel.cli import main\n\nmain()\n")
    start.chmod(0o755)
    share = home / "share"
    share.mkdir()
    for name in ("LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, share / name)


def lay_out_system(stage: Path, version: str) -> None:
    """Put what the system looks for where it looks for it."""
    for folder in ("usr/bin", "etc/kwel", "lib/systemd/system", "usr/lib/sysusers.d", "usr/lib/tmpfiles.d",
                   "usr/share/doc/kwel", "usr/share/man/man1"):  # fmt: skip
        (stage / folder).mkdir(parents=True)
    (stage / "usr/bin/kwel").symlink_to("/opt/kwel/bin/kwel")
    for unit in UNITS:
        shutil.copy(PACKAGING / "systemd" / unit, stage / "lib/systemd/system" / unit)
    shutil.copy(PACKAGING / "systemd" / "kwel.sysusers", stage / "usr/lib/sysusers.d/kwel.conf")
    shutil.copy(PACKAGING / "systemd" / "kwel.tmpfiles", stage / "usr/lib/tmpfiles.d/kwel.conf")
    example = run(sys.executable, "-m", "kwel", "sensor", "config", "new")
    (stage / "etc/kwel/sensor.toml.example").write_text(example)
    documents = stage / "usr/share/doc/kwel"
    shutil.copy(PACKAGING / "deb" / "copyright", documents / "copyright")
    for page in sorted((ROOT / "docs").glob("*.md")):
        shutil.copy(page, documents / page.name)
    pack(documents / "changelog.gz", (ROOT / "CHANGELOG.md").read_bytes())
    for words in (["kwel"], ["kwel", "sensor"]):
        text = run(sys.executable, str(ROOT / "tools" / "man_page.py"), *words)
        pack(stage / "usr/share/man/man1" / f"{'-'.join(words)}.1.gz", text.encode())


def write_control(stage: Path, version: str, architecture: str) -> None:
    """Write what dpkg reads."""
    control = stage / "DEBIAN"
    control.mkdir()
    files = [file for file in sorted(stage.rglob("*")) if file.is_file() and not file.is_symlink()]
    size = sum(file.stat().st_size for file in files) // 1024
    python = f"python{python_version()}"
    text = CONTROL.format(version=version, architecture=architecture, size=size, python=python)
    (control / "control").write_text(text)
    settings = [f"/{file.relative_to(stage)}\n" for file in files if file.is_relative_to(stage / "etc")]
    (control / "conffiles").write_text("".join(settings))
    for name in ("postinst", "prerm", "postrm"):
        shutil.copy(PACKAGING / "deb" / name, control / name)
        (control / name).chmod(0o755)


def pack_up(stage: Path, package: Path) -> None:
    """Write the package: by one thread, for how many there are would decide how it is packed."""
    # zstd: xz takes ten minutes for half a gigabyte; Debian 12 and Ubuntu 22.04 read both
    run("dpkg-deb", "--build", "--root-owner-group", "--threads-max=1", "-Zzstd", "-z3", str(stage), str(package))


def settle(stage: Path) -> None:
    """Give every file one time and ordinary rights: what is left of when and by whom it was made."""
    epoch = int(os.environ["SOURCE_DATE_EPOCH"])
    for file in [*stage.rglob("*"), stage]:
        if not file.is_symlink():
            file.chmod(0o755 if file.is_dir() or file.stat().st_mode & 0o100 else 0o644)
        os.utime(file, (epoch, epoch), follow_symlinks=False)


def pack(path: Path, data: bytes) -> None:
    """Write a file packed, without name and time in it."""
    path.write_bytes(gzip.compress(data, 9, mtime=0))


def python_version() -> str:
    """Return the minor version of the system's Python."""
    return run(str(PYTHON), "-c", "import sys; print('%d.%d' % sys.version_info[:2])").strip()


def run(*command: str, cwd: Path | None = None) -> str:
    """Run a program and return what it says; end with its own words where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    if done.returncode:
        raise SystemExit(f"{command[0]}: {done.stderr or done.stdout}")
    return done.stdout


if __name__ == "__main__":
    main()
