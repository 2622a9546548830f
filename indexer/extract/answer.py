"""What a child tells its parent: an outcome and the text, as JSON that the parent does not trust."""

import json
from collections.abc import Iterable

from indexer.extract.outcome import Outcome
from indexer.extract.pieces import clean
from kb.ports import TextPart

MAX_PARTS = 50_000
MAX_LABEL_CHARS = 120
_KINDS = frozenset({"text", "page", "sheet", "slide"})


def encode(outcome: Outcome, parts: Iterable[TextPart]) -> bytes:
    """Return an answer as UTF-8 JSON."""
    rows = [[part.kind, part.number, part.label, part.text] for part in parts]
    return json.dumps([outcome.name, rows], ensure_ascii=False, separators=(",", ":")).encode()


def decode(raw: bytes, max_chars: int) -> tuple[Outcome, tuple[TextPart, ...]]:
    """Return the outcome and the parts of an answer, checked.

    Raises:
        ValueError: if the answer is not what a child may say, or holds more than it may.
    """
    try:
        name, rows = json.loads(raw)
        outcome = Outcome[name]
        parts = tuple(_part(row) for row in rows)
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError("malformed answer") from error
    if len(parts) > MAX_PARTS or sum(len(part.text) for part in parts) > max_chars:
        raise ValueError("too much text")
    if parts and outcome.status != "ok":
        raise ValueError("text in spite of a failure")
    return outcome, parts


def _part(row: list[object]) -> TextPart:
    kind, number, label, text = row
    if kind not in _KINDS or type(number) is not int or not 0 <= number < 2**31:
        raise ValueError("malformed part")
    if not isinstance(kind, str) or not isinstance(label, str) or not isinstance(text, str):
        raise ValueError("malformed part")
    if len(label) > MAX_LABEL_CHARS:
        raise ValueError("label too long")
    return TextPart(kind, number, clean(label), clean(text))
