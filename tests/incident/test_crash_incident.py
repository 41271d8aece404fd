"""The incident's room is killed at random moments of a series of commands; then the series is run to its
end: one incident, each letter once, and nothing half-written counts."""

from __future__ import annotations

import random
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from pypdf import PdfReader

from tasks.core.errors import ContinuityError
from tasks.core.journal.journal import Journal
from tasks.core.journal.verification import verify_journal
from tasks.core.settings import Settings
from tasks.incident.events import EvidenceAttached, IncidentDeclared, NoticeDrafted
from tasks.incident.evidence import pack_verifier
from tasks.incident.letters.letter_records import issued_letters, reprint_letter
from tasks.incident.notices.notice_listing import current_notices
from tasks.security.host_keys import host_public_key
from tasks.security.manifest import MANIFEST_FILE
from tests.entries import one
from tests.entries.house import book_of
from tests.incident.paper_world import World, open_world, pdf
from tests.incident.world import CONTACTS
from tests.process_kills import KILLED, SEED, struck

Commands = list[list[str]]
_LATER = 2
"""Half of the blows fall on what comes after the notices: letters and evidence are quicker."""
_ENOUGH = 60.0
"""Seconds after which a series is not killed but slow."""


def series(commands: Commands) -> None:
    """What the child does: one command after the other, as a person would type them; that one is
    refused, since it was done already, stops nobody."""
    import os

    from tasks.cli.context import Invocation, invocation
    from tasks.cli.main import run

    sink = os.open(os.environ.get("CRASH_LOG", os.devnull), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    for arguments in commands:
        invocation.__dict__.clear()
        invocation.__dict__.update(Invocation().__dict__)
        try:
            run(arguments)
        except SystemExit as end:
            print(arguments, end.code, flush=True)


def commands(world: World, turn: str, numbers: list[str]) -> Commands:
    """Declared, told, a letter an entry, a proof and a signed pack; folders of this turn's own."""
    home = ["--home", str(world.book.settings.home), "--by", "ada"]
    proof = world.folder / f"scan-{turn}.pdf"
    if not proof.exists():
        proof.write_bytes(pdf(1, f"SCAN REPORT {turn}"))

    def out(what: str) -> str:
        return str(world.folder / f"{what}-{turn}")

    return [[*home, "incident", *rest] for rest in (
        ["declare", "--note", f"files are encrypted, turn {turn}"],
        ["notify", "--out", out("notices")],
        ["letters", "issue", *numbers, "--without-authorisation", "nobody answers", "--out", out("letters")],
        ["evidence", "attach", "scans", str(proof)],
        ["evidence", "build", "--incomplete", "--out", out("pack")],
    )]  # fmt: skip


def spent(wanted: Commands) -> float:
    began = time.monotonic()
    assert struck(series, (wanted,), _ENOUGH) == 0
    return time.monotonic() - began


def issued(world: World) -> Counter[str]:
    return Counter(line.number for one in issued_letters(world.book) for line in one.said.entries)


def look(world: World, turn: str) -> None:
    """What must hold after any blow."""
    journal, home = world.book.journal, world.book.settings.home
    assert verify_journal(journal, world.book.content).ok
    assert len(list(journal.events(kind=IncidentDeclared.kind))) <= 1
    assert not [number for number, times in issued(world).items() if times > 1]
    for path in world.folder.glob(f"*-{turn}/*.pdf"):
        if not path.name.startswith("."):
            assert len(PdfReader(path).pages) > 0, f"{path} is half-written"
    key = host_public_key(home)
    for pack in world.folder.glob(f"pack-{turn}"):
        whole = (pack / MANIFEST_FILE).is_file()
        assert evidence_holds(pack, key) == whole, f"{pack} counts and is not whole"


def evidence_holds(pack: Path, key: bytes) -> bool:
    try:
        return pack_verifier.verify(pack, key).ok
    except ContinuityError:
        return False


@pytest.mark.long
def test_an_incident_survives_being_killed_forty_times(journal: Journal, house: Settings, tmp_path: Path) -> None:
    blows = 40
    world = open_world(book_of(house, journal), tmp_path / "scratch", leave=False)
    (house.home / "contacts.csv").write_text(CONTACTS, encoding="utf-8")
    numbers = world.record_many([one.rows(mode="11") for _ in range(blows + 2)])
    chance = random.Random(f"{SEED}/incident")
    struck(series, ([],), _ENOUGH)
    # The child that is never killed says how long the series takes, and how long its latter part.
    whole = commands(world, "whole", numbers[-1:])
    seconds = {False: spent(whole), True: spent(commands(world, "later", numbers[-2:-1])[_LATER:])}
    print(f"\nincident: seed {SEED}, {blows} blows within {seconds[False]:.2f} s")
    ends = []
    for turn in range(blows):
        later = turn % 2 == 1
        wanted = commands(world, str(turn), [numbers[turn]])[_LATER if later else 0 :]
        ends.append(struck(series, (wanted,), chance.uniform(0, seconds[later])))
        look(world, str(turn))
    assert ends.count(KILLED) > blows / 4
    missing = [number for number in numbers if number not in issued(world)]
    print(f"killed {ends.count(KILLED)} times; {len(missing)} letters were not issued then")
    assert 0 < len(missing) < len(numbers)
    assert struck(series, (commands(world, "end", missing),), 4 * _ENOUGH) == 0
    look(world, "end")
    at_the_end(world, numbers)


def at_the_end(world: World, numbers: list[str]) -> None:
    journal = world.book.journal
    assert issued(world) == Counter(numbers), "each number on one letter, none on two"
    ids = [one.said.letter for one in issued_letters(world.book)]
    assert len(set(ids)) == len(ids)
    for place, letter in enumerate(ids):
        path, whole = reprint_letter(world.book, letter, world.folder / "again" / f"{place}.pdf")
        assert whole and letter in PdfReader(path).pages[0].extract_text()
    (declared,) = journal.events(kind=IncidentDeclared.kind)
    said = declared.said
    assert isinstance(said, IncidentDeclared)
    assert len(current_notices(journal.rows, said.incident)) >= 6
    drafted: dict[tuple[str, str], list[str]] = {}
    for event in journal.events(kind=NoticeDrafted.kind):
        told = event.said
        assert isinstance(told, NoticeDrafted)
        drafted.setdefault((told.template, told.contact), []).append(told.telling)
    assert all(a != b for some in drafted.values() for a, b in pairwise(some)), "the same, drafted twice"
    key = host_public_key(world.book.settings.home)
    assert evidence_holds(world.folder / "pack-end", key)
    scans = {one.name for event in journal.events(kind=EvidenceAttached.kind)
             for one in event.said.attached}  # type: ignore[attr-defined]  # fmt: skip
    assert {"scan-whole.pdf", "scan-end.pdf"} <= scans
