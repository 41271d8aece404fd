"""The report on paper: summary and totals, one page for the auditor, what went wrong and how it was
settled, and every used number with paper and ACE side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.reconciliation.report_paper import INNER, INK, RED, Column, Frame, Paper
from tasks.reconciliation.report_rows import IN_TIME, LATE, LATE_OPEN, UNKNOWN
from tasks.reconciliation.report_tables import DRILL, column_title, title, words
from tasks.shared import clock

if TYPE_CHECKING:
    from tasks.reconciliation.report import Report

MOST_ROWS = 5_000
"""Rows of one list on paper; beyond it the totals stand, and the workbook holds the list."""

NO_DISCRETION = (
    "Not recorded: the book holds no such event, and none is recorded until the incident room is in "
    "use. Nothing in this report rests on discretion."
)
_NUMBERS = (
    Column("Number", 25), Column("Desk, port", 19), Column("Type, outcome", 20), Column("Place", 20),
    Column("Importer", 38), Column("Paper release", 16), Column("ACE release", 16),
    Column("Summary in ACE by", 16), Column("Summary due", 16), Column("Days late", 14),
    Column("CBP's flag", 10), Column("Paper value", 15, "R"), Column("ACE value", 15, "R"),
    Column("Stamped copy", INNER - 240),
)  # fmt: skip
_READING = (
    "Summary due: ten working days after the paper release, federal holidays left out, local closings "
    "not (19 CFR 142.12(b), as seen in secondary sources [S]). Days late are calendar days after that "
    "day, counted to the day on which ACE's answer that it holds the summary was read, or to the day of "
    "this report while it is open; ACE took it then or earlier. CBP's flag is the late flag that ACE "
    "itself returns. Days are days in Washington, moments are UTC.",
    "ACE value: of the summary that ACE stores, by the field-by-field comparison; empty where ACE has "
    "shown no summary. A stamped copy is listed by the file name that the desk wrote. Importer numbers "
    "that are private stand as ***-**-****; this report never opens them.",
)


def render(report: Report) -> bytes:
    """The PDF. Raises MissingPart without fpdf2 or its fonts."""
    broker, head = report.broker, report.head
    frame = Frame(
        title=title(report),
        left=f"{broker.name}   filer {broker.filer_code}   licence {broker.licence or '-'}",
        right=f"{'' if report.signed else 'DRAFT, not signed   '}incident {report.incident}   "
              f"book at event {head.seq:,}",
        foot=f"Made {report.made[:16]}Z from the book at event {head.seq}, SHA-256 {head.digest}",
        mark=DRILL if report.drill else "",
        made=clock.parse(report.made),
    )  # fmt: skip
    paper = Paper(frame)
    for chapter in (_front, _auditor, _matters, _numbers):
        paper.page()
        chapter(paper, report)
    return paper.bytes()


def _front(paper: Paper, report: Report) -> None:
    paper.title(title(report))
    paper.text(report.status, 9.5, INK if report.signed else RED, "B")
    rows = [(row["what"], row["figure"]) for row in report.figures()]
    half = -(-len(rows) // 2)
    pairs = [(*rows[n], "", *(rows[half + n] if half + n < len(rows) else ("", "")))
             for n in range(half)]  # fmt: skip
    columns = [Column("What", 70), Column("Figure", 25, "R"), Column("", 10), Column("What", 70),
               Column("Figure", 25, "R")]  # fmt: skip
    paper.table(columns, pairs, 8.5)
    _totals(paper, "By desk and port", report.desks, 2)
    _totals(paper, "By port", report.ports, 1)
    _totals(paper, "By importer", report.importers, 2)


def _totals(paper: Paper, name: str, table: pa.Table, keys: int) -> None:
    """A totals table with its sums; empty columns are left out."""
    paper.heading(name)
    kept = [one for n, one in enumerate(table.column_names)
            if n < keys or one == "in all" or pc.sum(table[one]).as_py()]  # fmt: skip
    first = {"importer_name": 58.0, "importer_number": 27.0, "desk": 30.0, "port": 16.0}
    wide = [first[one] for one in kept[:keys]]
    each = min((INNER - sum(wide)) / max(len(kept) - keys, 1), 26.0)
    columns = [Column(column_title(one), wide[n] if n < keys else each, "L" if n < keys else "R")
               for n, one in enumerate(kept)]  # fmt: skip
    shown = table.select(kept).slice(0, MOST_ROWS)
    rows = [[_text(value) for value in row.values()] for row in shown.to_pylist()]
    last = ["in all", *[""] * (keys - 1), *(_text(pc.sum(table[one]).as_py() or 0)
                                            for one in kept[keys:])]  # fmt: skip
    paper.table(columns, [*rows, last], 7.5, bold_last=True)
    _more(paper, len(table), name)


def _more(paper: Paper, count: int, name: str) -> None:
    if count > MOST_ROWS:
        paper.text(f"{count - MOST_ROWS:,} more rows stand in the workbook ({name}).", 8.5, RED)


def _auditor(paper: Paper, report: Report) -> None:
    """One page: the questions that an auditor puts, each with its answer or the lack of one."""
    paper.title("For the auditor", 14)
    for question, answer in (
        ("Who signed, under whose licence, when", _signatures(report)),
        ("CBP's authorisation and its dates", [words(report.authorised)]),
        ("Letters to the ports", [words(report.letters)]),
        ("Stamped copies", _stamped(report)),
        ("Dates and values, paper beside ACE", _beside(report)),
        ("Each number used once", [_proof(one) for one in report.proofs]),
        ("Days late", _late(report)),
        ("Discretion relied on", [words(report.discretion) if len(report.discretion) else
                                  NO_DISCRETION]),
        ("Who saw whose data", _actors(report)),
    ):  # fmt: skip
        paper.answer(question, answer)


def _signatures(report: Report) -> list[str]:
    signed = [row for row in report.approvals.to_pylist() if row["approved_by"]]
    waiting = report.approvals.num_rows - len(signed)
    said = [
        f"{row['approved_by']}, licence {row['licence']}, {row['approved'][:16]}Z: {row['what']}; "
        f"prepared by {row['prepared_by']}; plan {row['plan'][:12]}"
        f"{'; ' + row['sole'] if row['sole'] else ''}"
        for row in signed
    ]
    more = [f"{waiting} plan(s) without a signature"] if waiting else []
    more += [f"{len(report.refusals)} refused attempt(s), the last {report.refusals[-1]}"
             ] if report.refusals else []  # fmt: skip
    return [*(_few(said, 6, "Approvals") or ["nobody has approved anything"]), *more, report.status]


def _few(said: list[str], most: int, sheet: str) -> list[str]:
    """The last ones, and where the others stand."""
    if len(said) <= most:
        return said
    return [*said[-most:], f"and {len(said) - most:,} before these: sheet {sheet} of the workbook"]


def _stamped(report: Report) -> list[str]:
    gone, named = report.unstamped, report.stamped
    said = [f"{named:,} of {named + len(gone):,} entries that the port acted on name their stamped "
            "copy: see the last column of the list. The scans themselves are kept by the desks."]  # fmt: skip
    if gone:
        more = f" and {len(gone) - 10:,} more" if len(gone) > 10 else ""
        said.append(f"MISSING for {len(gone):,}: {', '.join(gone[:10])}{more}")
    return said


def _beside(report: Report) -> list[str]:
    rows = report.numbers
    differ = pc.fill_null(rows["release_differs"], False)
    both = pc.sum(pc.is_valid(rows["release_differs"])).as_py() or 0
    other = pc.sum(differ).as_py() or 0
    paper_only = pc.sum(pc.and_(pc.is_valid(rows["paper_release"]), pc.is_null(rows["ace_release"])))
    values = rows.filter(pc.and_(pc.is_valid(rows["paper_value"]), pc.is_valid(rows["ace_value"])))
    unequal = values.filter(pc.not_equal(values["paper_value"], values["ace_value"]))
    sums = [pc.sum(values[name]).as_py() or 0 for name in ("paper_value", "ace_value")]
    return [
        f"Release dates: both known for {both:,}, the same for {both - other:,}, different for "
        f"{other:,}{_named(rows.filter(differ))}; ACE shows none yet for {paper_only.as_py() or 0:,}.",
        f"Values: compared for {len(values):,}: paper {sums[0]:,}, ACE {sums[1]:,} dollars, different "
        f"for {len(unequal):,}{_named(unequal)}. Side by side for every number in the list below.",
    ]


def _named(rows: pa.Table) -> str:
    some = rows["number"].slice(0, 6).to_pylist()
    return f" ({', '.join(some)}{', ...' if len(rows) > 6 else ''})" if some else ""


def _proof(proof: Any) -> str:
    return f"{'holds' if proof.holds else 'FAILS'}: {proof.what}: {proof.figure}"


def _late(report: Report) -> list[str]:
    found, rows = report.lateness, report.numbers
    flagged = pc.sum(rows["cbp_late"]).as_py() or 0
    ours = pc.is_in(rows["lateness"], value_set=pa.array((LATE, LATE_OPEN)))
    split = rows.filter(pc.fill_null(pc.not_equal(ours, rows["cbp_late"]), False))
    worst = pc.max(rows["days_late"]).as_py() or 0
    return [
        f"{found.get(IN_TIME, 0):,} summaries in time, {found.get(LATE, 0):,} late, "
        f"{found.get(LATE_OPEN, 0):,} late and still open, {found.get(UNKNOWN, 0):,} not known; at "
        f"most {worst:,} days. CBP's own flag says late for {flagged:,}; it and this count disagree "
        f"for {len(split):,}{_named(split)}.",
    ]


def _actors(report: Report) -> list[str]:
    kinds: dict[str, list[str]] = defaultdict(list)
    entries: dict[str, int] = defaultdict(int)
    importers: dict[str, int] = defaultdict(int)
    for row in report.deeds.to_pylist():
        kinds[row["actor"]].append(f"{row['kind']} {row['events']:,}")
        entries[row["actor"]] = max(entries[row["actor"]], row["entries"])
        importers[row["actor"]] = max(importers[row["actor"]], row["importers"])
    said = [
        f"{actor}: {entries[actor]:,} entries of {importers[actor]:,} importers ({', '.join(done)})"
        for actor, done in sorted(kinds.items(), key=lambda one: -entries[one[0]])
    ]
    more = [f"and {len(said) - 7} more: sheet Who did what"] if len(said) > 7 else []
    return [*said[:7], *more, "The book records who acted on data; looking without acting leaves no "
            "trace in it."]  # fmt: skip


def _matters(paper: Paper, report: Report) -> None:
    paper.title("Differences and mishaps, and how each was settled", 14)
    if not len(report.matters):
        paper.text("None was found.")
        return
    counts = ", ".join(f"{row['counts']:,} {row['values']}"
                       for row in pc.value_counts(report.matters["kind"]).to_pylist())  # fmt: skip
    open_ = pc.sum(report.matters["open"]).as_py() or 0
    paper.text(f"{len(report.matters):,} in all: {counts}. Open: {open_:,}.",
               colour=RED if open_ else INK)  # fmt: skip
    columns = [Column("Kind", 28), Column("Entry, batch or file", 32), Column("Found", 16),
               Column("What", 92), Column("How it was settled", INNER - 168)]  # fmt: skip
    rows = ([row["kind"], row["subject"], _text(row["found"]), row["what"], row["settled"]]
            for row in report.matters.slice(0, MOST_ROWS).to_pylist())  # fmt: skip
    paper.table(columns, rows)
    _more(paper, len(report.matters), "Matters")


def _numbers(paper: Paper, report: Report) -> None:
    used = report.used
    paper.title(f"Every number used: {len(used):,} of {len(report.numbers):,} reserved", 14)
    for text in _READING:
        paper.text(text, 7.5)
    if len(used) > MOST_ROWS:
        paper.text(f"{len(used):,} numbers are more than a paper can usefully list. The totals stand "
                   "above; every number stands in the workbook (Numbers) and in the Parquet file, "
                   "under the same signature.", 9.5, RED, "B")  # fmt: skip
        return
    paper.table(_NUMBERS, (_line(row) for row in used.to_pylist()), 7.2)


def _line(row: dict[str, Any]) -> list[str]:
    flag = row["cbp_late"]
    late = "" if row["days_late"] is None else f"{row['days_late']:,}"
    word = row["lateness"] if row["lateness"] not in (IN_TIME, LATE) else ""
    under = "; ".join(part for part in (row["what_happened"], row["next_step"] and
                                        f"next: {row['next_step']}") if part)  # fmt: skip
    return [
        row["number"], _joined(row["desk"], row["port"]),
        _joined(row["entry_type"], row["outcome"]), row["place"],
        _joined(row["importer_number"], row["importer_name"]), _text(row["paper_release"]),
        _text(row["ace_release"]), _text(row["summary_in_ace"]), _text(row["summary_due"]),
        f"{late} {word}".strip(), "" if flag is None else "late" if flag else "not late",
        _text(row["paper_value"]), _text(row["ace_value"]), row["stamped_copy"] or "", under,
    ]  # fmt: skip


def _joined(*parts: str | None) -> str:
    return ", ".join(part for part in parts if part)


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else str(value)
