"""Webhooks for the administrator: the list, adding one, its secret, its delivery log, and a test."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from kb.errors import Invalid
from kb.webhooks import (
    find,
    listed,
    log_of,
    register,
    remove,
    retry,
    rotate_secret,
    send_test,
    set_active,
)
from web.addresses import LARGEST_ID
from web.notifications import kind_labels
from web.session import current_actor
from web.transactions import now, reading, services, writing

blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")
NUMBER = f"<int(max={LARGEST_ID}):webhook_id>"


@blueprint.get("")
def page() -> str:
    """List the addresses with the form for another."""
    return _page({}, {})


@blueprint.post("")
def create() -> str | tuple[str, int]:
    """Add an address and show its secret, this once."""
    form = request.form
    events = form.getlist("events")
    try:
        with writing() as session:
            allowed = services().settings.webhook_hosts
            hook = register(
                session, current_actor(), form.get("name", ""), form.get("url", ""), events, allowed, now()
            )
            number, secret = hook.id, hook.secret
    except Invalid as error:
        return _page(form.to_dict(), error.errors), 422
    return _detail(number, secret)


@blueprint.get(f"/{NUMBER}")
def detail(webhook_id: int) -> str:
    """Show one address and its delivery log."""
    return _detail(webhook_id)


@blueprint.post(f"/{NUMBER}/rotate")
def rotate(webhook_id: int) -> str:
    """Give an address a new secret and show it, this once."""
    with writing() as session:
        secret = rotate_secret(session, current_actor(), webhook_id, now()).secret
    return _detail(webhook_id, secret)


@blueprint.post(f"/{NUMBER}/test")
def test(webhook_id: int) -> Response:
    """Send a test message."""
    with writing() as session:
        send_test(session, current_actor(), webhook_id, now())
    flash(_("测试消息已放入待发队列，几秒后刷新本页查看结果。"))
    return redirect(url_for("webhooks.detail", webhook_id=webhook_id), code=303)


@blueprint.post(f"/{NUMBER}/active")
def active(webhook_id: int) -> Response:
    """Switch an address on or off."""
    with writing() as session:
        set_active(session, current_actor(), webhook_id, request.form.get("active") == "on", now())
    return redirect(url_for("webhooks.detail", webhook_id=webhook_id), code=303)


@blueprint.post(f"/{NUMBER}/remove")
def delete(webhook_id: int) -> Response:
    """Remove an address."""
    with writing() as session:
        remove(session, current_actor(), webhook_id, now())
    flash(_("Webhook 已删除。"))
    return redirect(url_for("webhooks.page"), code=303)


@blueprint.post(f"/deliveries/<int(max={LARGEST_ID}):delivery_id>/retry")
def try_again(delivery_id: int) -> Response:
    """Try a message once more that was given up."""
    with writing() as session:
        webhook_id = retry(session, current_actor(), delivery_id, now()).webhook_id
    return redirect(url_for("webhooks.detail", webhook_id=webhook_id), code=303)


def _page(typed: dict[str, str], errors: dict[str, str]) -> str:
    with reading() as session:
        rows = listed(session, current_actor())
    return render_template(
        "webhooks/page.html",
        rows=rows,
        typed=typed,
        chosen=request.form.getlist("events"),
        errors={field: _(reason) for field, reason in errors.items()},
        events=_events(),
        allowed=services().settings.webhook_hosts,
    )


def _detail(webhook_id: int, secret: str = "") -> str:
    actor = current_actor()
    with reading() as session:
        hook = find(session, actor, webhook_id)
        return render_template(
            "webhooks/detail.html",
            hook=hook,
            secret=secret,
            log=log_of(session, actor, webhook_id),
            labels=_events(),
        )


def _events() -> dict[str, str]:
    kinds = {f"notification.{kind}": label for kind, (label, _tone) in kind_labels().items()}
    return {**kinds, "announcement.published": _("公告已发布"), "test.ping": _("测试消息")}
