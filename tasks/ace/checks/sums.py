"""Sums and counts by owner, as the rules of both filings need them."""

from __future__ import annotations

import numpy as np

from tasks.ace.checks.deck import Index, Numbers


def totals(owner: Index, value: Numbers, count: int) -> Numbers:
    """(count,) sums of values by owner; owners below zero are left out. Exact below 2**53."""
    if len(owner) and int(owner.min()) < 0:
        inside = owner >= 0
        owner, value = owner[inside], value[inside]
    return np.bincount(owner, weights=value, minlength=count).astype(np.int64)


def presence(owner: Index, kind: Index, owners: int, kinds: int) -> Numbers:
    """(owners, kinds) how often each kind (0 = none of them) stands under each owner."""
    inside = owner >= 0
    flat = owner[inside].astype(np.int64) * kinds + kind[inside]
    return np.bincount(flat, minlength=owners * kinds).reshape(owners, kinds)
