"""The way into everything that is managed, and what the pages of management share."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Flask, current_app, render_template, request
from flask_babel import gettext as _
from flask_login import current_user

from kb.access import Permission, may, require
from web.addresses import LARGEST_ID
from web.session import current_actor

blueprint = Blueprint("admin", __name__)


@dataclass(frozen=True)
class Entry:
    """One page of management: its endpoint, symbol, the right it needs and its words."""

    endpoint: str
    symbol: str
    permission: Permission
    label: Callable[[], str]
    hint: Callable[[], str]


ENTRIES: tuple[Entry, ...] = (
    Entry(
        "insights.page",
        "bar-chart",
        Permission.INSIGHT_READ,
        lambda: _("运行分析"),
        lambda: _("搜索、无结果、点击、复制、内容健康，可导出。"),
    ),
    Entry(
        "nodes.page",
        "list",
        Permission.NODE_MANAGE,
        lambda: _("知识分类"),
        lambda: _("新增、移动、合并分类，设置可见范围和撰写、审核授权。"),
    ),
    Entry(
        "audiences.page",
        "eye",
        Permission.NODE_MANAGE,
        lambda: _("可见范围"),
        lambda: _("按部门和角色定义谁能看到，供分类和知识选用。"),
    ),
    Entry(
        "people.page",
        "people",
        Permission.PERSON_MANAGE,
        lambda: _("用户"),
        lambda: _("账号、角色、所属部门，停用、解锁、重置密码。"),
    ),
    Entry(
        "departments.page",
        "diagram-3",
        Permission.PERSON_MANAGE,
        lambda: _("部门"),
        lambda: _("部门及上下级关系，决定知识归属和可见范围。"),
    ),
    Entry(
        "audit.page",
        "shield-check",
        Permission.AUDIT_READ,
        lambda: _("审计日志"),
        lambda: _("谁在何时做了什么；按人、动作、对象和时间查找，核对哈希链，导出。"),
    ),
    Entry(
        "webhooks.page",
        "broadcast",
        Permission.PERSON_MANAGE,
        lambda: _("Webhook"),
        lambda: _("把通知以签名消息发往行内其他系统。"),
    ),
)


def install(app: Flask) -> None:
    """Tell templates whether the reader manages anything."""
    app.jinja_env.globals.update(management=entries)


@blueprint.get("/admin")
def page() -> str:
    """Show what this person may manage."""
    found = entries()
    if not found:
        require(current_actor(), Permission.NODE_MANAGE)
    return render_template("admin/page.html", entries=found)


def entries() -> list[Entry]:
    """Return the pages of management that the reader may open."""
    if not current_user.is_authenticated:
        return []
    actor = current_actor()
    known = current_app.view_functions
    return [entry for entry in ENTRIES if entry.endpoint in known and may(actor, entry.permission)]


def chosen_id(field: str) -> int | None:
    """Return the id that a form's choice holds, or ``None`` if nothing was chosen or it is none."""
    value = request.form.get(field, "")
    number = int(value) if value.isascii() and value.isdigit() and len(value) < 11 else 0
    return number if 0 < number <= LARGEST_ID else None
