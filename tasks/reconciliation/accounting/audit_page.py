"""The page that answers an auditor: who signed under whose licence, what is recorded of CBP's leave,
stamped copies, paper beside ACE, each number used once, discretion, who saw whose data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from tasks.documents.api import Paper
from tasks.reconciliation.accounting.actor_activity import activity_lines
from tasks.reconciliation.accounting.audit_tables import AuditProof, authorization_lines, discretion_lines
from tasks.reconciliation.accounting.downtime_letters import downtime_letter_lines
from tasks.reconciliation.accounting.report_rows import IN_TIME, LATE, LATE_OPEN, UNKNOWN, count_true, is_among

if TYPE_CHECKING:
    from tasks.reconciliation.accounting.report_data import AccountingReport

NO_DISCRETION = "Not recorded: nothing in this report rests on discretion."


def add_audit_page(paper: Paper, report: AccountingReport) -> None:
    """One page: the questions that an auditor puts, each with its answer or the lack of one."""
    paper.title("For the auditor", 14)
    paper.answers(
        [
            ("Who signed, under whose licence, when", _signatures(report)),
            ("CBP's authorisation and its dates", authorization_lines(report.authorised)),
            ("Letters to the ports", downtime_letter_lines(report.letters)),
            ("Stamped copies", _stamped(report)),
            ("Dates and values, paper beside ACE", _beside(report)),
            ("Each number used once", [proof_text(one) for one in report.proofs]),
            ("Days late", _late(report)),
            ("Discretion relied on", discretion_lines(report.discretion) or [NO_DISCRETION]),
            ("Who saw whose data", activity_lines(report.deeds)),
            *(
                [("After the restore of production", _few(list(report.restore.words), 6, "Restore"))]
                if report.restore.words
                else []
            ),
        ]
    )


def _signatures(report: AccountingReport) -> list[str]:
    signed = [row for row in report.approvals.to_pylist() if row["approved_by"]]
    waiting = report.approvals.num_rows - len(signed)
    said = [
        f"{row['approved_by']}, licence {row['licence']}, {row['approved'][:16]}Z: {row['what']}; "
        f"prepared by {row['prepared_by']}; plan {row['plan'][:12]}"
        f"{'; ' + row['sole'] if row['sole'] else ''}"
        for row in signed
    ]
    more = [f"{waiting} plan(s) without a signature"] if waiting else []
    more += [f"{len(report.refusals)} refused attempt(s), the last {report.refusals[-1]}"] if report.refusals else []
    return [*(_few(said, 6, "Approvals") or ["nobody has approved anything"]), *more, report.status]


def _few(said: list[str], most: int, sheet: str) -> list[str]:
    """The last ones, and where the others stand."""
    if len(said) <= most:
        return said
    return [*said[-most:], f"and {len(said) - most:,} before these: sheet {sheet} of the workbook"]


def _stamped(report: AccountingReport) -> list[str]:
    gone, named = report.unstamped, report.stamped
    said = [
        f"{named:,} of {named + len(gone):,} entries that the port acted on name their stamped "
        "copy: see the last column of the list. The scans themselves are kept by the desks."
    ]
    if gone:
        more = f" and {len(gone) - 10:,} more" if len(gone) > 10 else ""
        said.append(f"MISSING for {len(gone):,}: {', '.join(gone[:10])}{more}")
    return said


def _beside(report: AccountingReport) -> list[str]:
    rows = report.numbers
    differ = pc.fill_null(rows["release_differs"], False)
    both = count_true(pc.is_valid(rows["release_differs"]))
    other = count_true(differ)
    paper_only = count_true(pc.and_(pc.is_valid(rows["paper_release"]), pc.is_null(rows["ace_release"])))
    values = rows.filter(pc.and_(pc.is_valid(rows["paper_value"]), pc.is_valid(rows["ace_value"])))
    unequal = values.filter(pc.not_equal(values["paper_value"], values["ace_value"]))
    sums = [pc.sum(values[name]).as_py() or 0 for name in ("paper_value", "ace_value")]
    return [
        f"Release dates: both known for {both:,}, the same for {both - other:,}, different for "
        f"{other:,}{_named(rows.filter(differ))}; ACE shows none yet for {paper_only:,}.",
        f"Values: compared for {len(values):,}: paper {sums[0]:,}, ACE {sums[1]:,} dollars, different "
        f"for {len(unequal):,}{_named(unequal)}. Side by side for every number in the list below.",
    ]


def _named(rows: pa.Table) -> str:
    some = rows["number"].slice(0, 6).to_pylist()
    return f" ({', '.join(some)}{', ...' if len(rows) > 6 else ''})" if some else ""


def proof_text(proof: AuditProof) -> str:
    """A proof in one line."""
    return f"{'holds' if proof.holds else 'FAILS'}: {proof.what}: {proof.figure}"


def _late(report: AccountingReport) -> list[str]:
    found, rows = report.lateness, report.numbers
    flagged = count_true(rows["cbp_late"])
    ours = is_among(rows["lateness"], (LATE, LATE_OPEN))
    split = rows.filter(pc.fill_null(pc.not_equal(ours, rows["cbp_late"]), False))
    worst = pc.max(rows["days_late"]).as_py() or 0
    return [
        f"{found.get(IN_TIME, 0):,} summaries in time, {found.get(LATE, 0):,} late, "
        f"{found.get(LATE_OPEN, 0):,} late and still open, {found.get(UNKNOWN, 0):,} not known; at "
        f"most {worst:,} days. CBP's own flag says late for {flagged:,}; it and this count disagree "
        f"for {len(split):,}{_named(split)}."
    ]
