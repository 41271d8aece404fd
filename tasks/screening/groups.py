"""Letter groups: three signs of a padded word, or of its skeleton, each group a number."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

UNIT = 1000
"""Length of a row of letter groups. Whole numbers: a sum of products has no order."""

SIGNS = " ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
BASE = len(SIGNS)
GROUPS = 2 * BASE**3
"""Numbers of letter groups: three signs of a word, then three signs of its skeleton."""

_CODE = np.zeros(128, dtype=np.int64)
_CODE[[ord(sign) for sign in SIGNS]] = np.arange(BASE)


def group_codes(texts: np.ndarray, first: int) -> sp.csr_matrix:
    """Words x letter groups, 1 where the padded word has the three signs; numbers from `first`."""
    padded = "".join(f" {text} " for text in texts)
    codes = _CODE[np.frombuffer(padded.encode("ascii"), dtype=np.uint8)]
    lengths = np.fromiter((len(text) for text in texts), dtype=np.int64, count=len(texts))
    starts = np.concatenate([[0], np.cumsum(lengths + 2)])[:-1]
    at = np.repeat(starts - np.concatenate([[0], np.cumsum(lengths)])[:-1], lengths)
    at += np.arange(len(at))
    numbers = (codes[at] * BASE + codes[at + 1]) * BASE + codes[at + 2] + first
    found = sp.csr_matrix(
        (np.ones(len(at)), numbers, np.concatenate([[0], np.cumsum(lengths)])),
        shape=(len(texts), GROUPS),
    )
    found.sum_duplicates()
    found.data[:] = 1.0
    return found
