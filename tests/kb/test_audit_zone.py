"""The audit chain holds for callers that count time in the bank's zone."""

from zoneinfo import ZoneInfo

from small_bank import NOON

from kb import audit
from kb.database import Database


def test_the_chain_holds_whatever_zone_the_caller_counts_in(database: Database) -> None:
    with database.write() as session:
        audit.record(session, None, "test.zone", "test:1", NOON.astimezone(ZoneInfo("Asia/Shanghai")))
    with database.read() as session:
        assert audit.first_broken(session) is None
