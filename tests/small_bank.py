"""Builds the small bank that tests work on: departments, categories, one person per role, articles."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from kb.articles import RevisionText, Wording, add_revision, approve, create_article
from kb.attachments import NewFile, attach
from kb.clock import FixedClock
from kb.database import Database, sqlite_url
from kb.departments import ensure_department
from kb.migrate import upgrade
from kb.models import Article, Audience, AudienceRule, Person, PersonRole, Role
from kb.nodes import ensure_node
from kb.people import create_person

# A Monday, 14:05 in Shanghai.
NOON = datetime(2026, 11, 23, 6, 5, tzinfo=UTC)
PASSWORD = "Yuanjiang-2026"
FEE_TABLE = "项目,收费\n正式挂失手续费,10元/笔\n补卡工本费,10元/张\n"

DEPARTMENTS = {
    "retail": "个人金融部",
    "service": "客户服务中心",
    "ops": "运营管理部",
    "cards": "信用卡中心",
}
NODES = {
    "personal": "个人业务",
    "personal/debit": "借记卡",
    "personal/debit/loss": "挂失与补卡",
    "personal/deposit": "存款",
    "card": "信用卡",
    "card/bill": "账单与还款",
    "fees": "收费标准",
}
PEOPLE = {
    Role.AGENT: ("李晓雯", "service", "1001"),
    Role.PUBLISHER: ("赵立群", "retail", "2001"),
    Role.REVIEWER: ("孙慧敏", "ops", "3001"),
    Role.MANAGER: ("钱国梁", "ops", "4001"),
    Role.ADMIN: ("周启明", "ops", "9001"),
}


@dataclass
class World:
    """Ids by name: departments and nodes by code, people by role, articles by a short name."""

    departments: dict[str, int] = field(default_factory=dict)
    nodes: dict[str, int] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)
    articles: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Draft:
    """One revision to build: its text, when it was approved (days before the test's now), its file."""

    text: RevisionText
    approved_days_ago: float
    file: NewFile | None = None


def build(home: Path) -> World:
    """Create the database of the small bank in ``home`` and return the ids of what is in it."""
    url = sqlite_url(home / "kb.sqlite3")
    upgrade(url)
    database = Database(url)
    with database.write() as session:
        world = _fill(session)
    database.close()
    return world


def _fill(session: Session) -> World:
    founded = NOON - timedelta(days=400)
    bank = ensure_department(session, "bank", "远江银行总行")
    departments = {code: ensure_department(session, code, name, bank) for code, name in DEPARTMENTS.items()}
    nodes = {}
    for position, (code, title) in enumerate(NODES.items()):
        nodes[code] = ensure_node(session, code, title, nodes.get(code.rpartition("/")[0]), position)
    people = {
        role.value: create_person(
            session, role.value, name, PASSWORD, departments[department], [role], founded, number
        )
        for role, (name, department, number) in PEOPLE.items()
    }
    inside = Audience(name="仅限个人金融部", rules=[AudienceRule(department_id=departments["retail"].id)])
    session.add(inside)
    session.flush()
    articles: dict[str, Article] = {}
    for name, (node, owner, drafts) in _articles().items():
        audience_id = inside.id if name == "restricted" else None
        article = create_article(
            session, nodes[node], departments[owner], founded, external_id=name, audience_id=audience_id
        )
        articles[name] = article
        for draft in drafts:
            at = NOON - timedelta(days=draft.approved_days_ago)
            revision = add_revision(
                session, article, draft.text, at - timedelta(hours=2), author_id=people["publisher"].id
            )
            if draft.file is not None:
                attach(session, revision, draft.file, 0, at)
            approve(session, revision, at, people["reviewer"].id)
    return World(
        {code: department.id for code, department in departments.items()},
        {code: node.id for code, node in nodes.items()},
        {role: person.id for role, person in people.items()},
        {name: article.id for name, article in articles.items()},
    )


def _articles() -> dict[str, tuple[str, str, list[Draft]]]:
    loss = RevisionText(
        title="借记卡挂失与补卡业务办理口径",
        source="## 口头挂失\n\n口头挂失有效期 5 天，逾期自动解除。\n\n## 正式挂失与补卡\n\n"
        "正式挂失后可至任一网点办理补卡，工本费 15 元/张。\n\n| 业务 | 渠道 | 收费 |\n|---|---|---|\n"
        "| 口头挂失 | 电话、手机银行 | 免费 |\n| 正式挂失 | 网点 | 10 元/笔 |\n",
        summary="口头挂失 5 天有效，正式挂失到网点办理。",
        wording=(Wording("挂失登记", "您好，已为您登记口头挂失，有效期五天，请尽快到网点办理正式挂失。"),),
        internal_notes="三项核验不符时引导至网点，不得透露任一正确项。",
        document_number="远银个金〔2025〕41号",
        tags="挂失,补卡",
        change_summary="首次发布",
    )
    cheaper = RevisionText(
        title=loss.title,
        source=loss.source.replace("15 元/张", "10 元/张"),
        summary=loss.summary,
        wording=(*loss.wording, Wording("补卡收费", "补卡工本费为每张十元，六十五岁以上客户免收。")),
        internal_notes=loss.internal_notes,
        document_number="远银个金〔2026〕41号",
        tags=loss.tags,
        change_summary="补卡工本费由 15 元降为 10 元",
    )
    return {
        "loss": (
            "personal/debit/loss",
            "retail",
            [Draft(loss, 300), Draft(cheaper, 40, NewFile("收费标准.csv", FEE_TABLE.encode()))],
        ),
        "annual-fee": (
            "card/bill",
            "cards",
            [
                Draft(
                    RevisionText(
                        title="信用卡年费收取与减免规则",
                        source="金卡年费 200 元/年，当年消费满 6 笔免次年年费。\n\n白金卡 2,000 元/年。",
                        wording=(Wording("年费说明", "您的金卡当年消费满六笔，即可减免次年年费。"),),
                        document_number="远银卡〔2026〕7号",
                    ),
                    20,
                )
            ],
        ),
        "today": (
            "personal/deposit",
            "retail",
            [
                Draft(
                    RevisionText(title="大额存单转让操作指引", source="转让前请核对持有人身份。"),
                    0.1,
                )
            ],
        ),
        "scheduled": (
            "fees",
            "ops",
            [
                Draft(
                    RevisionText(
                        title="个人转账手续费调整方案",
                        source="自生效之日起，手机银行转账免收手续费。",
                        effective_from=NOON + timedelta(days=7),
                    ),
                    2,
                )
            ],
        ),
        "expired": (
            "card/bill",
            "cards",
            [
                Draft(
                    RevisionText(
                        title="双十一分期手续费优惠活动",
                        source="活动期间分期手续费打五折。",
                        effective_to=NOON - timedelta(days=9),
                    ),
                    30,
                )
            ],
        ),
        "ending": (
            "personal/debit",
            "retail",
            [
                Draft(
                    RevisionText(
                        title="社保卡挂失补卡省内通办试点通知",
                        source="试点期内持卡人可在线上申请补卡并邮寄到家。",
                        effective_to=NOON + timedelta(days=6),
                    ),
                    80,
                )
            ],
        ),
        "restricted": (
            "personal/debit",
            "retail",
            [
                Draft(
                    RevisionText(
                        title="借记卡反欺诈监测阈值说明", source="单日夜间交易超过阈值时触发人工核查。"
                    ),
                    10,
                )
            ],
        ),
    }


def clock() -> FixedClock:
    """Return a clock standing at the moment the small bank is built for."""
    return FixedClock(NOON)


def seats(world: World) -> list[Person]:
    """Return twelve more agents, eight of the service centre and four of the card department, not stored yet."""
    return [
        Person(
            username=f"seat{number}",
            name=f"坐席{number}",
            department_id=world.departments["service" if number < 8 else "cards"],
            password_hash="-",
            created_at=NOON,
            role_rows=[PersonRole(role=Role.AGENT)],
        )
        for number in range(12)
    ]
