"""The address of a search page is its whole state: reading it leniently and writing it back."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import TypeVar
from zoneinfo import ZoneInfo

from kb.clock import DayMeans, read_wall_clock
from kb.ports import DateField, Scope, Sort, StatusFilter
from kb.search import DEEPEST_PAGE, Place, Preset, SearchRequest, TimeChoice
from web.addresses import list_address
from web.sentences import sentence as _

Choice = TypeVar("Choice", bound=StrEnum)

# The order in which parameters stand in every address that the product writes.
PARAMETERS = (
    *("q", "scope", "sort", "status", "time", "field", "from", "to"),
    *("node", "dept", "verbatim", "as_of", "page"),
)
_NUMBER = re.compile(r"[0-9]{1,9}\Z")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Address:
    """A parsed address.

    ``request`` is what will be searched; ``typed`` the text parameters as given, to be shown again;
    ``problems`` Chinese sentences about values that could not be used and what was done instead.
    """

    request: SearchRequest
    typed: Mapping[str, str]
    problems: tuple[str, ...] = ()

    def parameters(self) -> dict[str, str]:
        """Return the parameters that differ from a plain search for nothing."""
        return self._parameters.copy()

    @cached_property
    def _parameters(self) -> dict[str, str]:
        request, chosen = self.request, self.request.time
        values = {
            "q": request.text,
            "scope": request.place or _unless(request.scope, Scope.ALL),
            "sort": _unless(request.sort, Sort.RELEVANCE),
            "status": _unless(request.status, StatusFilter.PREFER),
            "time": _unless(chosen.preset, Preset.ANY),
            "field": _unless(chosen.field, DateField.PUBLISHED),
            "from": chosen.start_on.isoformat() if chosen.start_on else "",
            "to": chosen.end_on.isoformat() if chosen.end_on else "",
            "node": str(request.node_id or ""),
            "dept": str(request.department_id or ""),
            "verbatim": "1" if request.verbatim else "",
            "as_of": self.typed.get("as_of", "") if request.as_of else "",
            "page": str(request.page) if request.page > 1 else "",
        }
        return {name: values[name] for name in PARAMETERS if values[name]}

    def changed(self, **changes: str | int | None) -> dict[str, str]:
        """Return the parameters with some replaced or, by ``None``, left out; the page starts over.

        ``from_`` and ``to`` go when the time range is no longer a custom one.
        """
        values = self.parameters()
        values.pop("page", None)
        for name, value in changes.items():
            key = name.rstrip("_")
            values.pop(key, None)
            if value is not None and value != "":
                values[key] = str(value)
        if values.get("time") != Preset.CUSTOM:
            values.pop("from", None)
            values.pop("to", None)
        return {name: values[name] for name in PARAMETERS if name in values}

    def url(self, **changes: str | int | None) -> str:
        """Return the address of this search with some parameters changed; see ``changed``."""
        return list_address("search.page", self.changed(**changes))

    def dropped_time(self) -> str:
        """Return the address of this search without any limit in time."""
        return self.url(time=None, field=None, from_=None, to=None)


def _label(name: str) -> str:
    """Return what a parameter is called, for a sentence about a value that cannot be used."""
    return {
        "scope": _("搜索范围"),
        "sort": _("排序"),
        "status": _("状态"),
        "node": _("知识分类"),
        "dept": _("部门"),
        "as_of": _("历史时点"),
        "page": _("页码"),
        "time": _("时间"),
        "field": _("日期类型"),
        "from": _("开始日期"),
        "to": _("结束日期"),
    }[name]


class _Reader:
    def __init__(self, values: Mapping[str, str], zone: ZoneInfo) -> None:
        self._values = values
        self._zone = zone
        self.problems: list[str] = []

    def text(self, name: str) -> str:
        value = self._values.get(name, "")
        if not value:
            return ""
        # Control characters and lone surrogates cannot have been meant, and no database takes them.
        kept = "".join(
            " " if char in "\t\n\r" else char
            for char in value
            if char in "\t\n\r" or unicodedata.category(char) not in ("Cc", "Cs")
        )
        return _SPACE.sub(" ", kept).strip()

    def choice(self, name: str, kind: type[Choice], default: Choice) -> Choice:
        value = self.text(name)
        if not value:
            return default
        try:
            return kind(value)
        except ValueError:
            self._ignored(name, value)
            return default

    def number(self, name: str) -> int | None:
        value = self.text(name)
        if not value:
            return None
        if not _NUMBER.match(value) or int(value) == 0:
            self._ignored(name, value)
            return None
        return int(value)

    def day(self, name: str) -> date | None:
        value = self.text(name)
        if not value:
            return None
        try:
            if not _DAY.match(value):
                raise ValueError(value)
            found = date.fromisoformat(value)
        except ValueError:
            hint = _("%(label)s“%(value)s”不是有效的日期，已忽略。", label=_label(name), value=_short(value))
            self.problems.append(hint)
            return None
        return found if self._in_range(found, name) else None

    def instant(self, name: str) -> datetime | None:
        value = self.text(name)
        if not value:
            return None
        try:
            # A bare day means what was shown when that day ended.
            found = read_wall_clock(value, self._zone, DayMeans.END).astimezone(self._zone)
        except ValueError:
            self._ignored(name, value)
            return None
        return found if self._in_range(found.date(), name) else None

    def _in_range(self, day: date, name: str) -> bool:
        if 1949 <= day.year <= 2199:
            return True
        self._ignored(name, day.isoformat())
        return False

    def _ignored(self, name: str, value: str) -> None:
        self.problems.append(
            _("%(label)s“%(value)s”无法识别，已忽略。", label=_label(name), value=_short(value))
        )


def read(values: Mapping[str, str], now: datetime, zone: ZoneInfo) -> Address:
    """Return the search that parameters of an address or a form describe.

    Nothing in them is an error: what cannot be used is left out and named in ``problems``.

    Args:
        values: The parameters by name; unknown ones are ignored.
        now: The present instant.
        zone: The bank's zone, in which days are meant.
    """
    reader = _Reader(values, zone)
    place = Place.BRIEFCASE if reader.text("scope") == Place.BRIEFCASE else None
    request = SearchRequest(
        text=reader.text("q"),
        scope=Scope.ALL if place else reader.choice("scope", Scope, Scope.ALL),
        place=place,
        sort=reader.choice("sort", Sort, Sort.RELEVANCE),
        status=reader.choice("status", StatusFilter, StatusFilter.PREFER),
        time=_time(reader),
        node_id=reader.number("node"),
        department_id=reader.number("dept"),
        verbatim=reader.text("verbatim") in ("1", "true", "on"),
        as_of=_past(reader.instant("as_of"), now),
        page=min(DEEPEST_PAGE, reader.number("page") or 1),
    )
    typed = {name: reader.text(name) for name in PARAMETERS}
    return Address(request, typed, tuple(reader.problems))


def _time(reader: _Reader) -> TimeChoice:
    preset = reader.choice("time", Preset, Preset.ANY)
    field = reader.choice("field", DateField, DateField.PUBLISHED)
    start_on, end_on = reader.day("from"), reader.day("to")
    if preset is Preset.ANY and (start_on or end_on):
        preset = Preset.CUSTOM
    if preset is not Preset.CUSTOM:
        return TimeChoice(preset, field)
    if start_on is None and end_on is None:
        return TimeChoice(Preset.ANY, field)
    if start_on and end_on and end_on < start_on:
        reader.problems.append(_("结束日期早于开始日期，已对调。"))
        start_on, end_on = end_on, start_on
    return TimeChoice(preset, field, start_on, end_on)


def _past(instant: datetime | None, now: datetime) -> datetime | None:
    # Revisions are scheduled months ahead, not decades; beyond that the year is a slip of the finger.
    return None if instant is None or instant >= now + timedelta(days=400) else instant


def _unless(value: StrEnum, default: StrEnum) -> str:
    return "" if value is default else value.value


def _short(value: str) -> str:
    return value if len(value) <= 24 else f"{value[:24]}…"
