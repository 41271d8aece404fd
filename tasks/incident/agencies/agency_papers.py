"""What a person does about an agency's paper: says that it came, or lets the entry go without."""

from __future__ import annotations

from pathlib import Path

from tasks.core.errors import BadInput, NumberUnavailable, Problem, Refused
from tasks.entries.api import code_meanings
from tasks.incident.agencies.agency_requirements import HELD, AgencyDemand, AgencyRules, agency_demands
from tasks.incident.events import PgaLetGo, PgaPaper
from tasks.incident.letters.entry_case import EntryCase, cases
from tasks.incident.letters.entry_documents import attach_document
from tasks.workspace import Workspace


def record_paper(
    workspace: Workspace,
    number: str,
    agency: str,
    actor: str,
    *,
    line: int = 0,
    program: str = "",
    form: str = "",
    reference: str = "",
    file: Path | None = None,
) -> list[AgencyDemand]:
    """Note a form or confirmation; returns what agencies want of the entry now. `file` is attached as
    a PGA form. Raises BadInput without form, number or file, for an unknown agency or line, or where a
    number is what the agency wants and none is given; HostileFile; NumberUnavailable."""
    case = _case(workspace, number)
    _require(case, agency, line)
    if not (form.strip() or reference.strip() or file):
        raise BadInput("agency-form-missing")
    rules = AgencyRules(workspace)
    programs = {
        demand.program for demand in agency_demands(rules, case) if demand.agency == agency and line in (0, demand.line)
    }
    program = program or (programs.pop() if len(programs) == 1 else "")
    paper = rules.paper_for(agency, program)
    if paper["number"] == "Y" and not reference.strip():
        raise BadInput("agency-form-number-missing", paper=paper["form"])
    document = attach_document(workspace, number, file, "PGA form", actor).reference if file else ""
    body = PgaPaper(
        number=number,
        line=line,
        agency=agency,
        program=program,
        form=form.strip() or paper["form"],
        reference=reference.strip(),
        document=document,
    )
    workspace.journal.append(body, f"entry/{number}", actor)
    return agency_demands(AgencyRules(workspace), case)


def record_exception(
    workspace: Workspace, number: str, agency: str, reason: str, actor: str, line: int = 0
) -> list[AgencyDemand]:
    """Let an entry go to the port without an agency's paper, for a recorded reason (R5). Raises
    BadInput without one, Refused if nothing of that agency holds the entry, NumberUnavailable."""
    if len(reason.split()) < 2:
        raise BadInput("agency-release-reason-missing")
    case = _case(workspace, number)
    _require(case, agency, line)
    demands = agency_demands(AgencyRules(workspace), case)
    if not any(demand.agency == agency and demand.state == HELD and line in (0, demand.line) for demand in demands):
        raise Refused("agency-hold-not-found", agency=agency, number=number, detail=f" on line {line}" if line else "")
    body = PgaLetGo(number=number, line=line, agency=agency, reason=reason.strip())
    workspace.journal.append(body, f"entry/{number}", actor)
    return agency_demands(AgencyRules(workspace), case)


def _case(workspace: Workspace, number: str) -> EntryCase:
    recorded = cases(workspace, [number])
    if not recorded:
        raise NumberUnavailable("case-entry-not-recorded", number=number)
    return recorded[0]


def _require(case: EntryCase, agency: str, line: int) -> None:
    lines = {row["line"] for row in case.rows("lines")}
    problems: list[Problem] = []
    if agency not in code_meanings("agency"):
        problems.append(Problem(column="agency", value=agency, code="agency-code-unknown"))
    if line and line not in lines:
        right = f"0 for the whole entry, or one of {', '.join(map(str, sorted(lines)))}"
        problems.append(Problem(column="line", value=str(line), right=right, code="entry-line-unknown"))
    if problems:
        raise BadInput("agency-demand-not-recorded", problems)
