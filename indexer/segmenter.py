"""Cuts Chinese text into words: jieba as the reference, rjieba as a drop-in accelerator."""

import logging
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

# jieba is quadratic on text without punctuation, so it never sees more than this at once.
PIECE = 400
_BREAK = re.compile(r"[^\u3400-\u9fff\u3040-\u30ff\U00020000-\U0003ffffa-z0-9.%+#]+", re.IGNORECASE)
_PLAIN = re.compile(r"[a-z0-9]+(?:\.[0-9]+)?%?", re.IGNORECASE)


class Segmenter(Protocol):
    """Anything that cuts folded text into words."""

    def cut(self, folded: str) -> Iterator[str]:
        """Yield words in order; characters between words may be dropped."""

    def cut_apart(self, apart: str) -> list[str]:
        """Return words of a text whose pieces stand on lines of their own; Latin is cut anyhow."""

    def knows(self, word: str) -> bool:
        """Return whether the dictionary has the word; words merely guessed are not known."""


def pieces(folded: str) -> Iterator[str]:
    """Yield the stretches between punctuation, none longer than ``PIECE`` characters."""
    for stretch in _BREAK.split(folded):
        for start in range(0, len(stretch), PIECE):
            yield stretch[start : start + PIECE]


@lru_cache(maxsize=1)
def _breaks() -> NDArray[np.bool_]:
    """Return which characters of the basic plane stand between pieces."""
    plain = "".join(chr(code) for code in range(0x10000) if not 0xD800 <= code < 0xE000)
    breaks = np.ones(0x10000, np.bool_)
    breaks[np.frombuffer(_BREAK.sub("", plain).encode("utf-16-le"), "<u2")] = False
    return breaks


def apart(folded: Sequence[str]) -> list[str]:
    """Return texts of the basic plane with each of their pieces on a line of its own.

    The same as joining ``pieces`` of each, with more line ends, for many texts at once.
    """
    codes = np.frombuffer("\n".join([*folded, ""]).encode("utf-16-le"), "<u2")
    breaks = _breaks()[codes]
    places = np.flatnonzero(breaks)
    if len(places) and int(np.diff(places, prepend=-1).max()) > PIECE:
        return ["\n".join(pieces(text)) for text in folded]
    lines = np.where(breaks, np.uint16(ord("\n")), codes).astype("<u2").tobytes().decode("utf-16-le")
    found, start = [], 0
    for text in folded:
        found.append(lines[start : start + len(text)])
        start += len(text) + 1
    return found


def _evened(words: Iterable[str]) -> Iterator[str]:
    # The two cut Latin at points differently (``list . csv`` and ``list.csv``): one rule for both.
    for word in words:
        if word.isascii() and not word.isalnum():
            yield from _PLAIN.findall(word)
        else:
            yield word


class JiebaSegmenter:
    """The pure Python reference.

    Args:
        words: Words of the bank's own dictionary.
        cache: Private folder for jieba's cache file; without it nothing is kept.
    """

    def __init__(self, words: Iterable[str], cache: Path | None = None) -> None:
        import jieba

        jieba.setLogLevel(logging.WARNING)
        self._tokenizer: Any = jieba.Tokenizer()
        # Never the shared temporary folder: jieba would load whatever lies there under its cache's name.
        with tempfile.TemporaryDirectory(prefix="kb-jieba-") as private:
            self._tokenizer.tmp_dir = str(cache or private)
            self._tokenizer.initialize()
        for word in words:
            if list(self._tokenizer.cut(word, HMM=False)) != [word]:
                # jieba counts a known word's frequency twice in its total; the accelerator does not.
                self._tokenizer.total -= self._tokenizer.FREQ.get(word, 0)
                self._tokenizer.add_word(word)

    def cut(self, folded: str) -> Iterator[str]:
        """Yield words in order."""
        for piece in pieces(folded):
            yield from _evened(self._tokenizer.cut(piece))

    def cut_apart(self, apart: str) -> list[str]:
        """Return words of a text whose pieces stand on lines of their own; Latin is cut anyhow."""
        return list(self._tokenizer.cut(apart))

    def knows(self, word: str) -> bool:
        """Return whether the dictionary has the word."""
        return bool(self._tokenizer.FREQ.get(word))


class RjiebaSegmenter:
    """The same algorithm and dictionary in native code, some twenty times faster.

    It may cut differently from the reference only where two cuts are exactly as likely.

    Args:
        words: Words of the bank's own dictionary.
    """

    def __init__(self, words: Iterable[str]) -> None:
        import rjieba

        self._tokenizer: Any = rjieba.Jieba()
        for word in words:
            # A word that is cut whole already stays as it is: adding it again would shift the totals
            # that decide close calls, and not by the same amount in both segmenters.
            if self._tokenizer.cut(word, False) != [word]:
                self._tokenizer.add_word(word, None, None)

    def cut(self, folded: str) -> Iterator[str]:
        """Yield words in order."""
        for piece in pieces(folded):
            yield from _evened(self._tokenizer.cut(piece))

    def cut_apart(self, apart: str) -> list[str]:
        """Return words of a text whose pieces stand on lines of their own; Latin is cut anyhow."""
        return list(self._tokenizer.cut(apart))

    def knows(self, word: str) -> bool:
        """Return whether the dictionary has the word."""
        return bool(self._tokenizer.has_word(word))


def best_segmenter(words: Iterable[str]) -> Segmenter:
    """Return the accelerator where it is installed, otherwise the reference."""
    listed = list(words)
    try:
        return RjiebaSegmenter(listed)
    except ImportError:
        return JiebaSegmenter(listed)
