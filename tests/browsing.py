"""Waiting for a page in browser tests without asking it to evaluate text, which its policy forbids."""

import time
from pathlib import Path
from typing import Any

PATIENCE = 15.0
AXE = Path(__file__).parent / "browser" / "vendor" / "axe.min.js"


def until(page: Any, script: str, argument: Any = None) -> None:
    """Wait until a script function returns something true for ``argument``."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = _evaluated(page, script, argument)
        if found:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for: {script} with {argument!r}, last seen {found!r}")
        page.wait_for_timeout(40)


def _evaluated(page: Any, script: str, argument: Any) -> Any:
    try:
        return page.evaluate(script, argument)
    except Exception as error:
        # The page is on its way to the next one.
        if "context was destroyed" not in str(error):
            raise
        return None


def until_title(page: Any, beginning: str) -> None:
    """Wait until the page's title begins with some words."""
    until(page, "words => document.title.startsWith(words)", beginning)


def barriers(page: Any) -> list[str]:
    """Run axe on a page as it stands and return what it finds."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{violation['id']}: {node['html'][:160]} ({node['failureSummary'][:200]})"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
