"""Gives the sample its announcements and confirmations, review dates, notifications and copied wording."""

import random
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from kb.access import Actor, audience_scope
from kb.acknowledgements import acknowledge, pending
from kb.announcement_writing import Notice, publish
from kb.clock import day_start, local_day
from kb.copies import record_copy
from kb.models import (
    Announcement,
    Article,
    DepartmentLead,
    Notification,
    ReviewCheck,
    Revision,
    Role,
)
from kb.recipients import Addressing, access_keys
from kb.reminders import of_announcements, of_reviews, send, tell_of_announcement
from kb.revisions import is_shown_at, next_review
from kb.sample_comments import Scene

SEED = 20260404
LATE_INTERVAL_DAYS = 30


def write_notices(session: Session, scene: Scene, path: Path) -> int:
    """Write what the file ``notices.toml`` says, and return how many announcements there are."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    chance = random.Random(SEED)  # noqa: S311 - a repeatable spread, nothing secret
    for row in tables["lead"]:
        department, person = scene.departments[row["department"]], scene.people[row["person"]]
        session.add(DepartmentLead(department_id=department.id, person_id=person.id))
    _plan_reviews(session, scene, tables["review"], chance)
    for row in sorted(tables["announcement"], key=lambda row: -float(row["days"])):
        _announce(session, scene, row, chance)
    _copy(session, scene, tables["copies"], chance)
    send(session, [*of_announcements(session, scene.now), *of_reviews(session, scene.now)], scene.now)
    return len(tables["announcement"])


def _announce(session: Session, scene: Scene, row: Mapping[str, Any], chance: random.Random) -> None:
    author = Actor.of(scene.people[row["by"]])
    at = _ago(scene, row["days"], time(9, 20))
    article = scene.articles[row["article"]] if "article" in row else None
    today = local_day(scene.now, scene.zone)
    due = day_start(today - timedelta(days=row["due"]), scene.zone) if "due" in row else None
    notice = Notice(
        title=row.get("title", ""),
        source=row["text"],
        article_id=article.id if article is not None else None,
        department_id=scene.departments[row["department"]].id if "department" in row else None,
        role=Role(row["role"]) if "role" in row else None,
        is_required=due is not None,
        is_pinned=row.get("pinned", False),
        due_at=due,
    )
    announcement = publish(session, author, audience_scope(session, author), notice, at)
    tell_of_announcement(session, announcement, at)
    for reading in row.get("rounds", ()):
        _confirm(session, scene, announcement, reading, chance)
    # What was told long ago has been read by most.
    read = session.scalars(
        select(Notification).where(Notification.created_at < scene.now - timedelta(days=7))
    )
    for notification in read:
        notification.read_at = notification.read_at or notification.created_at + timedelta(hours=3)


def _confirm(
    session: Session,
    scene: Scene,
    announcement: Announcement,
    reading: Mapping[str, Any],
    chance: random.Random,
) -> None:
    key = access_keys(session, [announcement]).get(announcement.article_id or 0, "")
    for person in Addressing(session).recipients(announcement, key):
        is_agent = person.person_id == scene.people["agent"].id
        if not (reading["agent"] if is_agent else chance.random() < reading["share"]):
            continue
        at = _ago(scene, reading["days"], time(9, 30)) + timedelta(minutes=chance.randint(0, 400))
        at = min(at, scene.now - timedelta(minutes=2))
        scope = audience_scope(session, person.actor)
        for asked in pending(session, person.actor, scope, at, article_id=announcement.article_id):
            if asked.announcement.id == announcement.id:
                version = asked.version
                acknowledge(
                    session, person.actor, scope, announcement.id, version.id, version.content_hash, at
                )


def _plan_reviews(session: Session, scene: Scene, table: Mapping[str, Any], chance: random.Random) -> None:
    people = [scene.people[name] for name in table["responsible"]]
    for article in scene.articles.values():
        if chance.randrange(table["unplanned"]) == 0:
            continue
        article.review_interval_days = chance.choice(table["intervals"])
        by_name = [person for person in people if person.department_id == article.owner_department_id]
        article.responsible_id = by_name[0].id if by_name and chance.random() < 0.5 else None
        revision = next((item for item in article.revisions if _is_shown(item, scene.now)), None)
        if revision is not None and chance.random() < table["checked"]:
            _check(session, scene, article, revision, chance)
        article.review_due_at = next_review(article)
    for slug in table["late"]:
        article = scene.articles[slug]
        session.execute(delete(ReviewCheck).where(ReviewCheck.article_id == article.id))
        article.review_interval_days = LATE_INTERVAL_DAYS
        article.review_due_at = next_review(article)


def _check(
    session: Session, scene: Scene, article: Article, revision: Revision, chance: random.Random
) -> None:
    # Looked at some time within the last interval, by a few a little longer ago than they should.
    days = article.review_interval_days or 0
    at = scene.now - timedelta(days=chance.randint(1, days + days // 4), minutes=chance.randint(5, 300))
    if revision.shown_from is None or at <= revision.shown_from:
        return
    session.add(
        ReviewCheck(
            article_id=article.id,
            revision_id=revision.id,
            person_id=scene.people["reviewer"].id,
            content_hash=revision.content_hash,
            checked_at=at,
            next_due_at=at + timedelta(days=days),
        )
    )
    session.flush()


def _copy(session: Session, scene: Scene, table: Mapping[str, Any], chance: random.Random) -> None:
    agents = [
        Actor.of(person)
        for person in scene.people.values()
        if any(row.role == Role.AGENT for row in person.role_rows)
    ]
    revisions = [
        revision
        for revision in session.scalars(
            select(Revision)
            .join(Article, Article.id == Revision.article_id)
            .where(is_shown_at(scene.now), Article.access_key == "")
            .order_by(Revision.id)
        )
        if revision.wording
    ]
    for number in range(table["days"] * table["a_day"]):
        day = number % table["days"]
        at = _ago(scene, day, time(8, 40)) + timedelta(seconds=chance.randint(0, 8 * 3600))
        revision = revisions[min(int(chance.expovariate(1 / 12)), len(revisions) - 1)]
        if at >= scene.now or (revision.shown_from or scene.now) > at:
            continue
        call = f"C{at:%m%d}-{chance.randint(1000, 9999)}" if chance.random() < table["with_call"] else ""
        block = chance.randint(1, len(revision.wording))
        token = f"sample-{number:08}"
        record_copy(session, chance.choice(agents), revision, block, at, token=token, call_id=call)


def _is_shown(revision: Revision, at: datetime) -> bool:
    return (
        revision.shown_from is not None
        and revision.shown_from <= at
        and (revision.shown_to is None or revision.shown_to > at)
    )


def _ago(scene: Scene, days: float, clock: time) -> datetime:
    day = local_day(scene.now, scene.zone) - timedelta(days=days)
    moment = datetime.combine(day, clock, scene.zone).astimezone(UTC)
    return min(moment, scene.now - timedelta(minutes=10))
