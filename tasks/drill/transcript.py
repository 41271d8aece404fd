"""Tells in plain words what happens while it happens, and keeps the text."""

from __future__ import annotations

from rich.console import Console


class _SteadyConsole(Console):
    """A run is heard by its worker. If that dies, rich would end the run at the next line."""

    def on_broken_pipe(self) -> None:
        self.quiet = True


class DrillTranscript:
    """Lines for a person, on the screen at once and as text afterwards."""

    def __init__(self, title: str) -> None:
        self._lines = [title, "=" * len(title)]
        self._console = _SteadyConsole(highlight=False, soft_wrap=True)
        self._console.print(title, style="bold", markup=False)

    def chapter(self, title: str) -> None:
        self._lines += ["", title, "-" * len(title)]
        self._console.print()
        self._console.print(title, style="bold cyan", markup=False)

    def line(self, text: str) -> None:
        self._lines.append(text)
        self._console.print(text, markup=False)

    def text(self) -> str:
        return "\n".join(self._lines) + "\n"
