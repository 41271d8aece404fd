"""What of a kit is stale, broken or missing, each with its status."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import sqlalchemy as sa

from tasks.core import clock, status_lines
from tasks.core.errors import ContinuityError
from tasks.core.journal.store import EVENTS
from tasks.core.settings import Settings
from tasks.core.status_lines import AMBER, GREEN, RED, StatusLine, last_event
from tasks.kit import builder
from tasks.kit.builder import FACTS_FILE, kits_folder
from tasks.kit.events import KitBuilt, KitFacts
from tasks.kit.part_list import providers
from tasks.kit.part_model import Fault, Provider
from tasks.kit.program_wheel import program_version
from tasks.kit.settings import KitSettings
from tasks.security.api import SEALED_SUFFIX
from tasks.workspace import Workspace

_BUILD = "continuity kit build"
_RED_PARTS = {"workbooks"}
"""Parts that do harm when they are old: a number printed here may be used elsewhere."""


def newest_kit(settings: Settings) -> Path | None:
    """The newest kit in the default folder."""
    kits = [kit for kit in kits_folder(settings).glob("*kit-*") if (kit / FACTS_FILE).is_file()]
    return max(kits, key=lambda kit: builder.read_facts(kit).made, default=None)


def check_kit(workspace: Workspace, folder: Path | None = None) -> list[StatusLine]:
    """The status of a kit: the one in `folder`, else the newest here, else the last one in the journal. Raises
    BadInput for a folder that is no kit."""
    folder = folder or newest_kit(workspace.settings)
    event = last_event(workspace.journal.rows, KitBuilt.kind)
    if folder is None and event is None:
        return [_line("kit-never-built", "kit", RED, "never built", _BUILD)]
    facts = builder.read_facts(folder) if folder else _facts(event[1] if event else {})
    lines = [_age_line(facts, workspace.settings), _files_line(folder), _journal_line(workspace, facts)]
    lines += [*_part_lines(workspace, facts), *program_lines(facts)]
    return [*lines, _sealed_line(facts, folder, event[1] if event else {})]


def _line(
    code: str,
    what: str,
    status: str,
    fact: str,
    command: str = "",
    since: str = "",
    values: Mapping[str, object] | None = None,
) -> StatusLine:
    command = "" if status == GREEN else command
    return StatusLine(code, "P8", what, status, fact, command, since, values=values or {})


def _facts(body: dict[str, object]) -> KitFacts:
    return msgspec.convert(body["facts"], KitFacts)


def _age_line(facts: KitFacts, settings: Settings) -> StatusLine:
    """Monthly and on change [S]; red from twice that on."""
    built, most = clock.parse(facts.made), timedelta(days=settings(KitSettings).max_age_days)
    age = clock.now() - built
    status = GREEN if age <= most else AMBER if age <= 2 * most else RED
    return _line(
        "kit-age",
        "age",
        status,
        f"{facts.name}, built {status_lines.ago(built)}, at most {most.days} days",
        _BUILD,
        facts.made,
        values={"kit": facts.name},
    )


def _files_line(folder: Path | None) -> StatusLine:
    if folder is None:
        return _line("kit-files", "files", AMBER, "not looked at: the kit is not here", "continuity kit check DIR")
    from tasks.kit.home_setup import verify_kit

    try:
        signer = verify_kit(folder)
    except ContinuityError as broken:
        files = [problem.file for problem in broken.problems]
        return _line(
            "kit-files",
            "files",
            RED,
            str(broken).replace("\n ", ";"),
            _BUILD,
            values={"error": broken.code, "files": files},
        )
    return _line("kit-files", "files", GREEN, f"each as it was made and signed by {signer}", values={"signer": signer})


def _journal_line(workspace: Workspace, facts: KitFacts) -> StatusLine:
    """Numbers issued or used after the kit was built: the laptop would not know of them."""
    columns = EVENTS.c
    rows = workspace.journal.rows(sa.select(columns.digest).where(columns.seq == facts.head_seq))
    if not rows or rows[0].digest != facts.head:
        return _line("kit-of-other-journal", "book", RED, "the kit was not made from this book", _BUILD)
    moved = sa.or_(columns.kind.startswith("numbers."), columns.kind == "entries.recorded")
    query = sa.select(sa.func.count()).where(columns.seq > facts.head_seq, moved)
    count = workspace.journal.rows(query)[0][0]
    if count:
        return _line(
            "kit-numbers",
            "book",
            RED,
            f"numbers moved {count} time(s) since: the laptop would not know",
            _BUILD,
            values={"count": count},
        )
    return _line("kit-numbers", "book", GREEN, f"at event {facts.head_seq}; no number moved since")


def _part_lines(workspace: Workspace, facts: KitFacts) -> Iterator[StatusLine]:
    """Changes of each part since the kit was built; the subject is the part's name."""
    for part in providers():
        lines = list(_lines_of_part(workspace, facts, part))
        yield from (replace(line, subject=part.name) for line in lines)


def _lines_of_part(workspace: Workspace, facts: KitFacts, part: Provider) -> Iterator[StatusLine]:
    built_from, current = facts.parts.get(part.name), part.state(workspace)
    if built_from is None:
        yield _line(
            "kit-part-missing",
            part.name,
            AMBER,
            "is not in this kit: it was built before there was such a part",
            _BUILD,
        )
    elif built_from != current:
        status = RED if part.name in _RED_PARTS else AMBER
        yield _line("kit-part-stale", part.name, status, part.stale, _BUILD)
    faults = list(part.faults(workspace))
    for fault in faults:
        yield _line(
            "kit-part-fault",
            part.name,
            fault.light,
            fault.text,
            _correction(fault),
            values={"fault": fault.code, **fault.values},
        )
    if built_from == current and not faults:
        yield _line("kit-part-current", part.name, GREEN, "as it is now")


def _correction(fault: Fault) -> str:
    """Building again is not enough where something else has to be corrected first."""
    return f"{fault.command}; then {_BUILD}" if fault.command else _BUILD


def program_lines(facts: KitFacts) -> Iterator[StatusLine]:
    """Programs that a clean laptop would lack."""
    if not facts.platforms:
        yield _line(
            "kit-programs",
            "programs",
            RED,
            "not in the kit: it can be installed nowhere without a network",
            "continuity kit build, without --no-wheels",
        )
        return
    if facts.program != program_version():
        yield _line(
            "kit-programs", "programs", AMBER, f"version {facts.program}, here runs {program_version()}", _BUILD
        )
    else:
        yield _line("kit-programs", "programs", GREEN, f"{facts.program} for {'; '.join(facts.platforms)}")
    if not facts.python:
        yield _line(
            "kit-python",
            "python",
            AMBER,
            "no installer: the laptop must have Python already",
            "continuity kit build --python FILE",
        )


def _sealed_line(facts: KitFacts, folder: Path | None, body: dict[str, object]) -> StatusLine:
    is_there = folder is not None and folder.with_name(folder.name + SEALED_SUFFIX).is_file()
    if is_there or (body.get("sealed") and _facts(body).name == facts.name):
        return _line("kit-sealed", "sealed archive", GREEN, "made")
    return _line(
        "kit-sealed",
        "sealed archive",
        AMBER,
        "none: nobody to seal to; set [kit] recipients or passphrase_file",
        _BUILD,
    )


def watch(workspace: Workspace) -> list[StatusLine]:
    """For `continuity status`: the cheap part, from the journal alone. The kit's duty has its due date."""
    event = last_event(workspace.journal.rows, KitBuilt.kind)
    if event is None:
        return []
    facts = _facts(event[1])
    lines = [_journal_line(workspace, facts), *program_lines(facts)]
    return [replace(line, what=f"off-line kit: {line.what}", since=facts.made) for line in lines if line.light != GREEN]
