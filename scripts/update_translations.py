"""Brings the English catalogue up to date with the code and templates; for maintainers.

Run ``python scripts/update_translations.py`` after a Chinese sentence was added or changed, translate
what it lists in web/translations/en/LC_MESSAGES/messages.po, and run it again. Sentences that are no
longer used are dropped. tests/web/test_i18n.py fails while anything is missing or not compiled.
"""

import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "web" / "translations" / "en" / "LC_MESSAGES"
SOURCE = FOLDER / "messages.po"
COMPILED = FOLDER / "messages.mo"
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2"), ("**/templates/**.xml", "jinja2")]
# The sentences of expected failures are translated where they are shown, not where they are raised.
FAILURES = ("NotFound", "Forbidden", "Conflict", "Invalid", "TooMany", "SearchUnavailable")
KEYWORDS = {**DEFAULT_KEYWORDS, **dict.fromkeys(FAILURES)}
HEADER = "# English texts of the pages; the Chinese sentence is the key.\n"


def used() -> Catalog:
    """Return every sentence that code and templates use."""
    catalog = Catalog(locale="en")
    for package in ("kb", "web"):
        found = extract_from_dir(str(ROOT / package), METHODS, keywords=KEYWORDS, directory_filter=_wanted)
        for name, _line, message, _comments, context in found:
            catalog.add(message, locations=[(f"{package}/{Path(name).as_posix()}", 1)], context=context)
    return catalog


def updated() -> Catalog:
    """Return the catalogue with exactly the sentences in use and the translations there are."""
    catalog = used()
    if SOURCE.exists():
        with SOURCE.open("rb") as file:
            known = read_po(file, locale="en")
        for message in _sentences(catalog):
            before = known.get(message.id, message.context)
            if before is not None:
                message.string = before.string
    return catalog


def missing(catalog: Catalog) -> list[str]:
    """Return the sentences without a translation."""
    return [str(message.id) for message in _sentences(catalog) if not _is_translated(message)]


def as_source(catalog: Catalog) -> str:
    """Return the catalogue as the text of the .po file, without dates, so that only changes show."""
    written = io.BytesIO()
    catalog.header_comment = ""
    write_po(written, catalog, sort_output=True, include_lineno=False, width=110, omit_header=True)
    meta = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Language: en\\n"\n'
    plural = '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
    return HEADER + meta + plural + written.getvalue().decode()


def compiled(source: str) -> bytes:
    """Return the .mo file that belongs to the text of a .po file."""
    written = io.BytesIO()
    catalog = read_po(io.StringIO(source), locale="en")
    # Fixed, so that compiling the same sentences again changes nothing.
    catalog.creation_date = catalog.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    write_mo(written, catalog)
    return written.getvalue()


def main() -> int:
    """Write both files and list what is still to be translated; 1 if there is anything."""
    catalog = updated()
    text = as_source(catalog)
    FOLDER.mkdir(parents=True, exist_ok=True)
    SOURCE.write_text(text, encoding="utf-8")
    COMPILED.write_bytes(compiled(text))
    untranslated = missing(catalog)
    for sentence in untranslated:
        print(sentence)
    print(f"{len(catalog)} sentences, {len(untranslated)} to translate", file=sys.stderr)
    return 1 if untranslated else 0


def _wanted(folder: str) -> bool:
    # The command line speaks Chinese only.
    return Path(folder).name not in {"node_modules", "commands", "migrations", "__pycache__", "static"}


def _sentences(catalog: Catalog) -> Iterator[Message]:
    return (message for message in catalog if message.id)


def _is_translated(message: Message) -> bool:
    return all(message.string) if isinstance(message.string, (tuple, list)) else bool(message.string)


if __name__ == "__main__":
    sys.exit(main())
