"""The reviewers' desk: what waits, one version against the one in force, and the decision about it."""

from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from kb import drafts, publishing, reviews
from kb.access import Permission, audience_scope, may
from kb.draft_rights import may_decide, takes_part, visible_draft
from kb.drafts import newest_approved
from kb.errors import Conflict, Invalid
from kb.lexicon import sensitive_words
from kb.models import Revision, RevisionState
from kb.nodes import breadcrumb, nodes_by_id, tree
from kb.people import names_of
from kb.versions import compared, numbered
from web.addresses import LARGEST_ID
from web.marking import mark_html
from web.search.marker import marker_for
from web.session import current_actor
from web.transactions import now, reading, services, writing
from web.versions import MODES, read_moment

blueprint = Blueprint("reviews", __name__)

TABS = ("waiting", "mine", "decided")


@blueprint.get("/reviews")
def page() -> str:
    """Show what waits for the actor, what they handed in, and what they decided."""
    actor = current_actor()
    tab = request.args.get("tab", "")
    tab = tab if tab in TABS else ("waiting" if may(actor, Permission.ARTICLE_APPROVE) else "mine")
    with reading() as session:
        waiting = reviews.waiting_for(session, actor)
        mine = drafts.drafts_for(session, actor, (RevisionState.IN_REVIEW, RevisionState.RETURNED), mine=True)
        decided = reviews.decided_by(session, actor) if tab == "decided" else []
        shown = waiting if tab == "waiting" else mine if tab == "mine" else []
        people = {item.submitted_by_id for item in [*shown, *(row.revision for row in decided)]}
        return render_template(
            "reviews/page.html",
            tab=tab,
            tabs=(
                ("waiting", _("待我审"), len(waiting)),
                ("mine", _("我提交的"), len(mine)),
                ("decided", _("已处理"), None),
            ),
            shown=shown,
            decided=decided,
            names=names_of(session, [number for number in people if number]),
            nodes=nodes_by_id(tree(session)),
        )


@blueprint.get(f"/reviews/<int(max={LARGEST_ID}):revision_id>")
def one(revision_id: int) -> str | Response:
    """Show a version that was handed in against the one in force; a decided one leads to its page."""
    with reading() as session:
        decided = session.get(Revision, revision_id)
        scope = audience_scope(session, current_actor())
        if (
            decided is not None
            and decided.state == RevisionState.APPROVED
            and scope.admits(decided.article.access_key)
        ):
            number = decided.number
            return redirect(url_for("articles.version", article_id=decided.article_id, number=number))
        return _page(session, revision_id)


@blueprint.post(f"/reviews/<int(max={LARGEST_ID}):revision_id>/approve")
def approve(revision_id: int) -> Response | tuple[str, int]:
    """Approve exactly what the form says was seen, now or from a minute on."""
    try:
        start = _start()
        with writing() as session:
            revision = publishing.approve(
                session, current_actor(), revision_id, request.form.get("seen", ""), now(), start
            )
            article_id, shown_from = revision.article_id, revision.shown_from
    except (Conflict, Invalid) as error:
        return _again(revision_id, error)
    if shown_from is not None and shown_from > now():
        flash(_("已通过，将在 %(moment)s 生效。", moment=_wall_clock(shown_from)))
    else:
        flash(_("已通过并生效。"))
    return redirect(
        url_for("reviews.page") if _has_more() else url_for("articles.page", article_id=article_id), 303
    )


@blueprint.post(f"/reviews/<int(max={LARGEST_ID}):revision_id>/return", endpoint="give_back")
def give_back(revision_id: int) -> Response | tuple[str, int]:
    """Return a version to its authors with the reason."""
    try:
        with writing() as session:
            publishing.return_to_author(
                session,
                current_actor(),
                revision_id,
                request.form.get("seen", ""),
                now(),
                _reason(),
            )
    except (Conflict, Invalid) as error:
        return _again(revision_id, error)
    flash(_("已退回作者，并附上原因。"))
    return redirect(url_for("reviews.page"), code=303)


@blueprint.post(f"/reviews/<int(max={LARGEST_ID}):revision_id>/recall")
def recall(revision_id: int) -> Response:
    """Take back what was handed in, to go on writing."""
    with writing() as session:
        revision = publishing.recall(session, current_actor(), revision_id, now())
        article_id = revision.article_id
    flash(_("已撤回，可以继续修改。"))
    return redirect(f"/a/{article_id}/edit", code=303)


def _start() -> datetime | None:
    if request.form.get("when") != "at":
        return None
    typed = request.form.get("start", "").strip()
    start = read_moment(typed, services().zone) if "T" in typed or " " in typed else None
    if start is None:
        raise Invalid("请填写生效时间，精确到分钟。", {"start": "请填写生效时间，精确到分钟。"})
    return start


def _reason() -> str:
    parts = (request.form.get("template", "").strip(), request.form.get("reason", "").strip())
    return "；".join(part for part in parts if part)


def _has_more() -> bool:
    with reading() as session:
        return bool(reviews.waiting_for(session, current_actor()))


def _again(revision_id: int, error: Conflict | Invalid) -> tuple[str, int]:
    fields = error.errors if isinstance(error, Invalid) else {}
    with reading() as session:
        page = _page(session, revision_id, problem=_(error.message), fields=fields)
    return page, 409 if isinstance(error, Conflict) else 422


def _page(session: Session, revision_id: int, problem: str = "", fields: dict[str, str] | None = None) -> str:
    actor, zone, moment = current_actor(), services().zone, now()
    draft = visible_draft(session, actor, revision_id)
    article = draft.article
    before = newest_approved(session, article.id)
    new = numbered(session, actor, article, draft.number)
    old = numbered(session, actor, article, before.number) if before is not None else None
    mode = request.values.get("mode", "")
    steps = reviews.steps_of(session, draft)
    people = {step.actor_id for step in steps} | {row.person_id for row in draft.contributors}
    nodes = nodes_by_id(tree(session))
    return render_template(
        "reviews/one.html",
        draft=draft,
        article=article,
        found=compared(session, old, new, zone),
        # As readers get it: alignments are classes, because no page of theirs allows inline styles.
        body=mark_html(new.html, marker_for(services().engine, "")),
        mode=mode if mode in MODES else "inline",
        only_changes=request.values.get("all") is None,
        steps=steps,
        names=names_of(session, people),
        checks=reviews.checks(session, new, sensitive_words(session), moment),
        may_decide=may_decide(session, actor, draft),
        is_own=takes_part(session, actor.person_id, draft),
        trail=breadcrumb(nodes, nodes.get(draft.new_node_id or 0, article.node)),
        seen=draft.content_hash,
        stale=_is_stale(draft.content_hash),
        typed=request.form,
        problem=problem,
        fields=fields or {},
        wished_start=_wall_clock(draft.effective_from).replace(" ", "T") if draft.effective_from else "",
    )


def _is_stale(seen: str) -> bool:
    sent = request.form.get("seen")
    return sent is not None and sent != seen


def _wall_clock(instant: datetime) -> str:
    return instant.astimezone(services().zone).strftime("%Y-%m-%d %H:%M")


@blueprint.app_template_global("review_actions")
def review_actions() -> dict[str, str]:
    """Return the names of the steps of a review."""
    return {
        "submitted": _("提交审核"),
        "recalled": _("撤回"),
        "returned": _("退回"),
        "approved": _("通过"),
        "withdrawn": _("废止"),
        "broken_glass": _("应急发布"),
    }


@blueprint.app_template_global("return_reasons")
def return_reasons() -> list[str]:
    """Return common reasons for giving a version back."""
    return [
        _("口径表述不准确"),
        _("与现行制度或文件不一致"),
        _("缺少依据文件或文号"),
        _("生效、失效时间有误"),
        _("可见范围设置不当"),
        _("附件缺失或有误"),
    ]


@blueprint.app_template_global("check_labels")
def check_labels() -> dict[str, tuple[str, str]]:
    """Return, by check and tone, what a check is called and what it says."""
    return {
        "sensitive": (_("敏感用语"), _("未发现")),
        "personal": (_("个人信息"), _("未发现卡号、证件号或手机号")),
        "wording": (_("对外口径"), _("已填写")),
        "dates": (_("有效期"), _("无异常")),
        "files": (_("附件"), _("可以检索")),
        "audience": (_("可见范围"), _("未改动")),
    }


@blueprint.app_template_global("check_findings")
def check_findings() -> dict[str, str]:
    """Return what a check says when it found something, by its name or by what it found."""
    return {
        "personal": _("疑似含有卡号、证件号或手机号，请核对"),
        "wording": _("没有对外口径，坐席将无话可复制"),
        "audience": _("可见范围有变化，请在下方属性中核对"),
        "ended": _("失效时间已过，通过后不会展示"),
        "started": _("申请的生效时间已过，将自通过时生效，不会追溯"),
        "long": _("有效期超过三年，请确认"),
        "open": _("长期有效"),
    }


@blueprint.app_template_global("sees_reviews")
def sees_reviews() -> bool:
    """Return whether the person writes or approves, and so has a desk."""
    actor = current_actor()
    return bool(may(actor, Permission.ARTICLE_APPROVE) or may(actor, Permission.ARTICLE_WRITE))
