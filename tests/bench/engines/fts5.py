"""SQLite's FTS5 over words cut by jieba, with its own BM25."""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.bench.corpora import Made
from tests.bench.engines.asked import PAGE, Question
from tests.bench.engines.cut import spaced


class Fts5:
    """One FTS5 table beside one table of dates."""

    name = "FTS5"

    def __init__(self, folder: Path) -> None:
        self._path = folder / "fts5.sqlite3"

    def build(self, articles: Iterable[Made]) -> None:
        """Fill both tables in one transaction."""
        database = sqlite3.connect(self._path)
        database.execute("CREATE VIRTUAL TABLE texts USING fts5(title, body, tokenize='unicode61')")
        database.execute("CREATE TABLE dates (id INTEGER PRIMARY KEY, published INTEGER, shown_to INTEGER)")
        with database:
            for made in articles:
                database.execute(
                    "INSERT INTO texts(rowid, title, body) VALUES (?, ?, ?)",
                    (made.number, spaced(made.title), spaced(made.body)),
                )
                database.execute(
                    "INSERT INTO dates VALUES (?, ?, ?)", (made.number, made.published, made.shown_to)
                )
            database.execute("INSERT INTO texts(texts) VALUES ('optimize')")
        database.close()

    def open(self) -> None:
        """Connect."""
        self._database = sqlite3.connect(self._path)
        self._database.execute("CREATE VIRTUAL TABLE temp.found USING fts5vocab(main, texts, col)")

    def postings(self, question: Question) -> int:
        """Return how many postings the words of a question have in the fields it asks."""
        column = "AND col = 'title'" if question.kind == "title only" else ""
        counts = (
            self._database.execute(f"SELECT sum(doc) FROM found WHERE term = ? {column}", [word])  # noqa: S608
            for word in set(question.words)
        )
        return sum(count.fetchone()[0] or 0 for count in counts)

    def ask(self, question: Question) -> Sequence[int] | None:
        """Ask with a MATCH expression."""
        if question.kind == "fuzzy":
            return None
        condition, values = "", []
        if question.last:
            condition = "AND published >= ? AND published < ?"
            values = [question.first, question.last]
        elif question.kind == "as of a day":
            condition = "AND published <= ? AND shown_to > ?"
            values = [question.instant, question.instant]
        joined = "JOIN dates ON dates.id = texts.rowid" if condition else ""
        # Nothing but placeholders and fixed words is put together here.
        text = f"SELECT texts.rowid FROM texts {joined} WHERE texts MATCH ? {condition} ORDER BY bm25(texts) LIMIT ? OFFSET ?"  # noqa: S608
        rows = self._database.execute(text, [_expression(question), *values, PAGE, question.offset])
        return [row[0] for row in rows]


def _expression(question: Question) -> str:
    quoted = [f'"{word}"' for word in question.words]
    column = "title : " if question.kind == "title only" else ""
    if question.kind == "phrase":
        return '"' + " ".join(question.words) + '"'
    if question.kind == "prefix":
        return quoted[0] + "*"
    between = " " if question.kind == "several words, all" else " OR "
    return column + "(" + between.join(quoted) + ")"
