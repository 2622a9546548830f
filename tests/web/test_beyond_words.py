"""Whatever went beyond the words typed is said on the results page, and one key leads back to them."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from pages import fetch

ONLY_WORDS = 'data-key="w"'


@pytest.fixture
def agent(client: FlaskClient, logged_in: Callable[..., FlaskClient]) -> FlaskClient:
    """An agent's browser."""
    return logged_in(client, "agent")


@pytest.mark.parametrize("text", ["补咔工本费", "bkgbf", "储蓄卡"])
def test_only_the_words_is_offered_whenever_sounds_letters_or_synonyms_were_used(
    agent: FlaskClient, text: str
) -> None:
    html = fetch(agent, f"/search?q={text}")
    assert "仅搜原词" in html
    assert ONLY_WORDS in html


def test_nothing_is_offered_where_only_the_words_were_used(agent: FlaskClient) -> None:
    assert ONLY_WORDS not in fetch(agent, "/search?q=补卡工本费&verbatim=1")


def test_the_likeliest_correction_is_one_key_away(agent: FlaskClient) -> None:
    html = fetch(agent, "/search?q=补咔工本费")
    assert "您是不是要找：" in html
    assert html.split('data-key="d">')[1].startswith("补卡工本费 ")


def test_what_the_time_hides_is_one_key_away(agent: FlaskClient) -> None:
    assert 'data-key="x"' in fetch(agent, "/search?q=补卡&time=custom&to=2001-01-01")
