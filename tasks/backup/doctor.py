"""The doctor: does the store refuse what an attacker with this host's credentials would do?"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass, field

from tasks.backup.faults import StoreFault, StoreLost
from tasks.backup.repository import Repository
from tasks.backup.stores.attack import Attack, attacks, free_bytes, protocol
from tasks.backup.stores.base import Store
from tasks.shared import clock

_CANARY = b"an object that nobody may change\n" * 8
CLOCK_SECONDS = 120.0


@dataclass(frozen=True)
class Check:
    """One finding. `weight` is `guard` for a destructive verb, else `fact`."""

    name: str
    ok: bool
    detail: str
    weight: str = "fact"


@dataclass
class Diagnosis:
    """All findings. `guarded`: every destructive verb was refused."""

    checks: list[Check] = field(default_factory=list)

    @property
    def guarded(self) -> bool:
        return all(check.ok for check in self.checks if check.weight == "guard")

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)

    def failed(self) -> list[str]:
        return [check.name for check in self.checks if not check.ok]


def examine(repository: Repository, grace_seconds: float, least_free: int = 0) -> Diagnosis:
    """Make canaries, wait until the store's grace time is over, attack them, look at the rest.

    Raises StoreLost when the store does not answer.
    """
    found, store = Diagnosis(), repository.store
    verbs = attacks(store)
    names = {verb: f"canary/{os.urandom(8).hex()}" for verb in verbs}
    for name in names.values():
        store.create(name, [_CANARY])
    found.checks += _facts(store, names, least_free)
    time.sleep(grace_seconds)
    for verb, attack in verbs.items():
        if "folder" in verb:
            # like packs: a folder of the same parent, with a fresh entry, which is when
            # Samba's worm module lets a folder be renamed
            store.create(f"canary/{os.urandom(8).hex()}", [b"fresh"])
            found.checks.append(_try(store, verb, attack, "canary", names[verb]))
        else:
            found.checks.append(_try(store, verb, attack, names[verb], names[verb]))
    return found


def _try(store: Store, verb: str, attack: Attack, target: str, canary: str) -> Check:
    """Refused means: an error, and the canary is what and where it was."""
    answer = ""
    try:
        attack(target)
    except StoreLost as error:
        if "answers 0x" not in str(error):
            raise
        answer = str(error)
    except StoreFault as error:
        answer = str(error)
    whole = False
    with contextlib.suppress(StoreFault):
        whole = store.read(canary) == _CANARY
    if answer and whole:
        return Check(verb, True, "refused", "guard")
    return Check(verb, False, "the store allows it" if not answer else "it did harm", "guard")


def _facts(store: Store, names: dict[str, str], least_free: int) -> list[Check]:
    checks = []
    for name, value in protocol(store).items():
        good = value not in ("none", "not required") and not value.startswith("0x")
        checks.append(Check(name, good and "only asked" not in value, value))
    free = free_bytes(store)
    checks.append(Check("free space", free >= least_free, f"{free / 1e9:.1f} GB"))
    there = store.stat(next(iter(names.values()))).modified
    skew = abs(there - clock.now().timestamp())
    checks.append(Check("clock", skew < CLOCK_SECONDS, f"{skew:.0f} s apart"))
    return checks
