"""The templates that a draft may begin with, as they are shipped."""

import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files

from kb.articles import Wording

_FRONT = re.compile(r"\+\+\+\n(.*?)\n\+\+\+\n(.*)\Z", re.DOTALL)


@dataclass(frozen=True)
class Template:
    """A beginning for a draft: ``code`` names it in addresses, ``source`` is Markdown."""

    code: str
    name: str
    description: str
    source: str
    wording: tuple[Wording, ...]
    internal_notes: str


def templates() -> tuple[Template, ...]:
    """Return the shipped templates in the order in which they are offered."""
    folder = files("data") / "templates"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".md"))
    return tuple(_read(name, (folder / name).read_text(encoding="utf-8")) for name in names)


def template(code: str) -> Template | None:
    """Return the template with a code, or ``None``."""
    return next((found for found in templates() if found.code == code), None)


def _read(name: str, text: str) -> Template:
    parts = _FRONT.match(text)
    if parts is None:
        raise ValueError(f"template {name} has no head")
    head = tomllib.loads(parts[1])
    return Template(
        code=name.removesuffix(".md").partition("-")[2],
        name=head["name"],
        description=head["description"],
        source=parts[2].strip() + "\n",
        wording=tuple(Wording(block["title"], block["text"]) for block in head.get("wording", ())),
        internal_notes=head.get("internal_notes", ""),
    )
