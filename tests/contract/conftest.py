"""Every engine that must pass the search contract, built from plain documents."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from indexer.whoosh_engine import WhooshEngine, WhooshUpdater
from kb.ports import IndexDocument, SearchEngine
from tests.indexer.world import changes_of, ignore, language

settings.register_profile("kb", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kb")

EngineOf = Callable[..., SearchEngine]


def whoosh(folder: Path, *documents: IndexDocument) -> SearchEngine:
    """Return Whoosh over an index of the documents."""
    assert WhooshUpdater(folder, language()).rebuild(changes_of(documents), 1, ignore) == []
    return WhooshEngine(folder, language())


ENGINES = {"whoosh": whoosh}


@pytest.fixture(params=ENGINES.values(), ids=ENGINES, scope="module")
def engine_of(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> EngineOf:
    """A function that makes an engine of this kind from documents."""

    def make(*documents: IndexDocument) -> SearchEngine:
        engine: SearchEngine = request.param(tmp_path_factory.mktemp("engine") / "index", *documents)
        return engine

    return make
