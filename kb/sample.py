"""Loads the sample knowledge of a fictional bank, dated relative to the day it is loaded."""

import hashlib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from importlib.resources import files
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb import audit
from kb.articles import add_revision, approve, create_article
from kb.attachments import NewFile, attach
from kb.clock import day_start, local_day
from kb.database import Database
from kb.departments import ensure_department
from kb.models import Article, Audience, AudienceRule, Department, Node, Person, Revision, Role
from kb.nodes import ensure_node
from kb.people import create_person
from kb.ports import Clock
from kb.sample_briefcase import write_briefcase
from kb.sample_comments import Scene, write_comments
from kb.sample_drafts import write_drafts
from kb.sample_files import SampleArticle, SampleRevision, read_articles
from kb.sample_history import ReadArticle, write_history
from kb.sample_notices import write_notices

SOURCE = "sample"
OPENING = time(9, 0)
WORKING_MINUTES = 510
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class DemoAccount:
    """A person who can log in to try the product."""

    username: str
    name: str
    role: str
    password: str


@dataclass(frozen=True)
class SampleReport:
    """What was loaded; ``is_new`` is false if the sample was there already and nothing was done."""

    is_new: bool
    articles: int = 0
    revisions: int = 0
    attachments: int = 0
    people: int = 0
    views: int = 0
    searches: int = 0
    comments: int = 0
    announcements: int = 0


def sample_folder() -> Path:
    """Return the folder of the shipped sample."""
    return Path(str(files("data"))) / "sample"


def demo_accounts() -> tuple[DemoAccount, ...]:
    """Return the accounts that ``load_sample`` creates for trying the product, one per role."""
    tables = _toml("people.toml")
    return tuple(
        DemoAccount(row["username"], row["name"], row["role"], tables["demo_password"])
        for row in tables["demo"]
    )


def is_loaded(session: Session) -> bool:
    """Return whether the sample is in the database."""
    return session.scalar(select(Article.id).where(Article.source == SOURCE).limit(1)) is not None


def load_sample(
    database: Database, clock: Clock, zone: ZoneInfo, progress: Progress | None = None
) -> SampleReport:
    """Load departments, categories, people, articles, files and a month of use, in one transaction.

    Args:
        database: Where to; nothing happens if the sample is already in it.
        clock: Gives the load day, to which every date of the sample is relative.
        zone: The bank's zone, in which those days begin.
        progress: Called with the number of articles loaded and their total.
    """
    with database.write() as session:
        if is_loaded(session):
            return SampleReport(is_new=False)
        loader = _Loader(session, clock.now(), zone)
        return loader.load(progress or (lambda _done, _total: None))


class _Loader:
    """One load; holds what later parts look up in earlier ones."""

    def __init__(self, session: Session, now: datetime, zone: ZoneInfo) -> None:
        self.session = session
        self.now = now
        self.zone = zone
        self.today = local_day(now, zone)
        self.founded = now - timedelta(days=900)
        self.departments: dict[str, Department] = {}
        self.nodes: dict[str, Node] = {}
        self.people: dict[str, Person] = {}
        self.file_names: Mapping[str, str] = _toml("attachments.toml")["names"]
        self.attached = 0
        self.articles: dict[str, Article] = {}

    def load(self, progress: Progress) -> SampleReport:
        """Load everything in the order of dependence."""
        self._load_departments()
        self._load_nodes()
        self._load_people()
        articles = read_articles(sample_folder() / "articles", self.today)
        readable = []
        for done, article in enumerate(articles, start=1):
            readable.append(self._load_article(article))
            progress(done, len(articles))
        scene = Scene(self.articles, self.people, self.departments, self.nodes, self.now, self.zone)
        withdrawn = write_drafts(self.session, scene, sample_folder() / "drafts.toml")
        views, searches = write_history(
            self.session,
            [item for item in readable if item is not None and item.article_id not in withdrawn],
            list(self.people.values()),
            _toml("searches.toml")["queries"],
            self.now,
            self.zone,
        )
        comments = write_comments(self.session, scene, sample_folder() / "comments.toml")
        write_briefcase(self.session, scene, sample_folder() / "briefcase.toml")
        announcements = write_notices(self.session, scene, sample_folder() / "notices.toml")
        report = SampleReport(
            is_new=True,
            articles=len(articles),
            revisions=sum(len(article.revisions) for article in articles),
            attachments=self.attached,
            people=len(self.people),
            views=views,
            searches=searches,
            comments=comments,
            announcements=announcements,
        )
        detail = {"articles": report.articles, "revisions": report.revisions}
        audit.record(self.session, None, "sample.load", f"source:{SOURCE}", self.now, detail=detail)
        return report

    def _load_departments(self) -> None:
        tables = _toml("departments.toml")
        bank = ensure_department(self.session, **tables["bank"])
        for row in tables["department"]:
            self.departments[row["code"]] = ensure_department(self.session, row["code"], row["name"], bank)

    def _load_nodes(self) -> None:
        for position, row in enumerate(_toml("nodes.toml")["node"]):
            parent = self.nodes.get(row["code"].rpartition("/")[0])
            self.nodes[row["code"]] = ensure_node(self.session, row["code"], row["title"], parent, position)

    def _load_people(self) -> None:
        tables = _toml("people.toml")
        for row in (*tables["demo"], *tables["colleague"]):
            known = self.session.scalar(select(Person).where(Person.username == row["username"]))
            is_demo = row in tables["demo"]
            self.people[row["username"]] = known or create_person(
                self.session,
                row["username"],
                row["name"],
                tables["demo_password"] if is_demo else token_urlsafe(24),
                self.departments[row["department"]],
                [Role(row["role"])],
                self.founded,
                row["staff_number"],
            )
        self.session.flush()

    def _load_article(self, sample: SampleArticle) -> ReadArticle | None:
        first = sample.revisions[0]
        article = create_article(
            self.session,
            self.nodes[sample.node],
            self.departments[first.department],
            self._instant(first.approved, sample.slug) - timedelta(days=1),
            source=SOURCE,
            external_id=sample.slug,
            audience_id=self._audience(first.audience),
        )
        self.articles[sample.slug] = article
        for part in sample.revisions:
            revision = self._load_revision(article, sample, part)
        if article.access_key:
            return None
        intervals = [
            (item.id, item.shown_from, item.shown_to)
            for item in article.revisions
            if item.shown_from is not None
        ]
        return ReadArticle(article.id, revision.title, f"{revision.tags}\n{revision.text}", tuple(intervals))

    def _load_revision(self, article: Article, sample: SampleArticle, part: SampleRevision) -> Revision:
        approved_at = self._instant(part.approved, sample.slug)
        written_at = approved_at - timedelta(hours=3)
        revision = add_revision(
            self.session,
            article,
            part.text(lambda days: day_start(self.today + timedelta(days=days), self.zone)),
            written_at,
            author_id=self.people[part.author].id,
        )
        for position, name in enumerate(part.attachments):
            data = (sample_folder() / "attachments" / name).read_bytes()
            file = NewFile(self.file_names.get(name, name), data)
            attach(self.session, revision, file, position, written_at)
            self.attached += 1
        approve(self.session, revision, approved_at, self.people["reviewer"].id)
        return revision

    def _instant(self, approved: tuple[int, time | None], slug: str) -> datetime:
        days, clock = approved
        if clock is None:
            # Spread over the working day by name, so that a reload of the same day gives the same times.
            minutes = int(hashlib.sha256(slug.encode()).hexdigest(), 16) % WORKING_MINUTES
            clock = (datetime.combine(self.today, OPENING) + timedelta(minutes=minutes)).time()
        day = self.today + timedelta(days=days)
        return min(datetime.combine(day, clock, self.zone), self.now - timedelta(minutes=5))

    def _audience(self, code: str) -> int | None:
        if not code:
            return None
        department = self.departments[code]
        name = f"仅限{department.name}"
        audience = self.session.scalar(select(Audience).where(Audience.name == name))
        if audience is None:
            audience = Audience(name=name, rules=[AudienceRule(department_id=department.id)])
            self.session.add(audience)
            self.session.flush()
        return audience.id


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((sample_folder() / name).read_text(encoding="utf-8"))
