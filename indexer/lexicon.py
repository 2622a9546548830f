"""The bank's vocabulary: words for the segmenter, synonyms, spoken padding, stop words, look-alikes."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from indexer.fold import fold
from kb.ports import LexiconOverlay


@dataclass(frozen=True)
class Lexicon:
    """All lists, folded; ``synonyms`` maps a word to words for the same thing, ``related`` to near ones."""

    words: frozenset[str] = frozenset()
    synonyms: dict[str, tuple[str, ...]] = field(default_factory=dict)
    related: dict[str, tuple[str, ...]] = field(default_factory=dict)
    frames: frozenset[str] = frozenset()
    stopwords: frozenset[str] = frozenset()
    lookalikes: dict[str, str] = field(default_factory=dict)
    digest: str = ""

    @cached_property
    def mixed(self) -> frozenset[str]:
        """Words of letters or digits and characters together."""
        return frozenset(
            word
            for word in self.words
            if not word.isascii() and any(character.isascii() for character in word)
        )

    @classmethod
    def load(cls, folder: Path) -> "Lexicon":
        """Read the lists of a folder; a list that is absent is empty."""
        digest = hashlib.sha256()
        for path in (folder / "words.txt", folder / "synonyms.txt", folder / "regional.txt"):
            digest.update(path.read_bytes() if path.exists() else b"")
        groups, near = _groups(_lines(folder / "synonyms.txt"))
        groups += [line.split() for line in _lines(folder / "regional.txt")]
        words = set(_lines(folder / "words.txt"))
        words.update(word for group in groups + near for word in group if len(word) > 1)
        synonyms = _together(groups)
        return cls(
            words=frozenset(words),
            synonyms=synonyms,
            related=_apart(near, synonyms),
            frames=frozenset(_lines(folder / "frames.txt")),
            stopwords=frozenset(_lines(folder / "stopwords.txt")),
            lookalikes=_lookalikes(_lines(folder / "shape.txt")),
            digest=digest.hexdigest(),
        )


def with_overlay(lexicon: Lexicon, overlay: LexiconOverlay) -> Lexicon:
    """Return the lists with a manager's entries added.

    The digest, by which an index tells whether it was built with the same words, changes only if there
    are words that the lists did not have: stop words and synonyms of known words need no new index.
    """
    groups = [[fold(word) for word in group] for group in overlay.synonyms]
    added = {fold(word) for word in overlay.words}
    added.update(word for group in groups for word in group if len(word) > 1)
    added -= lexicon.words
    synonyms = dict(lexicon.synonyms)
    for word, others in _together(groups).items():
        synonyms[word] = tuple(dict.fromkeys((*synonyms.get(word, ()), *others)))
    digest = lexicon.digest
    if added:
        digest = hashlib.sha256("\n".join([digest, *sorted(added)]).encode()).hexdigest()
    return replace(
        lexicon,
        words=lexicon.words | added,
        synonyms=synonyms,
        stopwords=lexicon.stopwords | {fold(word) for word in overlay.stopwords},
        digest=digest,
    )


def _lines(path: Path) -> Iterator[str]:
    if not path.exists():
        return
    for line in path.read_text("utf-8").splitlines():
        text = fold(line.split("#", 1)[0]).strip()
        if text:
            yield text


def _groups(lines: Iterable[str]) -> tuple[list[list[str]], list[list[str]]]:
    """Return the groups of words for the same thing, and pairs of such a word with one behind a ``~``."""
    groups, near = [], []
    for line in lines:
        same, _mark, others = (part.split() for part in line.partition(" ~ "))
        groups.append(same)
        near += [[word, other] for word in same for other in others]
    return groups, near


def _apart(near: Iterable[list[str]], synonyms: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    found = _together(near)
    kept = {
        word: tuple(other for other in others if other not in synonyms.get(word, ()))
        for word, others in found.items()
    }
    return {word: others for word, others in kept.items() if others}


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
