"""Waiting for a page in browser tests without asking it to evaluate text, which its policy forbids."""

import re
import time
from pathlib import Path
from typing import Any

PATIENCE = 30.0
# What a page answers that is on its way to the next one, or whose next state has not been drawn yet: the
# element asked for is not there. Any other fault of a script is one of the test and is raised at once.
NOT_YET = re.compile(
    r"context was destroyed|Cannot find context|Cannot read properties of (?:null|undefined)|navigating"
)
AXE = Path(__file__).parent / "browser" / "vendor" / "axe.min.js"


def until(page: Any, script: str, argument: Any = None) -> None:
    """Wait until a script function returns something true for ``argument``.

    An element that is not there counts as "not yet". Raises AssertionError with what was seen last.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        found, met = _evaluated(page, script, argument)
        if met:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for: {script} with {argument!r}, last seen {found!r}")
        page.wait_for_timeout(40)


def _evaluated(page: Any, script: str, argument: Any) -> tuple[Any, bool]:
    """Return what the script said, or why it could not say anything yet, and whether it was satisfied."""
    try:
        found = page.evaluate(script, argument)
    except Exception as error:
        if not NOT_YET.search(str(error)):
            raise
        return str(error), False
    return found, bool(found)


def arrive(page: Any, selector: str) -> Any:
    """Wait for an element of the next page and until that page's scripts are at work; returns the element."""
    element = page.wait_for_selector(selector)
    page.wait_for_load_state()
    return element


def follow(page: Any, selector: str) -> None:
    """Click what leads to another page, and wait until that one is there: for pages without scripts."""
    with page.expect_navigation():
        page.click(selector)


def reads(page: Any, selector: str, words: str) -> None:
    """Wait until an element shows exactly these words."""
    until(page, "([at, words]) => document.querySelector(at).innerText.trim() === words", [selector, words])


def focused(page: Any, selector: str) -> None:
    """Wait until the focus is on an element."""
    until(page, "at => document.activeElement.matches(at)", selector)


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
