"""What the editor offers to choose from, within the rights of the person writing."""

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.access import Actor, Permission, audience_scope, path_ids, place_scope
from kb.audiences import all_audiences
from kb.departments import all_departments
from kb.models import Article
from kb.nodes import breadcrumb, nodes_by_id, visible_tree

Choice = tuple[int, str]


def node_choices(session: Session, actor: Actor) -> list[Choice]:
    """Return the categories in which the person may write for some department, with their whole path."""
    scope = place_scope(session, actor, Permission.ARTICLE_WRITE)
    paths = [department.path for department in all_departments(session)]
    nodes = nodes_by_id(visible_tree(session, audience_scope(session, actor)))
    return [
        (node.id, " / ".join(step.title for step in breadcrumb(nodes, node)))
        for node in nodes.values()
        if any(scope.admits(node.path, path) for path in paths)
    ]


def department_choices(session: Session, actor: Actor, present: int | None = None) -> list[Choice]:
    """Return the departments for which the person may write somewhere, and the one that is set already."""
    scope = place_scope(session, actor, Permission.ARTICLE_WRITE)
    found = []
    for department in all_departments(session):
        by_role = scope.by_role and (
            scope.department_id is None or scope.department_id in path_ids(department.path)
        )
        # A grant at a category is not about a department.
        if by_role or scope.granted or department.id == present:
            found.append((department.id, department.name))
    return found


def audience_choices(session: Session) -> list[Choice]:
    """Return the audiences by name."""
    return [(line.audience.id, line.audience.name) for line in all_audiences(session)]


def interval_choices(present: str) -> list[tuple[str, str]]:
    """Return how often an article may be looked at again: days, or empty for never."""
    offered = [
        ("", _("不复核")),
        ("30", _("每月")),
        ("90", _("每季度")),
        ("180", _("每半年")),
        ("365", _("每年")),
    ]
    if present and present not in {days for days, _label in offered} and present.isdigit():
        offered.append((present, _("每 %(days)s 天", days=present)))
    return offered


def may_write_somewhere(session: Session, actor: Actor) -> bool:
    """Return whether there is any place where the person may write."""
    scope = place_scope(session, actor, Permission.ARTICLE_WRITE)
    return scope.by_role or bool(scope.granted)


def visible_title(session: Session, actor: Actor, article_id: int) -> str:
    """Return the title of an article the person may read, or an empty string."""
    scope = audience_scope(session, actor)
    article = session.scalar(select(Article).where(Article.id == article_id, scope.clause()))
    shown = [item for item in article.revisions if item.shown_from is not None] if article else []
    return shown[-1].title if shown else ""
