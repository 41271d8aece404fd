"""Builds the kit: one folder, one sealed file, one print. What is not finished is never seen under
its name, and an event says what was made.

    KIT/READ-ME-FIRST.txt  manifest.json (signed)  kit.json
        program/   installs on a clean laptop       paper/     to be printed
        journal/   a copy of the book, signed head  home/      goes into the new home
        workbooks/ history/ clients/ ...            what the rooms put in

The read-me of a kit: the first thing that a person sees on the stick.
"""

from __future__ import annotations

import errno
import os
import shutil
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tasks.core import clock
from tasks.core.errors import BadInput, Problem, Refused
from tasks.core.files import digest_of, write_atomic
from tasks.core.journal.copies import export_journal
from tasks.core.journal.journal import is_drill
from tasks.core.settings import BrokerSettings, Settings
from tasks.core.untrusted_input import is_safe_name
from tasks.kit import program_files
from tasks.kit.events import KitBuilt, KitFacts
from tasks.kit.paper_pdf import PAPER_KIT_FILE, render_papers
from tasks.kit.part_list import providers
from tasks.kit.part_model import KitPart
from tasks.kit.parts.desk_workbooks import unused_numbers
from tasks.kit.program_files import ProgramContents, program_targets, write_program
from tasks.kit.program_wheel import find_wheel, program_version
from tasks.kit.sealed_archive import seal_kit
from tasks.kit.settings import KitSettings
from tasks.security.api import MANIFEST_FILE, SEALED_SUFFIX, SealRecipient, require_seal_recipients, write_manifest
from tasks.workspace import Workspace

FILE = "READ-ME-FIRST.txt"


def readme_text(facts: KitFacts, parts: Sequence[KitPart]) -> str:
    """Plain text, at most 78 signs a line, CR LF so that every system's editor shows it."""
    mark = ["DRILL: this is an exercise. Nothing goes to CBP.", ""] if facts.drill else []
    lines = [*mark, f"Off-line kit of the filer {facts.filer}, made {facts.made[:16]}Z", ""]
    lines += _numbered(_STEPS if facts.platforms else _BARE)
    lines += ["", "In it:", *(f"  - {part.words}" for part in parts), ""]
    lines += ["The programs are for:", *(f"  - {one}" for one in facts.platforms or ("nothing",))]
    if facts.python:
        lines += [
            f"  - program/python/{facts.python}",
            f"    SHA-256 {facts.python_sha256}",
            "    Compare it with what python.org publishes for this file.",
        ]
    lines += ["", *_wrapped(_readme_STICK)]
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
_readme_STICK = (
    "A stick that may be lost: carry only the folder program and the sealed file (.sealed) beside "
    "each other. The start scripts find it and ask for the passphrase."
)


def _numbered(steps: Sequence[str]) -> list[str]:
    return [f"{n}. {step}" for n, step in enumerate(steps, 1)]


def _wrapped(line: str) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()) + 3)
    return textwrap.wrap(line, 78, subsequent_indent=indent if line[:1].isdigit() else "")


FACTS = "kit.json"
JOURNAL = "journal"
NOBODY = SealRecipient()


@dataclass(frozen=True)
class BuildOptions:
    """What is wanted. `out`: the folder for kits, the settings' where it is None."""

    out: Path | None = None
    wheels: bool = True
    windows: bool | None = None
    wheel: Path | None = None
    python: Path | None = None
    to: SealRecipient = NOBODY


@dataclass(frozen=True)
class KitBuild:
    """What was made. `sealed`: None where there is nobody to seal to; `removed`: older kits."""

    folder: Path
    sealed: Path | None
    facts: KitFacts
    parts: tuple[str, ...]
    removed: tuple[str, ...] = ()


_STICK = (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO, errno.EFBIG, errno.ENOTDIR)
"""What a stick does that is full, locked, worn out, or not there."""


def kits_folder(settings: Settings) -> Path:
    return settings(KitSettings).out or settings.home / "kits"


def build_kit(workspace: Workspace, order: BuildOptions, actor: str) -> KitBuild:
    """Make a kit. Raises BadInput, MissingPart, NotFetched, Refused on a full or faulty stick; no kit is
    left then."""
    out = order.out or kits_folder(workspace.settings)
    if order.to:
        require_seal_recipients(order.to)
    from tasks.kit.parts import trade_history  # Arrow tables: who only checks a kit needs none

    trade_history.refresh(workspace, actor)
    name = _name(workspace, out)
    draft = out / f".{name}.part"
    _sweep(out)
    sealed = out / f"{name}{SEALED_SUFFIX}" if order.to else None
    try:
        draft.mkdir(parents=True, mode=0o700)
        facts, parts = _fill(workspace, order, draft, name)
        draft.rename(out / name)
        digest = seal_kit(out / name, sealed, order.to) if sealed else ""
    except BaseException as wrong:
        # A folder that lacks its archive looks whole, and the book would know of no kit.
        for left in (draft, out / name):
            shutil.rmtree(left, ignore_errors=True)
        if isinstance(wrong, OSError) and wrong.errno in _STICK:
            raise Refused("kit-not-written", out=out, strerror=wrong.strerror) from None
        raise
    _note(workspace, out / name, facts, digest, actor)
    removed = () if order.out else _thin(workspace.settings, out)
    return KitBuild(out / name, sealed, facts, tuple(part.words for part in parts), removed)


def _name(workspace: Workspace, out: Path) -> str:
    drill = "DRILL-" if is_drill(workspace.journal) else ""
    base = f"{drill}kit-{workspace.settings(BrokerSettings).filer_code}-{clock.stamp()}"
    names = [base, *(f"{base}-{n}" for n in range(2, 100))]
    return next(name for name in names if not (out / name).exists())


def _sweep(out: Path) -> None:
    """What a crash left behind."""
    for left in out.glob(".*kit-*.part"):
        shutil.rmtree(left, ignore_errors=True)
        left.unlink(missing_ok=True)


def _fill(workspace: Workspace, order: BuildOptions, draft: Path, name: str) -> tuple[KitFacts, list[KitPart]]:
    made = _program(workspace.settings, order, draft)
    # The states are asked for first: what changes meanwhile makes the kit stale, never wrong.
    sources = providers()
    states = {one.name: one.state(workspace) for one in sources}
    parts = [one.make(workspace) for one in sources]
    _write_parts(parts, draft)
    head = export_journal(workspace.journal, workspace.content, workspace.settings.home, draft / JOURNAL)
    facts = KitFacts(
        name=name,
        made=clock.text(),
        filer=workspace.settings(BrokerSettings).filer_code,
        drill=is_drill(workspace.journal),
        head_seq=head.seq,
        head=head.digest,
        parts=states,
        numbers=sum(len(some) for some in unused_numbers(workspace).values()),
        program=program_version() if made.wheel else "",
        wheel=made.wheel,
        wheel_sha256=made.wheel_sha256,
        platforms=list(made.platforms),
        python=made.python,
        python_sha256=made.python_sha256,
    )
    write_atomic(draft / PAPER_KIT_FILE, render_papers(workspace, facts, parts))
    write_atomic(draft / FACTS, msgspec.json.format(msgspec.json.encode(facts), indent=1))
    write_atomic(draft / FILE, readme_text(facts, parts).encode())
    write_manifest(draft, workspace.settings.home, "off-line kit")
    return facts, parts


def _program(settings: Settings, order: BuildOptions, draft: Path) -> ProgramContents:
    if not order.wheels:
        return ProgramContents()
    windows = settings(KitSettings).windows if order.windows is None else order.windows
    scratch = draft / ".scratch"
    scratch.mkdir()
    try:
        own = find_wheel(settings.home, order.wheel or settings(KitSettings).wheel, scratch)
        kinds_ = program_targets(windows, _windows_python(settings, order))
        return write_program(draft / program_files.FOLDER, own, kinds_, order.python or settings(KitSettings).python)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _windows_python(settings: Settings, order: BuildOptions) -> str:
    """The installer says which Python the laptop will have: `python-3.13.9-amd64.exe`."""
    installer = order.python or settings(KitSettings).python
    named = installer.name.removeprefix("python-").split(".")[:2] if installer else []
    given = ".".join(named)
    return given if given in ("3.11", "3.12", "3.13") else settings(KitSettings).windows_python


def _write_parts(parts: Sequence[KitPart], draft: Path) -> None:
    names: set[str] = set()
    for part in parts:
        for one in part.files:
            if not is_safe_name(one.name) or one.name.casefold() in names:
                problem = Problem(file=one.name, code="kit-file-name-invalid")
                raise BadInput("kit-part-not-writable", [problem])
            names.add(one.name.casefold())
            path = write_atomic(draft / one.name, one.data, mode=0o600)
            if one.modified:
                os.utime(path, (one.modified, one.modified))


def _note(workspace: Workspace, folder: Path, facts: KitFacts, sealed: str, actor: str) -> None:
    digest = digest_of(folder / MANIFEST_FILE)
    body = KitBuilt(facts=facts, manifest=digest, sealed=sealed)
    workspace.journal.append(body, "kit", actor, key=f"kit.built:{digest}")


def _thin(settings: Settings, out: Path) -> tuple[str, ...]:
    """Only the newest kits stay in the house's own folder of them."""
    found = sorted((one for one in out.glob("*kit-*") if (one / FACTS).is_file()), key=lambda one: read_facts(one).made)
    gone = found[: -settings(KitSettings).keep]
    for one in gone:
        shutil.rmtree(one)
        one.with_name(one.name + SEALED_SUFFIX).unlink(missing_ok=True)
    return tuple(one.name for one in gone)


def read_facts(folder: Path) -> KitFacts:
    """What a kit says of itself. Raises BadInput for a folder that is none."""
    path = folder / FACTS
    try:
        return msgspec.json.decode(path.read_bytes(), type=KitFacts)
    except FileNotFoundError:
        raise BadInput("kit-facts-missing", folder=folder, facts=FACTS) from None
    except (msgspec.DecodeError, OSError) as wrong:
        problem = Problem(file=str(path), code="kit-facts-unreadable", values={"reason": wrong})
        raise BadInput("kit-version-unsupported", [problem], folder=folder) from None
