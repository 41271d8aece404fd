"""Letters by mail: written into the journal first, sent when a server takes them, each once.

mail = MailService(journal, content, settings)
with journal.write(actor) as pen:          with the fact that the letter reports
    mail.queue(pen, letter)
mail.deliver(actor)                        sends all that wait; what cannot be sent lies in the outbox

An attempt is claimed in the journal before the letter is handed over, so two processes never send the
same. If a process dies in between, nobody knows whether the server took it: after `CLAIM` it is sent
again with the same Message-ID, by which mail servers and programs know a copy.
"""

from __future__ import annotations

import json
import smtplib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path
from typing import cast

import msgspec
import sqlalchemy as sa

from tasks.core import clock
from tasks.core.content import ContentStore
from tasks.core.errors import ContinuityError, LetterFault, MailUndelivered
from tasks.core.files import write_atomic
from tasks.core.findings import Finding, finding_of_error, make_finding
from tasks.core.journal.bodies import canonical
from tasks.core.journal.journal import Journal, Pen, is_drill
from tasks.core.journal.store import EVENTS
from tasks.core.settings import Settings
from tasks.security.api import Vault
from tasks.transport import smtp
from tasks.transport.events import MailAnswered, MailDelayed, MailQueued, MailTried
from tasks.transport.mail_message import MailLetter, composed, masked_message, one_line, with_private_values
from tasks.transport.settings import MailSettings
from tasks.transport.tables import MAIL

CLAIM = timedelta(minutes=10)
_CONNECTIONS = 3
"""Connections of one delivery: a letter at which the server hangs up costs its own."""
_UNREADABLE = (ContinuityError, ValueError, LookupError, MessageError)
"""What a stored letter can raise: content or a key that is gone, a text in a coding unknown here."""


@dataclass(frozen=True)
class WaitingLetter:
    """A letter that did not reach all: `to` is whom not; `refused` are addresses, with reasons;
    `private`: the digest of its aliases, empty without them."""

    id: str
    title: str
    content: str
    to: tuple[str, ...]
    accepted: tuple[str, ...]
    refused: Mapping[str, str]
    attempt: int
    until: str
    at: str
    private: str


@dataclass
class MailDelivery:
    """What one `deliver` did, by the letters' titles. `reasons`: why the rest waits."""

    sent: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    reasons: list[Finding] = field(default_factory=list)

    @property
    def reason(self) -> str:
        """Why the rest waits, in words; empty if nothing does."""
        return "; ".join(map(str, self.reasons))

    @property
    def codes(self) -> list[str]:
        """The codes of the reasons, each once, in order."""
        return list(dict.fromkeys(reason.code for reason in self.reasons))


def waiting_letters(journal: Journal) -> list[WaitingLetter]:
    """The letters that are not yet with all whom they are for, oldest first."""
    query = (
        sa.select(MAIL, EVENTS.c.at, EVENTS.c.body)
        .join(EVENTS, EVENTS.c.seq == MAIL.c.seq)
        .where(MAIL.c.waiting != "[]")
        .order_by(MAIL.c.seq)
    )
    return [
        WaitingLetter(
            row.mail,
            row.title,
            row.content,
            tuple(json.loads(row.waiting)),
            tuple(json.loads(row.accepted)),
            json.loads(row.refused),
            row.attempt,
            row.until,
            row.at,
            json.loads(row.body).get("private", ""),
        )
        for row in journal.rows(query)
    ]


class MailService:
    """Queues letters and delivers what waits."""

    def __init__(self, journal: Journal, content: ContentStore, settings: Settings) -> None:
        self._journal, self._content, self._settings = journal, content, settings
        self._vault = Vault(settings.home)

    def queue(self, pen: Pen, letter: MailLetter) -> bool:
        """Put a letter into the journal, in the caller's transaction. False if it is there already."""
        if pen.rows(sa.select(MAIL.c.mail).where(MAIL.c.mail == letter.id)):
            return False
        content = self._content.put(bytes(composed(letter, self._settings)))
        body = MailQueued(
            mail=letter.id,
            title=one_line(letter.title),
            to=list(letter.to),
            content=content,
            private=self._declared(letter),
        )
        return pen.append(body, f"mail/{letter.id}", f"mail.queued:{letter.id}") is not None

    def _declared(self, letter: MailLetter) -> str:
        """Where the aliases of a letter are kept; empty if it has none."""
        if not letter.private:
            return ""
        return self._content.put(canonical(dict(letter.private)).encode())

    def send(self, letter: MailLetter, actor: str) -> MailDelivery:
        """Queue a letter on its own and deliver what waits."""
        with self._journal.write(actor) as pen:
            self.queue(pen, letter)
        return self.deliver(actor)

    def deliver(self, actor: str) -> MailDelivery:
        """Send what waits. Never raises for a server that is down or a letter that cannot be sent:
        `reasons` say which and why, they lie in the outbox, and the next call tries them again. A
        letter that fails holds no other back."""
        delivery, put_off, faults = MailDelivery(), dict[str, str](), dict[str, Finding]()
        letters = waiting_letters(self._journal)
        try:
            if letters and not self._settings(MailSettings).server:
                raise MailUndelivered("mail-server-not-set")
            if letters and is_drill(self._journal):
                raise MailUndelivered("mail-blocked-in-drill")
            self._deliver(letters, put_off, faults, actor)
        except MailUndelivered as failure:
            delivery.reasons = [finding_of_error(failure)]
        unsent = waiting_letters(self._journal)
        unsent_ids = {letter.id for letter in unsent}
        delivery.sent = [letter.title for letter in letters if letter.id not in unsent_ids]
        delivery.waiting = [letter.title for letter in unsent]
        faults |= self._keep_outbox(unsent)
        delivery.reasons = delivery.reasons or list(self._reasons(unsent, put_off))
        delivery.reasons += [faults[letter.id].about(repr(letter.title)) for letter in unsent if letter.id in faults]
        if unsent:
            self._record_delay(delivery.reasons, unsent, actor)
        delivery.reasons += _claimed(unsent)
        return delivery

    def _deliver(
        self, letters: Sequence[WaitingLetter], put_off: dict[str, str], faults: dict[str, Finding], actor: str
    ) -> None:
        """Try each letter once. `faults` gets the letters that failed by themselves: id -> reason.
        A server that hangs up is called again for the rest, `_LINES` times at most. Raises
        MailUndelivered if it cannot be reached, or says that it takes nothing more."""
        letters_left, broken = list(letters), Finding("")
        for _ in range(_CONNECTIONS):
            if not letters_left:
                return
            with smtp.connection(self._settings(MailSettings)) as server:
                while letters_left:
                    letter = letters_left.pop(0)
                    try:
                        put_off |= self._attempt(server, letter, actor)
                    except LetterFault as fault:
                        faults[letter.id] = finding_of_error(fault)
                    except OSError as failure:  # as all of smtplib's are
                        settings, reason = self._settings(MailSettings), str(failure)
                        broken = make_finding(
                            "mail-line-broke",
                            server=settings.server,
                            port=settings.port,
                            reason=reason or type(failure).__name__,
                        )
                        faults[letter.id] = broken
                        break
        if letters_left:
            raise MailUndelivered("mail-line-broke-again", **broken.values, times=_CONNECTIONS)

    def tidy(self) -> None:
        """Only what waits lies in the outbox."""
        self._keep_outbox(waiting_letters(self._journal))

    def _attempt(self, server: smtplib.SMTP, letter: WaitingLetter, actor: str) -> dict[str, str]:
        """Returns the addresses that the server puts off, as greylists do, with its words. Raises
        LetterFault for what is wrong with this letter alone, MailUndelivered or OSError for the
        connection."""
        answered = {*letter.accepted, *letter.refused}
        to = sorted({address for name in letter.to for address in self._addresses(name)} - answered)
        if not to:
            return {}
        # Before the claim: a private value that was purged leaves the letter waiting, untried.
        message = self._composed(letter)
        if not self._claim(letter, actor):
            return {}
        try:
            refused = smtp.hand_over(server, message, self._settings(MailSettings).sender, to)
        except (MailUndelivered, LetterFault):
            self._answer(letter, [], {}, actor)
            raise
        answers = {address: f"{code} {why}" for address, (code, why) in refused.items()}
        final = {address: answers[address] for address in refused if refused[address][0] >= smtp.PERMANENT}
        self._answer(letter, [address for address in to if address not in refused], final, actor)
        return {address: why for address, why in answers.items() if address not in final}

    def _claim(self, letter: WaitingLetter, actor: str) -> bool:
        """Whether the next attempt is this process's own."""
        if letter.until > clock.text():
            return False
        until, attempt = clock.text(clock.now() + CLAIM), letter.attempt + 1
        body = MailTried(mail=letter.id, attempt=attempt, until=until)
        key = f"mail.tried:{letter.id}:{attempt}"
        return self._journal.append(body, f"mail/{letter.id}", actor, key)

    def _answer(self, letter: WaitingLetter, accepted: list[str], refused: dict[str, str], actor: str) -> None:
        reached, dead = {*letter.accepted, *accepted}, {*letter.refused, *refused}
        body = MailAnswered(
            mail=letter.id,
            attempt=letter.attempt + 1,
            accepted=accepted,
            refused=refused,
            waiting=[name for name in letter.to if not self._is_reached(name, reached, dead)],
        )
        self._journal.append(body, f"mail/{letter.id}", actor)

    def _is_reached(self, name: str, reached: set[str], dead: set[str]) -> bool:
        """One address of a role took it, and none is left to try."""
        addresses = set(self._addresses(name))
        return bool(addresses & reached) and addresses <= reached | dead

    def _addresses(self, name: str) -> tuple[str, ...]:
        return (name,) if "@" in name else self._settings(MailSettings).recipients.get(name, ())

    def _reasons(self, left: list[WaitingLetter], put_off: Mapping[str, str]) -> Iterator[Finding]:
        names = {name for letter in left for name in letter.to if not self._addresses(name)}
        yield from (make_finding("mail-role-without-address", role=name) for name in sorted(names))
        refused = {(address, why) for letter in left for address, why in letter.refused.items()}
        yield from (
            make_finding("mail-address-refused", address=address, reason=why) for address, why in sorted(refused)
        )
        yield from (
            make_finding("mail-address-put-off", address=address, reason=why)
            for address, why in sorted(put_off.items())
        )

    def _record_delay(self, reasons: list[Finding], left: list[WaitingLetter], actor: str) -> None:
        """Record the same reasons once a day; status shows the newest."""
        if reasons:
            body = MailDelayed(reasons=list(reasons), waiting=[letter.id for letter in left])
            reasons_digest = sha256(msgspec.json.encode(body.reasons, order="sorted")).hexdigest()[:12]
            self._journal.append(body, "mail", actor, f"mail.delayed:{clock.text()[:10]}:{reasons_digest}")

    def _composed(self, letter: WaitingLetter) -> EmailMessage:
        """The message with the values that it declares. Raises LetterFault."""
        try:
            private = json.loads(self._content.get(letter.private)) if letter.private else {}
            return with_private_values(self._addressed(letter), private, self._vault.open)
        except _UNREADABLE as fault:
            cause = _unreadable(fault)
            raise LetterFault(cause.code, **cause.values) from fault

    def _addressed(self, letter: WaitingLetter) -> EmailMessage:
        data = self._content.get(letter.content)
        message = cast("EmailMessage", message_from_bytes(data, policy=policy.SMTP))
        to = [address for name in letter.to for address in self._addresses(name)]
        message["To"] = ", ".join(dict.fromkeys([*letter.accepted, *to])) or "undisclosed:;"
        return message

    def _keep_outbox(self, left: list[WaitingLetter]) -> dict[str, Finding]:
        """The outbox folder shows what waits, so that a person can send it with her own program.
        Returns the letters that cannot be read: id -> reason."""
        faults = dict[str, Finding]()
        files = {self._outbox_path(letter): letter for letter in left}
        folder = outbox(self._settings.home)
        for path in folder.glob(f"*-{'?' * 24}.eml"):
            if path not in files:
                path.unlink(missing_ok=True)
        for path, letter in files.items():
            try:
                message = masked_message(self._addressed(letter))
            except _UNREADABLE as fault:
                faults[letter.id] = _unreadable(fault)
                continue
            message["X-Unsent"] = "1"  # opens in Outlook as a draft, ready to be sent
            if not path.exists() or path.read_bytes() != bytes(message):
                write_atomic(path, bytes(message), mode=0o600)
        return faults

    def _outbox_path(self, letter: WaitingLetter) -> Path:
        stamp = clock.stamp(clock.parse(letter.at))
        return outbox(self._settings.home) / f"{stamp}-{letter.id}.eml"


def _unreadable(fault: Exception) -> Finding:
    """Why a stored letter cannot be read."""
    if isinstance(fault, ContinuityError):
        return finding_of_error(fault)
    return make_finding("letter-not-readable", reason=str(fault) or type(fault).__name__)


def _claimed(left: Sequence[WaitingLetter]) -> Iterator[Finding]:
    """An attempt that broke off, or that another process makes now."""
    until = [letter.until for letter in left if letter.until > clock.text()]
    if until:
        yield make_finding("mail-outcome-unknown", count=len(until), until=f"{max(until)[:16]}Z")


def outbox(home: Path) -> Path:
    return home / "outbox"
