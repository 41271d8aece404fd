"""The read-me of a kit: the first thing that a person sees on the stick."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from tasks.shared.kinds.kit import KitFacts
from tasks.shared.kit_part import KitPart

FILE = "READ-ME-FIRST.txt"


def text(facts: KitFacts, parts: Sequence[KitPart]) -> str:
    """Plain text, at most 78 signs a line, CR LF so that every system's editor shows it."""
    mark = ["DRILL: this is an exercise. Nothing goes to CBP.", ""] if facts.drill else []
    lines = [*mark, f"Off-line kit of the filer {facts.filer}, made {facts.made[:16]}Z", ""]
    lines += _numbered(_STEPS if facts.platforms else _BARE)
    lines += ["", "In it:", *(f"  - {part.words}" for part in parts), ""]
    lines += ["The programs are for:", *(f"  - {one}" for one in facts.platforms or ("nothing",))]
    if facts.python:
        lines += [f"  - program/python/{facts.python}", f"    SHA-256 {facts.python_sha256}",
                  "    Compare it with what python.org publishes for this file."]  # fmt: skip
    lines += ["", *_wrapped(_STICK)]
    return "\r\n".join(line for one in lines for line in (_wrapped(one) or [""])) + "\r\n"


_STEPS = (
    "Take a clean machine that was never on the broken network, with the Python named below.",
    "Copy the kit to its own disk.",
    "Run program/start.cmd (Windows) or sh program/start.sh. No network is needed.",
    "Compare the key that it names with the first page of the print (paper/print-this.pdf).",
    "Go on by the run-book in the print. From now on only this machine issues numbers.",
)
_BARE = (
    "This kit was built without programs: install continuity on a clean machine yourself.",
    "continuity init --from-kit THIS-FOLDER",
    "Go on by the run-book in paper/print-this.pdf.",
)
_STICK = (
    "A stick that may be lost: carry only the folder program and the sealed file (.sealed) beside "
    "each other. The start scripts find it and ask for the passphrase."
)


def _numbered(steps: Sequence[str]) -> list[str]:
    return [f"{n}. {step}" for n, step in enumerate(steps, 1)]


def _wrapped(line: str) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()) + 3)
    return textwrap.wrap(line, 78, subsequent_indent=indent if line[:1].isdigit() else "")
