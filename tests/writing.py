"""Driving the editor in browser tests: beginning a draft, the clipboard, waiting for a save."""

from typing import Any

from browsing import until

PUT = """([html, plain]) => {
  document.addEventListener("copy", (event) => {
    event.clipboardData.setData("text/html", html);
    event.clipboardData.setData("text/plain", plain);
    event.preventDefault();
    event.stopImmediatePropagation();
  }, { once: true, capture: true });
  document.execCommand("copy");
}"""


def begin(page: Any, title: str, form: str = "html", template: str = "") -> str:
    """Begin a draft on the start page and return the address of its editor."""
    page.fill("#field-title", title)
    page.select_option("#field-node", index=1)
    page.check(f"input[name=format][value={form}]")
    page.check(f"input[name=template][value='{template}']")
    page.click(".start-ways .button-primary")
    ready(page)
    return str(page.url)


def ready(page: Any) -> None:
    """Wait until the editor's scripts are at work."""
    page.wait_for_selector("#editor[data-ready]")


def copy(page: Any, html: str, plain: str = "") -> None:
    """Put something on the real clipboard, as another program would."""
    page.evaluate(PUT, [html, plain])


def paste(page: Any, html: str, plain: str = "") -> None:
    """Paste something into the rich text at its end, by the keyboard."""
    page.click(".jodit-wysiwyg")
    copy(page, html, plain)
    page.keyboard.press("Control+v")


def save(page: Any) -> None:
    """Save by the keyboard and wait until the server has it."""
    version = page.get_attribute("#editor", "data-version")
    page.keyboard.press("Control+s")
    until(page, "before => document.getElementById('editor').dataset.version !== before", version)


def source(page: Any) -> str:
    """Return the text as it would be sent."""
    return str(page.input_value("#field-source"))
