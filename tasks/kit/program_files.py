"""The folder `program` of a kit: installs this program on a clean laptop without any network.

Wheels of the desk set alone (`deployments/desk.txt`: no Prefect), for this machine's platform and for
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
    def label(self) -> str:
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
    this = this_machine()
    adds_windows = windows and this.name != WINDOWS
    return [this, ProgramTarget(WINDOWS, windows_python, "win_amd64")] if adds_windows else [this]


def write_program(folder: Path, wheel: Path, targets: Sequence[ProgramTarget], python: Path | None) -> ProgramContents:
    """Fill `folder`; `own`: this program's wheel. Raises NotFetched, MissingPart, BadInput."""
    installer = _installer(python) if python else None
    wheels = folder / "wheels"
    wheels.mkdir(parents=True)
    for target in targets:
        lines = [*_download_wheels(target, wheels), _line(_keep_wheel(wheel, wheels))]
        write_atomic(folder / target.requirements, ("\n".join(lines) + "\n").encode())
        write_atomic(folder / script_name(target), start_script(target), mode=0o755)
    if installer is not None:
        write_atomic(folder / "python" / installer.name, installer.read_bytes())
    return ProgramContents(
        wheel.name,
        digest_of(wheel),
        tuple(target.label for target in targets),
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
    pins = [Requirement(line) for line in text.splitlines() if line.strip() and line[0] != "#"]
    environment = _environment(target)
    applicable = [pin for pin in pins if pin.marker is None or pin.marker.evaluate(environment)]
    return [*(f"{pin.name}{pin.specifier}" for pin in applicable), "pip"]


def _environment(target: ProgramTarget) -> dict[str, str]:
    """The environment for markers; pip would use this machine's, whatever the platform."""
    environment = {"python_version": target.python, "python_full_version": f"{target.python}.0"}
    if target.tag:
        environment |= {
            "sys_platform": "win32",
            "platform_system": "Windows",
            "os_name": "nt",
            "platform_machine": "AMD64",
            "platform_python_implementation": "CPython",
            "implementation_name": "cpython",
        }
    else:
        environment["python_full_version"] = platform.python_version()
    return environment


def _download_wheels(target: ProgramTarget, wheels: Path) -> Iterator[str]:
    """Download what the target needs; lines for its requirements file, with digests."""
    foreign = (
        ("--platform", target.tag, "--python-version", target.python, "--implementation", "cp") if target.tag else ()
    )
    with tempfile.TemporaryDirectory(prefix="continuity-kit-", dir=wheels.parent) as scratch:
        requirements_file = Path(scratch) / "wanted.txt"
        requirements_file.write_text("\n".join(requirements(target)) + "\n", encoding="utf-8")
        run_pip(
            "download",
            "--no-deps",
            "--only-binary=:all:",
            *foreign,
            "--dest",
            Path(scratch) / "wheels",
            "--requirement",
            requirements_file,
        )
        for path in sorted((Path(scratch) / "wheels").iterdir()):
            yield _line(_keep_wheel(path, wheels))


def _keep_wheel(path: Path, wheels: Path) -> Path:
    """Most wheels serve every machine and are kept once."""
    target = wheels / path.name
    return target if target.exists() else write_atomic(target, path.read_bytes())


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
