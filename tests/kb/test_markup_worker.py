"""Long sources are cut where nothing is open and rendered by a child process that may die."""

import os
import re
import threading

import pytest

from kb import markup
from kb.markup import Rendered, render
from kb.markup.pieces import SPLIT_ABOVE, split
from kb.markup.worker import RenderingFailed, Worker

# Seconds for what takes milliseconds on a machine that has time.
PATIENCE = 60.0


def test_one_bad_piece_does_not_spoil_the_rest_of_a_long_source(monkeypatch: pytest.MonkeyPatch) -> None:
    # On a busy machine the bad piece alone can use up what the whole source is given.
    monkeypatch.setattr(markup, "_SOURCE_SECONDS", 60.0)
    good = "\n\n".join(f"## 第{number}条\n\n" + "**内容**" * 400 for number in range(10))
    page = render(f"{good}\n\n## 坏\n\n{'[' * 20_000}\n\n# 结尾\n\n**完**", "markdown")
    assert "<strong>内容</strong>" in page.html
    assert "[[[[" in page.text
    assert page.html.endswith("<strong>完</strong></p>")


def test_many_threads_render_at_once_without_mixing_their_pages() -> None:
    pages: dict[int, Rendered] = {}

    def work(number: int) -> None:
        pages[number] = render(f"**{number}号**" * 20, "markdown")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [pages[number].text for number in range(12)] == [f"{number}号" * 20 for number in range(12)]


# --- the child process ------------------------------------------------------------------------------


def job(source: str) -> dict[str, object]:
    return {"format": "markdown", "source": source, "piece": 0}


def test_a_killed_child_is_replaced_at_the_next_job() -> None:
    worker = Worker()
    try:
        with pytest.raises(RenderingFailed):
            worker.render(job("[" * 20_000), 0.3)
        assert worker.render(job("**好**"), PATIENCE)[0]["html"] == "<p><strong>好</strong></p>"
    finally:
        worker.close()


def test_a_child_that_died_between_two_jobs_is_replaced() -> None:
    worker = Worker()
    try:
        worker.render(job("一"), PATIENCE)
        assert worker._process is not None
        os.kill(worker._process.pid, 9)
        worker._process.wait()
        assert worker.render(job("二"), PATIENCE)[0]["html"] == "<p>二</p>"
    finally:
        worker.close()


def test_an_error_in_the_child_leaves_it_alive() -> None:
    worker = Worker()
    try:
        with pytest.raises(RenderingFailed, match="RecursionError"):
            worker.render(job("1. " * 7000), PATIENCE)
        process = worker._process
        assert worker.render(job("字"), PATIENCE)[0]["html"] == "<p>字</p>"
        assert worker._process is process
    finally:
        worker.close()


# --- cutting ----------------------------------------------------------------------------------------


def test_a_short_source_is_not_cut() -> None:
    assert split("字\n\n" * 100) == ["字\n\n" * 100]


def test_no_cut_falls_inside_a_fence_a_list_or_a_table() -> None:
    fence = "```\n" + "# 注释\n\n代码\n\n" * 6000 + "```"
    listed = "\n\n".join(f"{number}. 项\n\n    续" for number in range(1, 6000))
    table = "|甲|乙|\n|-|-|\n" + "|一|二|\n" * 8000
    source = f"{fence}\n\n# 一\n\n{listed}\n\n# 二\n\n{table}\n\n# 三\n\n末"
    pieces = split(source)
    assert "".join("".join(pieces).split()) == "".join(source.split())
    assert any(fence in piece for piece in pieces)
    assert any(listed in piece for piece in pieces)
    assert any(table in piece for piece in pieces)
    assert len(pieces) > 1


def test_a_fence_that_never_closes_does_not_stop_the_cutting() -> None:
    assert len(split("```python\n\n" + "一段文字。\n\n" * 20_000)) > 3


def test_link_and_footnote_definitions_reach_every_piece() -> None:
    filler = "\n\n".join("填充文字。" * 100 for _ in range(SPLIT_ABOVE // 200))
    source = (
        f"见[甲][r]和注[^n]。\n\n{filler}\n\n"
        "再见[乙][r]和注[^n]、[^m]。\n\n[r]: /a/1\n\n[^n]: 脚注文字\n    续行\n[^m]: 又注"
    )
    page = render(source, "markdown")
    assert page.html.count('href="/a/1"') == 2
    assert page.text.count("脚注文字\n续行") == 2
    anchors = re.findall(r' id="([^"]*)"', page.html)
    assert len(anchors) == len(set(anchors)) == 6


def test_a_footnote_nobody_refers_to_is_not_lost() -> None:
    assert "孤立脚注" in render("填充。\n\n" * (SPLIT_ABOVE // 4) + "\n\n[^x]: 孤立脚注", "markdown").text
