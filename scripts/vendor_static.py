"""Rebuilds the vendored front-end files from their npm packages; needs Node, for maintainers only.

Run ``python scripts/vendor_static.py`` after changing a version in web/package.json and its lock. It
installs exactly what the lock names, copies the files listed here, and writes the manifests that
tests/web/test_vendored_assets.py checks and the notices that licences ask for.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
MODULES = WEB / "node_modules"
STATIC = WEB / "static" / "vendor"
BROWSER = ROOT / "tests" / "browser" / "vendor"
NOTICES = ROOT / "THIRD_PARTY_NOTICES"
SVG = "http://www.w3.org/2000/svg"


@dataclass(frozen=True)
class Copy:
    """A file to copy: where to, from which package, its path there, and its new name if that says more."""

    folder: Path
    package: str
    path: str
    name: str = ""


COPIES = (
    Copy(STATIC, "bootstrap", "dist/css/bootstrap.min.css"),
    Copy(STATIC, "echarts", "dist/echarts.min.js"),
    # The build for old browsers: the desks of a bank run Chromium 86 and later.
    Copy(STATIC, "jodit", "es2015/jodit.min.js"),
    Copy(STATIC, "jodit", "es2015/jodit.min.css"),
    Copy(BROWSER, "axe-core", "axe.min.js"),
)
SPRITE = "icons.svg"
ICONS = """
    activity archive arrow-counterclockwise arrow-down arrow-left-right arrow-return-left arrow-right
    arrow-up at award bar-chart bell bell-fill book bookmark-fill bookmark-plus box-arrow-in-down
    box-arrow-up-right briefcase broadcast bullseye calendar-check calendar3 card-checklist chat-dots
    chat-quote check-lg check2-circle chevron-down chevron-left chevron-right circle-half clipboard-check
    clipboard-plus clock-history cloud-check collection copy dash-circle diagram-3 download
    exclamation-circle exclamation-triangle eye file-diff file-earmark file-earmark-pdf file-earmark-ppt
    file-earmark-spreadsheet file-earmark-text file-earmark-word files fire flag folder folder-plus
    folder2-open funnel gear graph-up grip-vertical hand-thumbs-down hand-thumbs-up hash heart-pulse
    hourglass-split house image info-circle journal-check journal-text key keyboard layout-sidebar
    layout-sidebar-reverse lightbulb lightning link-45deg list list-check lock megaphone moon mortarboard
    paperclip patch-check pencil-square people person-check person-circle pin-angle pin-angle-fill
    plus-circle plus-lg printer question-circle quote reply search send shield-check signpost sliders
    speedometer2 star star-fill sun table tag three-dots translate trash trophy type-bold unlock upload x
    x-circle x-lg
"""
# What each licence covers.
LICENCES = (
    ("bootstrap", "web/static/vendor/bootstrap.min.css", ("LICENSE",)),
    ("bootstrap-icons", "web/static/vendor/icons.svg", ("LICENSE",)),
    ("echarts", "web/static/vendor/echarts.min.js", ("LICENSE", "NOTICE")),
    ("jodit", "web/static/vendor/jodit.min.js and jodit.min.css", ("LICENSE.txt",)),
    ("axe-core", "tests/browser/vendor (used by tests, not installed)", ("LICENSE", "LICENSE-3RD-PARTY.txt")),
)
_SOURCE_MAP = re.compile(rb"\s*(?:/\*[#@] ?sourceMappingURL=[^*]*\*/|//[#@] ?sourceMappingURL=[^\n]*)")


def main() -> int:
    """Rebuild everything and return the exit status."""
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=WEB, check=True)
    try:
        entries: dict[Path, dict[str, dict[str, str]]] = {STATIC: {}, BROWSER: {}}
        for folder in entries:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        for copy in COPIES:
            content = _SOURCE_MAP.sub(b"", (MODULES / copy.package / copy.path).read_bytes()).rstrip() + b"\n"
            name = copy.name or Path(copy.path).name
            (copy.folder / name).write_bytes(content)
            entries[copy.folder][name] = entry(copy.package, content)
        sprite = build_sprite(ICONS.split())
        (STATIC / SPRITE).write_bytes(sprite)
        entries[STATIC][SPRITE] = entry("bootstrap-icons", sprite)
        for folder, files in entries.items():
            text = json.dumps(files, indent=2, sort_keys=True) + "\n"
            (folder / "manifest.json").write_text(text, encoding="utf-8")
        NOTICES.write_text(notices(), encoding="utf-8")
    finally:
        shutil.rmtree(MODULES)
    print(f"vendored {sum(map(len, entries.values()))} files")
    return 0


def package_json(package: str) -> dict[str, str]:
    """Return the description of an installed package."""
    described: dict[str, str] = json.loads((MODULES / package / "package.json").read_text(encoding="utf-8"))
    return described


def entry(package: str, content: bytes) -> dict[str, str]:
    """Return what the manifest says of a file with this content."""
    described = package_json(package)
    return {
        "sha256": hashlib.sha256(content).hexdigest(),
        "package": package,
        "version": described["version"],
        "licence": described["license"],
    }


def build_sprite(names: list[str]) -> bytes:
    """Return one SVG with a symbol for each icon, which takes the colour of the text around it."""
    ElementTree.register_namespace("", SVG)
    sprite = ElementTree.Element(f"{{{SVG}}}svg")
    sprite.text = "\n"
    for name in sorted(names):
        # The files come from a package whose digest the lock has fixed.
        icon = ElementTree.parse(MODULES / "bootstrap-icons" / "icons" / f"{name}.svg").getroot()  # noqa: S314
        symbol = ElementTree.SubElement(
            sprite,
            f"{{{SVG}}}symbol",
            {"id": name, "viewBox": icon.attrib["viewBox"], "fill": "currentColor"},
        )
        symbol.tail = "\n"
        for shape in icon:
            shape.tail = None
            symbol.append(shape)
    return ElementTree.tostring(sprite, encoding="utf-8") + b"\n"


def notices() -> str:
    """Return the notices file: what is included, where, and each licence in full."""
    parts = [
        "Third-party files included in this repository, with their licences in full.\n"
        "Written by scripts/vendor_static.py; Python packages are not included but installed.\n"
    ]
    for package, place, files in LICENCES:
        described = package_json(package)
        heading = f"{package} {described['version']} ({described['license']})\nIncluded in: {place}"
        texts = [(MODULES / package / name).read_text(encoding="utf-8").strip() for name in files]
        parts.append("\n\n".join([f"{'=' * 78}\n{heading}\n{'=' * 78}", *texts]) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.exit(main())
