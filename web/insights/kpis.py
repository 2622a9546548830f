"""The figures at the head of the page, written for people, with their change."""

from dataclasses import dataclass

from flask_babel import gettext as _

from kb.insights import Figures


@dataclass(frozen=True)
class Kpi:
    """One figure with its change; ``good`` says whether more is better, worse, or neither."""

    label: str
    value: str
    change: float | None
    good: int


def kpis(present: Figures, former: Figures) -> list[Kpi]:
    """Return the figures of a period beside those of the one before it, unless too few people made these."""
    if former.is_hidden:
        former = Figures()

    def number(label: str, value: float | None, before: float | None, good: int, unit: str) -> Kpi:
        return Kpi(label, _written(value, unit), _change(value, before), good)

    return [
        number(_("搜索次数"), present.searches, former.searches, 0, ""),
        number(_("搜索人数"), present.people, former.people, 0, ""),
        number(_("无结果率"), present.empty_rate, former.empty_rate, -1, "%"),
        number(_("有结果未点击率"), present.no_click_rate, former.no_click_rate, -1, "%"),
        number(_("首条点击率"), present.first_rate, former.first_rate, 1, "%"),
        number(_("换词再搜率"), present.again_rate, former.again_rate, -1, "%"),
        number(_("平均找到用时"), present.seconds_to_open, former.seconds_to_open, -1, "s"),
        number(_("复制口径"), present.copies, former.copies, 0, ""),
        number(_("评论"), present.comments, former.comments, 0, ""),
        number(_("评论平均待审"), present.hours_to_verdict, former.hours_to_verdict, -1, "h"),
    ]


def _written(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    if unit == "%":
        return f"{value * 100:.1f}%"
    if unit == "s":
        return str(_("%(n)s 秒", n=f"{value:.1f}"))
    if unit == "h":
        return str(_("%(n)s 小时", n=f"{value:.1f}"))
    return f"{value:,}"


def _change(value: float | None, before: float | None) -> float | None:
    return None if value is None or not before else value / before - 1
