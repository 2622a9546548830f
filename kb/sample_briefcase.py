"""Gives the sample its briefcases and a team pack, knowledge gaps, golden queries and lexicon entries."""

import tomllib
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from kb.access import Actor
from kb.activity import folded_query
from kb.briefcase import Thing, keep
from kb.briefcase_folders import create_folder, share_folder
from kb.departments import by_name_or_code
from kb.gaps import file_gap
from kb.golden_queries import ensure_golden
from kb.lexicon import add_entry, checked_entry
from kb.models import Search
from kb.sample_comments import Scene


def write_briefcase(session: Session, scene: Scene, path: Path) -> int:
    """Write what the file ``briefcase.toml`` says, and return how many things are kept."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    folders = _folders(session, scene, tables["folder"])
    for row in tables["item"]:
        article, node = row.get("article"), row.get("node")
        thing = Thing(scene.articles[article].id if article else None, scene.nodes[node].id if node else None)
        folder_id = folders.get((row["person"], row.get("folder", "")))
        item = keep(
            session, _actor(scene, row["person"]), thing, folder_id, _ago(scene, row), row.get("note", "")
        )
        item.is_pinned = row.get("pin", False)
    _gaps(session, scene, tables["gap"])
    for row in tables["golden"]:
        article = scene.articles[row["article"]]
        owner = article.owner_department_id
        ensure_golden(session, row["text"], owner, article.id, None, scene.now, max_rank=row["rank"])
    for row in tables["entry"]:
        article = scene.articles.get(row.get("article", ""))
        entry = checked_entry(session, row["kind"], row["text"], article.id if article else None)
        add_entry(session, _actor(scene, "manager"), entry, scene.now)
    _detours(session, scene, tables["proposal"])
    return len(tables["item"])


def _folders(session: Session, scene: Scene, rows: list[Mapping[str, Any]]) -> dict[tuple[str, str], int]:
    made: dict[tuple[str, str], int] = {}
    for row in rows:
        actor = _actor(scene, row["person"])
        parent = made.get((row["person"], row.get("parent", "")))
        folder = create_folder(session, actor, row["name"], parent, _ago(scene, row))
        made[row["person"], row["name"]] = folder.id
        department = by_name_or_code(session, row["share"]) if "share" in row else None
        if department is not None:
            share_folder(session, actor, folder.id, department.id, None, _ago(scene, row))
    return made


def _gaps(session: Session, scene: Scene, rows: list[Mapping[str, Any]]) -> None:
    for row in rows:
        node = scene.nodes[row["node"]].id if "node" in row else None
        place = (node, scene.departments[row["department"]].id)
        for number, username in enumerate(row["askers"]):
            at = _ago(scene, row) + timedelta(minutes=37 * number)
            file_gap(session, _actor(scene, username), row["text"], {}, place, min(at, scene.now))


def _detours(session: Session, scene: Scene, rows: list[Mapping[str, Any]]) -> None:
    """Write searches in vain that people repeated in other words, from which synonyms are proposed."""
    for row in rows:
        for number, username in enumerate(row["people"], start=1):
            at = scene.now - timedelta(days=number, minutes=11)
            person_id = scene.people[username].id
            answer = scene.articles[row["article"]].id
            _search(session, person_id, row["asked"], 0, at, None)
            _search(session, person_id, row["instead"], 1, at + timedelta(minutes=1), answer)


def _search(
    session: Session, person_id: int, text: str, total: int, at: datetime, opened: int | None
) -> None:
    session.add(
        Search(
            person_id=person_id,
            text=text,
            folded=folded_query(text),
            total=total,
            searched_at=at,
            opened_article_id=opened,
            opened_rank=1 if opened else None,
        )
    )
    session.flush()


def _actor(scene: Scene, username: str) -> Actor:
    return Actor.of(scene.people[username])


def _ago(scene: Scene, row: Mapping[str, Any]) -> datetime:
    return scene.now - timedelta(days=row["days"])
