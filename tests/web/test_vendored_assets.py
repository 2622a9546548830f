"""Vendored files are the ones their manifest names, and no page loads anything from elsewhere."""

import hashlib
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "web"
FOLDERS = [WEB / "static" / "vendor", ROOT / "tests" / "browser" / "vendor"]
SPRITE = WEB / "static" / "vendor" / "icons.svg"

# An address of another host where a browser would fetch it; a plain link is navigation, not a load.
ELSEWHERE = r"""["'`(\s=]*(?:https?:)?//[\w\[]"""
LOADS = re.compile(
    rf"""
    \b(?:src|srcset|poster|data|action|formaction|manifest) \s*=\s* {ELSEWHERE}
    | \bhx-(?:get|post|put|patch|delete) \s*=\s* {ELSEWHERE}
    | <(?:link|use|image|base|script|feImage)\b [^>]*? \bhref \s*=\s* {ELSEWHERE}
    | \burl\( {ELSEWHERE}
    | @import \s* {ELSEWHERE}
    | \bimport \b [^;\n"'`]{{0,200}} ["'`](?:https?:)?//[\w\[]
    | \b(?:fetch|importScripts|sendBeacon|Worker|WebSocket|EventSource) \( {ELSEWHERE}
    | \.open\( \s* ["']\w+["'] \s*,\s* {ELSEWHERE}
    """,
    re.VERBOSE | re.IGNORECASE,
)


def loads_from_elsewhere(text: str) -> list[str]:
    return [match[0] for match in LOADS.finditer(text)]


def sources() -> list[Path]:
    kinds = {".html", ".xml", ".css", ".js", ".svg", ".json", ".txt", ".webmanifest"}
    folders = (WEB / "templates", WEB / "static")
    return [path for folder in folders for path in sorted(folder.rglob("*")) if path.suffix in kinds]


def manifest(folder: Path) -> dict[str, dict[str, str]]:
    entries: dict[str, dict[str, str]] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return entries


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_every_vendored_file_has_the_digest_of_its_manifest(folder: Path) -> None:
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in manifest(folder)}
    assert digests == {name: entry["sha256"] for name, entry in manifest(folder).items()}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_no_vendored_file_is_unlisted(folder: Path) -> None:
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert found == {*manifest(folder), "manifest.json"}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_no_vendored_file_points_to_a_source_map(folder: Path) -> None:
    assert [name for name in manifest(folder) if b"sourceMappingURL" in (folder / name).read_bytes()] == []


def test_the_vendored_versions_are_the_ones_that_are_pinned() -> None:
    package = json.loads((WEB / "package.json").read_text(encoding="utf-8"))
    pinned = {**package["dependencies"], **package["devDependencies"]}
    vendored = {
        entry["package"]: entry["version"] for folder in FOLDERS for entry in manifest(folder).values()
    }
    assert vendored == pinned


def test_the_lock_fixes_digests_and_names_no_registry() -> None:
    lock = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    assert not any("resolved" in entry for entry in packages.values())


def test_the_licence_of_every_vendored_package_is_included() -> None:
    notices = (ROOT / "THIRD_PARTY_NOTICES").read_text(encoding="utf-8")
    entries = [entry for folder in FOLDERS for entry in manifest(folder).values()]
    assert all(f"\n{e['package']} {e['version']} ({e['licence']})\n" in notices for e in entries)
    for words in (
        "Permission is hereby granted, free of charge",
        "Apache License",
        "Mozilla Public License",
    ):
        assert words in notices


def test_every_icon_of_the_sprite_can_be_drawn_in_the_colour_of_its_text() -> None:
    symbols = list(ElementTree.parse(SPRITE).getroot())  # noqa: S314
    assert len({symbol.attrib["id"] for symbol in symbols}) == len(symbols) > 70
    for symbol in symbols:
        assert symbol.attrib["viewBox"] == "0 0 16 16"
        assert symbol.attrib["fill"] == "currentColor"
        assert len(symbol) > 0


def test_every_icon_that_a_page_names_is_in_the_sprite() -> None:
    known = {symbol.attrib["id"] for symbol in ElementTree.parse(SPRITE).getroot()}  # noqa: S314
    named = re.compile(r"""icons\.svg['")}\s]*#([a-z][\w-]*)|\bicon\(\s*['"]([a-z][\w-]*)['"]""")
    own = [path for path in sources() if FOLDERS[0] not in path.parents]
    used = {
        match[1] or match[2] for path in own for match in named.finditer(path.read_text(encoding="utf-8"))
    }
    assert used - known == set()


def test_no_page_style_or_script_loads_from_another_host() -> None:
    assert len(sources()) >= len(manifest(FOLDERS[0]))
    found = {path.name: loads_from_elsewhere(path.read_text(encoding="utf-8")) for path in sources()}
    assert {name: loads for name, loads in found.items() if loads} == {}


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://cdn.example/x.js">',
        "<img src=//cdn.example/x.png>",
        '<link rel="stylesheet" href="https://cdn.example/x.css">',
        "background: url( 'http://cdn.example/x.png')",
        '@import "https://cdn.example/x.css";',
        'import {a} from "https://cdn.example/x.js"',
        'import("https://cdn.example/x.js")',
        "fetch(`https://api.example/`)",
        "request.open('GET', 'https://api.example/')",
        "new WebSocket('//api.example')",
    ],
)
def test_a_load_from_another_host_would_be_noticed(text: str) -> None:
    assert loads_from_elsewhere(text)


@pytest.mark.parametrize(
    "text",
    [
        '<svg xmlns="http://www.w3.org/2000/svg">',
        "url(\"data:image/svg+xml,%3csvg xmlns='http://www.w3.org/2000/svg'%3e\")",
        '<a href="https://bank.example/">',
        '<script src="/static/vendor/echarts.min.js">',
        "// https://bank.example",
    ],
)
def test_a_namespace_or_a_link_is_not_taken_for_a_load(text: str) -> None:
    assert loads_from_elsewhere(text) == []
