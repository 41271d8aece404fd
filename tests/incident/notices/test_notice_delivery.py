"""Notices by mail: once, to whom they are for, private numbers opened only on the way out."""

from __future__ import annotations

import email
from collections.abc import Iterator
from datetime import datetime, timedelta
from email import policy
from pathlib import Path

import pytest

from tasks.core import clock
from tasks.core.errors import BadInput, Refused
from tasks.core.settings import load_settings as settings
from tasks.incident.notices import contact_list, notice_delivery, notice_records
from tasks.incident.notices.exposed_numbers import record_exposure
from tasks.incident.notices.fact_sources import record_facts
from tasks.incident.notices.notice_delivery import send_notices, write_notices
from tasks.incident.notices.notice_listing import find_notice
from tasks.incident.notices.notice_plan import load_notice_plan
from tasks.incident.notices.notice_records import record_notice
from tasks.incident.timeline.deadline_clocks import running_clocks
from tasks.incident.timeline.incident_state import require_incident
from tasks.transport.mail import outbox
from tasks.workspace import Workspace
from tests.conftest import SETTINGS
from tests.errors import refused
from tests.incident.notice_helpers import SSN, TWO, drafted, known, page
from tests.incident.world import crm, declared, with_contacts, with_systems
from tests.mail_server import MailServer, mail_server

OWN = """[[notice]]
id = "surety"
stage = 3
title = "Numbers of our clients"
to = ["client"]
channel = "mail"
after = ["declared"]
numbers = true
facts = ["broker"]
tables = ["exposed"]
text = ["See below."]
signed = false
source = "our own"
mark = "G"
"""


def test_to_a_dead_contact_it_is_written_and_not_mailed(
    office: Workspace, morning: datetime, server: MailServer
) -> None:
    office = mailing(office, server)
    declared(office, morning)
    contact_list.check(office, "cbp-soc", "ada", works=False, how="the mail came back")
    made, missing = notice_records.draft_due(office, "ada")
    assert ("contact-did-not-answer", "cbp-soc") in {(one.code, one.value) for one in missing}
    breach = known(office, *(one for one in made if one.draft.template == "breach"))
    done = send_notices(office, breach, "ada")
    assert done.by_hand == [breach[0].id] and server.received == []
    assert "BR72" in {one.rule.id for one in running_clocks(office, require_incident(office.journal.rows))}
    contact_list.check(office, "cbp-soc", "ada", works=True, how="again")
    assert send_notices(office, breach, "ada").sent == [breach[0].id]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MailServer]:
    with mail_server(tmp_path) as running:
        yield running


def mailing(office: Workspace, server: MailServer) -> Workspace:
    home = office.settings.home
    (home / "continuity.toml").write_text(SETTINGS + server.settings(home, "{ it = [] }"))
    return office.with_settings(settings(home))


def test_mail_opens_private_numbers_only_on_the_way_out(
    office: Workspace, morning: datetime, server: MailServer
) -> None:
    office = mailing(office, server)
    office = with_systems(office, crm(office, 100))
    declared(office, morning)
    record_exposure(office, ["crm"], "ada")
    made = known(office, *drafted(office, "breach"), *drafted(office, "call-sheet", "cbp-soc"))
    server.busy = "452 no room"
    waits = send_notices(office, made, "ada")
    assert waits.waiting == [made[0].id] and waits.by_hand == [made[1].id] and "BR72" in {
        c.rule.id for c in running_clocks(office, require_incident(office.journal.rows))
    }  # fmt: skip
    (copy,) = outbox(office.settings.home).iterdir()
    shown = email.message_from_bytes(copy.read_bytes(), policy=policy.default)
    texts = [part.get_content() for part in shown.walk() if part.get_content_maintype() == "text"]
    assert len(texts) == 2 and all("***-**-****" in one and SSN not in one and "~" not in one for one in texts)
    server.busy = ""
    with clock.held(morning + timedelta(hours=1)):
        assert send_notices(office, made, "ada").sent == [made[0].id]
    ((to, message),) = server.received
    assert to == ["cbpsoc@cbp.dhs.gov"]
    assert SSN in message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    names = {part.get_filename(): part for part in message.iter_attachments()}
    assert SSN in names["compromised-importer-numbers.csv"].get_content()
    assert SSN not in page(names["breach.pdf"].get_content())
    assert find_notice(office, made[0].id).sent == morning + timedelta(hours=1)
    every = b"".join(one.read_bytes() for one in office.content.root.rglob("*") if one.is_file())
    assert SSN.encode() not in every and not any(SSN in one.body for one in office.journal.events())
    assert send_notices(office, known(office, *[]), "ada").sent == []
    assert len(server.received) == 1


def test_a_reference_in_the_name_of_an_importer_stays_closed(
    office: Workspace, morning: datetime, server: MailServer, tmp_path: Path
) -> None:
    """The vault names a number by a reference; a client of that name must not show the number."""
    office = mailing(office, server)
    system = crm(office)
    (reference,) = office.vault.seal([("x", "importer", "987-65-4321")], None)
    path = office.settings.home / "crm.csv"
    path.write_text(path.read_text().replace("Abe Doe", reference).replace(
        "Tiny Imports", f"{reference} Trading"))  # fmt: skip
    office = with_systems(office, system)
    declared(office, morning)
    record_exposure(office, ["crm"], "ada")
    made = known(office, *drafted(office, "breach"))
    for one in write_notices(office, made, tmp_path / "out"):
        text = page(one.read_bytes()) if one.suffix == ".pdf" else one.read_text()
        assert "987-65-4321" not in text and (SSN in text or one.suffix == ".eml")
    assert send_notices(office, made, "ada").sent == [made[0].id]
    ((_, message),) = server.received
    said = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert SSN in said and "987-65-4321" not in said and f"{reference} Trading" in said


def test_only_a_breach_notice_may_write_social_security_numbers_out(home: Path) -> None:
    (home / "plan.toml").write_text(OWN)
    with refused("toml-file-invalid", BadInput) as caught:
        load_notice_plan(home)
    assert caught.codes == ["plan-numbers-without-breach"]
    (home / "plan.toml").write_text(OWN.replace("numbers = true", "numbers = true\nbreach = true"))
    assert load_notice_plan(home).notice("surety").numbers


def test_a_mail_that_others_delivered_is_noted_with_its_own_time(
    office: Workspace, morning: datetime, server: MailServer
) -> None:
    from tasks.transport.mail import MailService

    office = mailing(office, server)
    declared(office, morning)
    made = known(office, *drafted(office, "breach"))
    server.busy = "452 no room"
    send_notices(office, made, "ada")
    server.busy = ""
    with clock.held(morning + timedelta(hours=2)):
        MailService(office.journal, office.content, office.settings).deliver("duties")
    with clock.held(morning + timedelta(hours=9)):
        notice_delivery.note_delivered(office, "flow")
    assert find_notice(office, made[0].id).sent == morning + timedelta(hours=2)


def test_a_drill_sends_nothing(tmp_path: Path, server: MailServer, morning: datetime) -> None:
    """Not the room, and not the post, whoever calls it."""
    from tasks.opening import make_home
    from tasks.transport.mail import MailService
    from tasks.transport.mail_message import MailLetter

    home = tmp_path / "drill"
    made = make_home(home, SETTINGS, "tests", drill=True)
    (home / "continuity.toml").write_text(SETTINGS + server.settings(home, "{ it = [] }"))
    made = settings(home)
    office = Workspace(made)
    declared(office, morning)
    (one,) = drafted(office, "breach")
    assert one.draft.drill_label == "DRILL"
    with refused("drill-sends-no-notice", Refused):
        send_notices(office, known(office, one), "ada")
    letter = MailLetter(key="x", to=["a@b.example"], title="x", text="x")
    assert MailService(office.journal, office.content, made).send(letter, "it").reason
    assert server.received == []
    paths = write_notices(office, known(office, one), tmp_path / "out")
    marked = [path for path in paths if path.suffix in (".txt", ".pdf", ".eml")]
    assert len(marked) == 3
    for path in marked:
        text = page(path.read_bytes()) if path.suffix == ".pdf" else path.read_text()
        assert "DRILL" in text
    assert "Subject: DRILL: " in next(one for one in paths if one.suffix == ".eml").read_text()


def test_a_draft_that_waits_does_not_go_beside_the_newer_one(
    office: Workspace, morning: datetime, server: MailServer
) -> None:
    """Hours without mail, three versions: the client gets the last. An address that was refused for good
    and mended leaves no letter behind."""
    office = mailing(with_contacts(office, TWO), server)
    incident = declared(office, morning)
    server.refused = {"a@acme.example": "550 no such user"}
    for hours, cause in enumerate(("a mail", "a stolen password", "a supplier")):
        record_facts(office, incident, {"restoration": cause}, "ada")
        with clock.held(morning + timedelta(hours=hours)):
            send_notices(office, known(office, *drafted(office, "client", "acme")), "ada")
    assert len(list(outbox(office.settings.home).iterdir())) == 1
    with_contacts(office, TWO.replace("a@acme", "ann@acme"))
    with clock.held(morning + timedelta(hours=4)):
        done = send_notices(office, known(office, *drafted(office, "client", "acme")), "ada")
    assert len(done.sent) == 1 and not list(outbox(office.settings.home).iterdir())
    ((to, message),) = server.received
    assert to == ["ann@acme.example"]
    assert "a supplier" in message.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_what_a_person_told_in_writing_does_not_go_by_mail_as_well(
    office: Workspace, morning: datetime, server: MailServer
) -> None:
    """The outbox's copy is there to be sent with another program; the letter stayed in line all the same."""
    silent = with_contacts(
        office, TWO.replace("bolt,client,Bob,Bolt,956-555-0101,", "bolt,client,Bob,Bolt,,b@b.example")
    )
    declared(silent, morning)
    acme, bolt = known(silent, *drafted(silent, "client", "acme", "bolt"))
    assert len(send_notices(silent, [acme, bolt], "ada").waiting) == 2
    written = record_notice(silent, acme.id, "mail", "ada")
    called = record_notice(silent, bolt.id, "call", "ada")
    assert notice_delivery.take_back(silent, written, "ada")
    assert not notice_delivery.take_back(silent, written, "ada")
    assert not notice_delivery.take_back(silent, called, "ada"), "it is still wanted in writing"
    assert len(list(outbox(office.settings.home).iterdir())) == 1
    send_notices(mailing(office, server), [], "ada")
    assert [to for to, _ in server.received] == [["b@b.example"]]
