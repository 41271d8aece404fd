"""A person at the UI: Chromium, driven as one clicks."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PROGRAM = Path("/usr/bin/chromium")
PATIENCE = 30_000


class Browser:
    """One page. `outside`: hosts other than this machine that any page asked for."""

    def __init__(self, chromium: Any) -> None:
        self._page = chromium.new_page(viewport={"width": 1400, "height": 950})
        self._page.set_default_timeout(PATIENCE)
        self.outside: set[str] = set()
        self._page.on("request", self._note)

    def _note(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme.startswith(("http", "ws")) and parts.hostname != "127.0.0.1":
            self.outside.add(str(parts.hostname))

    def log_in(self, page: str, line: str) -> None:
        """Paste the line of the password file into the page that asks for it."""
        self._page.goto(f"{page}/dashboard")
        self._page.locator("input[type=password]").fill(line)
        self._page.get_by_role("button", name="Login").click()
        self._page.get_by_text("Flow Runs").first.wait_for()

    def answer(self, page: str, run: str, person: str, code: str) -> None:
        """Open a run that waits, press Resume, fill in the form, submit it."""
        form = self._form(page, run)
        fields = form.locator("textarea")
        fields.nth(1).fill(person)
        fields.nth(2).fill(code)
        form.get_by_role("button", name="Submit").click()
        form.wait_for(state="hidden")

    def question(self, page: str, run: str) -> str:
        """What the form says."""
        return self._form(page, run).inner_text()

    def _form(self, page: str, run: str) -> Any:
        self._page.goto(f"{page}/runs/flow-run/{run}")
        self._page.get_by_role("button", name="Resume").click()
        form = self._page.get_by_role("dialog")
        form.locator("textarea").nth(2).wait_for()
        return form

    def quick_run(self, page: str, deployment: str) -> None:
        """Start a deployment with its own parameters."""
        self._page.goto(f"{page}/deployments/deployment/{deployment}")
        self._page.get_by_role("button", name="Run", exact=True).click()
        self._page.get_by_text("Quick run").click()

    def what_failed(self, page: str, run: str, shows: str) -> None:
        """From the dashboard in two clicks to the run that failed, whose log must show this."""
        self._page.goto(f"{page}/dashboard")
        self._page.get_by_role("link", name="reconciliation").first.click()
        self._page.get_by_role("link", name=run).first.click()
        self._page.get_by_text(shows).first.wait_for()

    def look(self, page: str, folder: Path, run: str) -> None:
        """Open the pages that an ops person uses: each must show what she looks for."""
        for name, path, shows in (
            ("dashboard", "dashboard", "Flow Runs"),
            ("run", f"runs/flow-run/{run}", "Completed"),
            ("artifacts", "artifacts", "batches-2026-01"),
            ("deployments", "deployments", "restore-drill"),
            ("automations", "automations", "continuity: run is late"),
        ):
            self._page.goto(f"{page}/{path}")
            self._page.get_by_text(shows).first.wait_for()
            self._page.screenshot(path=str(folder / f"{name}.png"))
