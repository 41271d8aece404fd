"""Letters against a real SMTP server: TLS, refused recipients, a server that is down, crashes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tasks.core import clock
from tasks.core.content import ContentStore
from tasks.core.errors import BadSettings
from tasks.core.journal.journal import Journal
from tasks.core.journal.verification import verify_journal
from tasks.core.settings import Settings, load_settings
from tasks.security.private_data import Vault
from tasks.transport import smtp, status
from tasks.transport.mail import MailDelivery, MailService, outbox, waiting_letters
from tasks.transport.mail_message import MailAttachment, MailLetter, private_alias
from tasks.workspace import Workspace
from tests.conftest import SETTINGS
from tests.errors import refused
from tests.mail_server import PASSWORD, MailServer, mail_server

IT, ADA, BO = "it@harborvance.example", "ada@harborvance.example", "bo@harborvance.example"
RECIPIENTS = f'{{ it = ["{IT}"], licence-holder = ["{ADA}", "{BO}"] }}'


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MailServer]:
    with mail_server(tmp_path) as running:
        yield running


def settled(home: Path, text: str) -> Settings:
    (home / "continuity.toml").write_text(SETTINGS + text)
    return load_settings(home)


@pytest.fixture
def post(journal: Journal, content: ContentStore, home: Path, server: MailServer) -> MailService:
    return MailService(journal, content, settled(home, server.settings(home, RECIPIENTS)))


def letter(key: str = "duty/isa/180", *, to: tuple[str, ...] = ("it", "licence-holder")) -> MailLetter:
    return MailLetter(
        key=key,
        to=to,
        title="ISA: submit\r\nBcc: everybody@example.com",
        text="Submit the renewal: größer als nötig.\n",
        html="<p>Submit the renewal</p>",
        attachments=[MailAttachment("isa.ics", b"BEGIN:VCALENDAR\r\n", "text/calendar; method=PUBLISH")],
    )


def test_a_letter_arrives_once_encrypted_and_whole(post: MailService, server: MailServer, journal: Journal) -> None:
    done = post.send(letter(), "it")
    assert (len(done.sent), done.waiting, done.reason) == (1, [], "")
    assert not post.send(letter(), "it").sent
    ((to, message),) = server.received
    assert sorted(to) == [ADA, BO, IT] and message["To"] == f"{IT}, {ADA}, {BO}"
    assert message["Subject"] == "ISA: submit Bcc: everybody@example.com" and not message["Bcc"]
    assert message["Message-ID"] == f"<{letter().id}@harborvance.example>"
    parts = [part.get_content_type() for part in message.walk()]
    assert {"text/plain", "text/html", "text/calendar"} <= set(parts)
    assert "größer" in message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    (attached,) = message.iter_attachments()
    assert attached.get_filename() == "isa.ics"
    assert attached.get_param("method", header="content-type") == "PUBLISH"
    assert server.logins == 1
    assert verify_journal(journal).ok


def test_a_refused_recipient_keeps_no_other_back(
    post: MailService, server: MailServer, journal: Journal, home: Path, content: ContentStore
) -> None:
    server.refused = {IT: "550 no such person", BO: "451 try later"}
    done = post.send(letter(), "it")
    assert [to for to, _ in server.received] == [[ADA]]
    assert {"address": IT, "reason": "550 no such person"} in values(done, "mail-address-refused")
    assert waiting_letters(journal)[0].to == ("it", "licence-holder")
    server.refused = {IT: "550 no such person"}
    post.deliver("it")
    assert [to for to, _ in server.received] == [[ADA], [BO]]
    assert waiting_letters(journal)[0].to == ("it",)
    post.deliver("it")
    assert len(server.received) == 2, "an address that was refused for good is not asked again"
    new = RECIPIENTS.replace(IT, "support@harborvance.example")
    MailService(journal, content, settled(home, server.settings(home, new))).deliver("it")
    assert server.received[-1][0] == ["support@harborvance.example"]
    assert not waiting_letters(journal) and not list(outbox(home).iterdir())


def test_a_role_without_an_address_waits_and_says_so(post: MailService, journal: Journal) -> None:
    done = post.send(letter(to=("it", "deputy")), "it")
    assert done.waiting and values(done, "mail-role-without-address") == [{"role": "deputy"}]
    assert waiting_letters(journal)[0].to == ("deputy",)


def test_without_a_server_the_letter_lies_in_the_outbox(
    journal: Journal, content: ContentStore, home: Path, server: MailServer
) -> None:
    done = MailService(journal, content, load_settings(home)).send(letter(), "it")
    assert codes(done) == ["mail-server-not-set"]
    (path,) = outbox(home).iterdir()
    assert b"X-Unsent: 1" in path.read_bytes()
    MailService(journal, content, settled(home, server.settings(home, RECIPIENTS))).deliver("it")
    assert len(server.received) == 1 and not server.received[0][1]["X-Unsent"]
    assert not list(outbox(home).iterdir())
    assert sum(1 for _ in journal.events(kind="mail.delayed")) == 1


def test_a_server_that_is_down_or_not_trusted_gets_nothing(
    journal: Journal, content: ContentStore, home: Path, server: MailServer, tmp_path: Path
) -> None:
    text = server.settings(home, RECIPIENTS)
    down = settled(home, text.replace(f"port = {server.port}", "port = 1"))
    done = MailService(journal, content, down).send(letter(), "it")
    (facts,) = values(done, "mail-server-not-reachable")
    assert "refused" in str(facts["reason"]).lower()
    strange = settled(home, text.replace(f'ca_file = "{server.certificate}"', ""))
    (facts,) = values(MailService(journal, content, strange).deliver("it"), "mail-server-not-reachable")
    assert "certificate" in str(facts["reason"])
    server.busy = "452 no room"
    ours = MailService(journal, content, settled(home, text))
    assert ours.deliver("it").waiting and not server.received
    server.busy = ""
    assert ours.deliver("it").sent and len(server.received) == 1


def test_why_a_letter_waits_is_always_said(post: MailService, server: MailServer, journal: Journal, home: Path) -> None:
    """Greylisted, broken off, closing: a person heard `1 wait` and nothing more."""
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    server.refused = {IT: "450 4.7.1 greylisted"}
    with clock.held(noon):
        done = post.send(letter(to=(IT,)), "it")
        assert values(done, "mail-address-put-off") == [{"address": IT, "reason": "450 4.7.1 greylisted"}]
    server.refused = {IT: "421 too many"}
    with clock.held(noon):
        post.send(letter("another", to=(ADA,)), "it")
        done = post.deliver("it")
        assert values(done, "mail-connection-closed") == [{"status": 421, "reason": "too many"}]
        assert not server.received
    server.refused, server.breaks = {}, True
    with clock.held(noon):
        done = post.deliver("it")
        assert {facts["port"] for facts in values(done, "mail-line-broke")} == {server.port}
        (facts,) = values(done, "mail-outcome-unknown")
        assert facts["until"] == "2026-11-24T12:10Z"
        assert "mail-outcome-unknown" in codes(post.deliver("it"))
    *_, line = status.lines(Workspace(load_settings(home), journal=journal))
    broke = [str(reason) for reason in done.reasons if reason.code == "mail-line-broke"]
    assert line.fact.startswith("2 ") and broke[0] in line.fact
    assert line.next == "continuity duties remind"
    server.breaks = False
    with clock.held(noon + timedelta(minutes=11)):
        assert len(post.deliver("it").sent) == 2 and len(server.received) == 2


def test_a_login_that_is_refused_and_the_two_kinds_of_tls(
    journal: Journal, content: ContentStore, home: Path, server: MailServer, tmp_path: Path
) -> None:
    text = server.settings(home, RECIPIENTS)
    (home / "mail-password").write_text("a wrong one")
    done = MailService(journal, content, settled(home, text)).send(letter(), "it")
    (facts,) = values(done, "mail-server-not-reachable")
    assert "535" in str(facts["reason"]) and not server.received
    (home / "mail-password").write_text(PASSWORD)
    tls = settled(home, text.replace("timeout_seconds = 5", 'security = "tls"'))
    (facts,) = values(MailService(journal, content, tls).deliver("it"), "mail-security-mismatch")
    assert facts["other"] == "starttls"
    with mail_server(tmp_path, tls=True) as other:
        text = other.settings(home, RECIPIENTS)
        plain = settled(home, text.replace("timeout_seconds = 5", "timeout_seconds = 0.3"))
        (facts,) = values(MailService(journal, content, plain).deliver("it"), "mail-security-mismatch")
        assert facts["other"] == "tls"
        ours = settled(home, text.replace("timeout_seconds = 5", 'security = "tls"'))
        assert MailService(journal, content, ours).deliver("it").sent and other.received


def test_two_processes_never_send_the_same(
    post: MailService, server: MailServer, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_over = smtp.hand_over

    def meanwhile(*given):
        monkeypatch.setattr(smtp, "hand_over", hand_over)
        assert post.deliver("another").sent == []
        return hand_over(*given)

    monkeypatch.setattr(smtp, "hand_over", meanwhile)
    assert post.send(letter(), "it").sent
    assert len(server.received) == 1


def test_a_process_that_dies_in_the_middle_leaves_it_to_the_next(
    post: MailService, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows whether the server took it; the copy that follows has the same Message-ID."""
    hand_over = smtp.hand_over

    def dies(*given):
        hand_over(*given)
        raise KeyboardInterrupt

    monkeypatch.setattr(smtp, "hand_over", dies)
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    with clock.held(noon), pytest.raises(KeyboardInterrupt):
        post.send(letter(), "it")
    monkeypatch.setattr(smtp, "hand_over", hand_over)
    with clock.held(noon + timedelta(minutes=5)):
        assert not post.deliver("it").sent and len(server.received) == 1
    with clock.held(noon + timedelta(minutes=11)):
        assert post.deliver("it").sent
    assert len({message["Message-ID"] for _, message in server.received}) == 1


def codes(done: MailDelivery) -> list[str]:
    return [reason.code for reason in done.reasons]


def values(done: MailDelivery, code: str) -> list[dict[str, str | int | float]]:
    """The facts of the reasons of one code."""
    return [reason.values for reason in done.reasons if reason.code == code]


SSN = "078-05-1121"


def sealed(home: Path) -> str:
    """The reference of a Social Security number in the vault of this home."""
    (reference,) = Vault(home).seal([("ABC-9000004-9", "entries.importer_number", SSN)], None)
    return reference


def plain(key: str, text: str, private: dict[str, str] | None = None) -> MailLetter:
    return MailLetter(key=key, to=(ADA,), title=key, text=text, private=private or {})


def test_a_text_with_the_form_of_a_reference_holds_nothing_back(
    post: MailService, server: MailServer, journal: Journal
) -> None:
    with journal.write("it") as pen:
        post.queue(pen, plain("hit", "hit for partner ~AAAAAAAAAAA"))
        post.queue(pen, plain("breach", "the 72-hour notice"))
    done = post.deliver("it")
    assert done.sent == ["hit", "breach"] and done.waiting == [] and done.reason == ""
    assert "~AAAAAAAAAAA" in server.received[0][1].get_content()


def test_a_reference_that_somebody_typed_is_never_opened(post: MailService, server: MailServer, home: Path) -> None:
    reference, alias = sealed(home), private_alias()
    text = f"Partner {reference} Trading; number {alias}"
    post.send(plain("undeclared", text), "it")
    post.send(plain("declared", text, {alias: reference}), "it")
    without, opened = (message.get_content() for _, message in server.received)
    assert SSN not in without and alias in without
    assert opened.strip() == f"Partner {reference} Trading; number {SSN}"


def test_a_letter_whose_content_or_key_is_gone_holds_no_other_back(
    post: MailService, server: MailServer, journal: Journal, content: ContentStore, home: Path
) -> None:
    """It is named with its reason, and goes once it can be read again."""
    alias = private_alias()
    with journal.write("it") as pen:
        post.queue(pen, plain("lost", "its content was lost"))
        post.queue(pen, plain("purged", alias, {alias: "~BBBBBBBBBBB"}))
        post.queue(pen, plain("breach", "the 72-hour notice"))
    lost = content.path(waiting_letters(journal)[0].content)
    kept = lost.read_bytes()
    lost.unlink()
    for _ in range(2):
        done = post.deliver("it")
        assert done.waiting == ["lost", "purged"]
        assert [(reason.subject, reason.code) for reason in done.reasons] == [
            ("'lost'", "content-missing"), ("'purged'", "private-value-missing"),
        ]  # fmt: skip
        assert values(done, "private-value-missing") == [{"reference": "~BBBBBBBBBBB"}]
    assert [message["Subject"] for _, message in server.received] == ["breach"]
    *_, line = status.lines(Workspace(load_settings(home), journal=journal))
    assert "'lost'" in line.fact
    lost.write_bytes(kept)
    assert post.deliver("it").sent == ["lost"]


def test_a_letter_that_the_server_does_not_take_holds_no_other_back(
    post: MailService, server: MailServer, journal: Journal
) -> None:
    """Larger than the server takes, and one at which it hangs up."""
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    with clock.held(noon):
        with journal.write("it") as pen:
            post.queue(pen, plain("large", "x" * 34_000_000))
            post.queue(pen, plain("hangs up", "at this one"))
            post.queue(pen, plain("breach", "the 72-hour notice"))
        server.hangs_up_at = "hangs up"
        done = post.deliver("it")
        assert done.sent == ["breach"] and done.waiting == ["large", "hangs up"]
        assert [(reason.subject, reason.code) for reason in done.reasons] == [
            ("'large'", "mail-sender-not-taken"), ("'hangs up'", "mail-line-broke"),
            ("", "mail-outcome-unknown"),
        ]  # fmt: skip
        assert values(done, "mail-sender-not-taken")[0]["status"] == 552
        assert values(done, "mail-outcome-unknown")[0]["until"] == "2026-11-24T12:10Z"
    server.hangs_up_at = ""
    with clock.held(noon + timedelta(minutes=11)):
        assert post.deliver("it").sent == ["hangs up"]


def test_settings_that_cannot_send_are_refused(home: Path) -> None:
    with refused("settings-invalid", BadSettings) as caught:
        settled(home, '[mail]\nserver = "mail.example"\n')
    assert [problem.column for problem in caught.problems] == ["mail"]
    with refused("settings-invalid", BadSettings) as caught:
        settled(home, '[mail]\nrecipients = { it = ["no address"] }\n')
    assert [problem.column for problem in caught.problems] == ["mail.recipients.it.0"]
