"""What a run says goes through a pipe to its worker. When the worker dies nobody reads it any more,
and rich, which Prefect writes with, then ends the program: the run would die with its worker."""

from __future__ import annotations

import logging
from contextlib import suppress

from prefect.logging.handlers import PrefectConsoleHandler


class SteadyConsole(PrefectConsoleHandler):
    """Prefect's own console, without the end of the program. From the first line that nobody reads
    on it is still; the server is told every line as before."""

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(SystemExit):
            super().emit(record)
