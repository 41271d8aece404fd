"""A book of an outage written by hand, event by event: each number goes one of ten ways. The report
is judged against it, and looked at with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa

from tasks.core import clock
from tasks.core.content import ContentStore
from tasks.core.journal.bodies import Body
from tasks.core.journal.journal import Journal
from tasks.entries.events import (
    EntriesRecorded,
    EntriesRefused,
    EntriesRevised,
    EntryLine,
    EntrySettled,
    NumbersIssued,
    NumbersReserved,
    NumbersVoided,
)
from tasks.entries.numbers.entry_numbers import printed_numbers
from tasks.entries.record.entry_record import EntryRecord, record_schema, to_bytes
from tasks.reconciliation.events import AnswerLine, AnswerRead, BatchNamed, BatchWritten, QueryNamed
from tasks.security.events import Act, ApprovalAsked, ApprovalGranted
from tasks.security.people import add_person
from tests.reconciliation.differences import differs

MONDAY = datetime(2026, 11, 9, 15, tzinfo=UTC)
RELEASED = date(2026, 11, 10)
DUE = date(2026, 11, 25)
"""Ten working days after the release: 11 November is Veterans Day."""

REFERENCE = "~A1B2C3D4E5F"
SSN = "900-55-1234"
WAYS = ("plain", "keyed with differences", "keyed", "rejected once", "date differs", "refused",
        "waiting", "late", "void", "unaccounted")  # fmt: skip
IMPORTERS = (
    ("12-3456789", "HARBOR IMPORTS LLC"),
    (REFERENCE, "Zoë Małgorzata Brzęczyszczykiewicz-Ñuñez"),
    ("98-7654321", "Société Générale d'Importation et d'Exportation Înternationale du Léman SARL & "
                   "台灣工具有限公司 (Тайвань)"),
    ("261102-00042", "ACME <TOOLS> & CO"),
)  # fmt: skip
PORTS = ("2304", "2704", "4701")


@dataclass
class Outage:
    """The book being written. `number(n)` is the nth; its way is `WAYS[n % 10]`."""

    journal: Journal
    content: ContentStore
    count: int
    free: int = 4

    def __post_init__(self) -> None:
        self.numbers = list(printed_numbers("entry", "ABC", 9_000_000, 9_000_000 + self.count - 1))

    def of(self, *ways: str) -> list[str]:
        return [number for n, number in enumerate(self.numbers) if WAYS[n % 10] in ways]

    def at(self, day: int, hour: int = 15) -> datetime:
        return MONDAY + timedelta(days=day, hours=hour - 15)

    def say(self, day: int, body: Body, actor: str = "bo", subject: str = "x") -> None:
        with clock.held(self.at(day)):
            self.journal.append(body, subject, actor)


def tell(outage: Outage) -> None:
    """The whole outage, from the reserve to the last settled entry."""
    _reserve(outage)
    recorded = outage.of(*WAYS[:8])
    if recorded:
        outage.say(1, _recorded(outage, recorded, EntriesRecorded), "desk1")
    if spoiled := outage.of("void"):
        outage.say(1, NumbersVoided(numbers=spoiled, reason="coffee over it",
                                          persons=["bo", "ada"]))  # fmt: skip
    outage.say(1, EntriesRefused(source="", file="bad.xlsx", desk="truck", problems=2,
                                       reasons=["row 3: no port", f"row 4: {SSN} is no EIN"]))  # fmt: skip
    _found(outage)
    _release(outage)
    _summaries(outage)
    _settle(outage)


def _reserve(outage: Outage) -> None:
    block = {"series": "entry", "filer": "ABC", "first": 9_000_000, "offset": 0}
    last = 9_000_000 + outage.count - 1
    outage.say(0, NumbersReserved(**block, last=last + outage.free, range_check="x"), "it")
    outage.say(0, NumbersIssued(**block, last=last, desk="truck", port="2304"), "it")
    with clock.held(outage.at(0)):
        add_person(outage.journal, "ada", "Ada Vänce-Łodz", "12345", ["approver"], "it")
        add_person(outage.journal, "bo", "Bo Harbor", "", ["preparer"], "it")


def entry_line(outage: Outage, number: str) -> EntryLine:
    n = outage.numbers.index(number)
    way, outcome = WAYS[n % 10], "released"
    if way in ("refused", "waiting"):
        outcome = way
    released = RELEASED.isoformat() if outcome == "released" else ""
    return EntryLine(
        number=number, digest=f"d{n}", entry_type="01", route="se_then_ae", outcome=outcome,
        port=PORTS[n % 3], importer=IMPORTERS[n % 4][0], complete=True, released=released,
        bond_type="8",
    )  # fmt: skip


def _recorded(outage: Outage, numbers: list[str], struct: type[EntriesRecorded]) -> EntriesRecorded:
    lines = [entry_line(outage, number) for number in numbers]
    digest = outage.content.put(to_bytes(paper(outage, lines)))
    return struct(content=digest, source="", file="truck.xlsx", desk="truck", entries=lines)


def paper(outage: Outage, lines: list[EntryLine]) -> EntryRecord:
    """The entries as a desk would record them, with what the report reads."""
    place = [outage.numbers.index(line.number) for line in lines]
    known = {
        "entry_number": [line.number for line in lines],
        "importer_number": [line.importer for line in lines],
        "importer_name": [IMPORTERS[n % 4][1] for n in place],
        "entered_value": [1000 + n for n in place],
        "stamped_copy": [None if n % 20 == 7 else f"stamp-{n:04d}.pdf" for n in place],
        "officer": ["BADGE 17"] * len(place),
        "driver_birth_date": ["1980-02-29"] * len(place),
    }  # fmt: skip
    want = record_schema("entries")
    columns = [pa.array(known.get(field.name, [None] * len(place)), field.type) for field in want]
    return EntryRecord.of({"entries": pa.table(columns, schema=want)})


def answer(application: str, about: str, batch: str, lines: list[AnswerLine], rejected: bool = False) -> AnswerRead:
    return AnswerRead(application=application, about=about, batch=batch, content="",
                            rejected=rejected, lines=lines)  # fmt: skip


def said(number: str, disposition: str, **more: object) -> AnswerLine:
    return AnswerLine(number=number, disposition=disposition, **more)  # type: ignore[arg-type]


def _ask(outage: Outage, day: int, batch: str, lines: list[AnswerLine]) -> None:
    """EQ and its answer, two hours apart."""
    asked = [line.number for line in lines]
    if asked:
        outage.say(day, QueryNamed(batch=batch, application="EQ", about="summary", content="",
                                         file=f"{batch}.abi", asked=asked))  # fmt: skip
        outage.say(day, answer("ER", "summary", batch, lines), "loop")


def _found(outage: Outage) -> None:
    """ACE is asked first: officers keyed some, two with a difference."""
    keyed = [said(number, "already on file", summary="accepted", version="01", late=False,
                  release="released", release_date=RELEASED.isoformat(), owed="1216.40",
                  collection="paid", collection_date="2026-11-20")
             for number in outage.of("keyed")]  # fmt: skip
    other = [said(number, "already on file", summary="accepted", version="01", late=False,
                  release_date=RELEASED.isoformat(),
                  differs=(differs("entered_value", 1000 + outage.numbers.index(number), 1300),
                           differs("40.country_of_origin_code", "TW", "CN", "line 1")))
             for number in outage.of("keyed with differences")]  # fmt: skip
    rest = [said(number, "not found") for number in sends(outage)]
    _ask(outage, 5, "Q1", [*keyed, *other, *rest])


def sends(outage: Outage) -> list[str]:
    return outage.of("plain", "rejected once", "date differs", "late")


def batch(outage: Outage, day: int, name: str, application: str, numbers: list[str]) -> None:
    """A plan that ada approves, and its one batch, written."""
    plan = f"{name}{'f' * (64 - len(name))}"
    outage.say(day, ApprovalAsked(plan=plan, act=Act.SEND_BATCHES, topic="batches",
                                        binds=[plan], preparer="bo"))  # fmt: skip
    outage.say(day, ApprovalGranted(plan=plan, binds=[plan], person="ada", licence="12345",
                                          sole=False), "ada")  # fmt: skip
    outage.say(day, BatchNamed(batch=name, application=application, plan=plan, content="",
                                     file=f"{name}.abi", numbers=numbers))  # fmt: skip
    outage.say(day, BatchWritten(batch=name, file=f"{name}.abi", size=80))


def _release(outage: Outage) -> None:
    """SE: the first batch is rejected whole, the second answered twice; some entries are rejected,
    corrected by the desk, and go again."""
    numbers, again = sends(outage), outage.of("rejected once")
    if not numbers:
        return
    batch(outage, 5, "SE1", "SE", numbers)
    outage.say(5, answer("SX", "release", "SE1", [], rejected=True), "loop")
    batch(outage, 6, "SE2", "SE", numbers)
    lines = [said(number, "rejected", code="F101", text=f"IMPORTER {SSN} UNKNOWN")
             if number in again else said(number, "accepted") for number in numbers]  # fmt: skip
    outage.say(6, answer("SX", "release", "SE2", lines), "loop")
    outage.say(6, answer("SX", "release", "SE2", lines), "loop")
    if again:
        outage.say(7, _recorded(outage, again, EntriesRevised), "desk1")
        batch(outage, 7, "SE3", "SE", again)
        outage.say(7, answer("SX", "release", "SE3", [said(n, "accepted") for n in again]), "loop")


def _summaries(outage: Outage) -> None:
    """AE: some in time, some late; the answer to the first batch never comes, EQ shows it."""
    dates = dict.fromkeys(outage.of("date differs"), "2026-11-12")
    early = outage.of("plain", "rejected once", "date differs")
    for day, name, numbers, flag in ((10, "AE1", early, False), (22, "AE2", outage.of("late"), True)):
        if not numbers:
            continue
        batch(outage, day, name, "AE", numbers)
        if name == "AE2":
            outage.say(day, answer("AX", "summary", name, [said(n, "accepted") for n in numbers]))
        lines = [said(n, "already on file", summary="accepted", version="01", late=flag,
                      release_date=dates.get(n, RELEASED.isoformat())) for n in numbers]  # fmt: skip
        _ask(outage, day, f"Q{name}", lines)
    posted = [said(number, "already on file", summary="accepted", version="01", late=False,
                   release_date=RELEASED.isoformat()) for number in dates]  # fmt: skip
    _ask(outage, 15, "Q9", posted)


def _settle(outage: Outage) -> None:
    for number in [*sends(outage), *outage.of("keyed")]:
        outage.say(23, EntrySettled(number=number, how="summary 01 in ACE", proof="p" * 64),
                   "loop")  # fmt: skip
    for number in outage.of("keyed with differences"):
        how = "licence holder accepts CBP's value: invoice re-read, client told"
        outage.say(23, EntrySettled(number=number, how=how, proof="p" * 64), "ada")
