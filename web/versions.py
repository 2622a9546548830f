"""All versions of an article, any two of them side by side, and the stable addresses that name one."""

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from kb import drafts
from kb.access import Permission, audience_scope, may_on
from kb.clock import DayMeans, read_wall_clock
from kb.diffs import folded
from kb.errors import Forbidden, NotFound
from kb.evidence import evidence_article
from kb.models import Article, Revision
from kb.people import names_of
from kb.revisions import is_shown_at
from kb.versions import article_for, compared, listed, numbered
from web.addresses import LARGEST_ID
from web.session import current_actor
from web.standing import Standing, standing
from web.transactions import now, reading, services, writing

blueprint = Blueprint("versions", __name__)

MODES = ("inline", "sides")


@blueprint.get(f"/a/<int(max={LARGEST_ID}):article_id>/versions")
def page(article_id: int) -> str:
    """List the versions of an article with who wrote and who approved each."""
    moment, actor = now(), current_actor()
    with reading() as session:
        article = article_for(session, actor, audience_scope(session, actor), article_id)
        revisions = listed(session, actor, article)
        people = {number for item in revisions for number in (item.author_id, item.approver_id) if number}
        return render_template(
            "versions/page.html",
            article=article,
            title=_title(revisions),
            revisions=[(item, _standing(item, article, moment)) for item in revisions],
            names=names_of(session, people),
            may_take_out=_may_take_out(session, article),
            may_restore=bool(
                may_on(session, actor, Permission.ARTICLE_WRITE, article.node, article.owner_department_id)
            ),
        )


@blueprint.post(f"/a/<int(max={LARGEST_ID}):article_id>/v/<int(max={LARGEST_ID}):number>/restore")
def restore(article_id: int, number: int) -> Response:
    """Begin a draft with the text and files of an older version, and go to its editor."""
    with writing() as session:
        drafts.restore(session, current_actor(), article_id, number, now())
    return redirect(f"/a/{article_id}/edit", code=303)


@blueprint.get(f"/a/<int(max={LARGEST_ID}):article_id>/compare")
def compare(article_id: int) -> str:
    """Show two versions against each other; by default the newest one and the one before it."""
    actor = current_actor()
    mode = request.args.get("mode", "")
    with reading() as session:
        article = article_for(session, actor, audience_scope(session, actor), article_id)
        revisions = listed(session, actor, article)
        numbers = [item.number for item in revisions]
        if not numbers:
            raise NotFound("没有找到这个版本。")
        new_number = request.args.get("to", type=int) or numbers[0]
        earlier = [number for number in numbers if number < new_number]
        old_number = request.args.get("from", type=int) or (earlier[0] if earlier else None)
        new = numbered(session, actor, article, new_number)
        old = numbered(session, actor, article, old_number) if old_number else None
        found = compared(session, old, new, services().zone)
        return render_template(
            "versions/compare.html",
            article=article,
            found=found,
            revisions=revisions,
            mode=mode if mode in MODES else "inline",
            only_changes=request.args.get("all") is None,
        )


@blueprint.get(f"/a/<int(max={LARGEST_ID}):article_id>@<moment>")
def at_moment(article_id: int, moment: str) -> Response:
    """Lead to the version that was shown at a moment, which the page then says clearly."""
    instant = read_moment(moment, services().zone)
    if instant is None:
        raise NotFound("地址里的时间无法识别，请写成 2026-03-03 或 2026-03-03T14:05。")
    typed = moment.replace(" ", "T")
    return redirect(url_for("articles.page", article_id=article_id, as_of=typed))


@blueprint.get("/d/<path:document_number>")
def by_document_number(document_number: str) -> Response:
    """Lead to the article in force with a document number, or to a search for it."""
    moment = now()
    with reading() as session:
        found = _with_document_number(session, document_number.strip(), moment)
    if len(found) == 1:
        return redirect(url_for("articles.page", article_id=found[0]))
    return redirect(url_for("search.page", q=document_number.strip()[:64]))


def read_moment(text: str, zone: ZoneInfo) -> datetime | None:
    """Return the instant that a day (its end) or a minute stands for; ``None`` if it is neither."""
    try:
        return read_wall_clock(text, zone, DayMeans.END)
    except ValueError:
        return None


def _with_document_number(session: Session, document_number: str, moment: datetime) -> list[int]:
    scope = audience_scope(session, current_actor())
    rows = session.scalars(
        select(Article.id)
        .join(Revision, Revision.article_id == Article.id)
        .where(Revision.document_number == document_number, is_shown_at(moment), scope.clause())
        .distinct()
        .limit(2)
    )
    return list(rows)


def _may_take_out(session: Session, article: Article) -> bool:
    actor = current_actor()
    try:
        evidence_article(session, actor, audience_scope(session, actor), article.id)
    except (Forbidden, NotFound):
        return False
    return True


def _title(revisions: list[Revision]) -> str:
    shown = next((item for item in revisions if item.shown_from is not None), None)
    chosen = shown or (revisions[0] if revisions else None)
    return chosen.title if chosen is not None else ""


def _standing(revision: Revision, article: Article, moment: datetime) -> Standing | None:
    return standing(revision, article, moment, services().zone) if revision.approved_at else None


@blueprint.app_template_global("revision_states")
def revision_states() -> dict[str, str]:
    """Return the names of the states that come before approval."""
    return {
        "draft": _("草稿"),
        "in_review": _("审核中"),
        "returned": _("已退回"),
        "discarded": _("已删除"),
        "approved": _("已通过"),
    }


@blueprint.app_template_global("comparison_labels")
def comparison_labels() -> dict[str, str]:
    """Return the labels of the fields that are compared."""
    return {
        "node": _("知识分类"),
        "owner": _("责任部门"),
        "audience": _("可见范围"),
        "document_number": _("文号"),
        "tags": _("标签"),
        "effective_from": _("生效时间"),
        "effective_to": _("失效时间"),
        "format": _("正文格式"),
        "replaces": _("替代知识编号"),
        "added": _("新增附件"),
        "removed": _("删去附件"),
        "changed": _("内容已换"),
        "same": _("未变"),
    }


blueprint.add_app_template_filter(folded, "folded_rows")
