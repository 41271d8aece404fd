"""What goes out: answers in their envelopes, accepted or rejected (B&B v23 p.19-39)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from tasks.ace.layout import layout
from tasks.ace.stand_in.batch import RESPONSES, Batch, Block, Fault, control
from tasks.ace.stand_in.records import Record, build
from tasks.ace.stand_in.texts import AX, BATCH_REJECTED, ENVELOPE

_KEPT = ("port", "filer_code", "office_code", "user_text")
_PREPARER = (
    "preparer_port",
    "preparer_filer_code",
    "preparer_office_code",
    "preparer_indicator",
)


@dataclass(frozen=True, order=True)
class Address:
    """Where a notification goes: sender of the batch and block of the filing that it is about."""

    site: str = ""
    sender: str = ""
    office: str = ""
    port: str = ""
    filer: str = ""
    user_text: str = ""
    preparer: str = ""
    """B 47-56 as they came."""


def joined(lines: Iterable[str]) -> bytes:
    """The wire form: n x 80 bytes, no line ends."""
    return "".join(lines).encode("latin-1")


def accepted(batch: Batch, bodies: Sequence[Sequence[str]]) -> bytes:
    """The answer to a batch that was taken, block by block in the order of the input (p.37)."""
    application = RESPONSES[batch.application]
    lines = [_head(batch, application)]
    for block, body in zip(batch.blocks, bodies, strict=True):
        lines += _block(block, application, body)
    lines.append(build(layout("BB", "Z", "output"), **_mirrored(batch.tail, "user_text")))
    return joined(lines)


def _head(batch: Batch, application: str) -> str:
    values = {**_mirrored(batch.head), "application": application}
    return build(layout("BB", "A", "output"), **values)


def _mirrored(record: Record, *leave: str) -> dict[str, str]:
    names = ("site_code", "sender_id", "transmission_date", "office_code", "user_text")
    return {name: record.raw(name).rstrip() for name in names if name not in leave}


def _block(block: Block, application: str, body: Sequence[str]) -> list[str]:
    head = {name: block.head.raw(name).rstrip() for name in (*_KEPT, *_PREPARER)}
    tail = {name: head[name] for name in ("port", "filer_code", "office_code")}
    return [
        build(layout("BB", "B", "output"), **head, application=application),
        *body,
        build(layout("BB", "Y", "output"), **tail, application=application, image_count=len(body)),
    ]


def rejected(batch_head: str, faults: Sequence[Fault]) -> bytes:
    """The answer to a batch that was refused: X0 and X1 in ACE's own envelope (p.34-37)."""
    body: list[str] = []
    told: tuple[int, int] = (0, 0)
    for fault in faults:
        where = (fault.block.number if fault.block else 0, fault.place)
        if fault.block and where != told:
            body += _references(fault, known=where[0] == told[0])
            told = where
        body.append(_condition(fault.code, ENVELOPE[fault.code]))
    body.append(_condition("999", BATCH_REJECTED, final="R"))
    head = _mirrored(control("A", batch_head, 1))
    return joined(
        [
            build(layout("BB", "A", "output"), **head),
            build(layout("BB", "B", "rejected"), ace_generated="B"),
            *body,
            build(layout("BB", "Y", "rejected"), image_count=len(body), ace_generated="Y"),
            build(layout("BB", "Z", "rejected"), ace_generated="Z"),
        ]
    )


def rejected_by_application(batch_head: str, batch_tail: str, fault: Fault) -> bytes:
    """The same refusal in the application's own records, for a fault inside a transaction: E1 of
    AX (ESF p.207), JZ of ER (ESQ p.50), WR0 of C1 (CQ p.65). Empty where it has none."""
    assert fault.block is not None
    head = control("A", batch_head, 1)
    application = head["application"]
    body = _own_condition(application, fault)
    if not body:
        return b""
    answered = RESPONSES[application]
    first = {**_mirrored(head), "application": answered}
    last = _mirrored(control("Z", batch_tail, 0), "user_text")
    return joined(
        [
            build(layout("BB", "A", "output"), **first),
            *_block(fault.block, answered, body),
            build(layout("BB", "Z", "output"), **last),
        ]
    )


def _own_condition(application: str, fault: Fault) -> list[str]:
    code, text = fault.code, ENVELOPE[fault.code]
    if application == "AE":
        found = {"severity_code": "F", "condition_code": code, "narrative_text": text}
        final = {"severity_code": "F", "condition_code": "999", "narrative_text": AX["999"]}
        record = layout("AE", "E1")
        return [build(record, **found), build(record, **final, disposition_type_code="R")]
    if application == "EQ":
        return [build(layout("EQ", "JZ"), condition_code=code, narrative_text=text)]
    if application == "CQ" and code in ("X39", "X40"):
        record = layout("CQ", "WR0", "output")
        pairs = ((code, text), ("999", BATCH_REJECTED))
        return [build(record, error_message_identifier=k, narrative_message=v) for k, v in pairs]
    return []


def _references(fault: Fault, *, known: bool) -> list[str]:
    assert fault.block is not None
    lines = [] if known else [_reference("BLOCK", fault.block.number, _block_text(fault.block))]
    if fault.transaction:
        text = f"{fault.place:07d} {fault.column:02d}"
        lines.append(_reference("TRNACT", fault.transaction, text))
    return lines


def _block_text(block: Block) -> str:
    """X0 26-72 of a block (B&B v23 p.30)."""
    head = block.head
    parts = (head.raw(name) for name in ("port", "filer_code", "office_code", "application"))
    preparer = "".join(head.raw(name) for name in _PREPARER)
    return f"{' '.join(parts)} {head.raw('user_text')} {preparer}"


def _reference(kind: str, position: int, text: str) -> str:
    return build(
        layout("BB", "X0", "output"),
        reference_data_type_code=kind,
        occurrence_position=position,
        reference_data_text=text,
    )


def _condition(code: str, text: str, final: str = "") -> str:
    return build(
        layout("BB", "X1", "output"),
        disposition_type_code=final,
        condition_code=code,
        narrative_text=text,
    )


def notification(
    application: str, day: date, blocks: Sequence[tuple[Address, Sequence[str]]]
) -> bytes:
    """A batch that ACE sends of its own accord (B&B v23 p.38); all blocks to one sender."""
    first = blocks[0][0]
    sender = {
        "site_code": first.site,
        "sender_id": first.sender,
        "transmission_date": day,
        "office_code": first.office,
    }
    lines = [build(layout("BB", "A", "output"), **sender, application=application)]
    for address, body in blocks:
        lines += _notice_block(application, address, body)
    return joined([*lines, build(layout("BB", "Z", "output"), **sender)])


def _notice_block(application: str, address: Address, body: Sequence[str]) -> list[str]:
    head = {"port": address.port, "filer_code": address.filer, "application": application}
    echoed: dict[str, str] = {}
    if application == "SO":
        # Only cargo release status carries the filer's text and preparer (B&B v23 p.28 note 1).
        cuts = (address.preparer.ljust(10)[a:b] for a, b in ((0, 4), (4, 7), (7, 9), (9, 10)))
        echoed = dict(zip(_PREPARER, (cut.strip() for cut in cuts), strict=True))
        echoed["user_text"] = address.user_text
    return [
        build(layout("BB", "B", "output"), **head, **echoed),
        *body,
        build(layout("BB", "Y", "output"), **head, image_count=len(body)),
    ]
