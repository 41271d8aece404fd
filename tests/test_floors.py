"""The walls of the house, read from the imports."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
POSIX_ONLY_MODULES = {"fcntl", "pwd", "grp", "resource", "termios", "pty"}
POSIX_ONLY_CALLS = {"fork", "geteuid", "getuid", "setsid", "mkfifo", "getpgid", "killpg"}
DESK_ROOMS = (
    "entries",
    "ace",
    "core",
    "documents",
    "security",
    "transport",
    "cli",
    "incident",
    "backup",
    "duties",
    "screening",
    "kit",
    "status",
)


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Full names of what a module imports, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", modules("tasks"), ids=name_of)
def test_only_steps_know_prefect(path: Path) -> None:
    if path.name != "steps.py":
        assert not {name for name in imported(path) if name.split(".")[0] == "prefect"}


def test_every_step_is_made_in_one_place() -> None:
    """So that none waits out its retries for what no retry can mend."""
    found = {name_of(path): imported(path) for path in (ROOT / "tasks").rglob("steps.py")}
    assert [path for path, names in found.items() if "prefect.task" in names] == []
    assert sum("tasks.core.steps.task" in names for names in found.values()) >= 10


@pytest.mark.parametrize("path", modules("tasks"), ids=name_of)
def test_nothing_below_imports_upwards(path: Path) -> None:
    tops = {"flows", "deployments", "tests"}
    assert not {name for name in imported(path) if name.split(".")[0] in tops}


@pytest.mark.parametrize("path", modules("flows"), ids=name_of)
def test_flows_call_steps_settings_and_the_workspace_only(path: Path) -> None:
    for name in imported(path):
        if name.startswith("tasks."):
            below = name.startswith(("tasks.core.", "tasks.workspace"))
            assert ".steps" in name or below, f"{path.name}: {name}"


@pytest.mark.parametrize("path", modules("tasks"), ids=name_of)
def test_the_desk_runs_on_windows(path: Path) -> None:
    room = path.relative_to(ROOT / "tasks").parts[0]
    if room not in DESK_ROOMS:
        return
    tops = {name.split(".")[0] for name in imported(path)}
    assert not tops & POSIX_ONLY_MODULES
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert not (node.value.id == "os" and node.attr in POSIX_ONLY_CALLS), node.attr


def test_no_room_stands_empty() -> None:
    for room in (ROOT / "tasks").iterdir():
        if room.is_dir() and room.name != "__pycache__":
            assert len(list(room.glob("*.py"))) > 1, room.name


def test_no_parquet_is_read_through_the_scanner() -> None:
    """`read_table` starts the scanner's threads; one that still runs as the interpreter ends aborts it:
    a command that had done its work ended with 134, up to three runs of four."""
    found = [name_of(path) for folder in ("tasks", "flows") for path in modules(folder)
             if "pq.read_table(" in path.read_text(encoding="utf-8")]  # fmt: skip
    assert not found, "read with pq.ParquetFile(...).read()"
