from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from kwel.export.output import open_output

if TYPE_CHECKING:
    from pathlib import Path


def test_file_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "flows.csv"
    with open_output(str(target)) as out:
        out.write(b"half")
        assert not target.exists()

    assert target.read_bytes() == b"half"


def test_an_error_leaves_what_was_there_and_no_rest(tmp_path: Path) -> None:
    target = tmp_path / "flows.csv"
    target.write_bytes(b"before")
    with pytest.raises(TypeError), open_output(str(target)) as out:
        out.writelines([b"half", None])  # type: ignore[list-item]

    assert target.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [target]


def test_permissions_are_those_of_any_new_file_or_of_the_one_replaced(tmp_path: Path) -> None:
    target = tmp_path / "flows.csv"
    before = os.umask(0o027)
    try:
        for expected in (0o640, 0o600):
            with open_output(str(target)):
                pass
            assert stat.S_IMODE(target.stat().st_mode) == expected
            target.chmod(0o600)
    finally:
        os.umask(before)


def test_a_link_is_followed_and_stays(tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to("real.csv")
    with open_output(str(tmp_path / "link.csv")) as out:
        out.write(b"x")

    assert (tmp_path / "real.csv").read_bytes() == b"x"
    assert (tmp_path / "link.csv").is_symlink()


def test_a_device_is_written_and_not_replaced() -> None:
    with open_output("/dev/null") as out:
        out.write(b"x")

    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError), open_output(str(tmp_path)):
        pass
