"""What must be done today: goods that the paper let go and that ACE holds. The client keeps them
together, the port gets the stamped copy."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.reconciliation.accounting.report_rows import mask_importer
from tasks.reconciliation.decisions.rule_table import NextStep
from tasks.reconciliation.letters.letter_cases import LetterCase, LetterCases, day_text, party_identity, port_name
from tasks.reconciliation.letters.letter_layout import TODAY, CorrespondenceDraft, LetterColumn, file_name
from tasks.reconciliation.state.entry_state import NOTICE, RELEASE

_COLUMNS = (
    LetterColumn("Entry", 19),
    LetterColumn("Released on paper", 17),
    LetterColumn("ACE says", 34),
    LetterColumn("Officer, stamped copy", 30),
)


def hold_drafts(cases: LetterCases) -> Iterator[CorrespondenceDraft]:
    """One letter an importer and one a port."""
    on_hold = cases.where(lambda case: case.decision.step is NextStep.TASK)
    workspace = cases.workspace
    for group in on_hold.by(lambda case: f"{case.importer}|{party_identity(workspace, case.entry.importer)}").values():
        yield _to_client(group)
    for port, group in on_hold.by(lambda case: case.entry.port).items():
        yield _to_port(port, group)


def _to_client(cases: LetterCases) -> CorrespondenceDraft:
    first = cases.entries[0]
    return CorrespondenceDraft(
        kind=TODAY,
        name=file_name(f"hold {first.importer} {first.number[4:11]}"),
        to=(first.importer, first.row["importer_address"] or "", mask_importer(first.entry.importer)),
        subject="TODAY: keep these goods together and untouched",
        text=(
            "CBP released these goods on paper. Now that the entry stands in ACE, ACE asks for an "
            "examination, documents, or holds them. Do not sell, use or move them until we tell you "
            "that CBP has let them go: CBP can demand them back, and damages run to their value and "
            "more if they cannot be brought.",
        ),
        columns=_COLUMNS,
        rows=tuple(map(_row, cases.entries)),
        after=("Tell us today where the goods are and who holds them.",),
        numbers=cases.numbers,
    )


def _to_port(port: str, cases: LetterCases) -> CorrespondenceDraft:
    return CorrespondenceDraft(
        kind=TODAY,
        name=f"port-{port or 'unknown'}-stamped-copies",
        to=("U.S. Customs and Border Protection", port_name(port)),
        subject="TODAY: released on paper, held in ACE: stamped copies",
        text=(
            "Your officers released these goods on paper under the downtime procedure; the entries "
            "have been filed since, and ACE holds them or asks for documents. The stamped copies are "
            "enclosed. Please tell us whether the release stands or what you want to see. The "
            "importers have been told to keep the goods.",
        ),
        columns=_COLUMNS,
        rows=tuple(map(_row, cases.entries)),
        after=(),
        numbers=cases.numbers,
    )


def _row(case: LetterCase) -> tuple[str, ...]:
    statuses = [case.entry.ace_statuses.get(about) for about in (NOTICE, RELEASE)]
    ace_text = next(
        (
            f"{status.release_code} {status.release or status.message}".strip()
            for status in statuses
            if status is not None and status.release_code
        ),
        "",
    )
    copy = case.row["stamped_copy"] or "copy MISSING: ask the desk"
    return (
        case.number,
        day_text(case.row["release_date"]),
        ace_text,
        "; ".join(filter(None, (case.row["officer"], copy))),
    )
