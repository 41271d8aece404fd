"""The facts that an answer of ACE states, each declared once: of an entry, and of a condition.

The Arrow tables of an answer have a column for each (`answers.tables.SCHEMAS`).
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

import msgspec

from tasks.ace.code_meanings import CodeLookup, look_up_code

ACCEPTED, WARNED, REJECTED = "accepted", "accepted with warnings", "rejected"
REFERRED, ON_FILE, NOT_FOUND = "referred", "already on file", "not found"
NOT_VISIBLE, NOT_PERMITTED = "not visible", "not permitted"
FAILED, NOT_PROCESSED, UNKNOWN = "system failure", "batch rejected", "unknown"

DISPOSITIONS = (
    ACCEPTED,
    WARNED,
    REJECTED,
    REFERRED,
    ON_FILE,
    NOT_FOUND,
    NOT_VISIBLE,
    NOT_PERMITTED,
    FAILED,
    NOT_PROCESSED,
    UNKNOWN,
)
"""What an answer says of an entry. `already on file`: ACE has it, whether it was asked (ER, C1),
told of its own accord (SO, UC) or refused a second filing; with `summary` cancelled the number is
used up and nothing stands under it. `not visible` (CQ 950) and `not
permitted` (EQ 014) are no absence; `batch rejected` and `system failure`: nothing was processed."""

DELETED = "deleted"
NO_BOND_STATUS = "2"
"""A KR answer's bond status of an importer without a bond."""
DELETIONS = (DELETED, "D")
"""`action` of a summary (AX) and of a cargo release (SX) that was taken off at our request; of the
latter CBP may still have to approve (SE v40 p.32)."""


Small = Annotated[int, msgspec.Meta(extra={"arrow": "int32"})]


class AnswerCondition(msgspec.Struct, frozen=True):
    """One condition. `severity`: F fatal, W census, P agency, I information, empty none.

    level: batch, block, transaction, entry, line, bill, agency, request, query. record_index
    counts the file's records from 0; sent_record and position: record (from 1) of our own batch
    and column in it. `final`: the closing disposition of the entry or batch.
    """

    application: str
    level: str
    code: str | None
    place: str
    severity: str
    text: str | None
    record: str
    line: str | None
    reference: str | None
    sent_record: int | None
    at: datetime | None
    final: bool
    entry_number: str | None
    record_index: int
    position: Small | None

    @property
    def lookup(self) -> CodeLookup:
        """What our tables say of the code in this application's answers."""
        return look_up_code(self.application, self.code or "", self.place)

    @property
    def what_to_do(self) -> str:
        return self.lookup.what_to_do if self.code else ""


class EntryAnswer(msgspec.Struct, frozen=True):
    """What an answer says of one entry. Fields that this kind of answer lacks are None.

    version: five digits, 00100 at first acceptance. control: trade, CBP or inactive. summary:
    accepted, rejected, cancelled. release: released, not released, not shown, or the meaning of
    the last status code. Amounts are dollars. `reference`: broker reference or SE20 CR.
    """

    entry_number: str | None
    disposition: str
    code: str | None
    severity: str | None
    text: str | None
    action: str | None
    reference: str | None
    block: Small
    record_index: int
    port: str | None
    entry_type: str | None
    importer_number: str | None
    version: str | None
    accepted_at: datetime | None
    control: str | None
    summary: str | None
    summary_date: date | None
    late: bool | None
    release: str | None
    release_code: str | None
    release_date: date | None
    release_origin: str | None
    collection: str | None
    collection_date: date | None
    corrected: bool | None
    owned: bool | None
    review: bool | None
    liquidation: str | None
    liquidation_date: date | None
    entry_date: date | None
    filing_date: date | None
    reject_date: date | None
    statement_date: date | None
    duty: Decimal | None
    tax: Decimal | None
    fees: Decimal | None
    interest: Decimal | None
    ad_cvd: Decimal | None
    lines: int | None
    bond_type: str | None
    surety_code: str | None
    bond_number: str | None
    bond_amount: Decimal | None
    census: str | None
    immediate_delivery: bool | None
    at: datetime | None
    remarks: str | None
    conditions: tuple[AnswerCondition, ...] = ()

    @property
    def is_accepted(self) -> bool:
        return self.disposition in (ACCEPTED, WARNED)

    @property
    def is_held(self) -> bool:
        return is_held(self.disposition, self.action)


def is_held(disposition: str, action: str | None) -> bool:
    """ACE has this entry: taken now, or on file before. An accepted deletion is none."""
    taken_now = disposition in (ACCEPTED, WARNED) and action not in DELETIONS
    return taken_now or disposition == ON_FILE
