"""What waits for a person, with its number, for the first page of the day."""

from dataclasses import dataclass

from flask import Blueprint, url_for
from flask_babel import gettext as _

from kb.access import Permission, may
from kb.gaps import open_count as open_gaps
from kb.moderation_queue import waiting_count
from kb.task_lists import open_count
from web.session import current_actor
from web.transactions import now, reading

blueprint = Blueprint("to_do", __name__)


@dataclass(frozen=True)
class Waiting:
    """One kind of work: where to do it, how much of it waits, and whether some is overdue."""

    label: str
    url: str
    count: int
    is_late: bool = False


@blueprint.app_template_global()
def work_to_do() -> list[Waiting]:
    """Return what waits for the person, without what nothing waits in; asks nothing for most roles."""
    actor = current_actor()
    found = []
    with reading() as session:
        if may(actor, Permission.COMMENT_MODERATE):
            found.append(Waiting(_("评论审核"), url_for("moderation.page"), waiting_count(session, actor)))
        found.append(Waiting(_("知识缺口"), url_for("gaps.page"), open_gaps(session, actor)))
        waiting, late = open_count(session, actor, now())
        found.append(Waiting(_("改进任务"), url_for("tasks.page"), waiting - late))
        overdue = url_for("tasks.page", tab="overdue")
        found.append(Waiting(_("超期的改进任务"), overdue, late, is_late=True))
    return [item for item in found if item.count]
