"""``kb purge``: deletes searches and views that have been kept long enough."""

from datetime import timedelta

import click

from kb import audit
from kb.activity import forget_before
from web.commands.opening import open_store
from web.settings import Settings


@click.command()
@click.option("--days", type=click.IntRange(1, 3650), help="保留最近多少天；默认 KB_ACTIVITY_DAYS。")
def purge(days: int | None) -> None:
    """删除过期的搜索和浏览记录；知识、复制和审计记录不受影响。"""
    kept = days or Settings().activity_days
    if not kept:
        raise click.ClickException("KB_ACTIVITY_DAYS 为 0，记录一直保留；如要删除请用 --days 指明。")
    store = open_store()
    at = store.clock.now()
    with store.database.write() as session:
        searches, views = forget_before(session, at - timedelta(days=kept))
        detail = {"days": kept, "searches": searches, "views": views}
        audit.record(session, None, "activity.purge", "activity", at, detail=detail)
    click.echo(f"已删除 {searches} 次搜索、{views} 次浏览的记录，保留最近 {kept} 天。")
