"""The walls around a child: time, memory, text, environment, and what it may answer."""

import json
import os
import subprocess
import sys
import threading
import time

import psutil
import pytest

from indexer.extract.answer import decode, encode
from indexer.extract.limits import MIB, Limits
from indexer.extract.outcome import Outcome
from indexer.extract.process import Answered
from indexer.extract.sandbox import SandboxedExtractor
from kb.ports import TextPart

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs resource limits")


def confined(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process that has taken the limits upon itself."""
    prelude = (
        "from indexer.extract.limits import *\n"
        "confine(Limits(memory_bytes=256 * MIB, cpu_seconds=1))\nforbid_side_effects()\n"
    )
    command = [sys.executable, "-c", prelude + code]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(command, capture_output=True, text=True, timeout=20, env=environment, check=False)


def test_a_child_that_takes_too_long_is_stopped_and_leaves_nothing_behind():
    before = set(psutil.Process().children(recursive=True))
    start = time.monotonic()
    result = SandboxedExtractor(Limits(wall_seconds=0.02)).extract("a.txt", b"text" * 1000)
    assert result.status == "timeout"
    assert time.monotonic() - start < 15
    assert set(psutil.Process().children(recursive=True)) == before


@posix_only
def test_a_child_that_needs_too_much_memory_says_so():
    limits = Limits(memory_bytes=96 * MIB)
    result = SandboxedExtractor(limits).extract("a.txt", "挂失".encode() * 7_000_000)
    assert result.status == "too_large"


@posix_only
def test_processor_time_ends_a_busy_child():
    result = confined("while True: pass")
    assert Answered(b"", result.returncode).cause_of_death is Outcome.TIMEOUT


@posix_only
def test_memory_ends_a_greedy_child():
    assert "MemoryError" in confined("bytearray(512 * MIB)").stderr


@posix_only
@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')",
        "import os; os.fork()",
        "import os; os.remove('no-such-file')",
        "open('/dev/null', 'w')",
    ],
)
def test_network_processes_and_writing_are_forbidden(code):
    result = confined(code)
    assert result.returncode == 1
    assert "PermissionError" in result.stderr


def test_text_beyond_the_limit_is_left_out_with_a_note():
    result = SandboxedExtractor(Limits(max_chars=5_000)).extract("a.txt", ("字" * 99 + "\n").encode() * 200)
    assert (result.status, len("".join(part.text for part in result.parts))) == ("ok", 5_000)
    assert result.note == "文件内容过长，只有前面的部分可以检索。"


def test_a_million_characters_pass(extractor, text_of):
    result = extractor.extract("a.txt", ("挂失补卡\n" * 200_000).encode())
    assert (result.status, result.note) == ("ok", "")
    assert text_of(result).count("挂失补卡") == 200_000


def test_nul_and_lone_surrogates_never_leave_the_extractor():
    raw = json.dumps(["OK", [["text", 0, "\ud800", "a\x00b\udfffc"]]]).encode()
    assert decode(raw, 100)[1] == (TextPart("text", 0, "", "abc"),)


def test_an_answer_survives_the_way_to_the_parent():
    parts = (TextPart("sheet", 3, "年费", "普卡 | 100"), TextPart("page", 1, "", '𠮷 \n\t"\\'))
    assert decode(encode(Outcome.CUT, parts), 100) == (Outcome.CUT, parts)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'["OK"]',
        b'["FINE", []]',
        b'["OK", [["script", 0, "", "x"]]]',
        b'["OK", [["page", -1, "", "x"]]]',
        b'["OK", [["page", true, "", "x"]]]',
        b'["OK", [["page", 1, null, "x"]]]',
        b'["OK", [["page", 1, "", 7]]]',
        b'["OK", [[[], 1, "", "x"]]]',
        b'["OK", [["page", 1, "", "too long a text"]]]',
        b'["BROKEN", [["page", 1, "", "x"]]]',
    ],
)
def test_an_answer_that_a_child_may_not_give_is_rejected(raw):
    with pytest.raises(ValueError):
        decode(raw, 10)


def test_the_child_sees_nothing_of_the_environment(monkeypatch, extractor, tmp_path):
    (tmp_path / "json.py").write_text("raise SystemExit('taken over')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "json.py"))
    monkeypatch.chdir(tmp_path)
    assert extractor.extract("a.txt", b"text").status == "ok"


def test_several_threads_extract_at_once(extractor, text_of):
    found: dict[int, str] = {}

    def work(number: int) -> None:
        found[number] = text_of(extractor.extract("a.txt", f"第{number}份".encode()))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: f"第{number}份" for number in range(6)}


def test_damaged_files_of_every_kind_are_answered(extractor, samples):
    for path in sorted(samples.iterdir()):
        data = bytearray(path.read_bytes())
        for at in range(len(data) // 4, len(data), max(len(data) // 40, 1)):
            data[at] ^= 0xFF
        result = extractor.extract(path.name, bytes(data))
        assert result.status in {"ok", "empty", "encrypted", "broken", "unsupported", "too_large"}, path.name
