"""The array codec: what goes in comes out, and Whoosh itself cannot tell it from its own."""

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from whoosh import fields, query
from whoosh.analysis import SpaceSeparatedTokenizer
from whoosh.filedb.filestore import FileStorage, RamStorage
from whoosh.index import FileIndex
from whoosh.scoring import BM25F
from whoosh.writing import SegmentWriter

from indexer.codec import ArrayPostingPool, BytesColumn, RecordColumn, decode_postings, encode_postings
from indexer.store import ArrayWriter

WORDS = [f"w{number}" for number in range(40)]
POSTINGS = st.dictionaries(
    st.integers(0, 2**32 - 1) | st.integers(0, 400), st.integers(1, 255), min_size=1, max_size=80
)


@given(POSTINGS, st.binary(max_size=5))
def test_a_posting_list_comes_back_as_it_was(postings: dict[int, int], before: bytes) -> None:
    docs = np.array(sorted(postings), np.uint32)
    frequencies = np.array([postings[doc] for doc in sorted(postings)], np.uint8)
    data = encode_postings(docs, frequencies)
    found_docs, found_frequencies = decode_postings(before + data + b"behind", len(before), len(docs))
    assert found_docs.tolist() == docs.tolist()
    assert found_frequencies.tolist() == frequencies.tolist()


def test_frequencies_of_one_take_no_room() -> None:
    docs = np.arange(100)
    assert len(encode_postings(docs, np.ones(100, np.uint8))) == 101


@pytest.mark.parametrize("number", [1, 2, 5, 300])
def test_the_pool_hands_out_lists_in_the_order_of_fields_and_terms(number: int) -> None:
    chance = random.Random(number)
    wanted: dict[tuple[str, bytes], dict[int, int]] = {}
    pool = ArrayPostingPool()
    for _posting in range(number):
        key = (chance.choice(["title", "body"]), chance.choice(WORDS).encode())
        doc, weight = chance.randrange(1000), chance.randint(1, 300)
        if doc not in wanted.setdefault(key, {}):
            wanted[key][doc] = min(255, weight)
            pool.add((*key, doc, float(weight), b""))
    found = {
        (name, term): dict(zip(docs.tolist(), weights.tolist(), strict=True))
        for name, term, docs, weights in pool.posting_lists()
    }
    assert list(found) == sorted(wanted)
    assert found == wanted
    assert all(list(postings) == sorted(postings) for postings in found.values())


@given(st.dictionaries(st.integers(0, 200), st.tuples(st.integers(0, 255), st.floats(width=64)), max_size=30))
def test_a_record_column_gives_every_document_its_own_record(rows: dict[int, tuple[int, float]]) -> None:
    description = [("kind", "<u1"), ("value", "<f8")]
    column, storage = RecordColumn(description), RamStorage()
    with storage.create_file("column") as file:
        writer = column.writer(file)
        for doc in range(201):
            if doc in rows:
                writer.add(doc, np.array([rows[doc]], np.dtype(description)).tobytes())
            else:
                writer.add(doc, b"")
        writer.finish(201)
        length = file.tell()
    reader = column.reader(storage.open_file("column"), 0, length, 201)
    for doc in range(201):
        wanted = np.array([rows[doc]], np.dtype(description)).tobytes() if doc in rows else b""
        assert reader[doc] == wanted
    assert reader.docs.tolist() == sorted(rows)


@given(st.lists(st.none() | st.sampled_from([1, 3, 100, 255, 256, 40_000]), max_size=12), st.integers(0, 3))
def test_a_column_of_strings_gives_every_document_its_own_string(
    sizes: list[int | None], behind: int
) -> None:
    values = [b"" if size is None else bytes([number]) * size for number, size in enumerate(sizes, start=1)]
    count = len(values) + behind
    column, storage = BytesColumn(), RamStorage()
    with storage.create_file("column") as file:
        writer = column.writer(file)
        for doc, value in enumerate(values):
            if value:
                writer.add(doc, value)
        writer.finish(count)
        length = file.tell()
    reader = column.reader(storage.open_file("column"), 0, length, count)
    assert [bytes(reader[doc]) for doc in range(count)] == values + [b""] * behind


def schema() -> fields.Schema:
    words = fields.TEXT(analyzer=SpaceSeparatedTokenizer(), phrase=False)
    return fields.Schema(id=fields.ID(stored=True), words=words)


class Twins:
    """The same documents in an index of the array codec and in a stock one."""

    def __init__(self, root: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.folders = [root / "arrays", root / "stock"]
        for folder in self.folders:
            folder.mkdir()
        self.indexes = [
            FileIndex.create(FileStorage(str(folder)), schema(), "MAIN") for folder in self.folders
        ]
        self.model: dict[str, str] = {}

    def commit(self, deletes: int, adds: int, **how: bool) -> None:
        gone = self.chance.sample(sorted(self.model), min(deletes, len(self.model)))
        new = {
            f"d{self.chance.randrange(10**9)}": " ".join(
                self.chance.choices(WORDS, k=self.chance.randint(1, 60))
            )
            for _ in range(adds)
        }
        writers: list[SegmentWriter] = [
            ArrayWriter(self.indexes[0], self.folders[0]),
            self.indexes[1].writer(),
        ]
        for writer in writers:
            for name in gone:
                writer.delete_by_term("id", name)
            for name, text in new.items():
                writer.add_document(id=name, words=text)
            writer.commit(**how)
        for name in gone:
            del self.model[name]
        self.model.update(new)

    def hits(self, which: int, asked: query.Query) -> dict[str, float]:
        with self.indexes[which].searcher(weighting=BM25F()) as searcher:
            return {hit["id"]: round(hit.score, 4) for hit in searcher.search(asked, limit=None)}

    def best(self, which: int, asked: query.Query) -> list[float]:
        with self.indexes[which].searcher(weighting=BM25F()) as searcher:
            return [round(hit.score, 4) for hit in searcher.search(asked, limit=5)]

    def containing(self, *words: str, every: bool) -> set[str]:
        rule = all if every else any
        return {name for name, text in self.model.items() if rule(word in text.split() for word in words)}


@pytest.fixture(params=range(4))
def twins(request: pytest.FixtureRequest, tmp_path: Path) -> Twins:
    made = Twins(tmp_path, request.param)
    made.commit(0, 60, merge=False)
    for _ in range(6):
        made.commit(made.chance.randint(0, 8), made.chance.randint(1, 20))
    return made


def queries(chance: random.Random) -> list[tuple[query.Query, list[str], bool]]:
    asked = []
    for _ in range(12):
        words = chance.sample(WORDS, 3)
        terms = [query.Term("words", word) for word in words]
        asked += [
            (query.Or(terms), words, False),
            (query.And(terms), words, True),
            (terms[0], words[:1], True),
        ]
    return asked


def test_stock_searches_find_the_same_with_the_same_scores(twins: Twins) -> None:
    for asked, words, every in queries(twins.chance):
        assert twins.hits(0, asked) == twins.hits(1, asked)
        assert set(twins.hits(0, asked)) == twins.containing(*words, every=every)


def test_the_best_hits_are_the_same_when_matchers_may_skip(twins: Twins) -> None:
    for asked, _words, _every in queries(twins.chance):
        assert twins.best(0, asked) == twins.best(1, asked)


@pytest.mark.parametrize("how", [{"merge": True}, {"merge": False}, {"optimize": True}])
def test_merging_and_optimizing_keep_everything_that_was_not_deleted(
    twins: Twins, how: dict[str, bool]
) -> None:
    twins.commit(5, 5, **how)
    every = query.Every()
    assert set(twins.hits(0, every)) == set(twins.model) == set(twins.hits(1, every))
    for asked, words, both in queries(twins.chance):
        assert set(twins.hits(0, asked)) == twins.containing(*words, every=both)


def test_an_optimized_index_is_one_segment_without_deletions(twins: Twins) -> None:
    twins.commit(5, 5, optimize=True)
    with twins.indexes[0].reader() as reader:
        assert len(reader.leaf_readers()) == 1
        assert not reader.has_deletions()
