"""What may import what. Layers, faces and Prefect's place are the contracts of import-linter in pyproject.toml."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

from tasks.packages import PACKAGES

ROOT = Path(__file__).parent.parent
HEAVY = {"numpy", "pandas", "prefect", "pyarrow", "scipy"}
POSIX_ONLY_MODULES = {"fcntl", "pwd", "grp", "resource", "termios", "pty"}
POSIX_ONLY_CALLS = {"fork", "geteuid", "getuid", "setsid", "mkfifo", "getpgid", "killpg"}
ON_WORKSTATIONS = (
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
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def import_graph() -> dict[str, set[str]]:
    """What each module imports, in functions too, and what each face loads."""
    graph = grimp.build_graph("tasks", "flows", "deployments", exclude_type_checking_imports=True)
    edges = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    for stub in ROOT.glob("tasks/*/api.pyi"):
        package = f"tasks.{stub.parent.name}"
        loaded = re.findall(r"^from (\.[\w.]+) import", stub.read_text(encoding="utf-8"), re.MULTILINE)
        edges[f"{package}.api"] |= {package + module for module in loaded}
    return edges


def test_no_modules_import_each_other_in_a_circle() -> None:
    try:
        TopologicalSorter(import_graph()).prepare()
    except CycleError as circle:
        pytest.fail(" <- ".join(circle.args[1]))


def test_every_step_is_made_in_one_place() -> None:
    """So that none waits out its retries for what no retry can mend."""
    steps = {name_of(path): imported(path) for path in (ROOT / "tasks").rglob("steps.py")}
    assert [path for path, names in steps.items() if "prefect.task" in names] == []
    assert sum("tasks.core.steps.task" in names for names in steps.values()) >= 9


def loaded_modules(*arguments: str) -> set[str]:
    """Top-level packages that a new interpreter has loaded after its program."""
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True)
    assert "LOADED" in done.stdout, done.stderr  # `status` ends with 1 while something is red
    return {name.split(".")[0] for name in done.stdout.split("LOADED")[-1].split()}


_REPORT = "import sys; print('LOADED', *sys.modules)"


def test_faces_events_and_the_list_of_packages_load_nothing_heavy() -> None:
    faces = [f"tasks.{path.parent.name}.api" for path in ROOT.glob("tasks/*/api.py")]
    names = [*faces, "tasks.packages", *(module for package in PACKAGES for module in package.events)]
    assert len(names) > 25
    assert not HEAVY & loaded_modules("-c", f"import {', '.join(names)}; {_REPORT}")


@pytest.mark.parametrize("words", [("people", "list"), ("status",)], ids=" ".join)
def test_a_command_that_opens_the_journal_loads_nothing_heavy(home: Path, words: tuple[str, ...]) -> None:
    program = f"import atexit; atexit.register(lambda: exec({_REPORT!r})); from tasks.cli.main import run; run()"
    loaded = loaded_modules("-c", program, "--home", str(home), *words)
    assert not HEAVY & loaded and {"sqlalchemy", "msgspec"} <= loaded


@pytest.mark.parametrize("path", modules("tasks"), ids=name_of)
def test_workstations_run_on_windows(path: Path) -> None:
    if path.relative_to(ROOT / "tasks").parts[0] not in ON_WORKSTATIONS:
        return
    tops = {name.split(".")[0] for name in imported(path)}
    assert not tops & POSIX_ONLY_MODULES
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert not (node.value.id == "os" and node.attr in POSIX_ONLY_CALLS), node.attr


def test_no_package_is_empty() -> None:
    for package in (ROOT / "tasks").iterdir():
        if package.is_dir() and package.name != "__pycache__":
            assert len(list(package.glob("*.py"))) > 1, package.name


def test_no_parquet_is_read_through_the_scanner() -> None:
    """`read_table` starts the scanner's threads; one that still runs as the interpreter ends aborts it:
    a command that had done its work ended with 134, up to three runs of four."""
    paths = [*modules("tasks"), *modules("flows")]
    scanning = [name_of(path) for path in paths if "pq.read_table(" in path.read_text(encoding="utf-8")]
    assert not scanning, "read with pq.ParquetFile(...).read()"
