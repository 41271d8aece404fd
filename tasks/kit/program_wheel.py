"""The wheel of this very program: kept by the home, or found where it was installed from."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from tasks.core.errors import BadInput, MissingPart, NotFetched, Problem
from tasks.core.files import write_atomic

NAME = "broker-continuity"
_FILE = "broker_continuity"
_SOURCES = ("pyproject.toml", "README.md", "flows", "tasks", "deployments", "data")


def program_version() -> str:
    """Of the program that runs."""
    return metadata.version(NAME)


def wheel_folder(home: Path) -> Path:
    return home / "program"


def keep_wheel(home: Path, wheel: Path | None = None) -> Path | None:
    """Put the wheel given, or the one this program was installed from, into the home. None if there
    is neither. Raises BadInput for a file that is not this program's wheel."""
    path = wheel or _installed_from()
    if path is None or path.suffix != ".whl":
        return None
    check_wheel(path)
    return write_atomic(wheel_folder(home) / path.name, path.read_bytes())


def find_wheel(home: Path, wheel: Path | None, scratch: Path) -> Path:
    """The wheel for a kit: the one given, the home's own, the one installed from, or one made of the
    source tree that runs, in `scratch`. Raises MissingPart if there is none."""
    if wheel is not None:
        check_wheel(wheel)
        return wheel
    own_wheels = sorted(wheel_folder(home).glob(f"{_FILE}-{program_version()}-*.whl"))
    if own_wheels:
        return own_wheels[-1]
    source = _installed_from()
    if source is not None and source.suffix == ".whl":
        check_wheel(source)
        return source
    if source is not None and (source / "pyproject.toml").is_file():
        return _build_wheel(source, scratch)
    raise MissingPart("program-wheel-missing", version=program_version())


def check_wheel(path: Path) -> None:
    """Raises BadInput unless it is a wheel of this program, of the version that runs."""
    metadata_folder, right = "", f"{_FILE}-{program_version()}-py3-none-any.whl"
    try:
        with zipfile.ZipFile(path) as archive:
            metadata_folder = next(
                (name.split("/")[0] for name in archive.namelist() if name.endswith(".dist-info/METADATA")), ""
            )
        problem = Problem(
            file=str(path), value=metadata_folder.removesuffix(".dist-info"), right=right, code="wheel-of-other-version"
        )
    except (OSError, zipfile.BadZipFile) as fault:
        problem = Problem(file=str(path), right=right, code="wheel-unreadable", values={"reason": fault})
    if metadata_folder != f"{_FILE}-{program_version()}.dist-info" or path.suffix != ".whl":
        raise BadInput("program-wheel-invalid", [problem])


def _installed_from() -> Path | None:
    """What pip was told to install, if that is still there: a wheel, or a source tree (PEP 610)."""
    # Leftovers of a build in a source tree can come first and have no record.
    records = (distribution.read_text("direct_url.json") for distribution in metadata.distributions(name=NAME))
    record = next(filter(None, records), None)
    address = urlsplit(str(json.loads(record)["url"]) if record else "")
    if address.scheme != "file":
        return None
    path = Path(url2pathname(unquote(address.path)))
    return path if path.exists() else None


def _build_wheel(source: Path, scratch: Path) -> Path:
    """Built from a copy: a build leaves files behind, and two at once would collide."""
    copy = scratch / "source"
    copy.mkdir()
    for name in _SOURCES:
        path = source / name
        if path.is_dir():
            shutil.copytree(path, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif path.is_file():
            shutil.copy2(path, copy / name)
    run_pip("wheel", "--no-deps", "--wheel-dir", scratch / "own", copy)
    return next((scratch / "own").glob("*.whl"))


def run_pip(*arguments: object) -> None:
    """Run pip as a process. Raises MissingPart where there is none, NotFetched, with its last lines, if it fails."""
    quiet = ("--quiet", "--disable-pip-version-check", "--no-input")
    command = [sys.executable, "-m", "pip", *map(str, arguments[:1]), *quiet, *map(str, arguments[1:])]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        code = subprocess.run(command, stdout=output, stderr=output, check=False).returncode
        output.seek(0)
        lines = [line for line in output.read().splitlines() if line.strip()]
    if code and any("No module named pip" in line for line in lines):
        raise MissingPart("pip-not-installed")
    if code:
        reason = "\n  ".join(line for line in lines if "ERROR" in line) or "\n  ".join(lines[-3:])
        raise NotFetched("kit-programs-not-fetched", why=reason)
