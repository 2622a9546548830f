"""Any stretch of a title or a body finds its article: recall over the sample knowledge is whole."""

import random
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from indexer.fold import fold, is_word_character
from indexer.whoosh_engine import WhooshEngine, WhooshUpdater
from kb.ports import IndexDocument, Scope
from kb.sample_files import read_articles
from tests.indexer.world import NOW, SAMPLE, changes_of, document, ids, ignore, language, query

EACH = 2
# A place between two characters of one number, code or Latin word, points inside it included.
RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9.,%/_-]|[.,%/_-][A-Za-z0-9]")


def sample_documents() -> Iterator[IndexDocument]:
    """Yield every revision of the sample as an article of its own at a node of its own."""
    number = 0
    for article in read_articles(SAMPLE / "articles", NOW.date()):
        for revision in article.revisions:
            number += 1
            yield document(number, revision.front["title"], revision.body, node_id=number)


def stretches(chance: random.Random, text: str) -> Iterator[tuple[str, bool]]:
    """Yield stretches of a text, each with whether it begins or ends inside a number or Latin word."""
    for length in range(1, 7):
        for _ in range(EACH if len(text) > 60 else 2):
            start = chance.randrange(max(1, len(text) - length + 1))
            end = start + length
            if any(map(is_word_character, fold(text[start:end]))):
                yield (
                    text[start:end],
                    any(RUN.fullmatch(text[place - 1 : place + 1]) for place in (start, end) if place),
                )


@pytest.fixture(scope="module")
def documents() -> list[IndexDocument]:
    return list(sample_documents())


@pytest.fixture(scope="module")
def engine(documents: list[IndexDocument], tmp_path_factory: pytest.TempPathFactory) -> WhooshEngine:
    root: Path = tmp_path_factory.mktemp("substring") / "index"
    assert WhooshUpdater(root, language()).rebuild(changes_of(documents), 1, ignore) == []
    return WhooshEngine(root, language())


@pytest.mark.parametrize(("part", "cuts_runs"), [("title", False), ("body", True)])
def test_every_stretch_of_one_to_six_characters_finds_its_article(
    engine: WhooshEngine, documents: list[IndexDocument], part: str, cuts_runs: bool
) -> None:
    chance = random.Random(20300506)
    find = partial(query, scope=Scope.ALL, verbatim=True, limit=1)
    missed, asked = [], 0
    for each in documents:
        for stretch, cuts_a_run in stretches(chance, getattr(each, part)):
            if cuts_a_run and not cuts_runs:
                continue
            asked += 1
            if ids(engine.search(find(stretch, node_ids=frozenset({each.node_id})))) != [each.article_id]:
                missed.append((each.title, stretch))
    assert missed == []
    assert asked > 1500


@pytest.mark.parametrize("stretch", ["CR11", "VCR", "MSV", "110", "SVCR1"])
def test_a_stretch_of_a_code_finds_it_even_if_the_stretch_is_a_word_elsewhere(
    tmp_path: Path, stretch: str
) -> None:
    root = tmp_path / "index"
    texts = [document(1, "甲", "缺少MSVCR110时"), document(2, "乙", f"单独的 {stretch} 一词")]
    WhooshUpdater(root, language()).rebuild(changes_of(texts), 1, ignore)
    assert set(ids(WhooshEngine(root, language()).search(query(stretch, verbatim=True)))) == {1, 2}


@pytest.mark.parametrize("stretch", ["5.2", "15.2", "5.25"])
def test_a_stretch_of_a_number_finds_it_even_if_the_stretch_is_a_number_elsewhere(
    tmp_path: Path, stretch: str
) -> None:
    root = tmp_path / "index"
    texts = [document(1, "甲", "利率为15.25%。"), document(2, "乙", f"另一个 {stretch} 数")]
    WhooshUpdater(root, language()).rebuild(changes_of(texts), 1, ignore)
    assert set(ids(WhooshEngine(root, language()).search(query(stretch, verbatim=True)))) == {1, 2}
