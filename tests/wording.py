"""Change every message of the product by one word and run the tests: none but the golden ones may notice.

    python -m tests.wording [PYTEST ARGUMENTS]

Works on a copy of the tree. Changed are the texts of `data/messages`, the texts and help of the command line,
the lines of the status page, and the notices' templates. `tests/data/wording-golden.txt` lists the tests that
compare whole texts on purpose; their failures are expected, all others make the exit code 1.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests" / "data" / "wording-golden.txt"

# Callable -> positions and keywords of its arguments that are words for a person.
SPOKEN: dict[str, tuple[tuple[int, ...], tuple[str, ...]]] = {
    "print_text": ((0,), ("text",)),
    "print_result": ((1,), ("text",)),
    "print_table": ((), ("title",)),
    "echo": ((0,), ()),
    "Option": ((), ("help",)),
    "Argument": ((), ("help",)),
    "Typer": ((), ("help",)),
    "StatusLine": ((2, 4), ("what", "fact")),
    "Problem": ((5, 6), ("wrong", "right")),
    "report": ((4, 5), ("wrong", "right")),
    "report_condition": ((3, 4), ("wrong", "right")),
    "_line": ((1, 3), ("what", "fact")),
    "need": ((4,), ("why",)),
    "bar": ((4,), ("why",)),
}
RULES = {"report", "report_condition", "need", "bar"}
"""Callables of the record's rules; others of these names take no words."""
CHANGED = "reworded"
_WORD = re.compile(r"(?<![\w{}`'\"/.=<>@\[\]-])[A-Za-z][a-z]{2,}(?![\w{}`'\"/.=<>@\[\]-])")
_TOML = re.compile(r'(?<==) (?:"(?P<text>(?:[^"\\]|\\.)*)"|\{.*\})$', re.M)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
TEMPLATES = ("incident/plan.toml", "kit/run_book.toml")
_COMMAND = re.compile(r"\bcontinuity [a-z-]+(?: [a-z-]+)*")


def reworded(text: str) -> str:
    """The text with its first plain word changed; commands, placeholders, options and paths stay."""
    barred = [match.span() for match in _COMMAND.finditer(text)]
    barred += [match.span() for match in re.finditer(r"\{[^}]*\}", text)]
    for match in _WORD.finditer(text):
        if not any(start <= match.start() < end for start, end in barred):
            return text[: match.start()] + CHANGED + text[match.end() :]
    return text


def change_messages(path: Path) -> int:
    """Reword each text of a catalog; returns how many changed."""
    count = 0

    def quoted(match: re.Match[str]) -> str:
        nonlocal count
        # A value of one word, such as `channel = "call"`, is a key and no text.
        new = reworded(match[1]) if " " in match[1] else match[1]
        count += new != match[1]
        return f'"{new}"'

    text = path.read_text(encoding="utf-8")
    path.write_text(_TOML.sub(lambda match: _QUOTED.sub(quoted, match[0]), text), encoding="utf-8")
    return count


def change_template(path: Path) -> int:
    """Reword each sentence of a template; returns how many changed. A string without a blank is an id."""
    count = 0

    def quoted(match: re.Match[str]) -> str:
        nonlocal count
        new = reworded(match[1]) if " " in match[1] else match[1]
        count += new != match[1]
        return f'"{new}"'

    lines = path.read_text(encoding="utf-8").split("\n")
    path.write_text(
        "\n".join(line if line.startswith("#") else _QUOTED.sub(quoted, line) for line in lines), encoding="utf-8"
    )
    return count


def change_code(path: Path) -> int:
    """Reword literals that a module hands to the callables of SPOKEN."""
    text = path.read_text(encoding="utf-8")
    data, starts = text.encode(), [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line.encode()) + 1)
    edits: list[tuple[int, int, str]] = []
    for call in (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)):
        name = getattr(call.func, "id", None) or getattr(call.func, "attr", "")
        if name not in SPOKEN or (name in RULES and "entries" not in path.parts):
            continue
        if "ace_simulator" in path.parts:  # what the ACE simulator records of an entry is data
            continue
        at, keywords = SPOKEN[name]
        words = [call.args[place] for place in at if place < len(call.args)]
        words += [keyword.value for keyword in call.keywords if keyword.arg in keywords]
        for word in words:
            edits += _edit(word, data, starts)
    for start, end, new in sorted(edits, reverse=True):
        data = data[:start] + new.encode() + data[end:]
    path.write_bytes(data)
    return len(edits)


def _edit(node: ast.expr, data: bytes, starts: list[int]) -> list[tuple[int, int, str]]:
    if isinstance(node, ast.BinOp):
        return _edit(node.left, data, starts)
    if isinstance(node, ast.IfExp):
        return _edit(node.body, data, starts) + _edit(node.orelse, data, starts)
    literal = isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
    if not literal:
        return []
    start = starts[node.lineno - 1] + node.col_offset
    end = starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
    source = data[start:end].decode()
    new = reworded(source)
    return [(start, end, new)] if new != source else []


def main(arguments: list[str]) -> int:
    """Copy, change, test. Returns 1 if a test noticed that is not on the list."""
    golden = {line.split("#")[0].strip() for line in GOLDEN.read_text().splitlines()} - {""}
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "tree"
        skip = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", ".hypothesis")
        shutil.copytree(ROOT, copy, ignore=skip)
        # An editable installation would serve the unchanged data.
        (copy / "continuity_data").symlink_to("data")
        count = sum(change_messages(path) for path in (copy / "data" / "messages").glob("*.toml"))
        count += sum(change_template(copy / "data" / name) for name in TEMPLATES)
        for top in ("tasks", "deployments"):
            count += sum(change_code(path) for path in (copy / top).rglob("*.py"))
        print(f"{count} messages changed", flush=True)
        environment = os.environ | {"PYTHONPATH": str(copy)}
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rfE", *arguments]
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
    noticed = set(re.findall(r"^(?:FAILED|ERROR) (\S+?)(?:\[.*?)?(?: - .*)?$", done.stdout, re.M))
    print("\n".join(done.stdout.splitlines()[-3:]))
    if not noticed and done.returncode not in (0, 1):
        print(done.stdout[-4000:], done.stderr[-4000:])
        return 2
    odd = sorted(noticed - golden)
    print(f"{len(odd)} tests read a message:", *odd, sep="\n  ")
    return 1 if odd else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
