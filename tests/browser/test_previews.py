"""A hit in a file leads to its page, which is there as a picture, in a real browser."""

from collections.abc import Callable
from typing import Any

import pytest
from browsing import barriers, until

pytestmark = pytest.mark.browser


def test_a_hit_in_a_pdf_leads_to_the_picture_of_its_page(open_page: Callable[..., Any]) -> None:
    page = open_page("/search?q=信用证 审单&scope=attachment")
    page.click(".hit-file a[href*='#page-']")
    until(page, "() => location.hash.startsWith('#page-') && document.querySelector('.paper.is-target')")
    until(
        page,
        "() => { const it = document.querySelector('.is-target img'); return it && it.naturalWidth > 0; }",
    )
    until(page, "() => document.querySelector('.is-target').getBoundingClientRect().top < innerHeight")
    assert page.locator(".is-target mark").count() > 0
    assert barriers(page) == []
