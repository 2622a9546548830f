"""Gives the sample its comments, verdicts, tasks, thanks and feedback, through the same use-cases as the pages."""

import hashlib
import random
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from kb.access import Actor
from kb.comment_reactions import thank
from kb.comments import NewComment, answer, post, reply
from kb.models import Article, Comment, Department, Feedback, ModerationRule, Node, Person, Revision, Task
from kb.moderation import Verdict, decide
from kb.quotes import Quote
from kb.tasks import adopt, decline, solve, transfer

SEED = 20260302
OPENING_MINUTES, WORKING_MINUTES = 9 * 60, 480
FEEDBACK_SHARE = 0.6
WORDS_A_REVISION = 9
REASONS = ("unclear", "incomplete", "wrong", "expired", "other")
NOTES = {
    "unclear": "步骤太长，通话里来不及看完",
    "incomplete": "缺少手机银行上的办理入口",
    "expired": "和手机银行页面显示的不一致",
}


@dataclass(frozen=True)
class Scene:
    """What the comments of the sample are about and who speaks; everything by its short name."""

    articles: Mapping[str, Article]
    people: Mapping[str, Person]
    departments: Mapping[str, Department]
    nodes: Mapping[str, Node]
    now: datetime
    zone: ZoneInfo


def write_comments(session: Session, scene: Scene, path: Path) -> int:
    """Write the conversation of the file and the words of readers, and return how many comments there are.

    Args:
        path: The file ``comments.toml``.
    """
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    for rule in tables["rule"]:
        node_id = scene.nodes[rule["node"]].id
        session.add(ModerationRule(node_id=node_id, mode=rule["mode"], set_at=_moment(scene, 120, "rule")))
    session.flush()
    for row in sorted(tables["comment"], key=lambda row: -float(row["days"])):
        _write(session, scene, row)
    _write_feedback(session, scene)
    return len(tables["comment"])


def _write(session: Session, scene: Scene, row: Mapping[str, Any]) -> None:
    at = _moment(scene, row["days"], row["text"])
    quote = Quote(row["quote"]) if "quote" in row else None
    new = NewComment(row["kind"], row["text"], quote)
    article = scene.articles[row["article"]]
    comment = post(session, _actor(scene, row["by"]), article.id, row["version"], new, at, scene.zone)
    if "verdict" in row:
        at = min(at + timedelta(minutes=20), scene.now)
        verdict = Verdict(row["verdict"])
        reviewer = _actor(scene, "reviewer")
        decide(session, reviewer, [comment.id], verdict, at, scene.zone, row.get("reason", ""))
    for said in row.get("replies", ()):
        moment = _moment(scene, said["days"], said["text"])
        waiting = reply(session, _actor(scene, said["by"]), comment.id, said["text"], moment, scene.zone)
        decide(session, _actor(scene, "reviewer"), [waiting.id], Verdict.PASS, moment, scene.zone)
    for name in row.get("thanks", ()):
        thank(session, _actor(scene, name), comment.id, min(at + timedelta(hours=2), scene.now))
    if "task" in row:
        _take_step(session, scene, comment, row["task"], at)


def _take_step(
    session: Session, scene: Scene, comment: Comment, step: Mapping[str, Any], since: datetime
) -> None:
    task = session.scalars(select(Task).where(Task.comment_id == comment.id)).one()
    who = _actor(scene, step["by"])
    at = max(_moment(scene, step["days"], comment.text), since + timedelta(minutes=30))
    if step["step"] == "solved":
        adopt(session, who, task.id, since + timedelta(hours=3))
        approved = session.scalars(
            select(Revision.approved_at).where(
                Revision.article_id == task.article_id, Revision.number == step["version"]
            )
        ).one()
        solve(session, who, task.id, step["version"], max(at, approved or at))
        return
    steps: dict[str, Callable[[], object]] = {
        "adopted": lambda: adopt(session, who, task.id, at),
        "declined": lambda: decline(session, who, task.id, step["reason"], at),
        "answered": lambda: answer(session, who, comment.id, step["text"], at, scene.zone),
        "transferred": lambda: transfer(
            session, who, task.id, scene.departments[step["department"]].id, step["reason"], at, scene.zone
        ),
    }
    steps[step["step"]]()


def _write_feedback(session: Session, scene: Scene) -> None:
    chance = random.Random(SEED)  # noqa: S311 - a repeatable spread, nothing secret
    readers = [person for person in scene.people.values() if person.username not in ("manager", "admin")]
    rows: list[dict[str, object]] = []
    for article in scene.articles.values():
        revision = max(
            (one for one in article.revisions if one.shown_from is not None and one.shown_from <= scene.now),
            key=lambda one: one.number,
            default=None,
        )
        if article.access_key or revision is None or chance.random() > FEEDBACK_SHARE:
            continue
        liked = chance.uniform(0.55, 0.98)
        for person in chance.sample(readers, chance.randint(1, WORDS_A_REVISION)):
            is_useful = chance.random() < liked
            reason = "" if is_useful else chance.choice(REASONS)
            rows.append(
                {
                    "article_id": article.id,
                    "revision_id": revision.id,
                    "person_id": person.id,
                    "is_useful": is_useful,
                    "reason": reason,
                    "note": NOTES.get(reason, "") if chance.random() < 0.4 else "",
                    "given_at": scene.now - timedelta(hours=chance.uniform(1, 24 * 28)),
                }
            )
    if rows:
        session.execute(insert(Feedback), rows)


def _actor(scene: Scene, username: str) -> Actor:
    return Actor.of(scene.people[username])


def _moment(scene: Scene, days: float, salt: str) -> datetime:
    """Return a time in office hours some days ago, the same for the same words."""
    minutes = int(hashlib.sha256(salt.encode()).hexdigest(), 16) % WORKING_MINUTES
    day = (scene.now.astimezone(scene.zone) - timedelta(days=days)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    moment = (day + timedelta(minutes=OPENING_MINUTES + minutes)).astimezone(scene.now.tzinfo)
    # What was said today was said before now, in the order of the file.
    return moment if moment < scene.now - timedelta(minutes=30) else scene.now - timedelta(minutes=31)
