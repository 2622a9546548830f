"""People of the small bank who comment, judge and deal with tasks, for tests of all of these."""

from zoneinfo import ZoneInfo

from small_bank import NOON, PASSWORD, World
from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.access import Actor
from kb.comments import NewComment, post
from kb.models import Comment, Department, ModerationRule, Person, Role, Task
from kb.moderation import Verdict, decide
from kb.people import create_person

ZONE = ZoneInfo("Asia/Shanghai")


def actor(session: Session, world: World, role: str) -> Actor:
    """The person with a role."""
    return Actor.of(session.get_one(Person, world.people[role]))


def newcomer(
    session: Session, username: str, name: str, department: str, role: Role, number: str = ""
) -> Actor:
    """A further person, in a department by its code."""
    place = session.scalars(select(Department).where(Department.code == department)).one()
    return Actor.of(create_person(session, username, name, PASSWORD, place, [role], NOON, number))


def comment(
    session: Session, world: World, text: str = "口头挂失是 5 天还是 7 天？", **values: object
) -> Comment:
    """A comment of the agent on the current text about lost cards."""
    given = {"kind": "question", "article": "loss", "number": 2, "role": "agent", "at": NOON, **values}
    new = NewComment(str(given["kind"]), text, given.get("quote"), given.get("near"), given.get("images", ()))  # type: ignore[arg-type]
    who = given.get("by") or actor(session, world, str(given["role"]))
    return post(
        session,
        who,
        world.articles[str(given["article"])],
        given["number"],
        new,
        given["at"],
        ZONE,  # type: ignore[arg-type]
    )


def passed(
    session: Session, world: World, text: str = "口头挂失是 5 天还是 7 天？", **values: object
) -> Comment:
    """A comment that the reviewer let pass."""
    said = comment(session, world, text, **values)
    outcome = decide(
        session,
        actor(session, world, "reviewer"),
        [said.id],
        Verdict.PASS,
        values.get("at", NOON),
        ZONE,  # type: ignore[arg-type]
    )
    assert outcome.done == (said.id,), outcome
    return said


def task_of(session: Session, said: Comment) -> Task:
    """The task that a comment became."""
    return session.scalars(select(Task).where(Task.comment_id == said.id)).one()


def moderate_after(session: Session, world: World, node: str = "personal") -> None:
    """Let comments at a node be visible at once."""
    session.add(ModerationRule(node_id=world.nodes[node], mode="post", set_at=NOON))
    session.flush()
