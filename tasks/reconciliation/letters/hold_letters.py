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
    held = cases.where(lambda one: one.verdict.step is NextStep.TASK)
    house = cases.workspace
    for some in held.by(lambda one: f"{one.importer}|{party_identity(house, one.one.importer)}").values():
        yield _to_client(some)
    for port, some in held.by(lambda one: one.one.port).items():
        yield _to_port(port, some)


def _to_client(some: LetterCases) -> CorrespondenceDraft:
    first = some.entries[0]
    return CorrespondenceDraft(
        kind=TODAY,
        name=file_name(f"hold {first.importer} {first.number[4:11]}"),
        to=(first.importer, first.row["importer_address"] or "", mask_importer(first.one.importer)),
        subject="TODAY: keep these goods together and untouched",
        text=(
            "CBP released these goods on paper. Now that the entry stands in ACE, ACE asks for an "
            "examination, documents, or holds them. Do not sell, use or move them until we tell you "
            "that CBP has let them go: CBP can demand them back, and damages run to their value and "
            "more if they cannot be brought.",
        ),
        columns=_COLUMNS,
        rows=tuple(map(_row, some.entries)),
        after=("Tell us today where the goods are and who holds them.",),
        numbers=some.numbers,
    )


def _to_port(port: str, some: LetterCases) -> CorrespondenceDraft:
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
        rows=tuple(map(_row, some.entries)),
        after=(),
        numbers=some.numbers,
    )


def _row(one: LetterCase) -> tuple[str, ...]:
    views = [one.one.views.get(about) for about in (NOTICE, RELEASE)]
    said = next(
        (
            f"{view.release_code} {view.release or view.message}".strip()
            for view in views
            if view is not None and view.release_code
        ),
        "",
    )
    copy = one.row["stamped_copy"] or "copy MISSING: ask the desk"
    return (one.number, day_text(one.row["release_date"]), said, "; ".join(filter(None, (one.row["officer"], copy))))
