"""What goes out: answers in their envelopes, accepted or rejected (B&B v23 p.19-39)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from tasks.ace.api import record_layout
from tasks.drill.ace_simulator.batches.condition_texts import AX, BATCH_REJECTED, ENVELOPE
from tasks.drill.ace_simulator.batches.input_batch import RESPONSES, BatchFault, InputBatch, InputBlock, control_record
from tasks.drill.ace_simulator.batches.input_records import InputRecord, build_record

_KEPT = ("port", "filer_code", "office_code", "user_text")
_PREPARER = ("preparer_port", "preparer_filer_code", "preparer_office_code", "preparer_indicator")


@dataclass(frozen=True, order=True)
class NotificationAddress:
    """Where a notification goes: sender of the batch and block of the filing that it is about."""

    site: str = ""
    sender: str = ""
    office: str = ""
    port: str = ""
    filer: str = ""
    user_text: str = ""
    preparer: str = ""
    """B 47-56 as they came."""


def wire_form(lines: Iterable[str]) -> bytes:
    """The wire form: n x 80 bytes, no line ends."""
    return "".join(lines).encode("latin-1")


def acceptance_answer(batch: InputBatch, bodies: Sequence[Sequence[str]]) -> bytes:
    """The answer to a batch that was taken, block by block in the order of the input (p.37)."""
    application = RESPONSES[batch.application]
    lines = [_head(batch, application)]
    for block, body in zip(batch.blocks, bodies, strict=True):
        lines += _block(block, application, body)
    lines.append(build_record(record_layout("BB", "Z", "output"), **_mirrored(batch.tail, "user_text")))
    return wire_form(lines)


def _head(batch: InputBatch, application: str) -> str:
    values = {**_mirrored(batch.head), "application": application}
    return build_record(record_layout("BB", "A", "output"), **values)


def _mirrored(record: InputRecord, *excluded: str) -> dict[str, str]:
    names = ("site_code", "sender_id", "transmission_date", "office_code", "user_text")
    return {name: record.raw(name).rstrip() for name in names if name not in excluded}


def _block(block: InputBlock, application: str, body: Sequence[str]) -> list[str]:
    head = {name: block.head.raw(name).rstrip() for name in (*_KEPT, *_PREPARER)}
    tail = {name: head[name] for name in ("port", "filer_code", "office_code")}
    return [
        build_record(record_layout("BB", "B", "output"), **head, application=application),
        *body,
        build_record(record_layout("BB", "Y", "output"), **tail, application=application, image_count=len(body)),
    ]


def rejection_answer(batch_head: str, faults: Sequence[BatchFault]) -> bytes:
    """The answer to a batch that was refused: X0 and X1 in ACE's own envelope (p.34-37)."""
    body: list[str] = []
    answered: tuple[int, int] = (0, 0)
    for fault in faults:
        location = (fault.block.number if fault.block else 0, fault.position)
        if fault.block and location != answered:
            body += _references(fault, is_same_block=location[0] == answered[0])
            answered = location
        body.append(_condition(fault.code, ENVELOPE[fault.code]))
    body.append(_condition("999", BATCH_REJECTED, final="R"))
    head = _mirrored(control_record("A", batch_head, 1))
    return wire_form(
        [
            build_record(record_layout("BB", "A", "output"), **head),
            build_record(record_layout("BB", "B", "rejected"), ace_generated="B"),
            *body,
            build_record(record_layout("BB", "Y", "rejected"), image_count=len(body), ace_generated="Y"),
            build_record(record_layout("BB", "Z", "rejected"), ace_generated="Z"),
        ]
    )


def application_rejection(batch_head: str, batch_tail: str, fault: BatchFault) -> bytes:
    """The same refusal in the application's own records, for a fault inside a transaction: E1 of
    AX (ESF p.207), JZ of ER (ESQ p.50), WR0 of C1 (CQ p.65). Empty where it has none."""
    assert fault.block is not None
    head = control_record("A", batch_head, 1)
    application = head["application"]
    body = _own_condition(application, fault)
    if not body:
        return b""
    answered = RESPONSES[application]
    first = {**_mirrored(head), "application": answered}
    last = _mirrored(control_record("Z", batch_tail, 0), "user_text")
    return wire_form(
        [
            build_record(record_layout("BB", "A", "output"), **first),
            *_block(fault.block, answered, body),
            build_record(record_layout("BB", "Z", "output"), **last),
        ]
    )


def _own_condition(application: str, fault: BatchFault) -> list[str]:
    code, text = fault.code, ENVELOPE[fault.code]
    if application == "AE":
        condition = {"severity_code": "F", "condition_code": code, "narrative_text": text}
        final = {"severity_code": "F", "condition_code": "999", "narrative_text": AX["999"]}
        record = record_layout("AE", "E1")
        return [build_record(record, **condition), build_record(record, **final, disposition_type_code="R")]
    if application == "EQ":
        return [build_record(record_layout("EQ", "JZ"), condition_code=code, narrative_text=text)]
    if application == "CQ" and code in ("X39", "X40"):
        record = record_layout("CQ", "WR0", "output")
        pairs = ((code, text), ("999", BATCH_REJECTED))
        return [build_record(record, error_message_identifier=k, narrative_message=v) for k, v in pairs]
    return []


def _references(fault: BatchFault, *, is_same_block: bool) -> list[str]:
    assert fault.block is not None
    lines = [] if is_same_block else [_reference("BLOCK", fault.block.number, _block_text(fault.block))]
    if fault.transaction:
        text = f"{fault.position:07d} {fault.column:02d}"
        lines.append(_reference("TRNACT", fault.transaction, text))
    return lines


def _block_text(block: InputBlock) -> str:
    """X0 26-72 of a block (B&B v23 p.30)."""
    head = block.head
    parts = (head.raw(name) for name in ("port", "filer_code", "office_code", "application"))
    preparer = "".join(head.raw(name) for name in _PREPARER)
    return f"{' '.join(parts)} {head.raw('user_text')} {preparer}"


def _reference(kind: str, position: int, text: str) -> str:
    return build_record(
        record_layout("BB", "X0", "output"),
        reference_data_type_code=kind,
        occurrence_position=position,
        reference_data_text=text,
    )


def _condition(code: str, text: str, final: str = "") -> str:
    return build_record(
        record_layout("BB", "X1", "output"), disposition_type_code=final, condition_code=code, narrative_text=text
    )


def notification_batch(
    application: str, day: date, blocks: Sequence[tuple[NotificationAddress, Sequence[str]]]
) -> bytes:
    """A batch that ACE sends of its own accord (B&B v23 p.38); all blocks to one sender."""
    first = blocks[0][0]
    sender = {"site_code": first.site, "sender_id": first.sender, "transmission_date": day, "office_code": first.office}
    lines = [build_record(record_layout("BB", "A", "output"), **sender, application=application)]
    for address, body in blocks:
        lines += _notice_block(application, address, body)
    return wire_form([*lines, build_record(record_layout("BB", "Z", "output"), **sender)])


def _notice_block(application: str, address: NotificationAddress, body: Sequence[str]) -> list[str]:
    head = {"port": address.port, "filer_code": address.filer, "application": application}
    echoed: dict[str, str] = {}
    if application == "SO":
        # Only cargo release status carries the filer's text and preparer (B&B v23 p.28 note 1).
        cuts = (address.preparer.ljust(10)[a:b] for a, b in ((0, 4), (4, 7), (7, 9), (9, 10)))
        echoed = dict(zip(_PREPARER, (cut.strip() for cut in cuts), strict=True))
        echoed["user_text"] = address.user_text
    return [
        build_record(record_layout("BB", "B", "output"), **head, **echoed),
        *body,
        build_record(record_layout("BB", "Y", "output"), **head, image_count=len(body)),
    ]
