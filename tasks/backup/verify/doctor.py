"""The doctor: does the store refuse what an attacker with this host's credentials would do?"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass, field

from tasks.backup.format.repository import Repository
from tasks.backup.stores.attack_verbs import Attack, attack_verbs, free_bytes, protocol_properties
from tasks.backup.stores.store_protocol import Store
from tasks.core import clock
from tasks.core.errors import StoreFault, StoreLost
from tasks.core.findings import Finding, make_finding

_CANARY = b"an object that nobody may change\n" * 8
CLOCK_SECONDS = 120.0


@dataclass(frozen=True)
class StoreCheck:
    """One check and what it found. `weight` is `guard` for a destructive verb, else `fact`."""

    name: str
    ok: bool
    findings: tuple[Finding, ...]
    weight: str = "fact"

    @property
    def detail(self) -> str:
        """What it found, in words."""
        return "; ".join(map(str, self.findings))


@dataclass
class Diagnosis:
    """All findings. `guarded`: every destructive verb was refused."""

    checks: list[StoreCheck] = field(default_factory=list)

    @property
    def guarded(self) -> bool:
        return all(check.ok for check in self.checks if check.weight == "guard")

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)

    def failed(self) -> list[str]:
        return [check.name for check in self.checks if not check.ok]


def examine_store(repository: Repository, grace_seconds: float, least_free: int = 0) -> Diagnosis:
    """Make canaries, wait until the store's grace time is over, attack them, look at the rest.

    Raises StoreLost when the store does not answer.
    """
    diagnosis, store = Diagnosis(), repository.store
    verbs = attack_verbs(store)
    names = {verb: f"canary/{os.urandom(8).hex()}" for verb in verbs}
    for name in names.values():
        store.create(name, [_CANARY])
    diagnosis.checks += _facts(store, names, least_free)
    time.sleep(grace_seconds)
    for verb, attack in verbs.items():
        if "folder" in verb:
            # like packs: a folder of the same parent, with a fresh entry, which is when
            # Samba's worm module lets a folder be renamed
            store.create(f"canary/{os.urandom(8).hex()}", [b"fresh"])
            diagnosis.checks.append(_try(store, verb, attack, "canary", names[verb]))
        else:
            diagnosis.checks.append(_try(store, verb, attack, names[verb], names[verb]))
    return diagnosis


def _try(store: Store, verb: str, attack: Attack, target: str, canary: str) -> StoreCheck:
    """Refused means: an error, and the canary is what and where it was."""
    refused = False
    try:
        attack(target)
    except StoreLost as error:
        if error.code not in (
            "share-server-error",
            "share-name-unknown",
        ):  # which is an answer: the server would not do it
            raise
        refused = True
    except StoreFault:
        refused = True
    intact = False
    with contextlib.suppress(StoreFault):
        intact = store.read(canary) == _CANARY
    if refused and intact:
        return StoreCheck(verb, True, (Finding("attack-refused"),), "guard")
    code = "attack-harmful" if refused else "attack-allowed"
    return StoreCheck(verb, False, (Finding(code),), "guard")


def _facts(store: Store, names: dict[str, str], least_free: int) -> list[StoreCheck]:
    checks: list[StoreCheck] = []
    checks += [StoreCheck(name, fact.ok, (fact.finding,)) for name, fact in protocol_properties(store).items()]
    free = free_bytes(store)
    free_space = make_finding("store-free-bytes", free=free, gigabytes=round(free / 1e9, 1))
    checks.append(StoreCheck("free space", free >= least_free, (free_space,)))
    there = store.stat(next(iter(names.values()))).modified
    skew = abs(there - clock.now().timestamp())
    apart = make_finding("store-clock-apart", seconds=round(skew))
    checks.append(StoreCheck("clock", skew < CLOCK_SECONDS, (apart,)))
    return checks
