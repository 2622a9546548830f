"""Gives the sample drafts in every state, and an article that was withdrawn in favour of another one."""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from kb.access import Actor
from kb.articles import Wording
from kb.clock import day_start, local_day
from kb.drafts import open_draft, save_draft
from kb.models import Notification
from kb.publishing import approve, return_to_author, submit
from kb.revision_text import text_of
from kb.sample_comments import Scene
from kb.withdrawal import withdraw

STEP = timedelta(hours=1)


def write_drafts(session: Session, scene: Scene, path: Path) -> frozenset[int]:
    """Write what the file ``drafts.toml`` says, and return the ids of the articles withdrawn."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    for row in tables["draft"]:
        _write(session, scene, row)
    return frozenset(_withdraw(session, scene, row) for row in tables["withdrawal"])


def _write(session: Session, scene: Scene, row: Mapping[str, Any]) -> None:
    author = Actor.of(scene.people[row["by"]])
    at = scene.now - timedelta(hours=row["hours"])
    draft = open_draft(session, author, scene.articles[row["article"]], at)
    text = text_of(draft)
    source = text.source
    for old, new in row["replace"]:
        if old not in source:
            raise ValueError(f"{row['article']} does not say {old!r}")
        source = source.replace(old, new)
    blocks = tuple(Wording(title, words) for title, words in row.get("wording", ()))
    text = replace(text, source=source, wording=(*text.wording, *blocks), change_summary=row["change"])
    draft = save_draft(session, author, draft.id, draft.lock_version, text, at + STEP)
    if row["state"] == "draft":
        return
    submit(session, author, draft.id, draft.lock_version, at + 2 * STEP)
    if row["state"] == "in_review":
        return
    reviewer, decided = Actor.of(scene.people[row["reviewer"]]), at + 5 * STEP
    if row["state"] == "returned":
        return_to_author(session, reviewer, draft.id, draft.content_hash, decided, row["reason"])
    else:
        approve(session, reviewer, draft.id, draft.content_hash, decided, _day(scene, row["starts"]))


def _withdraw(session: Session, scene: Scene, row: Mapping[str, Any]) -> int:
    article, at = scene.articles[row["article"]], _day(scene, row["days"]) + timedelta(hours=10)
    actor = Actor.of(scene.people[row["by"]])
    successor = scene.articles[row["successor"]].id
    withdraw(session, actor, article.id, row["reason"], at, successor_id=successor)
    # Long ago, so whoever was told has read it.
    session.execute(update(Notification).where(Notification.article_id == article.id).values(read_at=at))
    return article.id


def _day(scene: Scene, days: int) -> datetime:
    return day_start(local_day(scene.now, scene.zone) + timedelta(days=days), scene.zone)
