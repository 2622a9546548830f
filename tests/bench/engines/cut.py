"""Cuts text for the engines that are fed ready words: jieba's search mode, words apart by blanks."""

import re

import rjieba

_WORD = re.compile(r"\w")


def cut(text: str) -> list[str]:
    """Return the words of a text in jieba's search mode, without punctuation, in lower case."""
    return [word for word in rjieba.cut_for_search(text.lower()) if _WORD.match(word)]


def spaced(text: str) -> str:
    """Return the words of a text with one blank between them."""
    return " ".join(cut(text))
