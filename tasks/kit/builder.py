"""Builds the kit: one folder, one sealed file, one print. An unfinished kit never has its final name; an event
records what was made.

    KIT/READ-ME-FIRST.txt  manifest.json (signed)  kit.json
        program/   installs on a clean laptop       paper/     to be printed
        journal/   a copy, with a signed head       home/      goes into the new home
        workbooks/ history/ clients/ ...            the parts of other packages
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

README_FILE = "READ-ME-FIRST.txt"


def readme_text(facts: KitFacts, parts: Sequence[KitPart]) -> str:
    """Plain text, at most 78 signs a line, CR LF so that every system's editor shows it."""
    banner = ["DRILL: this is an exercise. Nothing goes to CBP.", ""] if facts.drill else []
    lines = [*banner, f"Off-line kit of the filer {facts.filer}, made {facts.made[:16]}Z", ""]
    lines += _numbered(_STEPS if facts.platforms else _STEPS_WITHOUT_PROGRAMS)
    lines += ["", "In it:", *(f"  - {part.summary}" for part in parts), ""]
    lines += ["The programs are for:", *(f"  - {paragraph}" for paragraph in facts.platforms or ("nothing",))]
    if facts.python:
        lines += [
            f"  - program/python/{facts.python}",
            f"    SHA-256 {facts.python_sha256}",
            "    Compare it with what python.org publishes for this file.",
        ]
    lines += ["", *_wrapped(_STICK_NOTE)]
    return "\r\n".join(line for paragraph in lines for line in (_wrapped(paragraph) or [""])) + "\r\n"


_STEPS = (
    "Take a clean machine that was never on the broken network, with the Python named below.",
    "Copy the kit to its own disk.",
    "Run program/start.cmd (Windows) or sh program/start.sh. No network is needed.",
    "Compare the key that it names with the first page of the print (paper/print-this.pdf).",
    "Go on by the run-book in the print. From now on only this machine issues numbers.",
)
_STEPS_WITHOUT_PROGRAMS = (
    "This kit was built without programs: install continuity on a clean machine yourself.",
    "continuity init --from-kit THIS-FOLDER",
    "Go on by the run-book in paper/print-this.pdf.",
)
_STICK_NOTE = (
    "A stick that may be lost: carry only the folder program and the sealed file (.sealed) beside "
    "each other. The start scripts find it and ask for the passphrase."
)


def _numbered(steps: Sequence[str]) -> list[str]:
    return [f"{n}. {step}" for n, step in enumerate(steps, 1)]


def _wrapped(line: str) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()) + 3)
    return textwrap.wrap(line, 78, subsequent_indent=indent if line[:1].isdigit() else "")


FACTS_FILE = "kit.json"
JOURNAL_FOLDER = "journal"
NOBODY = SealRecipient()


@dataclass(frozen=True)
class BuildOptions:
    """`out`: the folder for kits, the settings' where it is None."""

    out: Path | None = None
    wheels: bool = True
    windows: bool | None = None
    wheel: Path | None = None
    python: Path | None = None
    to: SealRecipient = NOBODY


@dataclass(frozen=True)
class KitBuild:
    """`sealed`: None where there is nobody to seal to; `removed`: older kits."""

    folder: Path
    sealed: Path | None
    facts: KitFacts
    parts: tuple[str, ...]
    removed: tuple[str, ...] = ()


_STICK_ERRORS = (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO, errno.EFBIG, errno.ENOTDIR)
"""Errors of a stick that is full, locked, worn out, or not there."""


def kits_folder(settings: Settings) -> Path:
    return settings(KitSettings).out or settings.home / "kits"


def build_kit(workspace: Workspace, order: BuildOptions, actor: str) -> KitBuild:
    """Raises BadInput, MissingPart, NotFetched, Refused on a full or faulty stick; no kit is left then."""
    out = order.out or kits_folder(workspace.settings)
    if order.to:
        require_seal_recipients(order.to)
    from tasks.entries.api import load_history  # Arrow tables: a check of a kit needs none

    load_history(workspace.journal, workspace.content, actor)
    name = _name(workspace, out)
    draft = out / f".{name}.part"
    _remove_leftovers(out)
    sealed = out / f"{name}{SEALED_SUFFIX}" if order.to else None
    try:
        draft.mkdir(parents=True, mode=0o700)
        facts, parts = _fill_folder(workspace, order, draft, name)
        draft.rename(out / name)
        digest = seal_kit(out / name, sealed, order.to) if sealed else ""
    except BaseException as error:
        # A folder without its archive looks complete, and the journal would not know of the kit.
        for folder in (draft, out / name):
            shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError) and error.errno in _STICK_ERRORS:
            raise Refused("kit-not-written", out=out, strerror=error.strerror) from None
        raise
    _append_built(workspace, out / name, facts, digest, actor)
    removed = () if order.out else _remove_old_kits(workspace.settings, out)
    return KitBuild(out / name, sealed, facts, tuple(part.summary for part in parts), removed)


def _name(workspace: Workspace, out: Path) -> str:
    drill = "DRILL-" if is_drill(workspace.journal) else ""
    base = f"{drill}kit-{workspace.settings(BrokerSettings).filer_code}-{clock.stamp()}"
    names = [base, *(f"{base}-{n}" for n in range(2, 100))]
    return next(name for name in names if not (out / name).exists())


def _remove_leftovers(out: Path) -> None:
    """Drafts of crashed runs."""
    for leftover in out.glob(".*kit-*.part"):
        shutil.rmtree(leftover, ignore_errors=True)
        leftover.unlink(missing_ok=True)


def _fill_folder(workspace: Workspace, order: BuildOptions, draft: Path, name: str) -> tuple[KitFacts, list[KitPart]]:
    contents = _write_program(workspace.settings, order, draft)
    # The states come first: a change during the build makes the kit stale, never wrong.
    sources = providers()
    states = {provider.name: provider.state(workspace) for provider in sources}
    parts = [provider.make(workspace) for provider in sources]
    _write_parts(parts, draft)
    head = export_journal(workspace.journal, workspace.content, workspace.signer, draft / JOURNAL_FOLDER)
    facts = KitFacts(
        name=name,
        made=clock.text(),
        filer=workspace.settings(BrokerSettings).filer_code,
        drill=is_drill(workspace.journal),
        head_seq=head.seq,
        head=head.digest,
        parts=states,
        numbers=sum(len(numbers) for numbers in unused_numbers(workspace).values()),
        program=program_version() if contents.wheel else "",
        wheel=contents.wheel,
        wheel_sha256=contents.wheel_sha256,
        platforms=list(contents.platforms),
        python=contents.python,
        python_sha256=contents.python_sha256,
    )
    write_atomic(draft / PAPER_KIT_FILE, render_papers(workspace, facts, parts))
    write_atomic(draft / FACTS_FILE, msgspec.json.format(msgspec.json.encode(facts), indent=1))
    write_atomic(draft / README_FILE, readme_text(facts, parts).encode())
    write_manifest(draft, workspace.settings.home, "off-line kit")
    return facts, parts


def _write_program(settings: Settings, order: BuildOptions, draft: Path) -> ProgramContents:
    if not order.wheels:
        return ProgramContents()
    windows = settings(KitSettings).windows if order.windows is None else order.windows
    scratch = draft / ".scratch"
    scratch.mkdir()
    try:
        wheel = find_wheel(settings.home, order.wheel or settings(KitSettings).wheel, scratch)
        targets = program_targets(windows, _windows_python(settings, order))
        return write_program(draft / program_files.FOLDER, wheel, targets, order.python or settings(KitSettings).python)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _windows_python(settings: Settings, order: BuildOptions) -> str:
    """The Python version of the laptop, by the installer's name: `python-3.13.9-amd64.exe`."""
    installer = order.python or settings(KitSettings).python
    version_parts = installer.name.removeprefix("python-").split(".")[:2] if installer else []
    version = ".".join(version_parts)
    return version if version in ("3.11", "3.12", "3.13") else settings(KitSettings).windows_python


def _write_parts(parts: Sequence[KitPart], draft: Path) -> None:
    names: set[str] = set()
    for part in parts:
        for file in part.files:
            if not is_safe_name(file.name) or file.name.casefold() in names:
                problem = Problem(file=file.name, code="kit-file-name-invalid")
                raise BadInput("kit-part-not-writable", [problem])
            names.add(file.name.casefold())
            path = write_atomic(draft / file.name, file.data, mode=0o600)
            if file.modified:
                os.utime(path, (file.modified, file.modified))


def _append_built(workspace: Workspace, folder: Path, facts: KitFacts, sealed: str, actor: str) -> None:
    digest = digest_of(folder / MANIFEST_FILE)
    body = KitBuilt(facts=facts, manifest=digest, sealed=sealed)
    workspace.journal.append(body, "kit", actor, key=f"kit.built:{digest}")


def _remove_old_kits(settings: Settings, out: Path) -> tuple[str, ...]:
    """Only the newest kits stay in the default folder."""
    kits = sorted(
        (kit for kit in out.glob("*kit-*") if (kit / FACTS_FILE).is_file()), key=lambda kit: read_facts(kit).made
    )
    removed = kits[: -settings(KitSettings).keep]
    for kit in removed:
        shutil.rmtree(kit)
        kit.with_name(kit.name + SEALED_SUFFIX).unlink(missing_ok=True)
    return tuple(kit.name for kit in removed)


def read_facts(folder: Path) -> KitFacts:
    """The facts of a kit. Raises BadInput for a folder that is none."""
    path = folder / FACTS_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=KitFacts)
    except FileNotFoundError:
        raise BadInput("kit-facts-missing", folder=folder, facts=FACTS_FILE) from None
    except (msgspec.DecodeError, OSError) as error:
        problem = Problem(file=str(path), code="kit-facts-unreadable", values={"reason": error})
        raise BadInput("kit-version-unsupported", [problem], folder=folder) from None
