"""Every page in light and dark, Chinese and English, wide and narrow: accessible, and never too wide."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]
PAGES = {
    "login": "/login",
    "home": "/",
    "results": "/search?q=挂失补卡",
    "listing": "/search?node=2&status=all",
    "nothing": "/search?q=呱呱呱呱&scope=title&node=2",
    "article": "/a/1?q=卡&rank=2",
    "old version": "/a/{superseded}/v/1",
    "file": "/files/1/preview?q=挂失",
    "missing": "/a/999999",
}
WIDTHS = (1920, 1440, 1366, 1280, 1024, 768, 420, 390)
NOT_FOUND = ("404",)
