"""Languages of the pages, and how instants, days and numbers are written on them."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Flask, has_request_context, request
from flask_babel import Babel, get_locale, ngettext
from flask_login import current_user

from kb.clock import local_day
from kb.models import Role
from kb.people import CHOICES
from web.sentences import sentence as _
from web.session import LOCALE_COOKIE
from web.transactions import now, services

DEFAULT_LOCALE = "zh"
RELATIVE_UNDER = timedelta(hours=24)


def install(app: Flask, zone: ZoneInfo) -> None:
    """Choose a language for every request and teach templates the filters of this module."""
    app.config["BABEL_DEFAULT_LOCALE"] = DEFAULT_LOCALE
    app.config["BABEL_DEFAULT_TIMEZONE"] = zone.key
    Babel(app, locale_selector=chosen_locale)
    app.jinja_env.filters.update(instant=instant, day=day, relative=relative, thousands=thousands, span=span)
    app.jinja_env.globals.update(page_language=page_language, role_labels=role_labels)


def chosen_locale() -> str:
    """Return ``zh`` or ``en``: the person's setting, else the cookie of the login page, else Chinese."""
    if not has_request_context():
        return DEFAULT_LOCALE
    if current_user.is_authenticated:
        return str(current_user.person.locale)
    kept = request.cookies.get(LOCALE_COOKIE, DEFAULT_LOCALE)
    return kept if kept in CHOICES["locale"] else DEFAULT_LOCALE


def role_labels() -> dict[str, str]:
    """Return the names of the roles by role."""
    return {
        Role.AGENT: _("坐席"),
        Role.PUBLISHER: _("发布"),
        Role.REVIEWER: _("审核"),
        Role.MANAGER: _("知识管理"),
        Role.ADMIN: _("系统管理"),
    }


def page_language() -> str:
    """Return the language tag for ``<html lang>``."""
    locale = get_locale()
    return "en" if locale is not None and locale.language == "en" else "zh-CN"


def instant(value: datetime | None) -> str:
    """Write an instant as the bank's wall clock shows it: ``2026-11-23 14:05``."""
    return value.astimezone(services().zone).strftime("%Y-%m-%d %H:%M") if value else ""


def day(value: datetime | date | None) -> str:
    """Write a calendar day, of an instant the day in the bank's zone: ``2026-11-23``."""
    if isinstance(value, datetime):
        value = local_day(value, services().zone)
    return value.isoformat() if value else ""


def relative(value: datetime | None) -> str:
    """Write how long ago an instant was while that is under 24 hours, else its day."""
    if value is None:
        return ""
    passed = now() - value
    if not timedelta(0) <= passed < RELATIVE_UNDER:
        return day(value)
    minutes = int(passed.total_seconds()) // 60
    if minutes < 1:
        return str(_("刚刚"))
    if minutes < 60:
        return str(ngettext("%(num)s 分钟前", "%(num)s 分钟前", minutes))
    return str(ngettext("%(num)s 小时前", "%(num)s 小时前", minutes // 60))


def span(until: datetime | None) -> str:
    """Write how much time is left until an instant, in whole days by the bank's calendar."""
    if until is None:
        return ""
    zone = services().zone
    days = (local_day(until, zone) - local_day(now(), zone)).days
    if days < 1:
        return str(_("今天"))
    return str(ngettext("还有 %(num)s 天", "还有 %(num)s 天", days))


def thousands(value: int | float) -> str:
    """Write a number with separators: ``3,482``."""
    return f"{value:,}"
