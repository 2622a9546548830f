"""The tree, the departments and the audiences are kept in memory, and never a moment too long."""

from pages import statements
from small_bank import NOON, World
from sqlalchemy import update

from kb.access import Actor, AudienceScope, audience_scope
from kb.articles import create_article
from kb.database import Database
from kb.departments import all_departments, ensure_department
from kb.found import found_revisions
from kb.models import AudienceRule, Department, Node, Person
from kb.nodes import ensure_node, nodes_by_id, tree, visible_tree
from kb.structure import structure_version


def titles(database: Database) -> list[str]:
    with database.read() as session:
        return [node.title for node in nodes_by_id(tree(session)).values()]


def test_a_second_page_reads_the_structure_from_memory(database: Database, world: World) -> None:
    def page() -> None:
        with database.read() as session:
            everybody = AudienceScope(None)
            assert visible_tree(session, everybody)
            assert all_departments(session)

    page()
    with statements(database) as asked:
        page()
    assert len(asked) == 1


def test_a_new_category_is_seen_by_the_next_page(database: Database) -> None:
    before = titles(database)
    with database.write() as session:
        ensure_node(session, "brand-new", "全新分类")
    assert set(titles(database)) - set(before) == {"全新分类"}


def test_a_statement_over_many_rows_is_noticed_as_well(database: Database) -> None:
    titles(database)
    with database.write() as session:
        session.execute(update(Node).values(title="改名"))
    assert set(titles(database)) == {"改名"}


def test_another_process_sees_a_renamed_department_at_once(database: Database, world: World) -> None:
    other = Database(database.url)
    with other.read() as session:
        all_departments(session)
    with database.write() as session:
        session.get_one(Department, world.departments["service"]).name = "远程银行"
    with other.read() as session:
        assert "远程银行" in [department.name for department in all_departments(session)]
    other.close()


def test_a_transaction_sees_its_own_changes_and_nobody_those_taken_back(database: Database) -> None:
    before = titles(database)
    try:
        with database.write() as session:
            ensure_department(session, "passing", "过路部门")
            assert "过路部门" in [department.name for department in all_departments(session)]
            raise RuntimeError
    except RuntimeError:
        pass
    with database.read() as session:
        assert "过路部门" not in [department.name for department in all_departments(session)]
    assert titles(database) == before


def test_ordinary_work_leaves_the_number_alone(database: Database, world: World) -> None:
    with database.read() as session:
        before = structure_version(session)
    with database.write() as session:
        person = session.get_one(Person, world.people["agent"])
        node = session.get_one(Node, world.nodes[next(iter(world.nodes))])
        create_article(session, node, person.department, NOON)
        person.theme = "dark"
    with database.read() as session:
        assert structure_version(session) == before


def test_who_leaves_an_audience_loses_its_keys_at_once(database: Database, world: World) -> None:
    def keys() -> frozenset[str] | None:
        with database.read() as session:
            return audience_scope(session, Actor.of(session.get_one(Person, world.people["publisher"]))).keys

    held = keys()
    with database.write() as session:
        for rule in session.query(AudienceRule):
            session.delete(rule)
    assert held is not None
    assert keys() == frozenset({""}) < held


def test_hits_are_looked_up_by_their_number_and_not_by_their_key(database: Database) -> None:
    with statements(database) as asked, database.read() as session:
        found_revisions(session, [1, 2, 3], AudienceScope(frozenset({""})))
        statement = asked[0].replace("\n", " ")
        plan = session.connection().exec_driver_sql(
            f"EXPLAIN QUERY PLAN {statement}", (*([1] * (statement.count("?") - 1)), "")
        )
        steps = [row[3] for row in plan]
    assert any(step.startswith("SEARCH revisions USING INTEGER PRIMARY KEY") for step in steps), steps
    assert not any("ix_articles_access" in step for step in steps), steps
