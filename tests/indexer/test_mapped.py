"""A mapped stretch reads like Whoosh's own buffer, without being copied."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from whoosh.filedb.structfile import BufferFile

from indexer.mapped import MappedFile, MappedStorage

DATA = bytes(range(256)) * 4
STEPS = st.lists(
    st.tuples(st.sampled_from(["seek", "read", "long", "byte", "tell"]), st.integers(0, 900)), max_size=12
)


def walked(file: BufferFile, steps: list[tuple[str, int]]) -> list[object]:
    seen: list[object] = []
    for step, number in steps:
        if step == "seek":
            file.seek(number)
        elif step == "read":
            seen.append(bytes(file.read(number)))
        elif step == "long":
            seen.append(file.get_long(number))
        elif step == "byte":
            seen.append(file.get_byte(number))
        else:
            seen.append(file.tell())
    return seen


@given(STEPS)
def test_a_mapped_file_reads_like_a_buffer(steps: list[tuple[str, int]]) -> None:
    assert walked(MappedFile(memoryview(DATA)), steps) == walked(BufferFile(memoryview(DATA)), steps)


@given(st.integers(0, 500), st.integers(0, 500), STEPS)
def test_a_stretch_of_a_stretch_reads_like_a_buffer(
    start: int, length: int, steps: list[tuple[str, int]]
) -> None:
    whole = memoryview(DATA)
    inner = [step for step in steps if step[0] in ("seek", "read", "tell")]
    found = MappedFile(whole).subset(start, length)
    assert walked(found, inner) == walked(BufferFile(whole[start : start + length]), inner)


def test_a_stretch_shares_the_memory_of_the_whole() -> None:
    memory = bytearray(DATA)
    stretch = MappedFile(memoryview(memory)).subset(10, 20)
    memory[10] = 77
    assert stretch.get_byte(0) == 77


def test_only_segments_are_mapped(tmp_path: Path) -> None:
    (tmp_path / "a.seg").write_bytes(DATA)
    (tmp_path / "a.toc").write_bytes(DATA)
    storage = MappedStorage(str(tmp_path))
    assert isinstance(storage.open_file("a.seg"), MappedFile)
    with storage.open_file("a.toc") as plain:
        assert not isinstance(plain, MappedFile)
        assert plain.read() == DATA
