"""The bank's vocabulary: words for the segmenter, synonyms, spoken padding, stop words, look-alikes."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from indexer.fold import fold


@dataclass(frozen=True)
class Lexicon:
    """All lists, folded; ``synonyms`` and ``regional`` map a word to the words it may stand for."""

    words: frozenset[str] = frozenset()
    synonyms: dict[str, tuple[str, ...]] = field(default_factory=dict)
    frames: frozenset[str] = frozenset()
    stopwords: frozenset[str] = frozenset()
    lookalikes: dict[str, str] = field(default_factory=dict)
    digest: str = ""

    @classmethod
    def load(cls, folder: Path) -> "Lexicon":
        """Read the lists of a folder; a list that is absent is empty."""
        digest = hashlib.sha256()
        for path in (folder / "words.txt", folder / "synonyms.txt", folder / "regional.txt"):
            digest.update(path.read_bytes() if path.exists() else b"")
        groups = [line.split() for line in _lines(folder / "synonyms.txt")]
        regional = [line.split() for line in _lines(folder / "regional.txt")]
        words = set(_lines(folder / "words.txt"))
        words.update(word for group in groups + regional for word in group if len(word) > 1)
        return cls(
            words=frozenset(words),
            synonyms=_together(groups + regional),
            frames=frozenset(_lines(folder / "frames.txt")),
            stopwords=frozenset(_lines(folder / "stopwords.txt")),
            lookalikes=_lookalikes(_lines(folder / "shape.txt")),
            digest=digest.hexdigest(),
        )


def _lines(path: Path) -> Iterator[str]:
    if not path.exists():
        return
    for line in path.read_text("utf-8").splitlines():
        text = fold(line.split("#", 1)[0]).strip()
        if text:
            yield text


def _together(groups: Iterable[list[str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for group in groups:
        for word in group:
            found.setdefault(word, {}).update((other, None) for other in group if other != word)
    return {word: tuple(others) for word, others in found.items()}


def _lookalikes(lines: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        for character in line:
            others = "".join(other for other in line if other != character)
            found[character] = found.get(character, "") + others
    return found
