"""Managing the tree on its pages and on the command line: shown before it is saved, and refused to others."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from small_bank import World
from sqlalchemy import select

from kb.database import Database
from kb.models import Article, Audience, AuditEvent, Node, NodeGrant
from tests.pages import fetch, statements, words
from web.cli import run

LoggedIn = Callable[..., FlaskClient]
Token = Callable[[FlaskClient], str]


@pytest.fixture
def send(csrf_token: Token) -> Callable[..., tuple[int, str]]:
    """Post a form as a page would, and return the status and the page that follows."""

    def post(client: FlaskClient, path: str, **form: object) -> tuple[int, str]:
        answer = client.post(path, data={**form, "csrf_token": csrf_token(client)})
        return answer.status_code, answer.text

    return post


@pytest.fixture
def manager(client: FlaskClient, logged_in: LoggedIn) -> FlaskClient:
    return logged_in(client, "manager")


def seen(text: str) -> str:
    found = re.search(r'name="seen" value="(\w+)"', text)
    assert found, text
    return found[1]


def node(database: Database, node_id: int) -> Node | None:
    with database.read() as session:
        return session.get(Node, node_id)


def test_the_tree_lists_every_category_with_what_it_holds(manager: FlaskClient, world: World) -> None:
    text = words(fetch(manager, "/admin/nodes"))
    assert "个人业务" in text
    assert "personal/debit/loss" in text
    assert text.split("personal", 1)[1].startswith(" 4 借记卡 personal/debit 3")


@pytest.mark.parametrize("role", ["agent", "publisher", "reviewer"])
def test_others_may_not_manage_the_tree(
    client: FlaskClient, logged_in: LoggedIn, world: World, send: Callable[..., tuple[int, str]], role: str
) -> None:
    logged_in(client, role)
    for path in ("/admin/nodes", f"/admin/nodes/{world.nodes['fees']}", "/admin/audiences", "/admin"):
        assert client.get(path).status_code == 403
    assert send(client, "/admin/nodes", title="新")[0] == 403
    assert send(client, f"/admin/nodes/{world.nodes['fees']}/rename", title="新")[0] == 403
    assert send(client, f"/admin/nodes/{world.nodes['fees']}/move", parent="")[0] == 403
    assert send(client, f"/admin/nodes/{world.nodes['fees']}/merge", target="1")[0] == 403


def test_a_move_is_shown_with_its_effect_before_it_happens(
    manager: FlaskClient, world: World, database: Database, send: Callable[..., tuple[int, str]]
) -> None:
    with database.write() as session:
        audience = session.scalars(select(Audience)).one()
        session.get_one(Node, world.nodes["card"]).audience_id = audience.id
    path = f"/admin/nodes/{world.nodes['personal/debit']}/move"
    status, text = send(manager, path, parent=world.nodes["card"])
    assert status == 200
    figures = re.findall(r"<dd>([\d,]+)</dd>", text)
    # Three articles, two of which are now open; agent and reviewer lose them.
    assert figures == ["3", "2", "2", "0"]
    moved = node(database, world.nodes["personal/debit"])
    assert moved is not None
    assert moved.parent_id == world.nodes["personal"]
    assert send(manager, path, parent=world.nodes["card"], seen=seen(text))[0] == 303
    moved = node(database, world.nodes["personal/debit"])
    assert moved is not None
    assert moved.parent_id == world.nodes["card"]
    with database.read() as session:
        assert session.get_one(Article, world.articles["loss"]).access_key == str(audience.id)


def test_a_confirmation_that_is_out_of_date_asks_again(
    manager: FlaskClient, world: World, database: Database, send: Callable[..., tuple[int, str]]
) -> None:
    path = f"/admin/nodes/{world.nodes['personal']}/audience"
    with database.read() as session:
        audience_id = session.scalars(select(Audience.id)).one()
    _status, text = send(manager, path, audience=audience_id)
    old = seen(text)
    with database.write() as session:
        article = session.get_one(Article, world.articles["annual-fee"])
        article.node_id = world.nodes["personal"]
    status, text = send(manager, path, audience=audience_id, seen=old)
    assert status == 200
    assert "情况有变化" in text
    assert send(manager, path, audience=audience_id, seen=seen(text))[0] == 303


def test_merging_needs_the_title_typed(
    manager: FlaskClient, world: World, database: Database, send: Callable[..., tuple[int, str]]
) -> None:
    path = f"/admin/nodes/{world.nodes['personal/deposit']}/merge"
    form = {"target": world.nodes["fees"]}
    _status, text = send(manager, path, **form)
    assert send(manager, path, **form, seen=seen(text), typed="存")[0] == 200
    assert node(database, world.nodes["personal/deposit"]) is not None
    assert send(manager, path, **form, seen=seen(text), typed="存款")[0] == 303
    assert node(database, world.nodes["personal/deposit"]) is None
    answer = manager.get(f"/n/{world.nodes['personal/deposit']}")
    assert f"node={world.nodes['fees']}" in answer.headers["Location"]


def test_what_was_typed_survives_a_refusal(
    manager: FlaskClient, world: World, send: Callable[..., tuple[int, str]]
) -> None:
    status, text = send(manager, "/admin/nodes", title="存款", parent=world.nodes["personal"], code="x")
    assert status == 422
    assert 'value="存款"' in text
    assert "这里已有名为" in text


def test_only_an_administrator_grants_rights(
    client: FlaskClient,
    logged_in: LoggedIn,
    world: World,
    database: Database,
    send: Callable[..., tuple[int, str]],
) -> None:
    path = f"/admin/nodes/{world.nodes['fees']}"
    form = {"permission": "article:approve", "role": "manager"}
    assert send(logged_in(client, "manager"), f"{path}/grants", **form)[0] == 403
    admin = logged_in(client.application.test_client(), "admin")
    assert send(admin, f"{path}/grants", **form)[0] == 303
    assert send(admin, f"{path}/grants", permission="article:approve", person="nobody")[0] == 422
    text = words(fetch(admin, path))
    assert "知识管理" in text
    with database.read() as session:
        grant = session.scalars(select(NodeGrant)).one()
    assert send(admin, f"{path}/grants/{grant.id}/remove")[0] == 303
    assert send(admin, f"{path}/grants/{grant.id}/remove")[0] == 404


def test_one_article_is_kept_for_an_audience_from_its_category(
    manager: FlaskClient, world: World, database: Database, send: Callable[..., tuple[int, str]]
) -> None:
    with database.read() as session:
        audience_id = session.scalars(select(Audience.id)).one()
    path = f"/admin/nodes/{world.nodes['personal/debit/loss']}/articles/{world.articles['loss']}/audience"
    _status, text = send(manager, path, audience=audience_id)
    assert send(manager, path, audience=audience_id, seen=seen(text))[0] == 303
    with database.read() as session:
        assert session.get_one(Article, world.articles["loss"]).access_key == str(audience_id)


def test_the_pages_of_the_tree_ask_a_fixed_number_of_questions(
    manager: FlaskClient, world: World, database: Database
) -> None:
    counts = []
    for extra in (0, 30):
        with database.write() as session:
            for number in range(extra):
                added = Node(code=f"n{number}", title=f"新分类{number}", position=number)
                session.add(added)
                session.flush()
                added.path = f"/{added.id}/"
        for path in ("/admin/nodes", f"/admin/nodes/{world.nodes['personal/debit']}", "/admin/audiences"):
            with statements(database) as asked:
                fetch(manager, path)
            counts.append((path, len(asked)))
    assert counts[:3] == counts[3:]
    assert max(count for _path, count in counts) <= 16


def test_the_command_line_moves_keeps_and_grants_and_audits(
    home: Path,
    world: World,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("KB_HOME", str(home))
    assert run(["node", "move", "personal/debit", "--under", "card", "--dry-run"]) == 0
    assert run(["node", "move", "personal/debit", "--under", "card"]) == 0
    assert run(["audience", "set", "坐席或零售", "--who", "service+agent", "--who", "个人金融部"]) == 0
    assert run(["node", "audience", "card", "坐席或零售"]) == 0
    assert run(["grant", "add", "card", "article:approve", "--person", "manager"]) == 0
    assert run(["node", "merge", "fees", "personal/deposit"]) == 0
    assert run(["grant", "list"]) == 0
    assert run(["audience", "list"]) == 0
    assert run(["node", "list"]) == 0
    told = capsys.readouterr().out
    assert "涉及 3 篇知识" in told
    assert "article:approve\t钱国梁" in told
    assert "客户服务中心+agent" in told
    assert run(["audience", "remove", "坐席或零售"]) == 1
    assert run(["node", "move", "card"]) == 2
    assert run(["node", "move", "nowhere", "--root"]) == 1
    with database.read() as session:
        article = session.get_one(Article, world.articles["loss"])
        audience = session.scalar(select(Audience.id).where(Audience.name == "坐席或零售"))
        assert article.access_key == str(audience)
        actions = set(session.scalars(select(AuditEvent.action)))
    assert {"node.move", "node.audience", "node.merge", "audience.create", "grant.add"} <= actions
