"""Notices drafted and read in tests."""

from __future__ import annotations

import io
from datetime import datetime

from pypdf import PdfReader

from tasks.incident.notices import notice_records
from tasks.incident.notices.notice_listing import NoticeRecord, find_notice
from tasks.incident.notices.notice_plan import due_notices, load_notice_plan
from tasks.incident.notices.notice_records import DraftResult, record_notice
from tasks.incident.timeline.incident_state import require_incident
from tasks.workspace import Workspace

TWO = """id,role,name,organisation,phone,mail,hours,ports,mark,source
acme,client,Ann,Acme,956-555-0100,a@acme.example,,,,
bolt,client,Bob,Bolt,956-555-0101,,,,,
void,client,Vic,Void,,,,,,
"""
SSN = "123-45-6789"


def drafted(office: Workspace, name: str, *only: str) -> list[DraftResult]:
    found = load_notice_plan(office.settings.home)
    notice = found.notice(name)
    incident = require_incident(office.journal.rows)
    return notice_records.draft(office, incident, notice, notice_records.recipients(office, notice, only), "ada", found)


def known(office: Workspace, *made: DraftResult) -> list[NoticeRecord]:
    return [find_notice(office, one.notice) for one in made]


def mailed(office: Workspace, notice: str, happened: datetime | None = None) -> NoticeRecord:
    """Recorded as mailed by a person, with its proof."""
    proof = office.settings.home / "sent.eml"
    proof.write_bytes(b"Subject: sent")
    return record_notice(office, notice, "mail", "ada", happened=happened, files=[proof])


def due(office: Workspace) -> list[str]:
    return [
        one.id
        for one in due_notices(office, require_incident(office.journal.rows), load_notice_plan(office.settings.home))
    ]


def page(data: bytes) -> str:
    return " ".join(" ".join(one.extract_text().split()) for one in PdfReader(io.BytesIO(data)).pages)
