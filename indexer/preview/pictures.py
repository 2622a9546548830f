"""Draws the pages of PDF files and of pictures, each as one WebP picture of a bounded size."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import Any

from PIL import Image, ImageOps, ImageSequence

from indexer.extract.outcome import Outcome, Refused
from indexer.extract.pdf_pages import open_pdf
from indexer.preview.bounds import IMAGE_SUFFIXES, MAX_HEIGHT, MAX_PAGES, WIDTH

MAX_PIXELS = 40_000_000
QUALITY = 80
# Pillow knows dozens of formats, and most of their readers are of no use here but to be attacked.
_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")

Size = tuple[int, int]


@dataclass(frozen=True)
class Drawn:
    """What a file has to show: the sizes of its pages, whether there are more, and some of them as pictures."""

    sizes: list[Size]
    is_cut: bool
    pictures: Iterable[tuple[int, bytes]]


def prepare() -> None:
    """Have the libraries load what they load on first use."""
    Image.init()
    _webp(Image.new("RGB", (1, 1)))


def draw(suffix: str, data: bytes, numbers: range) -> Drawn:
    """Draw the pages with these numbers, from 1.

    Raises:
        Refused: if a password is needed, or a picture has too many pixels.
        Exception: whatever the library raises for a broken file.
    """
    return _draw_image(data, numbers) if suffix in IMAGE_SUFFIXES else _draw_pdf(data, numbers)


def _draw_pdf(data: bytes, numbers: range) -> Drawn:
    document = open_pdf(data)
    count = len(document)
    points = [document.get_page_size(index) for index in range(min(count, MAX_PAGES))]
    sizes = [_fitted(width, height) for width, height in points]
    wanted = [number for number in numbers if 0 < number <= len(sizes)]
    return Drawn(sizes, count > MAX_PAGES, _pages(document, wanted, points, sizes))


def _pages(
    document: Any, numbers: list[int], points: list[tuple[float, float]], sizes: list[Size]
) -> Iterator[tuple[int, bytes]]:
    for number in numbers:
        page = document[number - 1]
        width, height = points[number - 1]
        longest = max(width, height, 1.0)
        bitmap = page.render(scale=max(sizes[number - 1]) / longest, may_draw_forms=False)
        picture = bitmap.to_pil().convert("RGB")
        page.close()
        if picture.size != sizes[number - 1]:
            picture = picture.resize(sizes[number - 1])
        yield number, _webp(picture)


def _draw_image(data: bytes, numbers: range) -> Drawn:
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    picture = Image.open(BytesIO(data), formats=_FORMATS)
    if picture.width * picture.height > MAX_PIXELS:
        raise Refused(Outcome.TOO_LARGE)
    # Only TIFF holds pages; the frames of an animation are one picture.
    count = getattr(picture, "n_frames", 1) if picture.format == "TIFF" else 1
    frames = islice(ImageSequence.Iterator(picture), min(count, MAX_PAGES))
    drawn = [
        (number, _reduced(frame)) for number, frame in enumerate(frames, start=1) if number < numbers.stop
    ]
    sizes = [frame.size for _number, frame in drawn]
    # Those behind the wanted ones are taken to be like the last, so that a scan of a hundred pages is not decoded.
    sizes += [sizes[-1]] * (min(count, MAX_PAGES) - len(sizes))
    pictures = ((number, _webp(frame)) for number, frame in drawn if number in numbers)
    return Drawn(sizes, count > MAX_PAGES, pictures)


def _reduced(frame: Any) -> Any:
    if frame.width * frame.height > MAX_PIXELS:
        raise Refused(Outcome.TOO_LARGE)
    upright = ImageOps.exif_transpose(frame.copy())
    has_alpha = upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info
    if has_alpha:
        layer = upright.convert("RGBA")
        upright = Image.new("RGB", layer.size, "white")
        upright.paste(layer, mask=layer)
    upright = upright.convert("RGB")
    upright.thumbnail((WIDTH, MAX_HEIGHT))
    return upright


def _fitted(width: float, height: float) -> Size:
    """Return the size in pixels of a page: so wide, unless that makes it too high."""
    scale = min(WIDTH / max(width, 1.0), MAX_HEIGHT / max(height, 1.0))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _webp(picture: Any) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "WEBP", quality=QUALITY, method=2)
    return buffer.getvalue()
