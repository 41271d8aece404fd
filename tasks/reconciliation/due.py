"""Which entries may be sent now, and as what: `classify`'s verdict, by ACE application."""

from __future__ import annotations

from collections.abc import Collection

from tasks.reconciliation.account import RELEASED, SE_ROUTE
from tasks.reconciliation.classify import Step, classify
from tasks.reconciliation.standings import standings
from tasks.reconciliation.view import NOTICE, Standing
from tasks.shared.journal import Journal
from tasks.shared.settings import Settings

APPLICATIONS = {Step.SEND_RELEASE: "SE", Step.SEND_SUMMARY: "AE", Step.SEND_CERTIFIED: "AE"}


def ready(
    journal: Journal, settings: Settings, without: Collection[str] = ()
) -> dict[str, list[Standing]]:
    """By application, the entries that may be sent now; `without` those on their way already."""
    found: dict[str, list[Standing]] = {}
    for one in standings(journal):
        application = APPLICATIONS.get(step_of(one, settings))
        if application and one.number not in without:
            found.setdefault(application, []).append(one)
    return found


def step_of(one: Standing, settings: Settings) -> Step:
    """What may be done with an entry now. Where ACE cannot be asked, only a first release is sent."""
    if settings.ace.ask_first:
        return classify(one).step
    unsent = one.state == "recorded" and "SE" not in one.sent and NOTICE not in one.views
    go = unsent and one.route == SE_ROUTE and one.outcome in RELEASED
    return Step.SEND_RELEASE if go else Step.AT_PORT
