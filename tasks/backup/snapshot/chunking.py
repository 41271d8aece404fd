"""Content-defined cutting of large files, and the buffers that it works in."""

from __future__ import annotations

import queue
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from tasks.security.api import derive_key

LEAST, AVERAGE, MOST = 128 << 10, 512 << 10, 4 << 20
WINDOW = 8 << 20  # must hold at least two of the largest chunks
SMALL = 1 << 20  # files below are never cut

ReadInto = Callable[[memoryview], int]


def make_cutter(id_key: bytes) -> Any:
    """FastCDC with a seed of the repository's own: the same file is cut elsewhere differently, so
    that sizes of chunks do not give a known file away."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the pure Python fallback cuts the same, only slower
        from pyfastcdc import FastCDC
    seed = int.from_bytes(derive_key(id_key, "cut points", 8), "big") >> 1  # it shifts the seed itself
    return FastCDC(AVERAGE, min_size=LEAST, max_size=MOST, seed=seed)


class Buffers:
    """A fixed number of equal buffers; `take` waits for one to come back. Keeps memory flat."""

    def __init__(self, count: int, size: int) -> None:
        self.size = size
        self._free: queue.SimpleQueue[bytearray | None] = queue.SimpleQueue()
        for _ in range(count):
            self._free.put(None)  # made when first taken

    def take(self) -> bytearray:
        return self._free.get() or bytearray(self.size)

    def give(self, buffer: bytearray) -> None:
        self._free.put(buffer)


def fill(read_into: ReadInto, view: memoryview) -> int:
    """Read until the view is full or the data ends; the number of bytes read."""
    have = 0
    while have < len(view):
        got = read_into(view[have:])
        if not got:
            break
        have += got
    return have


def cut_windows(
    read_into: ReadInto, cutter: Any, buffers: Buffers
) -> Iterator[tuple[bytearray, int, list[tuple[int, int]]]]:
    """Read a stream window by window: the buffer, how far it is newly cut, and the chunks in it.

    The last chunk of a window is cut again in the next one, so that cut points depend on the
    content alone. The receiver gives each buffer back.
    """
    buffer = buffers.take()
    have = fill(read_into, memoryview(buffer))
    while have:
        ended = have < len(buffer)
        with memoryview(buffer) as view:
            chunks = [(c.offset, c.length) for c in cutter.cut_buf(view[:have])]
        if ended:
            yield buffer, have, chunks
            return
        remainder = chunks.pop()[0]
        following = buffers.take()
        left = have - remainder
        following[:left] = memoryview(buffer)[remainder:have]
        yield buffer, remainder, chunks
        buffer = following
        have = left + fill(read_into, memoryview(buffer)[left:])
    buffers.give(buffer)
