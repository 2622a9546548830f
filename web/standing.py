"""How a revision stands at an instant, as a short label and a tone for its badge."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask_babel import ngettext

from kb.clock import local_day
from kb.revisions import Status, Timed, Withdrawable, status_at
from web.sentences import sentence as _

ENDING_SOON = timedelta(days=30)


@dataclass(frozen=True)
class Standing:
    """``tone`` is ``ok``, ``warn``, ``bad`` or ``info``; ``label`` says the same in words."""

    status: Status
    tone: str
    label: str


def standing(revision: Timed, article: Withdrawable, now: datetime, zone: ZoneInfo) -> Standing:
    """Return how an approved revision stands at ``now``; days are days of the bank's calendar."""
    status = status_at(revision, article, now)
    if status is Status.SCHEDULED and revision.shown_from is not None:
        day = local_day(revision.shown_from, zone)
        return Standing(status, "info", _("%(day)s 起生效", day=day.isoformat()))
    if status is Status.CURRENT:
        ends = revision.shown_to
        if ends is None or ends - now > ENDING_SOON:
            return Standing(status, "ok", _("现行有效"))
        days = (local_day(ends, zone) - local_day(now, zone)).days
        if days == 0:
            return Standing(status, "warn", _("今天失效"))
        return Standing(status, "warn", ngettext("%(num)s 天后失效", "%(num)s 天后失效", days))
    label = {
        Status.EXPIRED: _("已失效"),
        Status.WITHDRAWN: _("已废止"),
    }.get(status, _("已被新版替代"))
    return Standing(status, "bad", label)
