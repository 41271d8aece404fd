"""The rows of the simulator's state: what CBP's side knows of a number, an importer, a bill."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class FilerRow:
    """A filer's profile at CBP. `preparer_ports`: where a preparer may file for it; None: all."""

    code: str
    factor: int = 0
    national_permit: bool = True
    reference_required: bool = False
    client_branch: bool = False
    monthly: bool = True
    preparer_ports: tuple[str, ...] | None = None


@dataclass
class EntryRow:
    """A cargo release on file. status: on file, released, cancelled. source: abi, certified,
    officer. outcome: what CBP decides for it. request: correction or cancellation, waiting."""

    number: str
    status: str = "on file"
    source: str = "abi"
    port: str = ""
    entry_type: str = ""
    importer: str = ""
    mode: str = ""
    filing: str = "{}"
    address: str = ""
    created: datetime | None = None
    released: date | None = None
    origin: str = ""
    outcome: str = ""
    quota: str = ""
    request: str = ""
    requested: str = ""


@dataclass
class SummaryRow:
    """An entry summary on file. control: 1 trade, 2 CBP. status: 1 accepted, 2 rejected,
    3 cancelled (ESQ v26 p.29). `printed`: on a statement; `revised`: the next replacement is a
    new major version (ESF p.206). `image`: its 10 to 90 records."""

    number: str
    owner: str = ""
    source: str = "abi"
    port: str = ""
    entry_type: str = ""
    importer: str = ""
    mode: str = ""
    reference: str = ""
    control: int = 1
    status: int = 1
    version: str = "00100"
    revised: bool = False
    accepted: datetime | None = None
    changed: date | None = None
    filed: date | None = None
    rejected: date | None = None
    review: bool = False
    in_use: bool = False
    on_hold: bool = False
    inactive: bool = False
    payment: str = ""
    statement: date | None = None
    printed: bool = False
    collected: date | None = None
    due: int = 0
    elected_entry: date | None = None
    immediate: bool = False
    psc: date | None = None
    liquidation: date | None = None
    image: str = ""
    address: str = ""

    @property
    def is_returned(self) -> bool:
        """Rejected by CBP: only a replacement is accepted."""
        return self.control == 2 and self.status == 2


@dataclass
class NoticeRow:
    """A status for the filer: SO (bill or entry level) or UC. Not visible until it is issued.

    `body` holds finished records where there is nothing to put together (UC, SX of a certified
    summary).
    """

    application: str
    number: str
    code: str = ""
    text: str = ""
    bill: str = ""
    at: datetime | None = None
    released: date | None = None
    origin: str = ""
    document: str = ""
    extra: str = ""
    body: str = ""
    address: str = ""
    issued: bool = False
    id: int | None = None


@dataclass
class ImporterRow:
    """An importer or consignee in CBP's file. status: active, inactive, void."""

    number: str
    name: str = "IMPORTER"
    status: str = "active"
    monthly: bool = True
    address: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""


@dataclass
class BondRow:
    """A continuous bond. activity: CBP's letter, A for importer or broker (KI v7 p.12)."""

    number: str
    importer: str
    surety: str
    activity: str = "A"
    amount: int = 50_000
    port: str = ""
    effective: date | None = None
    terminated: date | None = None
    sufficient: bool = True


@dataclass
class TransactionBondRow:
    """A single transaction bond that a surety filed (eBond) under an entry number."""

    entry: str
    importer: str
    surety: str
    amount: int
    entry_type: str
    designation: str = "B"
    void: bool = False


@dataclass
class BillRow:
    """A bill that a carrier manifested. hold: blank, or the bill-level code of a hold."""

    issuer: str
    number: str
    quantity: int = 1
    unit: str = "PCS"
    mode: str = "11"
    port: str = ""
    carrier: str = ""
    voyage: str = ""
    conveyance: str = ""
    departed: date | None = None
    arrived: date | None = None
    hold: str = ""
    in_bond: str = ""


@dataclass(frozen=True)
class EventRow:
    """One thing that happened to a number."""

    at: datetime
    event: str
    detail: str = ""
