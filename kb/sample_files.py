"""Reads the sample's article files, whose dates are placeholders counted from the load day."""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from kb.articles import RevisionText, Wording
from kb.errors import Invalid

_PLACEHOLDER = re.compile(r"\{\{(date|year):([+-]?\d+)\}\}")
_APPROVED = re.compile(r"(-?\d+)(?:T(\d{2}):(\d{2}))?")


@dataclass(frozen=True)
class SampleRevision:
    """One version of a sample article; all days count from the load day."""

    number: int
    approved: tuple[int, time | None]
    department: str
    audience: str
    author: str
    attachments: tuple[str, ...]
    front: Mapping[str, Any]
    body: str

    def text(self, start_of: Callable[[int], datetime]) -> RevisionText:
        """Return the text to save.

        Args:
            start_of: Gives the first instant of the day that is so many days from the load day.
        """
        front = self.front
        wording = [Wording(block["title"], block["text"].strip()) for block in front.get("wording", ())]
        return RevisionText(
            title=front["title"],
            source=self.body,
            summary=front.get("summary", ""),
            wording=tuple(wording),
            internal_notes=front.get("internal_notes", ""),
            document_number=front.get("document_number", ""),
            tags="、".join(front.get("tags", ())),
            change_summary=front.get("change_summary", ""),
            effective_from=start_of(front["effective_from"]) if "effective_from" in front else None,
            effective_to=start_of(front["effective_to"]) if "effective_to" in front else None,
        )


@dataclass(frozen=True)
class SampleArticle:
    """A sample article: its place, its name and its versions, oldest first."""

    node: str
    slug: str
    revisions: tuple[SampleRevision, ...]


def read_articles(folder: Path, today: date) -> list[SampleArticle]:
    """Return every article under a folder whose sub-folders are node codes.

    Args:
        folder: Holds ``<node code>/<slug>.md``, or ``<slug>@1.md``, ``<slug>@2.md``, … for several versions.
        today: The load day, from which the placeholders count.

    Raises:
        Invalid: if a file cannot be read, naming it.
    """
    found: dict[tuple[str, str], list[SampleRevision]] = {}
    for path in sorted(folder.rglob("*.md")):
        slug, _, number = path.stem.partition("@")
        node = path.parent.relative_to(folder).as_posix()
        try:
            revision = _read(path.read_text(encoding="utf-8"), int(number or 1), today)
        except (ValueError, KeyError) as error:
            raise Invalid(f"示例文件 {path.name} 无法读取：{error}") from error
        found.setdefault((node, slug), []).append(revision)
    return [
        SampleArticle(node, slug, tuple(sorted(revisions, key=lambda revision: revision.number)))
        for (node, slug), revisions in found.items()
    ]


def _read(text: str, number: int, today: date) -> SampleRevision:
    head, _, body = dated(text, today).removeprefix("+++\n").partition("\n+++\n")
    front = tomllib.loads(head)
    match = _APPROVED.fullmatch(str(front["approved"]))
    if match is None:
        raise ValueError(f"approved = {front['approved']!r}")
    days, hour, minute = match.groups()
    return SampleRevision(
        number=number,
        approved=(int(days), time(int(hour), int(minute)) if hour else None),
        department=front["department"],
        audience=front.get("audience", ""),
        author=front.get("author", "publisher"),
        attachments=tuple(front.get("attachments", ())),
        front=front,
        body=body.strip() + "\n",
    )


def dated(text: str, today: date) -> str:
    """Return a text with ``{{date:N}}`` and ``{{year:N}}`` replaced by the day N days from ``today``."""

    def written(match: re.Match[str]) -> str:
        day = today + timedelta(days=int(match[2]))
        return str(day.year) if match[1] == "year" else f"{day.year}年{day.month}月{day.day}日"

    return _PLACEHOLDER.sub(written, text)
