"""The page that answers an auditor: who signed under whose license, what is recorded of CBP's authorization,
stamped copies, paper beside ACE, each number used once, discretion, who saw whose data."""

from __future__ import annotations

import pyarrow as pa

from tasks.core import arrow_compute as pc
from tasks.core.arrow_compute import to_list
from tasks.documents.api import Paper
from tasks.reconciliation.accounting.actor_activity import activity_lines
from tasks.reconciliation.accounting.audit_tables import AuditProof, authorization_lines, discretion_lines
from tasks.reconciliation.accounting.downtime_letters import downtime_letter_lines
from tasks.reconciliation.accounting.report_data import AccountingReport
from tasks.reconciliation.accounting.report_rows import IN_TIME, LATE, LATE_OPEN, UNKNOWN, count_true, is_among

NO_DISCRETION = "Not recorded: nothing in this report rests on discretion."


def add_audit_page(paper: Paper, report: AccountingReport) -> None:
    """One page: the questions that an auditor puts, each with its answer or the lack of one."""
    paper.title("For the auditor", 14)
    paper.answers(
        [
            ("Who signed, under whose licence, when", _signature_lines(report)),
            ("CBP's authorisation and its dates", authorization_lines(report.authorizations)),
            ("Letters to the ports", downtime_letter_lines(report.letters)),
            ("Stamped copies", _stamped_copy_lines(report)),
            ("Dates and values, paper beside ACE", _comparison_lines(report)),
            ("Each number used once", [proof_text(proof) for proof in report.proofs]),
            ("Days late", _lateness_lines(report)),
            ("Discretion relied on", discretion_lines(report.discretion) or [NO_DISCRETION]),
            ("Who saw whose data", activity_lines(report.activities)),
            *(
                [("After the restore of production", _last_lines(list(report.restore.lines), 6, "Restore"))]
                if report.restore.lines
                else []
            ),
        ]
    )


def _signature_lines(report: AccountingReport) -> list[str]:
    signed = [row for row in to_list(report.approvals) if row["approved_by"]]
    waiting = report.approvals.num_rows - len(signed)
    lines = [
        f"{row['approved_by']}, licence {row['licence']}, {row['approved'][:16]}Z: {row['what']}; "
        f"prepared by {row['prepared_by']}; plan {row['plan'][:12]}"
        f"{'; ' + row['sole'] if row['sole'] else ''}"
        for row in signed
    ]
    notes = [f"{waiting} plan(s) without a signature"] if waiting else []
    notes += [f"{len(report.refusals)} refused attempt(s), the last {report.refusals[-1]}"] if report.refusals else []
    return [*(_last_lines(lines, 6, "Approvals") or ["nobody has approved anything"]), *notes, report.status]


def _last_lines(lines: list[str], most: int, sheet: str) -> list[str]:
    """The last ones, and where the others stand."""
    if len(lines) <= most:
        return lines
    return [*lines[-most:], f"and {len(lines) - most:,} before these: sheet {sheet} of the workbook"]


def _stamped_copy_lines(report: AccountingReport) -> list[str]:
    missing, stamped_count = report.unstamped, report.stamped
    lines = [
        f"{stamped_count:,} of {stamped_count + len(missing):,} entries that the port acted on name their stamped "
        "copy: see the last column of the list. The scans themselves are kept by the desks."
    ]
    if missing:
        omitted = f" and {len(missing) - 10:,} more" if len(missing) > 10 else ""
        lines.append(f"MISSING for {len(missing):,}: {', '.join(missing[:10])}{omitted}")
    return lines


def _comparison_lines(report: AccountingReport) -> list[str]:
    rows = report.numbers
    differ = pc.fill_null(rows["release_differs"], False)
    compared = count_true(pc.is_valid(rows["release_differs"]))
    differing = count_true(differ)
    paper_only = count_true(pc.and_(pc.is_valid(rows["paper_release"]), pc.is_null(rows["ace_release"])))
    values = rows.filter(pc.and_(pc.is_valid(rows["paper_value"]), pc.is_valid(rows["ace_value"])))
    unequal = values.filter(pc.not_equal(values["paper_value"], values["ace_value"]))
    sums = [pc.sum(values[name]).as_py() or 0 for name in ("paper_value", "ace_value")]
    return [
        f"Release dates: both known for {compared:,}, the same for {compared - differing:,}, different for "
        f"{differing:,}{_first_numbers(rows.filter(differ))}; ACE shows none yet for {paper_only:,}.",
        f"Values: compared for {len(values):,}: paper {sums[0]:,}, ACE {sums[1]:,} dollars, different "
        f"for {len(unequal):,}{_first_numbers(unequal)}. Side by side for every number in the list below.",
    ]


def _first_numbers(rows: pa.Table) -> str:
    numbers = to_list(rows["number"].slice(0, 6))
    return f" ({', '.join(numbers)}{', ...' if len(rows) > 6 else ''})" if numbers else ""


def proof_text(proof: AuditProof) -> str:
    """A proof in one line."""
    return f"{'holds' if proof.holds else 'FAILS'}: {proof.what}: {proof.figure}"


def _lateness_lines(report: AccountingReport) -> list[str]:
    counts, rows = report.lateness, report.numbers
    flagged = count_true(rows["cbp_late"])
    ours = is_among(rows["lateness"], (LATE, LATE_OPEN))
    split = rows.filter(pc.fill_null(pc.not_equal(ours, rows["cbp_late"]), False))
    worst = pc.max(rows["days_late"]).as_py() or 0
    return [
        f"{counts.get(IN_TIME, 0):,} summaries in time, {counts.get(LATE, 0):,} late, "
        f"{counts.get(LATE_OPEN, 0):,} late and still open, {counts.get(UNKNOWN, 0):,} not known; at "
        f"most {worst:,} days. CBP's own flag says late for {flagged:,}; it and this count disagree "
        f"for {len(split):,}{_first_numbers(split)}."
    ]
