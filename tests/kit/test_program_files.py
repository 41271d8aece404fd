from __future__ import annotations

import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from tasks.core.errors import BadInput, MissingPart
from tasks.kit import program_files, program_wheel
from tasks.kit.program_files import ProgramTarget, program_targets, start_script, this_machine, write_program
from tasks.kit.program_wheel import find_wheel, keep_wheel, program_version
from tests.errors import refused

WINDOWS = ProgramTarget("windows", "3.13", "win_amd64")


def own_wheel(folder: Path, version: str = "") -> Path:
    version = version or program_version()
    path = folder / f"broker_continuity-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"broker_continuity-{version}.dist-info/METADATA", "Name: x\n")
    return path


def test_each_kind_of_machine_gets_its_own_pins() -> None:
    here, there = (program_files.requirements(this_machine()), program_files.requirements(WINDOWS))
    names = {line.split("==")[0] for line in there}
    assert {"colorama", "sspilib", "pyarrow", "psycopg-binary", "pip"} <= names
    assert not any("sspilib" in line for line in here)
    assert len([line for line in there if line.startswith("numpy==")]) == 1
    assert program_files.requirements(ProgramTarget("windows", "3.11", "win_amd64")) != there
    assert not any("prefect" in line for line in (*here, *there))


def test_a_machine_like_this_is_asked_once() -> None:
    assert [one.name for one in program_targets(True, "3.13")] == ["linux", "windows"]
    assert [one.name for one in program_targets(False, "3.13")] == ["linux"]
    assert program_targets(True, "3.12")[1].label == "win_amd64, Python 3.12"


def test_start_scripts_fit_their_system(tmp_path: Path) -> None:
    path = tmp_path / "start.sh"
    path.write_bytes(start_script(this_machine()))
    subprocess.run(["sh", "-n", path], check=True)
    assert b"\r" not in path.read_bytes()
    said = start_script(WINDOWS)
    assert said.count(b"\n") == said.count(b"\r\n") > 30
    for text in (said, path.read_bytes()):
        assert b"@" not in text.replace(b"@echo off", b"").replace(b'"$@"', b"")
        assert b"--no-index" in text and b"--require-hashes" in text and b"--from-kit" in text


def test_the_start_script_says_what_is_missing(tmp_path: Path) -> None:
    folder = tmp_path / "kit" / "program"
    folder.mkdir(parents=True)
    (folder / "start.sh").write_bytes(start_script(this_machine()))
    bare = subprocess.run(["sh", folder / "start.sh", tmp_path / "x"], capture_output=True, text=True)
    assert bare.returncode == 2 and "Neither an open kit nor a sealed one" in bare.stderr
    other = start_script(ProgramTarget("linux", "3.2")).replace(b"python3.2", b"python3")
    (folder / "start.sh").write_bytes(other)
    old = subprocess.run(["sh", folder / "start.sh", tmp_path / "x"], capture_output=True, text=True)
    assert old.returncode == 2 and "needs Python 3.2" in old.stderr
    assert not (tmp_path / "x").exists()


PIP = """
import os, pathlib, sys
desk = pathlib.Path(sys.executable).parent / "continuity"
desk.write_text("#!/bin/sh\\necho begins")
desk.chmod(0o755)
print("installs")
sys.exit(int(os.environ["CUT"]))
"""


def test_what_was_installed_by_half_is_installed_again(tmp_path: Path) -> None:
    folder = tmp_path / "kit" / "program"
    pip = folder / "wheels" / "pip-0.whl" / "pip" / "__main__.py"
    pip.parent.mkdir(parents=True)
    pip.write_text(PIP)
    (tmp_path / "kit" / "manifest.json").write_text("{}")
    (folder / "start.sh").write_bytes(start_script(this_machine()))

    def start(cut: str) -> str:
        return subprocess.run(["sh", folder / "start.sh", tmp_path / "x"], capture_output=True, text=True,
                              check=False, env=os.environ | {"CUT": cut}).stdout  # fmt: skip

    assert "begins" not in start("1")
    assert "installs" in (again := start("0")) and "begins" in again
    assert "installs" not in (third := start("0")) and "begins" in third


def test_the_home_keeps_its_wheel_and_finds_it_again(tmp_path: Path) -> None:
    kept = keep_wheel(tmp_path / "home", own_wheel(tmp_path))
    assert kept is not None and kept.parent == tmp_path / "home" / "program"
    assert find_wheel(tmp_path / "home", None, tmp_path) == kept


@pytest.mark.parametrize("name", ["other", "older", "text"])
def test_what_is_not_our_wheel_is_refused(tmp_path: Path, name: str) -> None:
    path = own_wheel(tmp_path, "0.0.1" if name == "older" else "")
    if name == "other":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("prefect-3.8.8.dist-info/METADATA", "")
    if name == "text":
        path.write_text("hello")
    with refused("program-wheel-invalid", BadInput):
        find_wheel(tmp_path, path, tmp_path)
    with pytest.raises(BadInput):
        keep_wheel(tmp_path, path)
    assert not (tmp_path / "program").exists()


def test_without_any_wheel_the_way_out_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program_wheel, "_installed_from", lambda: None)
    with refused("program-wheel-missing", MissingPart):
        find_wheel(tmp_path, None, tmp_path)
    assert keep_wheel(tmp_path) is None


def test_an_installer_that_is_none_is_named_before_anything_is_fetched(tmp_path: Path) -> None:
    (tmp_path / "empty.exe").touch()
    for python in (tmp_path / "missing.exe", tmp_path / "empty.exe"):
        with refused("python-installer-invalid", BadInput) as caught:
            write_program(tmp_path / "program", own_wheel(tmp_path), [this_machine()], python)
        assert caught.codes == ["installer-missing-or-empty"]
        assert not (tmp_path / "program").exists()


def test_each_jump_of_the_windows_script_has_its_place() -> None:
    """No Windows here to run it on."""
    lines = start_script(WINDOWS).decode().lower().split("\r\n")
    labels = {line[1:].strip() for line in lines if line.startswith(":")}
    jumps = {line.rsplit("goto ", 1)[1].strip() for line in lines if "goto " in line}
    assert jumps == labels and len(labels) >= 5
