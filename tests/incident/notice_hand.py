"""Notices drafted and read in tests."""

from __future__ import annotations

import io
from datetime import datetime

from pypdf import PdfReader

from tasks.incident import (
    notice_due,
    notices,
    plan,
    state,
)
from tasks.incident.notices import Drafted, Known
from tasks.workspace import Workspace

TWO = """id,role,name,organisation,phone,mail,hours,ports,mark,source
acme,client,Ann,Acme,956-555-0100,a@acme.example,,,,
bolt,client,Bob,Bolt,956-555-0101,,,,,
void,client,Vic,Void,,,,,,
"""
SSN = "123-45-6789"


def drafted(office: Workspace, name: str, *only: str) -> list[Drafted]:
    found = plan.load(office.settings.home)
    notice = found.notice(name)
    incident = state.require(office.journal.rows)
    return notices.draft(
        office, incident, notice, notices.recipients(office, notice, only), "ada", found
    )


def known(office: Workspace, *made: Drafted) -> list[Known]:
    return [notices.one_of(office, one.notice) for one in made]


def mailed(office: Workspace, notice: str, happened: datetime | None = None) -> Known:
    """Recorded as mailed by a person, with its proof."""
    proof = office.settings.home / "sent.eml"
    proof.write_bytes(b"Subject: sent")
    return notices.told(office, notice, "mail", "ada", happened=happened, files=[proof])


def due(office: Workspace) -> list[str]:
    return [
        one.id
        for one in notice_due.due(
            office, state.require(office.journal.rows), plan.load(office.settings.home)
        )
    ]


def page(data: bytes) -> str:
    return " ".join(
        " ".join(one.extract_text().split()) for one in PdfReader(io.BytesIO(data)).pages
    )
