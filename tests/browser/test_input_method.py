"""The input method contract: nothing acts while a word is being composed, everything acts once it is done."""

from collections.abc import Callable
from typing import Any

import pytest
from browsing import until, until_title

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]
PROCESS_KEY = 229


class InputMethod:
    """Composes text in the focused field the way Chromium's own input method interface does."""

    def __init__(self, page: Any) -> None:
        self._devtools = page.context.new_cdp_session(page)

    def compose(self, text: str) -> None:
        arguments = {"text": text, "selectionStart": len(text), "selectionEnd": len(text)}
        self._devtools.send("Input.imeSetComposition", arguments)

    def commit(self, text: str) -> None:
        self._devtools.send("Input.insertText", {"text": text})

    def press(self, key: str, code: int = PROCESS_KEY) -> None:
        """Press a key that the input method takes for itself."""
        arguments = {"type": "rawKeyDown", "key": key, "code": key, "windowsVirtualKeyCode": code}
        self._devtools.send("Input.dispatchKeyEvent", arguments)
        self._devtools.send("Input.dispatchKeyEvent", {**arguments, "type": "keyUp"})


@pytest.fixture
def typing(open_page: OpenPage) -> tuple[Any, InputMethod, list[str]]:
    """A page with its search box focused, an input method, and the questions that reach the server."""
    page = open_page("/search?q=挂失补卡")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/suggest" in request.url else None)
    page.fill("#q", "")
    page.wait_for_selector("#suggestions [role=option]")
    page.press("#q", "Escape")
    page.wait_for_selector("#suggestions", state="hidden")
    asked.clear()
    return page, InputMethod(page), asked


Typing = tuple[Any, InputMethod, list[str]]


def test_nothing_is_asked_while_a_word_is_being_composed(typing: Typing) -> None:
    page, method, asked = typing
    for text in ("n", "ni", "nian", "nian fei"):
        method.compose(text)
        page.wait_for_timeout(200)
    assert asked == []


def test_the_committed_word_is_asked_once(typing: Typing) -> None:
    page, method, asked = typing
    method.compose("nian fei")
    method.commit("年费")
    page.wait_for_selector("#suggestions [role=option]")
    assert len(asked) == 1
    assert asked[0].endswith("/suggest?q=%E5%B9%B4%E8%B4%B9")


@pytest.mark.parametrize("code", [PROCESS_KEY, 13])
def test_enter_during_composition_does_not_search(typing: Typing, code: int) -> None:
    page, method, _asked = typing
    method.compose("nianfei")
    method.press("Enter", code)
    page.wait_for_timeout(300)
    assert "%E5%B9%B4" not in page.url
    assert page.evaluate("document.title").startswith("挂失补卡")


def test_enter_after_the_commit_searches(typing: Typing) -> None:
    page, method, _asked = typing
    method.compose("nianfei")
    method.commit("年费")
    page.wait_for_timeout(60)
    page.keyboard.press("Enter")
    until_title(page, "年费")


@pytest.mark.parametrize("key", ["ArrowDown", "Escape", " ", "1"])
def test_keys_of_the_candidate_window_do_nothing_else(typing: Typing, key: str) -> None:
    page, method, _asked = typing
    method.compose("nianfei")
    method.press(key)
    page.wait_for_timeout(200)
    assert page.evaluate("document.activeElement.id") == "q"
    assert "nianfei" in page.input_value("#q")


def test_a_cancelled_composition_leaves_the_box_usable(typing: Typing) -> None:
    page, method, asked = typing
    method.compose("nian")
    method.compose("")
    page.keyboard.type("挂失")
    until(page, "() => document.querySelector('#suggestions mark').innerText === '挂失'")
    assert asked[-1].endswith("%E6%8C%82%E5%A4%B1")


def test_leaving_the_box_while_composing_asks_at_most_once(typing: Typing) -> None:
    page, method, asked = typing
    method.compose("年费")
    page.evaluate("document.getElementById('q').blur()")
    page.wait_for_timeout(500)
    assert len(asked) <= 1
    assert not page.is_visible("#suggestions")


def test_pasted_words_are_asked_like_typed_ones(typing: Typing) -> None:
    page, _method, asked = typing
    page.evaluate("document.execCommand('insertText', false, '手机银行')")
    page.wait_for_selector("#suggestions [role=option]")
    assert len(asked) == 1


def test_pinyin_initials_are_asked_from_the_second_letter(typing: Typing) -> None:
    page, _method, asked = typing
    page.keyboard.type("g")
    page.wait_for_timeout(300)
    assert asked == []
    page.keyboard.type("s")
    page.wait_for_selector("#suggestions [role=option]")
    assert len(asked) == 1


def test_a_full_width_slash_focuses_the_box(open_page: OpenPage) -> None:
    page = open_page("/search")
    page.evaluate(
        "document.body.dispatchEvent(new KeyboardEvent('keydown', { key: '／', bubbles: true, cancelable: true }))"
    )
    assert page.evaluate("document.activeElement.id") == "q"
