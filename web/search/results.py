"""What the results page shows besides the hits: chips, the tree with counts, pages, ways out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from kb.clock import local_day
from kb.models import Department, Node
from kb.nodes import Branch, rolled_up
from kb.ports import DateField, HiddenHits, Scope, Sort, StatusFilter
from kb.search import Place, Preset, SearchResult, TimeChoice
from web.search.address import Address
from web.sentences import sentence as _

NEIGHBOUR_PAGES = 2
AS_TYPED = frozenset({"exact", "words"})


@dataclass(frozen=True)
class Chip:
    """A condition in force: what it says and the address without it."""

    label: str
    without: str


@dataclass(frozen=True)
class WayOut:
    """A condition that hides ``count`` articles, and the address without it.

    ``sentence`` says where they are, with ``{n}`` for the number; ``action`` what the link does.
    ``unlocks`` is true where the lock has to be lifted for that, which takes a form.
    """

    sentence: str
    action: str
    count: int
    url: str
    unlocks: bool = False


@dataclass(frozen=True)
class TreeRow:
    """A node of the tree beside the results; ``count`` is ``None`` where nothing was counted."""

    node: Node
    count: int | None
    url: str
    is_chosen: bool
    is_open: bool
    children: Sequence["TreeRow"]


def scope_labels() -> dict[Scope | Place, str]:
    """Return the names of the scopes, in the order in which they are offered."""
    return {
        Scope.ALL: _("全部"),
        Scope.TITLE: _("标题"),
        Scope.CONTENT: _("内容"),
        Scope.TITLE_CONTENT: _("标题+内容"),
        Scope.ATTACHMENT: _("附件"),
        Place.BRIEFCASE: _("我的公文包"),
    }


def preset_labels() -> dict[Preset, str]:
    """Return the names of the time ranges that need no dates."""
    return {
        Preset.ANY: _("不限"),
        Preset.WEEK: _("近一周"),
        Preset.MONTH: _("近一月"),
        Preset.QUARTER: _("近三月"),
        Preset.YEAR: _("近一年"),
    }


def status_labels() -> dict[StatusFilter, str]:
    """Return the names of the status filters."""
    return {
        StatusFilter.PREFER: _("现行优先"),
        StatusFilter.CURRENT: _("仅现行"),
        StatusFilter.ALL: _("含废止"),
    }


def sort_labels() -> dict[Sort, str]:
    """Return the names of the orders."""
    return {Sort.RELEVANCE: _("相关度"), Sort.NEWEST: _("最新"), Sort.HOTTEST: _("最热")}


def field_labels() -> dict[DateField, str]:
    """Return the names of the dates that a time range can be about."""
    return {
        DateField.PUBLISHED: _("发布日期"),
        DateField.UPDATED: _("更新日期"),
        DateField.EFFECTIVE: _("生效日期"),
    }


def time_label(choice: TimeChoice, now: datetime, zone: ZoneInfo) -> str:
    """Return a time range in words, with its calendar days."""
    field = field_labels()[choice.field]
    if choice.preset is Preset.CUSTOM:
        start = choice.start_on.isoformat() if choice.start_on else _("最早")
        end = choice.end_on.isoformat() if choice.end_on else _("今天")
        return f"{field} {start} ~ {end}"
    label = preset_labels()[choice.preset]
    limits = choice.range(now, zone)
    if limits is None or limits.start is None:
        return label
    since = local_day(limits.start, zone).isoformat()
    return str(_("%(field)s %(range)s（%(day)s 起）", field=field, range=label, day=since))


def chips(
    address: Address,
    result: SearchResult | None,
    nodes: Mapping[int, Node],
    departments: Mapping[int, Department],
    now: datetime,
    zone: ZoneInfo,
) -> list[Chip]:
    """Return the conditions in force that the person can drop one by one; a lock is not among them."""
    request = address.request
    found: list[Chip] = []
    if request.scope is not Scope.ALL:
        label = _("范围：%(name)s", name=scope_labels()[request.scope])
        found.append(Chip(label, address.url(scope=None)))
    if request.place is not None:
        label = _("范围：%(name)s", name=scope_labels()[request.place])
        found.append(Chip(label, address.url(scope=None)))
    if request.node_id is not None:
        node = nodes.get(request.node_id)
        name = node.title if node else _("不存在的分类")
        found.append(Chip(_("分类：%(name)s", name=name), address.url(node=None)))
    if request.department_id is not None:
        department = departments.get(request.department_id)
        name = department.name if department else _("不存在的部门")
        found.append(Chip(_("部门：%(name)s", name=name), address.url(dept=None)))
    is_locked = result is not None and result.locked
    if request.time.range(now, zone) is not None and not is_locked:
        found.append(Chip(time_label(request.time, now, zone), address.dropped_time()))
    if request.status is not StatusFilter.PREFER:
        found.append(Chip(status_labels()[request.status], address.url(status=None)))
    if request.as_of is not None:
        moment = request.as_of.astimezone(zone).strftime("%Y-%m-%d %H:%M")
        found.append(Chip(_("当时有效：%(moment)s", moment=moment), address.url(as_of=None)))
    if request.verbatim:
        found.append(Chip(_("仅搜原词"), address.url(verbatim=None)))
    return found


def corrections(result: SearchResult | None) -> list[str]:
    """Return up to three other texts that the person may have meant."""
    if result is None:
        return []
    return [text for text in result.corrections if text != result.request.text][:3]


def went_beyond(result: SearchResult | None) -> bool:
    """Return whether an answer holds, or was looked for by, anything but the words as typed."""
    if result is None or result.request.verbatim or not result.request.text.strip():
        return False
    return bool(result.expansions) or any(tier not in AS_TYPED for tier in result.tiers)


def ways_out(
    address: Address, result: SearchResult, nodes: Mapping[int, Node], departments: Mapping[int, Department]
) -> list[WayOut]:
    """Return the conditions that hide hits, the one that hides most first."""
    hidden: HiddenHits = result.hidden
    request = result.request
    drop = _("去掉这个条件")
    found: list[WayOut] = []
    if hidden.by_time and result.locked:
        outside, lift = _("另有 {n} 条在锁定时间之外"), _("解除锁定")
        found.append(WayOut(outside, lift, hidden.by_time, address.dropped_time(), unlocks=True))
    elif hidden.by_time:
        outside, any_time = _("另有 {n} 条在所选时间之外"), _("不限时间")
        found.append(WayOut(outside, any_time, hidden.by_time, address.dropped_time()))
    node, department = nodes.get(request.node_id or 0), departments.get(request.department_id or 0)
    if hidden.by_node and node is not None:
        outside = _("另有 {n} 条不在分类“%(name)s”中", name=node.title)
        found.append(WayOut(outside, drop, hidden.by_node, address.url(node=None)))
    if hidden.by_department and department is not None:
        outside = _("另有 {n} 条不属于“%(name)s”", name=department.name)
        found.append(WayOut(outside, drop, hidden.by_department, address.url(dept=None)))
    if hidden.by_status:
        url = address.url(status=StatusFilter.ALL)
        found.append(WayOut(_("另有 {n} 条已失效或尚未生效"), _("一并显示"), hidden.by_status, url))
    if hidden.by_scope:
        outside = _("另有 {n} 条不在“%(name)s”范围内", name=scope_labels()[request.scope])
        found.append(WayOut(outside, _("搜全部范围"), hidden.by_scope, address.url(scope=None)))
    return sorted(found, key=lambda way: -way.count)


def tree_rows(address: Address, branches: Sequence[Branch], counts: Mapping[int, int]) -> list[TreeRow]:
    """Return the tree with the number of hits at and below each node and the chosen path opened."""
    totals = rolled_up(branches, counts)
    chosen = address.request.node_id
    # Where most hits are is where the next narrowing step will be.
    fullest = max((totals[branch.node.id] for branch in branches), default=0) if chosen is None else 0

    def row(branch: Branch) -> TreeRow:
        children = [row(child) for child in branch.children]
        is_chosen = branch.node.id == chosen
        return TreeRow(
            node=branch.node,
            count=totals[branch.node.id] or None,
            url=address.url(node=None if is_chosen else branch.node.id),
            is_chosen=is_chosen,
            is_open=is_chosen
            or any(child.is_open or child.is_chosen for child in children)
            or (branch.node.parent_id is None and 0 < fullest == totals[branch.node.id]),
            children=children,
        )

    return [row(branch) for branch in branches]


def page_numbers(page: int, pages: int) -> list[int | None]:
    """Return the pages to link: the ends, the neighbours, and ``None`` where some are left out."""
    near = {1, pages, *range(page - NEIGHBOUR_PAGES, page + NEIGHBOUR_PAGES + 1)}
    shown = sorted(number for number in near if 1 <= number <= pages)
    numbers: list[int | None] = []
    for number in shown:
        if numbers and numbers[-1] is not None and number - numbers[-1] > 1:
            numbers.append(None)
        numbers.append(number)
    return numbers
