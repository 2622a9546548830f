"""Composition root: the one place that decides which parts the product is made of."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy.exc import SQLAlchemyError

from kb.clock import SystemClock
from kb.database import Database
from kb.lexicon import newer_overlay
from kb.ports import Clock, DocumentConverter, LexiconOverlay, SearchEngine
from kb.viewing import FileViewer
from web.chores import Chores
from web.courier import Courier
from web.settings import Settings, prepare_home

if TYPE_CHECKING:
    from indexer.follower import Follower


def build_converter() -> DocumentConverter:
    """Build what turns documents into drafts; it starts its children only when it is asked."""
    from indexer.convert.converter import SandboxedConverter

    return SandboxedConverter()


def build_viewer(settings: Settings) -> FileViewer:
    """Build what shows files in place; it starts its children only when it is asked."""
    from indexer.preview.viewer import SandboxedViewer

    return SandboxedViewer(settings.home / "previews")


@dataclass(frozen=True)
class Services:
    """What views and commands work with."""

    settings: Settings
    database: Database
    clock: Clock
    zone: ZoneInfo
    engine: SearchEngine
    converter: DocumentConverter = field(default_factory=build_converter)

    @cached_property
    def viewer(self) -> FileViewer:
        """What shows attached files in place."""
        return build_viewer(self.settings)


def lexicon_folder() -> Path:
    """Return where the shipped word lists are."""
    return Path(str(files("data"))) / "lexicon"


def newer_entries(database: Database) -> Callable[[int], LexiconOverlay | None]:
    """Return what asks a database for lexicon entries newer than a version; a missing one has none."""

    def newer(known: int) -> LexiconOverlay | None:
        try:
            with database.read() as session:
                return newer_overlay(session, known)
        except SQLAlchemyError:
            return None

    return newer


def build_services(settings: Settings) -> Services:
    """Build the parts for a process; works before the database and the index exist.

    Args:
        settings: Where things are; its home is created if it is missing.
    """
    # Imported here because the analyser's dictionaries are wanted only by a process that serves.
    from indexer.language import Language
    from indexer.lessons import Lessons
    from indexer.remembering import RememberingEngine

    prepare_home(settings)
    database = Database(settings.database_url)
    return Services(
        settings=settings,
        database=database,
        clock=SystemClock(),
        zone=settings.zone,
        engine=RememberingEngine(
            settings.index_directory,
            Language(lexicon_folder()),
            lessons=Lessons(lexicon_folder(), newer_entries(database), in_background=True),
        ),
    )


def build_follower(settings: Settings, services: Services) -> "Follower":
    """Build the one writer of this node's index, which also has attachments extracted."""
    from indexer.extract.sandbox import SandboxedExtractor
    from indexer.follower import Follower
    from indexer.language import Language
    from indexer.lessons import Lessons
    from indexer.whoosh_engine import WhooshUpdater

    return Follower(
        services.database,
        WhooshUpdater(
            settings.index_directory,
            Language(lexicon_folder()),
            Lessons(lexicon_folder(), newer_entries(services.database), in_background=False),
        ),
        SandboxedExtractor(),
        services.clock,
    )


def build_chores(services: Services) -> Chores:
    """Build what runs beside the follower: delivery of webhooks and what is due by the clock."""
    courier = Courier(services.database, services.clock, services.settings.webhook_hosts)
    kept = timedelta(days=services.settings.activity_days) if services.settings.activity_days else None
    return Chores(services.database, services.clock, services.zone, courier, kept)
