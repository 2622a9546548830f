"""Articles that a draft would repeat are found within the author's rights; the own article never is."""

import pytest

from kb.access import AudienceScope
from kb.similar import pair_share, shingles, similar_articles

EVERYTHING = AudienceScope(None)
PUBLIC = AudienceScope(frozenset({""}))


@pytest.fixture
def look(database, services, clock):
    def ask(title: str, text: str = "", scope: AudienceScope = EVERYTHING, without: int | None = None):
        with database.read() as session:
            return similar_articles(session, services.engine, scope, title, text, clock.now(), without)

    return ask


def test_nearly_the_same_title_is_found(look, world):
    assert look("借记卡挂失与补卡办理口径")[0].article_id == world.articles["loss"]


def test_the_same_text_under_another_title_is_found(look, world):
    text = "口头挂失有效期 5 天，逾期自动解除。正式挂失后可至任一网点办理补卡，工本费 10 元/张。"
    found = look("口头挂失的有效期说明", text)
    assert found[0].article_id == world.articles["loss"]
    assert found[0].text_share > 0.5


def test_an_article_on_something_else_is_not_named(look):
    assert look("企业网银证书更新步骤", "登录企业网银后选择证书管理。") == []


def test_the_own_article_is_left_out(look, world):
    assert look("借记卡挂失与补卡业务办理口径", without=world.articles["loss"]) == []


def test_what_the_author_may_not_read_is_not_named(look, world):
    title = "借记卡反欺诈监测阈值说明"
    assert [item.article_id for item in look(title)] == [world.articles["restricted"]]
    assert look(title, scope=PUBLIC) == []


def test_without_a_title_there_is_nothing_to_look_for(look):
    assert look("  ", "正文") == []


def test_shares_run_from_nothing_to_everything():
    assert pair_share("借记卡挂失", "借记卡挂失") == 1.0
    assert pair_share("借记卡", "网银证书") == 0.0
    assert shingles("挂失，补卡") == frozenset()
