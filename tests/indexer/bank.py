"""A small bank database: departments, nodes, and articles published as the product publishes them."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from indexer.extract.sandbox import SandboxedExtractor
from indexer.follower import Follower
from indexer.whoosh_engine import WhooshEngine, WhooshUpdater
from kb.articles import RevisionText, add_revision, approve, create_article, touch
from kb.attachments import NewFile, attach
from kb.clock import FixedClock
from kb.database import Database, sqlite_url
from kb.departments import ensure_department
from kb.models import Article, Department, Node, Revision, Table
from kb.nodes import ensure_node
from kb.ports import TextExtractor
from kb.revisions import settle
from tests.indexer.world import LONG_AGO, NOW, bare_language


class Bank:
    """One home folder with a database and an index.

    Args:
        home: A folder that may already hold both.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.database = Database(sqlite_url(home / "kb.sqlite3"))
        self.index = home / "index"

    def create(self) -> "Bank":
        """Create the tables, a department and a node."""
        with self.database.engine.begin() as connection:
            Table.metadata.create_all(connection)
        with self.database.write() as session:
            ensure_department(session, "retail", "个人金融部")
            ensure_node(session, "card", "信用卡")
        return self

    def updater(self) -> WhooshUpdater:
        """Return a write side that has opened nothing yet."""
        return WhooshUpdater(self.index, bare_language())

    def follower(
        self, updater: WhooshUpdater | None = None, extractor: TextExtractor | None = None
    ) -> Follower:
        """Return a follower of the database into the index."""
        return Follower(
            self.database, updater or self.updater(), extractor or SandboxedExtractor(), FixedClock(NOW)
        )

    def engine(self) -> WhooshEngine:
        """Return a read side that has opened nothing yet."""
        return WhooshEngine(self.index, bare_language())

    def publish(self, title: str, body: str = "正文。", *files: NewFile, at: datetime = LONG_AGO) -> int:
        """Publish a new article and return its id."""
        with self.database.write() as session:
            return write_article(session, title, body, *files, at=at)

    def revise(self, article_id: int, title: str, body: str = "正文。", at: datetime = NOW) -> None:
        """Publish a further revision of an article."""
        with self.database.write() as session:
            article = session.get_one(Article, article_id)
            approve(session, add_revision(session, article, RevisionText(title, body), at), at)

    def withdraw(self, article_id: int, at: datetime) -> None:
        """Withdraw an article."""
        with self.database.write() as session:
            article = session.get_one(Article, article_id)
            article.withdrawn_at = at
            settle(article)
            touch(session, article)

    def shown(self) -> dict[int, list[tuple[int, str]]]:
        """Return what the database would show at some time: (revision, title) by article."""
        held: dict[int, list[tuple[int, str]]] = {}
        with self.database.read() as session:
            for revision in session.scalars(select(Revision).where(Revision.shown_from.is_not(None))):
                held.setdefault(revision.article_id, []).append((revision.id, revision.title))
        return {article: sorted(revisions) for article, revisions in held.items()}

    def close(self) -> None:
        """Give the database's connections back."""
        self.database.close()


def write_article(session: Session, title: str, body: str, *files: NewFile, at: datetime = LONG_AGO) -> int:
    """Publish a new article in an open transaction and return its id."""
    node, owner = session.scalars(select(Node)).one(), session.scalars(select(Department)).one()
    article = create_article(session, node, owner, at)
    revision = add_revision(session, article, RevisionText(title, body), at)
    for position, new in enumerate(files):
        attach(session, revision, new, position, at)
    approve(session, revision, at)
    return article.id
