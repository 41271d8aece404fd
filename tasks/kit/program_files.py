"""The folder `program` of a kit: what installs this program on a clean laptop without any network.

Wheels of the desk set alone (`deployments/desk.txt`: no Prefect), for this machine's kind and for
Windows, each listed with its SHA-256; a start script for each; pip's own wheel, so that a Python
without it will do; and the Python installer where the broker gives one.
"""

from __future__ import annotations

import platform
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from tasks.core.errors import BadInput, Problem
from tasks.core.files import digest_of, write_atomic
from tasks.kit.program_wheel import run_pip

FOLDER = "program"
WINDOWS = "windows"


@dataclass(frozen=True)
class ProgramTarget:
    """A kind of machine. `name`: of its requirements file; `tag`: pip's platform, empty for this
    machine's own; `python`: such as 3.13."""

    name: str
    python: str
    tag: str = ""

    @property
    def words(self) -> str:
        return f"{self.tag or sysconfig.get_platform()}, Python {self.python}"

    @property
    def requirements(self) -> str:
        return f"requirements-{self.name}.txt"


@dataclass(frozen=True)
class ProgramContents:
    """What was put into the folder."""

    wheel: str = ""
    wheel_sha256: str = ""
    platforms: tuple[str, ...] = ()
    python: str = ""
    python_sha256: str = ""


def this_machine() -> ProgramTarget:
    """This machine's kind."""
    name = {"win32": WINDOWS, "darwin": "macos"}.get(sys.platform, "linux")
    return ProgramTarget(name, f"{sys.version_info.major}.{sys.version_info.minor}")


def program_targets(windows: bool, windows_python: str) -> list[ProgramTarget]:
    """The kinds of machine that a kit is for."""
    own = this_machine()
    more = windows and own.name != WINDOWS
    return [own, ProgramTarget(WINDOWS, windows_python, "win_amd64")] if more else [own]


def write_program(folder: Path, own: Path, kinds: Sequence[ProgramTarget], python: Path | None) -> ProgramContents:
    """Fill `folder`; `own`: this program's wheel. Raises NotFetched, MissingPart, BadInput."""
    installer = _installer(python) if python else None
    wheels = folder / "wheels"
    wheels.mkdir(parents=True)
    for target in kinds:
        lines = [*_fetched(target, wheels), _line(_kept(own, wheels))]
        write_atomic(folder / target.requirements, ("\n".join(lines) + "\n").encode())
        write_atomic(folder / script_name(target), start_script(target), mode=0o755)
    if installer is not None:
        write_atomic(folder / "python" / installer.name, installer.read_bytes())
    return ProgramContents(
        own.name,
        digest_of(own),
        tuple(target.words for target in kinds),
        installer.name if installer else "",
        digest_of(installer) if installer else "",
    )


def _installer(path: Path) -> Path:
    if path.is_file() and path.stat().st_size:
        return path
    problem = Problem(file=str(path), code="installer-missing-or-empty")
    raise BadInput("python-installer-invalid", [problem])


def requirements(target: ProgramTarget) -> list[str]:
    """The pins of the desk that hold on this kind of machine, and pip."""
    from packaging.requirements import Requirement

    text = files("deployments").joinpath("desk.txt").read_text(encoding="utf-8")
    found = [Requirement(line) for line in text.splitlines() if line.strip() and line[0] != "#"]
    about = _environment(target)
    kept = [one for one in found if one.marker is None or one.marker.evaluate(about)]
    return [*(f"{one.name}{one.specifier}" for one in kept), "pip"]


def _environment(target: ProgramTarget) -> dict[str, str]:
    """What markers ask: pip itself would answer for this machine, whatever the platform."""
    about = {"python_version": target.python, "python_full_version": f"{target.python}.0"}
    if target.tag:
        about |= {
            "sys_platform": "win32",
            "platform_system": "Windows",
            "os_name": "nt",
            "platform_machine": "AMD64",
            "platform_python_implementation": "CPython",
            "implementation_name": "cpython",
        }
    else:
        about["python_full_version"] = platform.python_version()
    return about


def _fetched(target: ProgramTarget, wheels: Path) -> Iterator[str]:
    """Download what the target needs; lines for its requirements file, with digests."""
    foreign = (
        ("--platform", target.tag, "--python-version", target.python, "--implementation", "cp") if target.tag else ()
    )
    with tempfile.TemporaryDirectory(prefix="continuity-kit-", dir=wheels.parent) as scratch:
        wanted = Path(scratch) / "wanted.txt"
        wanted.write_text("\n".join(requirements(target)) + "\n", encoding="utf-8")
        run_pip(
            "download",
            "--no-deps",
            "--only-binary=:all:",
            *foreign,
            "--dest",
            Path(scratch) / "wheels",
            "--requirement",
            wanted,
        )
        for path in sorted((Path(scratch) / "wheels").iterdir()):
            yield _line(_kept(path, wheels))


def _kept(path: Path, wheels: Path) -> Path:
    """Most wheels serve every machine and are kept once."""
    kept = wheels / path.name
    return kept if kept.exists() else write_atomic(kept, path.read_bytes())


def _line(path: Path) -> str:
    name, version = path.name.split("-")[:2]
    return f"{name}=={version} --hash=sha256:{digest_of(path)}"


def script_name(target: ProgramTarget) -> str:
    return "start.cmd" if target.name == WINDOWS else "start.sh"


def start_script(target: ProgramTarget) -> bytes:
    """The start script of a target, with the line ends of its system."""
    name = script_name(target)
    text = files("continuity_data").joinpath("kit", name).read_text(encoding="utf-8")
    text = text.replace("@PYTHON@", target.python).replace("@REQUIREMENTS@", target.requirements)
    return text.replace("\n", "\r\n" if name.endswith(".cmd") else "\n").encode()
