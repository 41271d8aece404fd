"""Reading what ACE sent back: each file once, each answer into the book before anything is done."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import sqlalchemy as sa

from tasks.ace.answers.shape import Condition, EntryAnswer
from tasks.ace.response import Answer, read_answers
from tasks.reconciliation import restored, seen
from tasks.reconciliation.asking import House, questions
from tasks.reconciliation.compare import differences
from tasks.reconciliation.plan import records
from tasks.reconciliation.view import BILL, IMPORTER, NOTICE, RANGE, RELEASE, SUMMARY
from tasks.shared import kinds
from tasks.shared.errors import BadInput, Problem
from tasks.shared.exchange import exchange
from tasks.shared.private import is_reference
from tasks.shared.projections import ENTRIES

ABOUT = {"ER": SUMMARY, "AX": SUMMARY, "C1": RELEASE, "SX": RELEASE, "KR": IMPORTER}
USABLE = ("bonded", "no bond")


@dataclass(frozen=True)
class Read:
    """One file: what became of its answers, or why it could not be read."""

    file: str
    answers: int
    known: int
    problems: tuple[Problem, ...] = ()


def read_inbox(house: House, actor: str) -> list[Read]:
    """Read every answer file of the inbox that the book does not know; none without an inbox.
    Damaged files are told and change nothing; the rest is read."""
    settings = house.settings.ace
    if settings.inbox is None:
        return []
    with exchange(settings.inbox, settings) as folder:
        return [read_bytes(house, name, folder.read(name), actor) for name in folder.names()]


def read_file(house: House, path: Path, actor: str) -> Read:
    """Read one file. Reading it again changes nothing."""
    return read_bytes(house, path.name, path.read_bytes(), actor)


def read_bytes(house: House, name: str, data: bytes, actor: str) -> Read:
    """Read the bytes of one file."""
    digest = sha256(data).hexdigest()
    if next(house.journal.events(key=f"answer:{digest}:0"), None):
        return Read(name, 0, 1)
    try:
        answers = read_answers(data, name, _seal(house))
    except BadInput as wrong:
        return Read(name, 0, 0, wrong.problems or (Problem(file=name, wrong=str(wrong)),))
    faults = tuple(fault for answer in answers for fault in answer.faults)
    # Kept without private numbers: those were replaced by references while it was read.
    bodies = [body for answer in answers for body in _bodies(house, answer, digest)]
    with house.journal.write(actor) as pen:
        for place, body in enumerate(bodies):
            pen.append(body, subject_of(data), key=f"answer:{digest}:{place}")
    return Read(name, len(answers), 0, faults)


def subject_of(data: bytes) -> str:
    """Under which subject the events of an answer file stand."""
    return f"answer/{sha256(data).hexdigest()[:12]}"


def _seal(house: House):  # type: ignore[no-untyped-def]
    return lambda triples: house.vault.seal(triples, None)


def _bodies(house: House, answer: Answer, digest: str) -> Iterator[kinds.AnswerRead]:
    about = _about(house, answer)
    content = f"file:{digest}"
    if about == RANGE and answer.whole and not answer.rejected:
        content = house.content.put(seen.kept(answer))
    lines = [*_lines(house, answer, about)] if answer.whole else []
    yield kinds.AnswerRead(
        application=answer.application,
        about=about,
        batch=answer.batch_text.strip(),
        content=content,
        rejected=answer.rejected,
        lines=lines,
        why=_why_rejected(answer) if answer.rejected else "",
    )


def _why_rejected(answer: Answer) -> str:
    """Up to six faults for which CBP dropped the batch whole, each with where it is in our batch;
    else the closing code."""
    told = [one for one in answer.conditions if not one.final] or list(answer.conditions)
    return "; ".join(dict.fromkeys(_fault(one) for one in told[:6]))


def _fault(one: Condition) -> str:
    place = f"record {one.sent_record}" if one.sent_record else one.reference or ""
    place += f" column {one.position}" if one.sent_record and one.position else ""
    return f"{one.code or ''} {one.text or ''}".strip() + (f" ({place.strip()})" if place else "")


def _about(house: House, answer: Answer) -> str:
    said = _question(house, answer)
    return said.about if said else ABOUT.get(answer.application, NOTICE)


def _lines(house: House, answer: Answer, about: str) -> Iterable[kinds.AnswerLine]:
    if about == IMPORTER:
        return _importers(house, answer)
    if about == BILL:
        return _bills(house, answer)
    if about == RANGE:
        return restored.lines(answer, said.asked) if (said := _question(house, answer)) else ()
    differ = differences(house, answer) if answer.application == "ER" else {}
    return [
        kinds.AnswerLine(
            number=one.entry_number,
            disposition=one.disposition,
            code=_codes(one),
            text=_texts(one),
            release=one.release or "",
            release_code=one.release_code or "",
            release_date=one.release_date.isoformat() if one.release_date else "",
            control=one.control or "",
            summary=one.summary or "",
            version=one.version or "",
            late=one.late,
            differs=differ.get(one.entry_number, []),
        )
        for one in answer.entries
        if one.entry_number
    ]


def _codes(one: EntryAnswer) -> str:
    """The codes that say why, not the closing one (998 alone tells a desk nothing)."""
    return " ".join(dict.fromkeys(found.code for found in _reasons(one) if found.code)) or (
        one.code or ""
    )


def _texts(one: EntryAnswer) -> str:
    told = [
        f"{f'line {found.line}: ' if found.line else ''}{found.text}"
        for found in _reasons(one)
        if found.text
    ]
    return "; ".join(dict.fromkeys(told)) or (one.text or "")


def _reasons(one: EntryAnswer) -> list[Condition]:
    """Up to six conditions that are faults of the entry, in the order of the answer."""
    if one.is_held:
        return []
    return [found for found in one.conditions if not found.final and found.code][:6]


def _importers(house: House, answer: Answer) -> Iterator[kinds.AnswerLine]:
    """A line for each number as it was asked: one person's Social Security number stands behind a
    reference of its own in each entry."""
    asked = _as_asked(house, answer)
    for row in answer.table("importers").to_pylist():
        status, number = row["status"], row["importer_number"] or ""
        usable = "active" if status in USABLE else status
        plain = house.vault.open(number) if is_reference(number) else number
        for name in asked.get(_whole(plain), [number]):
            yield kinds.AnswerLine(
                number=name, disposition=usable, code=row["code"] or "", text=status
            )


def _as_asked(house: House, answer: Answer) -> dict[str, list[str]]:
    """The names under which a number was asked, by the whole number."""
    said = _question(house, answer)
    found: dict[str, list[str]] = {}
    for name in said.asked if said else ():
        plain = house.vault.open(name) if is_reference(name) else name
        found.setdefault(_whole(plain), []).append(name)
    return found


def _whole(number: str) -> str:
    """An IRS number with its suffix; without one it counts as `00` (KI v7 p.10)."""
    return f"{number}00" if _NO_SUFFIX.fullmatch(number) else number


_NO_SUFFIX = re.compile(r"\d{2}-\d{7}")


def _question(house: House, answer: Answer) -> kinds.QueryNamed | None:
    """Our question that an answer belongs to, by the batch id that it echoes."""
    event = next(house.journal.events(key=f"query:{answer.batch_text.strip()}"), None)
    said = event.said if event else None
    return said if isinstance(said, kinds.QueryNamed) else None


def _bills(house: House, answer: Answer) -> Iterator[kinds.AnswerLine]:
    """For each of our entries whose bill was asked for: does it show somebody else's release."""
    said = _question(house, answer)
    if said is None:
        return
    numbers = said.asked
    query = sa.select(ENTRIES.c.number, ENTRIES.c.content).where(ENTRIES.c.number.in_(numbers))
    where = {row.number: row.content for row in house.journal.rows(query)}
    asked = questions(records(house.content, where))
    found = _releases(answer)
    for number in numbers:
        keys = {key for question in asked.get(number, []) for key in _keys(question)}
        others = sorted({o for key in keys for o in found.get(key, ()) if o != number})
        yield kinds.AnswerLine(
            number=number,
            disposition="already on file" if others else "not found",
            text=f"entry {', '.join(others)}" if others else "",
        )


def _keys(question) -> list[str]:  # type: ignore[no-untyped-def]
    pairs = ((question.issuer, question.bill_number), ("", question.air_waybill),
             ("", question.house_air_waybill))  # fmt: skip
    return [f"{issuer}{number}" for issuer, number in pairs if number]


def _releases(answer: Answer) -> dict[str, set[str]]:
    """Bill -> entry numbers that ACE shows under it."""
    found: dict[str, set[str]] = {}
    by_record: dict[int, list[str]] = {}
    for row in answer.table("bills").to_pylist():
        keys = [f"{row['issuer'] or ''}{row['bill_number'] or ''}",
                f"{row['house_issuer'] or ''}{row['house_number'] or ''}"]  # fmt: skip
        by_record[row["record_index"]] = keys
        for key in keys:
            if row["entry_number"]:
                found.setdefault(key, set()).add(row["entry_number"])
    for row in answer.table("events").to_pylist():
        other = row["entry_number"] or row["number"]
        for key in by_record.get(row["bill"], []):
            if other and len(other) >= 11:
                found.setdefault(key, set()).add(other)
    return found
