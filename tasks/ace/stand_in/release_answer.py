"""SX: the records of an answer to a cargo release (SE v40 p.20, 28, 85)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.ace.layout import layout
from tasks.ace.stand_in.filing import Filing
from tasks.ace.stand_in.records import Record, build
from tasks.ace.stand_in.release_codes import Remark
from tasks.ace.stand_in.texts import FAILURE, SX

REJECTED, ACCEPTED, WARNED, REFERRED = "01", "02", "03", "04"


@dataclass(frozen=True)
class Outcome:
    """What became of a filing: SE90 message type, and the condition code of a refusal."""

    kind: str
    code: str = ""
    text: str = ""


def failed(records: Sequence[Record]) -> list[str]:
    """The answer of a system failure: nothing was processed (ESF p.211)."""
    return [records[0].text, *_line(REJECTED, "ZZZ", FAILURE)]


def answered(records: Sequence[Record], found: Sequence[Remark], done: Outcome) -> list[str]:
    """SE10 and SE15 always, other records where something is wrong with them; at most nine
    remarks on a record, and one line on the whole (SE v40 p.20, 28)."""
    codes: dict[int, list[str]] = defaultdict(list)
    for index, code in found:
        codes[index].append(code)
    lines: list[str] = []
    for index, record in enumerate(records):
        if codes[index] or record.id in ("SE10", "SE15"):
            lines.append(record.text)
        for code in codes[index][:9]:
            lines += _line("11", code, SX[code])
    return lines + _line(done.kind, done.code, done.text or _FINAL[done.kind])


_FINAL = {
    REJECTED: "TRANSACTION REJECTED",
    ACCEPTED: "TRANSACTION ACCEPTED",
    WARNED: "TRANSACTION ACCEPTED WITH WARNING",
    REFERRED: "REFERRED TO CBP",
}


def _line(kind: str, code: str, text: str) -> list[str]:
    return [
        build(
            layout("SE", "SE90"),
            message_type_code=kind,
            message_identifier_code=code,
            narrative_message_text=text,
        )
    ]


def certified_answer(
    filing: Filing, importer_type: str, codes: Sequence[str], done: Outcome
) -> list[str]:
    """The SX of the cargo part of a certified summary: it comes apart from the AX (ESF p.35)."""
    head = build(
        layout("SE", "SE10"),
        action_code=filing.action,
        entry_filer_code=filing.number[:3],
        entry_number=filing.number[4:11] + filing.number[12:],
        entry_type=filing.entry_type,
        importer_type=importer_type,
        importer_number=filing.importer,
        mode_of_transport=filing.mode,
        entered_value=filing.value,
        port_of_entry=filing.port,
    )
    bills = [
        build(
            layout("SE", "SE15"),
            bill_type=bill.kind,
            issuer_code=bill.issuer,
            bill_number=bill.number,
            quantity=bill.quantity or None,
            non_ams="Y" if bill.non_ams else "N",
        )
        for bill in filing.bills
    ]
    found = [line for code in codes[:9] for line in _line("11", code, SX[code])]
    return [head, *found, *bills, *_line(done.kind, done.code, done.text or _FINAL[done.kind])]
