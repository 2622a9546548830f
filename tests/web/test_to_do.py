"""The numbers on the home page of those for whom work waits."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from pages import fetch, section, words
from small_bank import NOON, World
from talking import comment, passed

from kb.database import Database


@pytest.mark.parametrize(
    ("role", "shown"),
    [
        ("agent", []),
        ("reviewer", ["评论审核 2"]),
        ("publisher", ["改进任务 1", "超期的改进任务 1"]),
        ("manager", ["评论审核 2", "改进任务 1", "超期的改进任务 1"]),
    ],
)
def test_everybody_sees_what_waits_for_them(
    client: FlaskClient,
    logged_in: Callable[..., FlaskClient],
    world: World,
    database: Database,
    role: str,
    shown: list[str],
) -> None:
    with database.write() as session:
        passed(session, world, "有误", kind="error", at=NOON - timedelta(days=5))
        passed(session, world, "建议", kind="suggestion")
        comment(session, world, "待审一")
        comment(session, world, "待审二", role="publisher")
    html = fetch(logged_in(client, role), "/")
    assert ('id="to-do"' in html) == bool(shown)
    for line in shown:
        label, number = line.split()
        assert f"{label}{number}" in words(section(html, "to-do")).replace(" ", "")
