"""The stored summaries of an ER file, kept as records until somebody wants them as columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa

from tasks.ace.answers.columns import Index, taken
from tasks.ace.answers.image import Image, read_image
from tasks.ace.answers.private import Seal, sealed_image
from tasks.ace.answers.read import Reading
from tasks.ace.answers.stored import Stored


@dataclass(frozen=True)
class Pictures:
    """All summaries of a reading. starts: the deck rows of their JB; numbers: of each."""

    reading: Reading = field(repr=False)
    starts: Index
    numbers: pa.Array
    seal: Seal | None = None

    def image(self, batch: int) -> Image | None:
        """Those of one batch as columns."""
        return self._image.of(batch) if self._image is not None else None

    def stored(self, batch: int) -> Stored:
        """Those of one batch as records."""
        head = self.reading.rows("10")
        own = self.reading.owner(head.at, self.starts)
        own = np.unique(own[(own >= 0) & (self.reading.batch[head.at] == batch)])
        stop = int(np.searchsorted(self.reading.batch, batch, side="right"))
        return Stored(self.reading, self.starts[own], taken(self.numbers, own), stop, self.seal)

    @cached_property
    def _image(self) -> Image | None:
        found = read_image(self.reading, self.starts, self.numbers)
        if found is None or self.seal is None:
            return found
        return sealed_image(found, self.seal)
