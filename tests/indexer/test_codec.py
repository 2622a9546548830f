"""The array codec: what goes in comes out, and Whoosh itself cannot tell it from its own."""

import random
from dataclasses import replace
from io import BytesIO
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

from indexer.columns import BytesColumn, BytesReader, RecordColumn, Values
from indexer.posting_lists import decode_lists, decode_postings, encode_lists
from indexer.posting_pool import ArrayPostingPool
from indexer.store import ArrayWriter
from indexer.term_table import FieldLists, read_table, table_bytes

WORDS = [f"w{number}" for number in range(40)]
# Terms of one and two characters are kept apart from longer ones.
TERMS = ["挂", "挂失", "ab", "\x00a", "𠀀", "𠀀字", *WORDS]
POSTINGS = st.dictionaries(
    st.integers(0, 2**24 - 1) | st.integers(0, 400), st.integers(1, 255), min_size=1, max_size=80
)


def encoded(lists: list[dict[int, int]]) -> tuple[bytes, list[int]]:
    docs = np.array([doc for postings in lists for doc in sorted(postings)], np.int64)
    frequencies = np.array([postings[doc] for postings in lists for doc in sorted(postings)], np.uint8)
    counts = np.array([len(postings) for postings in lists])
    data, places = encode_lists(docs, frequencies, np.cumsum(counts) - counts, counts)
    return data.tobytes(), places.tolist()


@given(st.lists(POSTINGS, min_size=1, max_size=6))
def test_posting_lists_come_back_as_they_were(lists: list[dict[int, int]]) -> None:
    data, places = encoded(lists)
    for postings, place in zip(lists, places, strict=True):
        found_docs, found_frequencies = decode_postings(data, place, len(postings))
        assert found_docs.tolist() == sorted(postings)
        assert found_frequencies.tolist() == [postings[doc] for doc in sorted(postings)]
    docs, frequencies = decode_lists(data, np.array(places), np.array([len(postings) for postings in lists]))
    assert docs.tolist() == [doc for postings in lists for doc in sorted(postings)]
    assert frequencies.tolist() == [postings[doc] for postings in lists for doc in sorted(postings)]


@pytest.mark.parametrize("far", [255, 256, 65_535, 65_536, 2**24 - 70_001])
@pytest.mark.parametrize("count", [2, 300, 70_000])
def test_a_few_wide_gaps_do_not_widen_all_others(far: int, count: int) -> None:
    postings = {doc + far * (doc >= count // 2): 1 + (doc % 7 == 0) * (doc % 90) for doc in range(count)}
    postings = {doc: min(255, frequency) for doc, frequency in postings.items()}
    data, places = encoded([{5: 1}, postings, {7: 3, 2**24 - 1: 255}])
    docs, frequencies = decode_postings(data, places[1], count)
    assert docs.tolist() == list(postings)
    assert frequencies.tolist() == list(postings.values())
    assert decode_postings(data, places[2], 2)[1].tolist() == [3, 255]
    together = decode_lists(data, np.array(places), np.array([1, count, 2]))
    assert together[0].tolist() == [5, *docs.tolist(), 7, 2**24 - 1]
    assert together[1].tolist() == [1, *frequencies.tolist(), 3, 255]
    assert places[2] - places[1] < 1.5 * count + 20


def test_frequencies_of_one_take_no_room() -> None:
    ones = np.ones(100, np.uint8)
    data, _places = encode_lists(np.arange(100), ones, np.array([0]), np.array([100]))
    assert len(data) == 101


@pytest.mark.parametrize(("number", "run", "chunk"), [(1, 99, 99), (50, 7, 9), (300, 5, 64), (900, 11, 1)])
def test_the_pool_writes_every_list_of_every_field(
    number: int, run: int, chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.posting_pool.RUN", run)
    monkeypatch.setattr("indexer.posting_pool.CHUNK", chunk)
    chance = random.Random(number)
    wanted: dict[tuple[str, str], dict[int, int]] = {}
    pool = ArrayPostingPool(tmp_path)
    for doc in range(number):
        name = chance.choice(["title", "body"])
        terms = {word: chance.randint(1, 300) for word in chance.sample(TERMS, 3)}
        pool.add_terms(name, doc, terms)
        for word, frequency in terms.items():
            wanted.setdefault((name, word), {})[doc] = min(255, frequency)
    found = {}
    for name in pool.names():
        file = BytesIO()
        lists = pool.write_lists(name, file)
        for term, count, offset in zip(lists.terms, lists.counts, lists.offsets, strict=True):
            docs, frequencies = decode_postings(file.getvalue(), int(offset), int(count))
            found[name, term] = dict(zip(docs.tolist(), frequencies.tolist(), strict=True))
    pool.cleanup()
    assert found == wanted
    assert list(tmp_path.iterdir()) == []


@given(st.dictionaries(st.sampled_from(["a", "b"]), st.sets(st.text(min_size=1, max_size=3)), min_size=1))
def test_a_table_finds_every_term_and_only_these(wanted: dict[str, set[str]]) -> None:
    fields = {
        name: FieldLists(
            list(terms), np.arange(len(terms)) + 1, (1 << 33) * (name == "b") + np.arange(len(terms))
        )
        for name, terms in wanted.items()
    }
    tables = read_table(b"".join(table_bytes(fields)))
    assert tables.keys() == wanted.keys()
    for name, table in tables.items():
        encoded_terms = sorted(term.encode("utf-8", "surrogatepass") for term in wanted[name])
        assert [table.term(place) for place in range(len(table))] == encoded_terms
        assert [term.encode("utf-8", "surrogatepass") for term in table.terms()] == encoded_terms
        for number, term in enumerate(fields[name].terms):
            place = table.find(term.encode("utf-8", "surrogatepass"))
            assert place is not None
            assert (table.counts[place], table.offsets[place]) == (
                number + 1,
                fields[name].offsets[number],
            )
        assert table.find(b"\xff") is None
        assert table.find(b"") is None


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


def test_values_that_overlap_go_on_sharing_when_some_are_taken_over() -> None:
    text = b"0123456789abcdefghij"
    values = Values(np.arange(4), np.array([0, 5, 10, 15]), np.array([7, 7, 7, 5]), text)
    taken = stored(values, 4).values(np.array([0, 2, 3]))
    assert len(taken.data) == 17
    again = stored(replace(taken, docs=np.arange(3)), 3)
    assert [bytes(again[place]) for place in range(3)] == [b"0123456", b"abcdefg", b"fghij"]


def stored(values: Values, count: int) -> BytesReader:
    column, storage = BytesColumn(), RamStorage()
    with storage.create_file("column") as file:
        writer = column.writer(file)
        writer.add_many(values)
        writer.finish(count)
        length = file.tell()
    return column.reader(storage.open_file("column"), 0, length, count)


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


def test_stock_queries_walk_over_the_terms(twins: Twins) -> None:
    for asked in (
        query.Prefix("words", "w1"),
        query.FuzzyTerm("words", "w33", maxdist=1, prefixlength=1),
        query.TermRange("words", "w2", "w25"),
        query.Wildcard("words", "w?7"),
    ):
        assert twins.hits(0, asked) == twins.hits(1, asked)
    with twins.indexes[0].reader() as ours, twins.indexes[1].reader() as theirs:
        assert list(ours.lexicon("words")) == list(theirs.lexicon("words"))
        for word in WORDS:
            assert ours.frequency("words", word) == theirs.frequency("words", word)
            assert ours.doc_frequency("words", word) == theirs.doc_frequency("words", word)
            assert ours.term_info("words", word).max_weight() == theirs.term_info("words", word).max_weight()


def test_an_optimized_index_is_one_segment_without_deletions(twins: Twins) -> None:
    twins.commit(5, 5, optimize=True)
    with twins.indexes[0].reader() as reader:
        assert len(reader.leaf_readers()) == 1
        assert not reader.has_deletions()
