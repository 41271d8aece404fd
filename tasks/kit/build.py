"""Builds the kit: one folder, one sealed file, one print. What is not finished is never seen under
its name, and an event says what was made.

    KIT/READ-ME-FIRST.txt  manifest.json (signed)  kit.json
        program/   installs on a clean laptop       paper/     to be printed
        journal/   a copy of the book, signed head  home/      goes into the new home
        workbooks/ history/ clients/ ...            what the rooms put in
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tasks.kit import archive, papers, program, readme, wheel, workbooks
from tasks.kit.parts import providers
from tasks.shared import clock, manifest, seal
from tasks.shared.errors import BadInput, Problem, Refused
from tasks.shared.files import digest_of, write_atomic
from tasks.shared.hostile import is_safe_name
from tasks.shared.journal import is_drill
from tasks.shared.journal_copy import export
from tasks.shared.kinds.kit import KitBuilt, KitFacts
from tasks.shared.kit_part import KitPart
from tasks.shared.seal import SUFFIX, To
from tasks.shared.settings import Settings
from tasks.workspace import Workspace

FACTS = "kit.json"
JOURNAL = "journal"
NOBODY = To()


@dataclass(frozen=True)
class Order:
    """What is wanted. `out`: the folder for kits, the settings' where it is None."""

    out: Path | None = None
    wheels: bool = True
    windows: bool | None = None
    wheel: Path | None = None
    python: Path | None = None
    to: To = NOBODY


@dataclass(frozen=True)
class Built:
    """What was made. `sealed`: None where there is nobody to seal to; `removed`: older kits."""

    folder: Path
    sealed: Path | None
    facts: KitFacts
    parts: tuple[str, ...]
    removed: tuple[str, ...] = ()


_STICK = (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO, errno.EFBIG, errno.ENOTDIR)
"""What a stick does that is full, locked, worn out, or not there."""


def kits(settings: Settings) -> Path:
    return settings.kit.out or settings.home / "kits"


def build(workspace: Workspace, order: Order, actor: str) -> Built:
    """Make a kit. Raises BadInput, MissingPart, NotFetched, Refused on a full or faulty stick; no kit is
    left then."""
    out = order.out or kits(workspace.settings)
    if order.to:
        seal.require(order.to)
    from tasks.kit import extracts  # Arrow tables: who only checks a kit needs none

    extracts.refresh(workspace, actor)
    name = _name(workspace, out)
    draft = out / f".{name}.part"
    _sweep(out)
    sealed = out / f"{name}{SUFFIX}" if order.to else None
    try:
        draft.mkdir(parents=True, mode=0o700)
        facts, parts = _fill(workspace, order, draft, name)
        draft.rename(out / name)
        digest = archive.close(out / name, sealed, order.to) if sealed else ""
    except BaseException as wrong:
        # A folder that lacks its archive looks whole, and the book would know of no kit.
        for left in (draft, out / name):
            shutil.rmtree(left, ignore_errors=True)
        if isinstance(wrong, OSError) and wrong.errno in _STICK:
            raise Refused("kit-not-written", out=out, strerror=wrong.strerror) from None  # fmt: skip
        raise
    _note(workspace, out / name, facts, digest, actor)
    removed = () if order.out else _thin(workspace.settings, out)
    return Built(out / name, sealed, facts, tuple(part.words for part in parts), removed)


def _name(workspace: Workspace, out: Path) -> str:
    drill = "DRILL-" if is_drill(workspace.journal) else ""
    base = f"{drill}kit-{workspace.settings.broker.filer_code}-{clock.stamp()}"
    names = [base, *(f"{base}-{n}" for n in range(2, 100))]
    return next(name for name in names if not (out / name).exists())


def _sweep(out: Path) -> None:
    """What a crash left behind."""
    for left in out.glob(".*kit-*.part"):
        shutil.rmtree(left, ignore_errors=True)
        left.unlink(missing_ok=True)


def _fill(
    workspace: Workspace, order: Order, draft: Path, name: str
) -> tuple[KitFacts, list[KitPart]]:
    made = _program(workspace.settings, order, draft)
    # The states are asked for first: what changes meanwhile makes the kit stale, never wrong.
    sources = providers()
    states = {one.name: one.state(workspace) for one in sources}
    parts = [one.make(workspace) for one in sources]
    _write_parts(parts, draft)
    head = export(workspace.journal, workspace.content, workspace.settings.home, draft / JOURNAL)
    facts = KitFacts(
        name=name,
        made=clock.text(),
        filer=workspace.settings.broker.filer_code,
        drill=is_drill(workspace.journal),
        head_seq=head.seq,
        head=head.digest,
        parts=states,
        numbers=sum(len(some) for some in workbooks.numbers(workspace).values()),
        program=wheel.version() if made.wheel else "",
        wheel=made.wheel,
        wheel_sha256=made.wheel_sha256,
        platforms=list(made.platforms),
        python=made.python,
        python_sha256=made.python_sha256,
    )
    write_atomic(draft / papers.FILE, papers.render(workspace, facts, parts))
    write_atomic(draft / FACTS, msgspec.json.format(msgspec.json.encode(facts), indent=1))
    write_atomic(draft / readme.FILE, readme.text(facts, parts).encode())
    manifest.write(draft, workspace.settings.home, "off-line kit")
    return facts, parts


def _program(settings: Settings, order: Order, draft: Path) -> program.Made:
    if not order.wheels:
        return program.Made()
    windows = settings.kit.windows if order.windows is None else order.windows
    scratch = draft / ".scratch"
    scratch.mkdir()
    try:
        own = wheel.find(settings.home, order.wheel or settings.kit.wheel, scratch)
        kinds_ = program.targets(windows, _windows_python(settings, order))
        return program.write(
            draft / program.FOLDER, own, kinds_, order.python or settings.kit.python
        )
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _windows_python(settings: Settings, order: Order) -> str:
    """The installer says which Python the laptop will have: `python-3.13.9-amd64.exe`."""
    installer = order.python or settings.kit.python
    named = installer.name.removeprefix("python-").split(".")[:2] if installer else []
    given = ".".join(named)
    return given if given in ("3.11", "3.12", "3.13") else settings.kit.windows_python


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
    digest = digest_of(folder / manifest.FILE)
    body = KitBuilt(facts=facts, manifest=digest, sealed=sealed)
    workspace.journal.append(body, "kit", actor, key=f"kit.built:{digest}")


def _thin(settings: Settings, out: Path) -> tuple[str, ...]:
    """Only the newest kits stay in the house's own folder of them."""
    found = sorted((one for one in out.glob("*kit-*") if (one / FACTS).is_file()),
                   key=lambda one: read_facts(one).made)  # fmt: skip
    gone = found[: -settings.kit.keep]
    for one in gone:
        shutil.rmtree(one)
        one.with_name(one.name + SUFFIX).unlink(missing_ok=True)
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
