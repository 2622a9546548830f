"""Files and functions stay small, names say something, pages load nothing from elsewhere."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("kb", "indexer", "web")
FILE_LINES = 400
FUNCTION_LINES = 60
# Larger than the gate for a reason; an entry is removed as soon as its file is small again.
LARGE_FILES: dict[str, str] = {}
LARGE_FUNCTIONS: dict[str, str] = {}
FORBIDDEN_STEMS = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
MADE_LATE = {"Database", "Flask", "Settings", "create_app", "create_engine", "WhooshEngine"}
OFF_ORIGIN = re.compile(
    r"""(?:\b(?:src|href|action|poster|data-src)\s*=\s*["']\s*(?:https?:)?//"""
    r"""|url\(\s*["']?(?:https?:)?//"""
    r"""|@import\s+["'](?:https?:)?//"""
    r"""|\b(?:fetch|import|importScripts|EventSource|WebSocket)\(\s*["'`](?:https?:|wss?:)?//)""",
    re.IGNORECASE,
)


def modules() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def written_by_us() -> list[Path]:
    """Modules without generated migrations."""
    return [path for path in modules() if "versions" not in path.parts]


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_module_is_longer_than_the_gate():
    long = {
        place(path): lines
        for path in written_by_us()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > FILE_LINES
    }
    assert set(long) == set(LARGE_FILES), long


def test_no_function_is_longer_than_the_gate():
    long = {}
    for path in written_by_us():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES:
                    long[f"{place(path)}:{node.name}"] = lines
    assert set(long) == set(LARGE_FUNCTIONS), long


def test_every_module_opens_with_its_purpose():
    silent = [
        place(path)
        for path in written_by_us()
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_no_module_has_a_name_that_says_nothing():
    vague = [place(path) for path in modules() if path.stem in FORBIDDEN_STEMS]
    vague += [place(path) for path in modules() if FORBIDDEN_STEMS & set(path.relative_to(ROOT).parts)]
    assert vague == []


def test_no_package_prints():
    printing = [
        f"{place(path)}:{node.lineno}"
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []


def test_no_module_makes_an_engine_or_an_app_when_it_is_imported():
    eager = []
    for path in modules():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
            called = value.func if isinstance(value, ast.Call) else None
            if isinstance(called, ast.Name) and called.id in MADE_LATE:
                eager.append(f"{place(path)}:{node.lineno}")
    # Alembic runs its environment as a script, so this one file is meant to work on import.
    assert [entry for entry in eager if not entry.startswith("kb/migrations/env.py")] == []


@pytest.mark.parametrize("folder", ["web/templates", "web/static"])
def test_pages_styles_and_scripts_load_nothing_off_origin(folder):
    found = []
    for path in sorted((ROOT / folder).rglob("*")):
        # Vendored files hold plain links to their authors; tests/web/test_vendored_assets.py looks at loads.
        if path.suffix in {".html", ".css", ".js", ".mjs", ".svg", ".xml"} and path.parent.name != "vendor":
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                if match := OFF_ORIGIN.search(line):
                    found.append(f"{place(path)}:{number} {match[0]}")
    assert found == []


def test_templates_hold_no_inline_scripts_or_styles():
    inline = re.compile(
        r"<script(?![^>]*\b(?:src|type=\"application/json\"))[^>]*>|<style\b|\sstyle=|\son[a-z]+=\""
    )
    found = [
        f"{place(path)}:{number}"
        for path in sorted((ROOT / "web/templates").rglob("*.html"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if inline.search(line)
    ]
    assert found == []
