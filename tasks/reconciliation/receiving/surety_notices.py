"""Single transaction bonds: which eBonds an entry waits for, and the surety's notice that one stands.

ACE takes the summary only when the eBond stands under the entry number with the same type, amount
and importer (errors 752 to 757).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tasks.core.errors import BadInput, NumberUnavailable, Problem, Refused
from tasks.core.journal.table_columns import column_value
from tasks.entries.api import SingleBond
from tasks.reconciliation.decisions.bond_coverage import bond_text
from tasks.reconciliation.events import BondConfirmed
from tasks.reconciliation.state.entry_reader import list_entry_states
from tasks.reconciliation.state.entry_state import EntryState
from tasks.workspace import Workspace

LARGEST = 20_000_000
"""Bytes of a notice: a scan of some pages, no archive."""

_BINARY_STARTS = (b"%PDF-", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*")
"""How a PDF and pictures (PNG, JPEG, TIFF) begin: a person reads those."""


def confirm_bonds(
    workspace: Workspace, number: str, notice: bytes, name: str, actor: str, surety: str = ""
) -> list[SingleBond]:
    """Note that the eBonds of an entry stand in ACE: those of one surety where several are waited
    for. Returns the bonds; none if all were confirmed before.

    Raises NumberUnavailable for a number that is in no record, Refused for an entry without a single
    transaction bond or without one of that surety, BadInput where the surety must be named, or for
    a notice that is empty, too large, of an unknown form, or a text that does not name the entry.
    """
    entry = next((entry for entry in list_entry_states(workspace.journal) if entry.number == number), None)
    if entry is None:
        raise NumberUnavailable("bond-entry-not-recorded", number=number)
    bonds = _waiting_bonds(entry, surety)
    check_notice(notice, name, number)
    proof = workspace.content.put(notice)
    with workspace.journal.write(actor) as pen:
        for bond in bonds:
            body = BondConfirmed(number=number, proof=proof, bond=bond)
            pen.append(body, f"entry/{number}", key=f"bond:{number}:{column_value(bond)}:{proof}")
    return bonds


def _waiting_bonds(entry: EntryState, surety: str) -> list[SingleBond]:
    if not entry.single_bonds:
        raise Refused(
            "single-transaction-bond-missing", number=entry.number, bond_type=entry.bond_type or "not recorded"
        )
    bonds = [bond for bond in entry.single_bonds if surety in ("", bond.surety)]
    if not bonds:
        raise Refused("bond-of-surety-missing", number=entry.number, surety=surety, listed=_listed(entry.single_bonds))
    open_ = [bond for bond in bonds if bond in entry.open_bonds]
    if len({bond.surety for bond in open_}) > 1:
        raise BadInput("surety-ambiguous", number=entry.number, listed=_listed(open_))
    return open_


def _listed(bonds: Iterable[SingleBond]) -> str:
    return "; ".join(map(bond_text, bonds))


def check_notice(notice: bytes, name: str, number: str) -> None:
    """Raises BadInput for what cannot be a surety's notice about this entry."""
    if code := _fault(notice, number):
        values = {"megabytes": LARGEST // 1_000_000, "number": number}
        problem = Problem(file=name, code=code, values=values)
        raise BadInput("surety-notice-invalid", [problem])


def _fault(notice: bytes, number: str) -> str:
    """The code of what is wrong; empty where nothing is."""
    if not notice.strip():
        return "surety-notice-empty"
    if len(notice) > LARGEST:
        return "surety-notice-too-large"
    if notice.startswith(_BINARY_STARTS):
        return ""
    try:
        text = notice.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = ""
    if not text or "\x00" in text:
        return "surety-notice-type-unknown"
    if number.replace("-", "") not in re.sub(r"[^0-9A-Z]", "", text.upper()):
        return "surety-notice-other-entry"
    return ""
