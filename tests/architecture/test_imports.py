"""Imports point one way, and every vendor stays behind its fence."""

import ast
import re
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("kb", "indexer", "web")

# Who may import a vendor: a folder, or the beginning of a file's path.
FENCES = {
    "whoosh": ("indexer/",),
    "jieba": ("indexer/",),
    "rjieba": ("indexer/",),
    "pypinyin": ("indexer/",),
    "opencc": ("indexer/",),
    "numpy": ("indexer/", "kb/insights", "kb/search_days"),
    "flask": ("web/",),
    "flask_login": ("web/",),
    "flask_wtf": ("web/",),
    "flask_babel": ("web/",),
    "werkzeug": ("web/",),
    "click": ("web/",),
    "bleach": ("kb/markup",),
    "nh3": ("kb/markup",),
    "markdown": ("kb/markup",),
    "alembic": ("kb/migrate", "kb/migrations/"),
    "argon2": ("kb/passwords",),
    "diff_match_patch": ("kb/diffs",),
    "python_calamine": ("kb/import_readers", "indexer/extract/", "indexer/convert/"),
    "docx": ("indexer/extract/",),
    "pptx": ("indexer/extract/",),
    "openpyxl": ("indexer/extract/", "indexer/convert/"),
    "olefile": ("indexer/extract/",),
    "pypdf": ("indexer/extract/",),
    "pypdfium2": ("indexer/extract/", "indexer/preview/"),
    "lxml": ("indexer/extract/", "indexer/convert/"),
    "mammoth": ("indexer/convert/",),
    "PIL": ("kb/images", "indexer/preview/"),
    "xlsxwriter": ("web/spreadsheets",),
}
LAYERS = {"kb": {"kb", "data"}, "indexer": {"kb", "indexer", "data"}, "web": {"kb", "indexer", "web", "data"}}
KNOWS_INDEXER = ("web/wiring.py", "web/cli.py", "web/commands/")


def modules() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def imported(path: Path) -> tuple[tuple[int, str], ...]:
    """Return (line, dotted name) of every import, also those inside functions."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{place(path)}:{node.lineno} imports relatively"
            found.append((node.lineno, node.module or ""))
    return tuple(found)


@pytest.mark.parametrize("vendor", sorted(FENCES))
def test_a_vendor_is_imported_only_behind_its_fence(vendor):
    outside = [
        f"{place(path)}:{line}"
        for path in modules()
        for line, name in imported(path)
        if name.split(".")[0] == vendor and not place(path).startswith(FENCES[vendor])
    ]
    assert outside == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_the_layers_below_it(package):
    ours = {"kb", "indexer", "web", "data", "tests"}
    upwards = [
        f"{place(path)}:{line} {name}"
        for path in modules()
        if place(path).startswith(f"{package}/")
        for line, name in imported(path)
        if name.split(".")[0] in ours - LAYERS[package]
    ]
    assert upwards == []


def test_only_wiring_and_the_command_line_know_the_indexer():
    knowing = [
        f"{place(path)}:{line}"
        for path in modules()
        if place(path).startswith("web/") and not place(path).startswith(KNOWS_INDEXER)
        for line, name in imported(path)
        if name.split(".")[0] == "indexer"
    ]
    assert knowing == []


def test_every_vendor_in_the_code_is_a_declared_dependency():
    declared = (ROOT / "requirements.in").read_text(encoding="utf-8")
    names = {re.split(r"[\[=]", line)[0].lower() for line in declared.splitlines() if "==" in line}
    known_as = {
        "argon2": "argon2-cffi",
        "docx": "python-docx",
        "pptx": "python-pptx",
        "whoosh": "whoosh3",
        "PIL": "pillow",
        "pymdownx": "pymdown-extensions",
    }
    transitive = {"werkzeug", "markupsafe", "pydantic", "babel", "jinja2"}
    used = {name.split(".")[0] for path in modules() for _line, name in imported(path)}
    foreign = used - sys.stdlib_module_names - {"kb", "indexer", "web", "data"}
    needed = {known_as.get(name, name.replace("_", "-")).lower() for name in foreign}
    assert needed - names - transitive == set()


def test_the_lock_files_hold_hashes_and_no_addresses():
    for name in (
        "requirements.txt",
        "requirements-dev.txt",
        "requirements-build.txt",
        "requirements-bench.txt",
    ):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text
        pins = [line for line in text.splitlines() if re.match(r"[a-zA-Z0-9]", line)]
        assert pins
        assert text.count(" \\\n    --hash=sha256:") >= len(pins)


def test_the_lock_files_hold_what_the_input_files_pin():
    for name in ("requirements", "requirements-dev", "requirements-build", "requirements-bench"):
        wanted = {
            re.sub(r"\[.*?\]", "", line).lower().replace("_", "-")
            for line in (ROOT / f"{name}.in").read_text(encoding="utf-8").splitlines()
            if "==" in line
        }
        locked = (ROOT / f"{name}.txt").read_text(encoding="utf-8").lower().replace("_", "-")
        assert [pin for pin in sorted(wanted) if f"{pin} " not in locked] == []


def test_the_build_settings_parse():
    assert "build-system" in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
