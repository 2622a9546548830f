"""Only passages that may change the page are read, and the page is the same as if all had been."""

import random

import pytest

from indexer.snapshot import Snapshot
from indexer.whoosh_engine import WhooshEngine
from kb.ports import EngineAnswer
from tests.indexer.world import WORDS, built, document, fresh, query, sentence

ARTICLES = 220
ALL = 300


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> WhooshEngine:
    """An index of articles that share a few words, so that every query has many candidates."""
    chance = random.Random(11)
    documents = [
        document(number, sentence(chance, 3)[:-1], "".join(sentence(chance) for _ in range(12)))
        for number in range(1, ARTICLES + 1)
    ]
    folder = tmp_path_factory.mktemp("reading")
    built(folder, *documents)
    return fresh(folder)


def questions() -> list[str]:
    """Return queries of one to four words."""
    chance = random.Random(12)
    return [" ".join(chance.choices(WORDS, k=chance.randint(1, 4))) for _ in range(40)]


def told(answer: EngineAnswer) -> list[tuple[int, float, str, str]]:
    """Return what a page says of its hits."""
    return [
        (hit.article_id, hit.score, hit.tier, hit.snippet.text if hit.snippet else "") for hit in answer.hits
    ]


def test_pages_put_together_are_one_page_of_all(engine: WhooshEngine) -> None:
    for text in questions():
        everything = told(engine.search(query(text, limit=ALL)))
        pages = [told(engine.search(query(text, limit=7, offset=offset))) for offset in (0, 7, 14)]
        assert [hit for page in pages for hit in page] == everything[:21], text


def test_a_short_page_reads_fewer_passages_than_a_long_one(
    engine: WhooshEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    squeezed = Snapshot.squeezed_passage

    def watched(snapshot: Snapshot, row: int) -> str:
        read.append(row)
        return squeezed(snapshot, row)

    monkeypatch.setattr(Snapshot, "squeezed_passage", watched)
    numbers = []
    for limit in (3, ALL):
        for text in questions():
            engine.search(query(text, limit=limit))
        numbers.append(len(read))
        read.clear()
    assert numbers[0] < numbers[1] / 2
