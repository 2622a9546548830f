"""Cuts a long Markdown source where nothing is open, so that one bad piece cannot spoil the rest."""

import re
from collections.abc import Iterable

# Chosen so that a piece renders in well under a tenth of a second unless it was built to hurt.
PIECE_LENGTH = 20_000
SPLIT_ABOVE = 30_000

_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})([^\n]*)")
_CONTINUES = re.compile(r"[ \t]|[-*+>|:]|\d{1,9}[.)]\s|\[\^")
_HEADING = re.compile(r"#{1,6}\s")
_REFERENCE = re.compile(r" {0,3}\[(?!\^)([^\]\n]{1,200})\]:\s*\S")
_FOOTNOTE = re.compile(r" {0,3}\[\^([^\]\n]{1,200})\]:")
_MOST_DEFINITIONS = 500


def split(source: str) -> list[str]:
    """Cut Markdown into pieces that can be rendered one by one and then joined.

    Cuts are made at blank lines before a heading or a paragraph that starts at the left edge, never
    inside a fence, list, table or quotation; a stretch without such a place stays whole. Definitions
    of links and footnotes go along to every piece that uses them.
    """
    if len(source) <= SPLIT_ABOVE:
        return [source]
    lines = source.split("\n")
    fenced = _fenced(lines)
    body, definitions = _without_definitions(lines, fenced)
    if len(definitions) > _MOST_DEFINITIONS:
        body, definitions = list(zip(lines, fenced, strict=True)), {}
    return _with_definitions(_cut(body), definitions)


def _cut(body: Iterable[tuple[str, bool]]) -> list[str]:
    pieces: list[str] = []
    piece: list[str] = []
    length = 0
    after_blank = False
    for line, in_fence in body:
        # A heading is the better place, so a paragraph has to wait a little longer for the cut.
        wanted = PIECE_LENGTH * 3 // 4 if _HEADING.match(line) else PIECE_LENGTH
        if length >= wanted and after_blank and not in_fence and line.strip() and not _CONTINUES.match(line):
            pieces.append("\n".join(piece))
            piece, length = [], 0
        piece.append(line)
        length += len(line) + 1
        after_blank = not line.strip()
    pieces.append("\n".join(piece))
    return pieces


def _fenced(lines: list[str]) -> list[bool]:
    """Return for each line whether it belongs to a fence that is closed further down."""
    longest_closer = _longest_closers(lines)
    fenced = []
    open_mark = ""
    for number, line in enumerate(lines):
        match = _FENCE.match(line)
        fenced.append(bool(open_mark))
        if match is None:
            continue
        mark, rest = match[1], match[2]
        if open_mark:
            if mark.startswith(open_mark) and not rest.strip():
                open_mark = ""
        elif longest_closer[number + 1].get(mark[0], 0) >= len(mark):
            open_mark = mark
            fenced[-1] = True
    return fenced


def _longest_closers(lines: list[str]) -> list[dict[str, int]]:
    longest: dict[str, int] = {}
    reversed_result = [longest]
    for line in reversed(lines):
        match = _FENCE.match(line)
        if match and not match[2].strip() and len(match[1]) > longest.get(match[1][0], 0):
            longest = {**longest, match[1][0]: len(match[1])}
        reversed_result.append(longest)
    return reversed_result[::-1]


def _without_definitions(
    lines: list[str], fenced: list[bool]
) -> tuple[list[tuple[str, bool]], dict[str, str]]:
    """Take definitions out; their keys are written as they appear where they are used, in lower case."""
    body: list[tuple[str, bool]] = []
    definitions: dict[str, str] = {}
    footnote = ""
    for line, in_fence in zip(lines, fenced, strict=True):
        if footnote and not in_fence and (line.startswith(("    ", "\t")) or not line.strip()):
            definitions[footnote] += f"\n{line}"
            continue
        footnote = ""
        note = None if in_fence else _FOOTNOTE.match(line)
        link = None if in_fence or note else _REFERENCE.match(line)
        if note and f"[^{note[1].lower()}]" not in definitions:
            footnote = f"[^{note[1].lower()}]"
            definitions[footnote] = line
        elif link and f"[{link[1].lower()}]" not in definitions:
            definitions[f"[{link[1].lower()}]"] = line
        else:
            body.append((line, in_fence))
            continue
        body.append(("", False))
    return body, definitions


def _with_definitions(pieces: list[str], definitions: dict[str, str]) -> list[str]:
    if not definitions:
        return pieces
    unused = set(definitions)
    complete = []
    for piece in pieces:
        lowered = piece.lower()
        used = [key for key in definitions if key in lowered]
        unused.difference_update(used)
        complete.append("\n\n".join([piece, *(definitions[key] for key in used)]))
    # A footnote nobody refers to is still shown at the end, as it would be in a short source.
    complete[-1] = "\n\n".join([complete[-1], *(text for key, text in definitions.items() if key in unused)])
    return complete
