"""Managing the tree of categories: its shape, who sees a category, and who writes and approves in it."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from kb.access import GRANTABLE, Actor, Permission, may, require
from kb.audiences import all_audiences, article_of, articles_at, inherited_audiences, set_article_audience
from kb.departments import all_departments
from kb.errors import Conflict, Invalid
from kb.grants import Grantee, add_grant, all_grants, grants_at, remove_grant
from kb.models import Node, Person, Role
from kb.node_changes import (
    create_node,
    merge_node,
    move_node,
    node_of,
    rename_node,
    set_node_audience,
    shift_node,
)
from kb.nodes import articles_by_node, breadcrumb, flattened, nodes_by_id, rolled_up, tree
from kb.reach import Impact, article_audience_impact, audience_of_node_impact, merge_impact, move_impact
from web.addresses import LARGEST_ID
from web.admin import chosen_id
from web.session import current_actor
from web.transactions import now, reading, writing

blueprint = Blueprint("nodes", __name__, url_prefix="/admin/nodes")
NODE = f"/<int(max={LARGEST_ID}):node_id>"
LINES = 50
Answer = str | Response | tuple[str, int]


@dataclass(frozen=True)
class Question:
    """What a page of confirmation asks: the change in words and what it would do."""

    title: str
    sentence: str
    impact: Impact
    typed: str = ""


@blueprint.get("")
def page() -> str:
    """Show the whole tree with what each category holds."""
    return _tree_page({}, {})


@blueprint.post("")
def create() -> Answer:
    """Add a category."""
    form = request.form
    try:
        with writing() as session:
            number = chosen_id("parent")
            parent = node_of(session, number) if number else None
            made = create_node(
                session, current_actor(), form.get("title", ""), parent, now(), form.get("code", "")
            )
            flash(_("已新增分类“%(title)s”。", title=made.title))
            return redirect(url_for("nodes.detail", node_id=made.id), code=303)
    except Invalid as error:
        return _tree_page(form.to_dict(), error.errors), 422


@blueprint.get(NODE)
def detail(node_id: int) -> Answer:
    """Show one category with everything that can be done to it."""
    with reading() as session:
        require(current_actor(), Permission.NODE_MANAGE)
        found = node_of(session, node_id)
        if found.id != node_id:
            return redirect(url_for("nodes.detail", node_id=found.id))
        return _shown(session, found, {})


@blueprint.post(f"{NODE}/rename")
def rename(node_id: int) -> Answer:
    """Give a category another title."""

    def change(session: Session, actor: Actor, node: Node) -> None:
        rename_node(session, actor, node, request.form.get("title", ""), now())

    return _changed(node_id, change)


@blueprint.post(f"{NODE}/shift")
def shift(node_id: int) -> Answer:
    """Move a category up or down among its siblings."""
    steps = -1 if request.form.get("way") == "up" else 1
    return _changed(node_id, lambda session, actor, node: shift_node(session, actor, node, steps, now()))


@blueprint.post(f"{NODE}/move")
def move(node_id: int) -> Answer:
    """Ask what hanging a category elsewhere would do, and do it once that was confirmed."""
    with writing() as session:
        actor, node = current_actor(), _managed(session, node_id)
        number = chosen_id("parent")
        parent = node_of(session, number) if number else None
        try:
            with session.begin_nested() as trial:
                move_node(session, actor, node, parent, now())
                trial.rollback()
        except Invalid as error:
            return _detail_page(node_id, error.errors), 422
        impact = move_impact(session, node, parent.id if parent else None)
        if _is_confirmed(impact):
            move_node(session, actor, node, parent, now())
            return _done(node_id)
        place = parent.title if parent else _("最上层")
        sentence = _("把“%(title)s”及其下级移到“%(place)s”下。", title=node.title, place=place)
        return _ask(node, Question(_("移动分类"), sentence, impact))


@blueprint.post(f"{NODE}/audience")
def audience(node_id: int) -> Answer:
    """Ask what keeping a category for an audience would do, and do it once that was confirmed."""
    with writing() as session:
        actor, node = current_actor(), _managed(session, node_id)
        number = chosen_id("audience")
        impact = audience_of_node_impact(session, node, number)
        if _is_confirmed(impact):
            set_node_audience(session, actor, node, number, now())
            return _done(node_id)
        names = {line.audience.id: line.audience.name for line in all_audiences(session)}
        name = names.get(number or 0, "") or _("不另设限制")
        sentence = _("“%(title)s”及其下级的可见范围改为：%(name)s。", title=node.title, name=name)
        return _ask(node, Question(_("修改可见范围"), sentence, impact))


@blueprint.post(f"{NODE}/merge")
def merge(node_id: int) -> Answer:
    """Ask what merging a category into another would do; its title must be typed to confirm."""
    with writing() as session:
        actor, node = current_actor(), _managed(session, node_id)
        number = chosen_id("target")
        if number is None:
            return _detail_page(node_id, {"target": _("请选择并入哪个分类。")}), 422
        target = node_of(session, number)
        title, impact = node.title, merge_impact(session, node, target)
        is_sure = _is_confirmed(impact) and request.form.get("typed", "").strip() == title
        try:
            with session.begin_nested() as step:
                count = merge_node(session, actor, node, target, now())
                if not is_sure:
                    step.rollback()
        except (Conflict, Invalid) as error:
            reasons = error.errors.values() if isinstance(error, Invalid) else ()
            return _detail_page(node_id, {"target": " ".join([_(error.message), *reasons])}), 422
        if is_sure:
            flash(_("已并入“%(title)s”，共 %(n)s 篇知识。", title=target.title, n=count))
            return redirect(url_for("nodes.detail", node_id=target.id), code=303)
        sentence = _(
            "把“%(title)s”的知识和下级并入“%(target)s”，然后删除“%(title)s”。不能撤销。",
            title=title,
            target=target.title,
        )
        return _ask(node, Question(_("合并分类"), sentence, impact, typed=title))


@blueprint.post(f"{NODE}/grants")
def grant(node_id: int) -> Answer:
    """Give a right at a category."""
    form = request.form
    require(current_actor(), Permission.GRANT_MANAGE)
    try:
        with writing() as session:
            node = node_of(session, node_id)
            to = Grantee(chosen_id("department"), _role(form.get("role", "")), _person(session, form))
            permission = _permission(form.get("permission", ""))
            add_grant(session, current_actor(), node, permission, to, now())
    except Invalid as error:
        return _detail_page(node_id, error.errors), 422
    return _done(node_id)


@blueprint.post(f"{NODE}/grants/<int(max={LARGEST_ID}):grant_id>/remove")
def revoke(node_id: int, grant_id: int) -> Answer:
    """Take a right back."""
    with writing() as session:
        remove_grant(session, current_actor(), grant_id, now())
    return _done(node_id)


@blueprint.post(f"{NODE}/articles/<int(max={LARGEST_ID}):article_id>/audience")
def article_audience(node_id: int, article_id: int) -> Answer:
    """Ask what keeping one article for an audience would do, and do it once that was confirmed."""
    with writing() as session:
        actor, node = current_actor(), _managed(session, node_id)
        article = article_of(session, article_id)
        number = chosen_id("audience")
        impact = article_audience_impact(session, article, number)
        if _is_confirmed(impact):
            set_article_audience(session, actor, article, number, now())
            return _done(node_id)
        names = {line.audience.id: line.audience.name for line in all_audiences(session)}
        name = names.get(number or 0, "") or _("不另设限制")
        sentence = _("这一篇知识的可见范围改为：%(name)s。", name=name)
        return _ask(node, Question(_("修改可见范围"), sentence, impact))


def _managed(session: Session, node_id: int) -> Node:
    require(current_actor(), Permission.NODE_MANAGE)
    return node_of(session, node_id)


def _changed(node_id: int, change: Callable[[Session, Actor, Node], None]) -> Answer:
    try:
        with writing() as session:
            change(session, current_actor(), node_of(session, node_id))
    except Invalid as error:
        return _detail_page(node_id, error.errors), 422
    return _done(node_id)


def _done(node_id: int) -> Response:
    flash(_("已保存。"))
    return redirect(url_for("nodes.detail", node_id=node_id), code=303)


def _is_confirmed(impact: Impact) -> bool:
    return request.form.get("seen") == impact.fingerprint


def _ask(node: Node, question: Question) -> str:
    kept = [
        (name, value) for name, value in request.form.items() if name not in ("seen", "typed", "csrf_token")
    ]
    return render_template(
        "admin/confirm.html",
        question=question,
        is_changed=bool(request.form.get("seen")) and request.form["seen"] != question.impact.fingerprint,
        is_mistyped=bool(request.form.get("seen")) and bool(question.typed),
        kept=kept,
        back=url_for("nodes.detail", node_id=node.id),
    )


def _role(value: str) -> Role | None:
    return Role(value) if value in set(Role) else None


def _permission(value: str) -> Permission:
    if value not in {item.value for item in GRANTABLE}:
        raise Invalid("授权没有保存。", {"permission": "请选择一项权限。"})
    return Permission(value)


def _person(session: Session, form: dict[str, str]) -> int | None:
    username = form.get("person", "").strip().lower()
    if not username:
        return None
    found = session.scalar(select(Person.id).where(Person.username == username))
    if found is None:
        raise Invalid("授权没有保存。", {"person": "没有这个用户名。"})
    return found


def _tree_page(typed: dict[str, str], errors: dict[str, str]) -> str:
    with reading() as session:
        require(current_actor(), Permission.NODE_MANAGE)
        branches = tree(session)
        granted: dict[int, int] = {}
        for line in all_grants(session):
            granted[line.node.id] = granted.get(line.node.id, 0) + 1
        return render_template(
            "nodes/page.html",
            places=flattened(branches),
            counts=rolled_up(branches, articles_by_node(session)),
            names={line.audience.id: line.audience.name for line in all_audiences(session)},
            granted=granted,
            typed=typed,
            errors=errors,
        )


def _detail_page(node_id: int, errors: dict[str, str]) -> str:
    with reading() as session:
        require(current_actor(), Permission.NODE_MANAGE)
        return _shown(session, node_of(session, node_id), errors)


def _shown(session: Session, node: Node, errors: dict[str, str]) -> str:
    branches = tree(session)
    page_number = max(1, request.args.get("page", 1, type=int))
    lines, total = articles_at(session, node.id, page_number, LINES)
    return render_template(
        "nodes/detail.html",
        node=node,
        trail=breadcrumb(nodes_by_id(branches), node),
        places=flattened(branches),
        counts=rolled_up(branches, articles_by_node(session)),
        audiences=all_audiences(session),
        inherited=inherited_audiences(session).get(node.parent_id or 0, ()),
        grants=grants_at(session, node),
        may_grant=bool(may(current_actor(), Permission.GRANT_MANAGE)),
        departments=all_departments(session),
        able=GRANTABLE,
        articles=lines,
        total=total,
        page=page_number,
        pages=-(-total // LINES),
        errors=errors,
        typed=request.form.to_dict(),
    )
