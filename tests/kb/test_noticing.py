"""Whether there is something to index is noticed without looking at the articles."""

from collections.abc import Iterator

import pytest

from kb.attachments import NewFile
from kb.models import Person
from kb.noticing import Watch
from tests.indexer.bank import Bank


@pytest.fixture
def bank(tmp_path) -> Iterator[Bank]:
    made = Bank(tmp_path).create()
    yield made
    made.close()


@pytest.fixture
def watch(bank: Bank) -> Iterator[Watch]:
    made = Watch(bank.database)
    assert made.has_work() is True
    yield made
    made.close()


def test_nothing_is_new_until_an_article_changes(bank: Bank, watch: Watch) -> None:
    assert watch.has_work() is False
    article = bank.publish("挂失流程")
    assert watch.has_work() is True
    assert watch.has_work() is False
    bank.revise(article, "新的挂失流程")
    assert watch.has_work() is True


def test_what_does_not_concern_the_index_is_not_work(bank: Bank, watch: Watch) -> None:
    with bank.database.write() as session:
        session.query(Person).update({Person.name: "改名"})
    assert watch.has_work() is False


def test_a_file_that_waits_is_work(bank: Bank, watch: Watch) -> None:
    bank.publish("挂失流程", "正文。", NewFile("费率.txt", "年费".encode()))
    assert watch.has_work() is True


def test_a_change_that_is_not_committed_is_not_noticed_yet(bank: Bank, watch: Watch) -> None:
    with bank.database.write() as session:
        session.query(Person).update({Person.name: "改名"})
        assert watch.has_work() is False
    bank.publish("挂失流程")
    assert watch.has_work() is True
