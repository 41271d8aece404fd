"""Which summaries may be sent, and which of them are certified for cargo release.

Routes: `se_then_ae` and `ae_only` give an uncertified summary, `ae_certified` a certified one. What
may never be certified is a closed list (AE 2026-07 p.40-41, 180; SE v40 p.41; errors 147, 148, 310,
318, 339, 785). Quota types 02, 07 and 12 go certified and live, unless the setting says
otherwise: error 320 asks for it though the matrix leaves it open.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.summary.slice import SummarySlice
from tasks.ace.wire.codes import codes
from tasks.ace.wire.vectors import Mask, truths
from tasks.shared.errors import Problem, RouteRefused

CERTIFIED, TWO_STEP, ALONE = "ae_certified", "se_then_ae", "ae_only"


def routed(
    part: SummarySlice, quota_one_step: bool, released: Collection[str] = ()
) -> tuple[Mask, Mask, list[Problem]]:
    """Which entries are certified, which are live, and each that has no such message, with why.

    `released`: numbers for which ACE already has the entry; their summaries are never certified,
    whatever the route, and quota goods among them are still live.
    """
    refusals: dict[int, str] = {}
    on_file = pa.array(sorted(released), pa.string())
    there = truths(pc.is_in(part.plain("entry_number"), value_set=on_file))
    for code, mask in _refusals(part, quota_one_step, there):
        for row in np.flatnonzero(mask):
            refusals.setdefault(int(row), code)
    numbers = part.column("entry_number")
    problems = [
        Problem(subject=numbers[row].as_py(), code=refusals[row]) for row in sorted(refusals)
    ]
    one_step = part.is_any("filing_route", (CERTIFIED,))
    live = part.yes("live_entry") | (one_step & part.is_any("entry_type", codes("live_quota_type")))
    return one_step & ~there, live, problems


def refuse(problems: Sequence[Problem]) -> None:
    """Raises RouteRefused for entries that have no such summary, each with its reason."""
    if problems:
        raise RouteRefused("entry-summary-not-applicable", problems, count=len(problems))


def _refusals(part: SummarySlice, quota_one_step: bool, there: Mask) -> list[tuple[str, Mask]]:
    one_step = part.is_any("filing_route", (CERTIFIED,))
    certified = one_step & ~there
    two_step = part.is_any("filing_route", (TWO_STEP,))
    known = one_step | two_step | part.is_any("filing_route", (ALONE,))
    quota = part.is_any("entry_type", codes("live_quota_type"))
    without = part.is_any("entry_type", codes("no_release_type"))
    types = part.is_any("entry_type", codes("summary_type"))
    found = [
        ("filing-route-unknown", ~known),
        ("entry-type-without-summary", ~types),
        ("entry-type-without-cargo-release", two_step & without),
        ("covered-by-consolidated-summary", part.given("consolidated_summary")),
        ("consolidated-summary-without-release", part.yes("consolidating") & ~_covered(part)),
        ("entry-type-not-consolidated", part.yes("consolidating") & ~_consolidable(part)),
        ("quota-not-certified", quota & ~certified & ~there & (quota_one_step is True)),
    ]
    for code, rule in _NEVER_CERTIFIED:
        found.append((code, certified & rule(part)))
    return found


def _covered(part: SummarySlice) -> Mask:
    return np.bincount(part.ranks["releases"], minlength=len(part)) > 0


def _consolidable(part: SummarySlice) -> Mask:
    return part.is_any("entry_type", codes("consolidated_type"))


_NEVER_CERTIFIED: tuple[tuple[str, Callable[[SummarySlice], Mask]], ...] = (
    (
        "entry-type-never-certified",
        lambda part: part.is_any("entry_type", codes("no_release_type")),
    ),
    ("consolidated-summary-certified", lambda part: part.yes("consolidating")),
    ("express-summary-certified", lambda part: part.yes("express_informal")),
    ("expedited-release-certified", lambda part: part.yes("expedited_release")),
    (
        "weekly-zone-entry-certified",
        lambda part: part.is_any("entry_type", ("06",)) & part.given("zone_week"),
    ),
    ("immediate-delivery-certified", lambda part: part.yes("immediate_delivery")),
)
