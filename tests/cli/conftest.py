from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.cli.context import Invocation, invocation
from tasks.cli.main import run
from tasks.core.errors import ContinuityError

Said = tuple[int, str, str]


@pytest.fixture
def continuity(capsys: pytest.CaptureFixture[str], home: Path) -> Callable[..., Said]:
    """Runs one command line on the fresh home; returns exit code, standard output and error. `error`
    of the callable is the error that ended the last command, None if none did."""

    def call(*arguments: str, by: str = "it") -> Said:
        call.error = None  # type: ignore[attr-defined]
        fresh = Invocation()
        invocation.__dict__.clear()
        invocation.__dict__.update(fresh.__dict__)
        capsys.readouterr()
        try:
            run([*arguments, "--home", str(home), "--by", by])
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
            if isinstance(end.__context__, ContinuityError):
                call.error = end.__context__  # type: ignore[attr-defined]
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call
