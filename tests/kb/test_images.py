"""Images are drawn anew, lose their metadata, and are shown to those who may see the text around them."""

import io
import struct
import zlib

import pytest
from PIL import Image as Pillow
from PIL import PngImagePlugin
from sqlalchemy import select

from kb.access import Actor, audience_scope
from kb.articles import RevisionText, add_revision, approve
from kb.errors import Forbidden, Invalid, NotFound
from kb.images import add_image, address, reencoded, visible_image
from kb.models import Article, AuditEvent, Person


def picture(form: str = "PNG", size: tuple[int, int] = (40, 20), **options: object) -> bytes:
    drawn = io.BytesIO()
    Pillow.new("RGB", size, "navy").save(drawn, form, **options)
    return drawn.getvalue()


def actor(session, world, role: str) -> Actor:
    return Actor.of(session.get_one(Person, world.people[role]))


def test_camera_data_is_dropped_and_the_picture_is_turned_upright():
    exif = Pillow.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Secret Camera"
    clean, media_type, width, height = reencoded(picture("JPEG", (40, 20), exif=exif, comment=b"Secret note"))
    assert (media_type, width, height) == ("image/jpeg", 20, 40)
    assert b"Secret" not in clean


def test_texts_and_profiles_inside_a_png_are_dropped():
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", "Secret Person")
    clean, media_type, _width, _height = reencoded(
        picture("PNG", pnginfo=texts, icc_profile=b"Secret profile")
    )
    assert media_type == "image/png"
    assert b"Secret" not in clean


def test_what_hides_behind_the_end_of_an_image_does_not_come_along():
    assert b"<script>" not in reencoded(picture("GIF") + b"<script>alert(1)</script>")[0]


def test_a_moving_picture_keeps_moving():
    drawn = io.BytesIO()
    frames = [Pillow.new("RGB", (10, 10), colour) for colour in ("red", "green", "blue")]
    frames[0].save(drawn, "GIF", save_all=True, append_images=frames[1:], duration=80)
    with Pillow.open(io.BytesIO(reencoded(drawn.getvalue())[0])) as again:
        assert (again.format, again.n_frames) == ("GIF", 3)


def test_a_picture_wider_than_any_page_is_made_smaller():
    assert reencoded(picture(size=(4000, 1000)))[2:] == (2400, 600)


def test_a_bomb_is_refused_before_it_unfolds():
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    with pytest.raises(Invalid):
        reencoded(
            b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
        )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        picture()[:60],
        picture("BMP"),
        b"x" * (5 * 2**20 + 1),
    ],
    ids=["empty", "svg", "cut off", "bmp", "too large"],
)
def test_what_is_no_proper_image_is_refused(data):
    with pytest.raises(Invalid):
        reencoded(data)


def test_the_same_picture_is_kept_once_and_its_coming_is_in_the_audit_log(database, world, clock):
    with database.write() as session:
        article = session.get_one(Article, world.articles["loss"])
        who = actor(session, world, "publisher")
        first = add_image(session, who, article, picture(), clock.now())
        again = add_image(session, who, article, picture(), clock.now())
        assert first.id == again.id
        events = session.scalars(select(AuditEvent).where(AuditEvent.action == "image.add")).all()
        assert [event.subject for event in events] == [f"article:{article.id}"]


def test_who_may_not_write_an_article_may_not_add_pictures(database, world, clock):
    with database.write() as session, pytest.raises(Forbidden):
        article = session.get_one(Article, world.articles["loss"])
        add_image(session, actor(session, world, "agent"), article, picture(), clock.now())


def test_a_picture_of_a_draft_is_hidden_from_readers_until_it_is_shown(database, world, clock):
    with database.write() as session:
        article = session.get_one(Article, world.articles["loss"])
        publisher, agent = (actor(session, world, role) for role in ("publisher", "agent"))
        image = add_image(session, publisher, article, picture(), clock.now())
        assert visible_image(session, publisher, image.id, audience_scope(session, publisher)) is image
        with pytest.raises(NotFound):
            visible_image(session, agent, image.id, audience_scope(session, agent))
        text = RevisionText("借记卡挂失", f'<p><img src="{address(image)}" alt="流程"></p>', "html")
        revision = add_revision(session, article, text, clock.now(), author_id=world.people["publisher"])
        assert f'src="{address(image)}"' in revision.html
        approve(session, revision, clock.now(), world.people["reviewer"])
        session.flush()
        assert visible_image(session, agent, image.id, audience_scope(session, agent)) is image


def test_a_picture_of_a_restricted_article_stays_inside_its_audience(database, world, clock):
    with database.write() as session:
        article = session.get_one(Article, world.articles["restricted"])
        image = add_image(session, actor(session, world, "publisher"), article, picture(), clock.now())
        text = RevisionText("阈值", f'<p><img src="{address(image)}"></p>', "html")
        approve(session, add_revision(session, article, text, clock.now()), clock.now())
        session.flush()
        agent = actor(session, world, "agent")
        with pytest.raises(NotFound):
            visible_image(session, agent, image.id, audience_scope(session, agent))
