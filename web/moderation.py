"""The moderators' pages: the queue with its verdicts and their undoing, and the rules by category."""

from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from kb.access import Permission, audience_scope, may, path_ids
from kb.departments import all_departments
from kb.errors import Forbidden, Invalid
from kb.lexicon import sensitive_words
from kb.models import CommentKind, ModerationMode, Node
from kb.moderation import MOST_AT_ONCE, Outcome, Refusal, Verdict, decide, undo
from kb.moderation_queue import Filters, Tab, moderates_anything, queue
from kb.moderation_rules import all_rules, nearest, set_rule
from kb.nodes import Branch, visible_tree
from web.addresses import LARGEST_ID
from web.marking import marked
from web.search.results import page_numbers
from web.session import current_actor, wants_json
from web.transactions import now, reading, services, writing

blueprint = Blueprint("moderation", __name__, url_prefix="/moderate")


@dataclass(frozen=True)
class Rule:
    """A category with the moderation it has by itself (``""`` inherits) and the one that holds there."""

    node: Node
    depth: int
    own: str
    holding: ModerationMode


@blueprint.get("/comments")
def page() -> str:
    """Show the queue; ``undo`` names comments whose verdict was just given and can be taken back."""
    actor = current_actor()
    filters = _filters(request.args)
    with reading() as session:
        _only_moderators(session)
        found = queue(session, actor, filters)
        scope = audience_scope(session, actor)
        branches = visible_tree(session, scope)
        words = sensitive_words(session)
        return render_template(
            "moderation/page.html",
            queue=found,
            filters=filters,
            tabs=_tabs(),
            departments=all_departments(session),
            nodes=_lines(branches),
            marked_words=lambda text: marked(text, tuple(words.ranges(text))),
            numbers=page_numbers(min(filters.page, found.pages), found.pages),
            undo_ids=_ids(request.args.getlist("undo")),
            address=lambda **changes: _address(replace(filters, **changes)),
            may_set_rules=bool(may(actor, Permission.MODERATION_RULE)),
        )


@blueprint.post("/comments/verdict")
def judge() -> Response:
    """Give a verdict (``pass``, ``reject``, ``hide`` or ``keep``) on the comments ``id``."""
    form = request.form
    ids = _ids(form.getlist("id"))
    if form.get("verdict") not in tuple(Verdict):
        raise Invalid("没有这种处理方式。")
    if not ids:
        raise Invalid("请先选择评论。")
    verdict = Verdict(form["verdict"])
    reason = form.get("reason", "").strip() or form.get("template", "")
    with writing() as session:
        outcome = decide(session, current_actor(), ids, verdict, now(), services().zone, reason)
    return _answer(outcome, _said(verdict, len(outcome.done)), can_undo=True)


@blueprint.post("/comments/undo")
def take_back() -> Response:
    """Take one's own verdicts of the last seconds back."""
    ids = _ids(request.form.getlist("id"))
    with writing() as session:
        outcome = undo(session, current_actor(), ids, now())
    count = len(outcome.done)
    text = ngettext("已撤销 %(num)s 条", "已撤销 %(num)s 条", count) if count else _("没有可以撤销的处理。")
    return _answer(outcome, text)


@blueprint.get("/rules")
def rules() -> str:
    """Show how comments are moderated in every category."""
    actor = current_actor()
    if not may(actor, Permission.MODERATION_RULE):
        raise Forbidden("只有知识管理人员可以调整评论的审核方式。")
    with reading() as session:
        known = all_rules(session)
        lines = _lines(visible_tree(session, audience_scope(session, actor)))
    shown = [
        Rule(node, depth, known.get(node.id, ""), nearest(path_ids(node.path), known))
        for node, depth in lines
    ]
    return render_template("moderation/rules.html", rules=shown)


@blueprint.post(f"/rules/<int(max={LARGEST_ID}):node_id>")
def change_rule(node_id: int) -> Response:
    """Decide how comments are moderated in a category and below it."""
    with writing() as session:
        set_rule(session, current_actor(), node_id, request.form.get("mode", ""), now())
    flash(_("已保存"))
    return redirect(f"{url_for('moderation.rules')}#node-{node_id}", code=303)


@blueprint.app_template_global()
def may_judge() -> bool:
    """Return whether to offer the way to the queue, by role alone; the page itself looks closer."""
    return bool(may(current_actor(), Permission.COMMENT_MODERATE))


def refusal_labels() -> dict[Refusal, str]:
    """Return why a verdict was not given or not taken back, in words."""
    return {
        Refusal.UNKNOWN: _("没有找到这条评论。"),
        Refusal.OWN: _("不能审核自己的评论。"),
        Refusal.NO_RIGHT: _("您没有审核这条评论的权限。"),
        Refusal.DECIDED: _("这条评论已被处理，状态已变化。"),
        Refusal.NOT_YOURS: _("没有可以撤销的处理。"),
        Refusal.TOO_LATE: _("已超过撤销时间。"),
        Refusal.TAKEN_UP: _("责任部门已开始处理，不能撤销。"),
    }


def reject_reasons() -> list[str]:
    """Return sentences to choose from when a comment is rejected or hidden."""
    return [
        _("内容与本条知识无关"),
        _("已有相同的评论，请看已公开的讨论"),
        _("含有客户信息或内部敏感信息"),
        _("用语不当，请修改后再发"),
        _("描述不清，请写明在哪一段、有什么问题"),
    ]


@blueprint.context_processor
def _choices() -> dict[str, object]:
    return {"reject_reasons": reject_reasons}


def _only_moderators(session: Session) -> None:
    if not moderates_anything(session, current_actor()):
        raise Forbidden("您没有审核评论的权限。")


def _tabs() -> dict[Tab, str]:
    return {
        Tab.PENDING: _("待审"),
        Tab.REPORTED: _("被举报"),
        Tab.VISIBLE: _("已公开"),
        Tab.REJECTED: _("未通过"),
        Tab.HIDDEN: _("已隐藏"),
    }


def _filters(sent: "MultiDict[str, str]") -> Filters:
    tab = sent.get("tab", "")
    kind = sent.get("kind", "")
    return Filters(
        tab=Tab(tab) if tab in tuple(Tab) else Tab.PENDING,
        kind=kind if kind in tuple(CommentKind) else "",
        department_id=_number(sent, "department"),
        node_id=_number(sent, "node"),
        author_id=_number(sent, "author"),
        is_sensitive=sent.get("sensitive") == "1",
        page=_number(sent, "page") or 1,
    )


def _address(filters: Filters, **more: object) -> str:
    values: dict[str, Any] = {
        "tab": filters.tab.value if filters.tab is not Tab.PENDING else None,
        "kind": filters.kind or None,
        "department": filters.department_id,
        "node": filters.node_id,
        "author": filters.author_id,
        "sensitive": "1" if filters.is_sensitive else None,
        "page": filters.page if filters.page > 1 else None,
        **more,
    }
    return url_for("moderation.page", **values)


def _number(sent: "MultiDict[str, str]", name: str) -> int | None:
    value = sent.get(name, type=int)
    return value if value is not None and 0 < value <= LARGEST_ID else None


def _ids(sent: list[str]) -> list[int]:
    numbers = [int(value) for value in sent if value.isascii() and value.isdigit() and len(value) < 10]
    return list(dict.fromkeys(numbers))[: MOST_AT_ONCE + 1]


def _lines(branches: list[Branch], depth: int = 0) -> list[tuple[Node, int]]:
    lines: list[tuple[Node, int]] = []
    for branch in branches:
        lines.append((branch.node, depth))
        lines += _lines(branch.children, depth + 1)
    return lines


def _said(verdict: Verdict, count: int) -> str:
    said: dict[Verdict, str] = {
        Verdict.PASS: ngettext("已通过 %(num)s 条", "已通过 %(num)s 条", count),
        Verdict.REJECT: ngettext("已拒绝 %(num)s 条", "已拒绝 %(num)s 条", count),
        Verdict.HIDE: ngettext("已隐藏 %(num)s 条", "已隐藏 %(num)s 条", count),
        Verdict.KEEP: ngettext("已保留 %(num)s 条", "已保留 %(num)s 条", count),
    }
    return said[verdict]


def _answer(outcome: Outcome, text: str, *, can_undo: bool = False) -> Response:
    labels = refusal_labels()
    refused = {str(number): labels[problem] for number, problem in outcome.refused.items()}
    if wants_json():
        return jsonify(done=list(outcome.done), refused=refused, text=text)
    if outcome.done:
        flash(text)
    for problem in dict.fromkeys(refused.values()):
        flash(problem)
    undoable = list(outcome.done) if can_undo else []
    return redirect(_address(_filters(request.form), undo=undoable), code=303)
