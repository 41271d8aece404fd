"""A desk's laptop: the wheel and `deployments/desk.txt`, no Prefect, and everything works."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_wheel_holds_every_package() -> None:
    """An editable install finds a package that pyproject.toml forgets; a wheel does not."""
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    there = {path.parent.relative_to(ROOT).as_posix().replace("/", ".")
             for top in ("flows", "tasks", "deployments")
             for path in (ROOT / top).rglob("__init__.py")}  # fmt: skip
    assert there | {"continuity_data"} == set(listed["tool"]["setuptools"]["packages"])


@pytest.mark.long
def test_the_desk_works_without_prefect(tmp_path: Path) -> None:
    def run(*command: object, code: int = 0) -> str:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                              cwd=tmp_path)  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path / "dist", ROOT)
    run(sys.executable, "-m", "venv", tmp_path / "venv")
    programs = tmp_path / "venv" / "bin"
    run(programs / "pip", "install", "-q", "-r", ROOT / "deployments" / "desk.txt")
    run(programs / "pip", "install", "-q", "--no-deps", next((tmp_path / "dist").glob("*.whl")))
    desk = programs / "continuity"
    home = ("--home", tmp_path / "home", "--by", "it")
    run(desk, "init", "--sample", *home)
    assert "QZ9" in run(desk, "numbers", "status", *home)
    files = sorted((tmp_path / "home" / "inbox").glob("*.xlsx"))
    run(desk, "entries", "record", *files, "--accept-clean", *home, code=2)
    assert "UNACCOUNTED" in run(desk, "reconcile", "account", *home, code=1)
    assert "holds" in run(desk, "journal", "verify", *home)
    assert "-eq-" in run(desk, "ace", "query", *home)
    assert "without Prefect" in run(desk, "drill", *home, code=2)
