"""Images of articles: re-encoded without their metadata, stored by content, shown to who may see the text."""

import struct
from datetime import datetime
from io import BytesIO

from PIL import Image as Pillow
from PIL import ImageOps
from sqlalchemy import select
from sqlalchemy.orm import Session

from kb import audit
from kb.access import Actor, AudienceScope, Permission, may_on
from kb.articles import open_revision
from kb.attachments import store_blob
from kb.draft_rights import draft_clause
from kb.errors import Forbidden, Invalid, NotFound
from kb.models import Article, Image, Revision

LARGEST_FILE = 5 * 1024 * 1024
LARGEST_PIXELS = 25_000_000
# Wider than any page shows, also on a sharp screen.
LARGEST_SIDE = 2_400
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
_MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    OverflowError,
    struct.error,
    Pillow.DecompressionBombError,
)


def add_image(session: Session, actor: Actor, article: Article, data: bytes, at: datetime) -> Image:
    """Take an image into an article; the same one again is the same image.

    Args:
        data: A PNG, JPEG, WebP or GIF file of at most 5 MB and 25 million pixels.

    Raises:
        Forbidden: if the actor may not write this article.
        Invalid: if the file is no such image, broken or too large.
    """
    decision = may_on(session, actor, Permission.ARTICLE_WRITE, article.node, article.owner_department_id)
    if not decision:
        raise Forbidden(decision.reason)
    clean, media_type, width, height = reencoded(data)
    sha256 = store_blob(session, clean, at)
    known = session.scalar(select(Image).where(Image.article_id == article.id, Image.sha256 == sha256))
    if known is not None:
        return known
    image = Image(
        article_id=article.id,
        sha256=sha256,
        media_type=media_type,
        width=width,
        height=height,
        uploaded_by_id=actor.person_id,
        uploaded_at=at,
    )
    session.add(image)
    session.flush()
    audit.record(
        session, actor, "image.add", f"article:{article.id}", at, detail={"image": image.id, "sha256": sha256}
    )
    return image


def reencoded(data: bytes) -> tuple[bytes, str, int, int]:
    """Return (bytes, media type, width, height) of an image drawn anew, with nothing but its pixels.

    Raises:
        Invalid: if the file is no image of a known format, broken or too large.
    """
    if len(data) > LARGEST_FILE:
        raise Invalid(f"图片最大 5 MB，这张有 {len(data) / 1024 / 1024:.1f} MB，请压缩后再上传。")
    try:
        with Pillow.open(BytesIO(data), formats=FORMATS) as opened:
            # Only the head has been read so far, so a bomb is refused before it unfolds.
            frames = int(getattr(opened, "n_frames", 1)) if opened.format == "GIF" else 1
            if opened.width * opened.height * frames > LARGEST_PIXELS:
                raise Invalid("图片的像素过多，请缩小后再上传。")
            return _animation(opened) if frames > 1 else _picture(opened)
    except _DAMAGE as error:
        raise Invalid("无法读取这张图片，请使用 PNG、JPEG、WebP 或 GIF 格式。") from error


def _picture(opened: Pillow.Image) -> tuple[bytes, str, int, int]:
    form = str(opened.format)
    # A photograph of a phone is stored lying down, with a note to turn it.
    turned = ImageOps.exif_transpose(opened)
    has_alpha = turned.mode in ("RGBA", "LA", "PA") or "transparency" in turned.info
    drawn = turned.convert("RGBA" if has_alpha and form != "JPEG" else "RGB")
    drawn.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    # Comments, profiles and the like would be written again from here.
    drawn.info.clear()
    form = "PNG" if form == "GIF" else form
    written = BytesIO()
    drawn.save(written, form, **({} if form == "PNG" else {"quality": 88}))
    return written.getvalue(), _MEDIA_TYPES[form], drawn.width, drawn.height


def _animation(opened: Pillow.Image) -> tuple[bytes, str, int, int]:
    frames, durations = [], []
    for index in range(int(getattr(opened, "n_frames", 1))):
        opened.seek(index)
        durations.append(int(opened.info.get("duration", 100)))
        frame = opened.convert("RGBA")
        frame.info.clear()
        frames.append(frame)
    written = BytesIO()
    frames[0].save(
        written, "GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0, disposal=2
    )
    return written.getvalue(), "image/gif", opened.width, opened.height


def address(image: Image) -> str:
    """Return the path under which the text of the article shows the image."""
    return f"/files/images/{image.id}"


def visible_image(session: Session, actor: Actor, image_id: int, scope: AudienceScope) -> Image:
    """Return an image that the actor may see.

    A reader of the article sees what its approved revisions show; other images are for those who may see
    its draft, or may write one.

    Raises:
        NotFound: if there is none, or the viewer may not know of it.
    """
    found = session.execute(
        select(Image, Article)
        .join(Article, Article.id == Image.article_id)
        .where(Image.id == image_id, scope.clause())
    ).first()
    if found is not None:
        image, article = found
        if _is_shown(session, image) or _works_on(session, actor, article):
            return image
    raise NotFound("没有找到这张图片。")


def _is_shown(session: Session, image: Image) -> bool:
    place = f'src="{address(image)}"'
    return (
        session.scalar(
            select(Revision.id)
            .where(
                Revision.article_id == image.article_id,
                Revision.shown_from.is_not(None),
                Revision.html.contains(place, autoescape=True),
            )
            .limit(1)
        )
        is not None
    )


def _works_on(session: Session, actor: Actor, article: Article) -> bool:
    draft = open_revision(session, article.id)
    if draft is not None:
        seen = (
            select(Revision.id)
            .join(Article, Article.id == Revision.article_id)
            .where(Revision.id == draft.id, draft_clause(session, actor))
        )
        return session.scalar(seen) is not None
    return bool(may_on(session, actor, Permission.ARTICLE_WRITE, article.node, article.owner_department_id))
