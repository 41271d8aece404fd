"""Who may do what, and what was approved."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from tasks.core.journal.bodies import AdoptedBody, AdoptionRule, Body, LocalBody


class Act(StrEnum):
    """What can be approved. Each has a payload in content, whose SHA-256 is the id of its plan."""

    SEND_BATCHES = "send-batches"
    SIGN_ACCOUNTING = "sign-accounting"
    SETTLE_ENTRIES = "settle-entries"
    BATCH_NOT_RECEIVED = "batch-not-received"
    HAND_OVER = "hand-over"
    CANCEL_NUMBER = "cancel-number"
    VOID_NUMBERS = "void-numbers"
    DECIDE_HIT = "decide-hit"


class ApprovalAsked(Body, frozen=True, kw_only=True):
    """`plan`: the SHA-256 of the act's payload. `topic`: a later request of the same topic replaces
    this one; the plan itself where none does. `binds`: the SHA-256 of the bytes it would let go."""

    kind: ClassVar[str] = "approval.asked"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("approval-bound-elsewhere", to_do=True, keys=("approval-asked",))
    plan: str
    act: Act
    topic: str
    binds: list[str]
    preparer: str


class ApprovalGranted(Body, frozen=True, kw_only=True):
    kind: ClassVar[str] = "approval.granted"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("approval-bound-elsewhere", to_do=True, keys=("approval",))
    plan: str
    binds: list[str]
    person: str
    licence: str
    sole: bool


class ApprovalRefused(Body, frozen=True, kw_only=True):
    """`reason` is the code of the refusal."""

    kind: ClassVar[str] = "approval.refused"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("approval-refused-elsewhere")
    plan: str
    person: str
    reason: str


class PersonAdded(Body, frozen=True, kw_only=True):
    kind: ClassVar[str] = "person.added"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("rights-belong-to-home", to_do=True, keys=("person",))
    person: str
    name: str
    licence: str
    roles: list[str]


class PersonEnrolled(Body, frozen=True, kw_only=True):
    """A one-time-code secret now exists for the person. The secret is never in the journal."""

    kind: ClassVar[str] = "person.enrolled"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("rights-belong-to-home", to_do=True)
    person: str


class PersonRevoked(Body, frozen=True, kw_only=True):
    kind: ClassVar[str] = "person.revoked"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("rights-belong-to-home", to_do=True)
    person: str
    reason: str


class PersonCodeUsed(Body, frozen=True, kw_only=True):
    """A time step of a person's one-time code is spent. Its key makes a replay impossible."""

    kind: ClassVar[str] = "person.code_used"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("code-used-elsewhere", keys=("code",))
    person: str
    step: int
    purpose: str


class PersonCodeFailed(Body, frozen=True, kw_only=True):
    kind: ClassVar[str] = "person.code_failed"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("code-used-elsewhere")
    person: str
    reason: str
    purpose: str


class PrivatePurged(LocalBody, frozen=True, kw_only=True):
    """The keys of private values whose day had come were destroyed: how many, up to which day."""

    kind: ClassVar[str] = "private.purged"
    values: int
    day: str


class PlanDropped(AdoptedBody, frozen=True, kw_only=True):
    """Nothing more of a plan is carried out; `reason` says which entry fell out and why, or is a
    code."""

    kind: ClassVar[str] = "plan.dropped"
    plan: str
    reason: str
