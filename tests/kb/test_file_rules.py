"""Files that may not be attached, whatever they are called."""

import pytest

from kb.errors import Invalid
from kb.file_rules import SIZE_LIMIT, check_file


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("收费.pdf", b""),
        ("安装.exe", b"MZ\x90\x00"),
        ("脚本.js", b"alert(1)"),
        ("图.svg", b"<svg onload=alert(1)>"),
        ("没有后缀", b"text"),
        ("收费.pdf", b"MZ\x90\x00\x03"),
        ("收费.xlsx", b"\x7fELF\x02"),
        ("说明.txt", b"MZ\x90\x00\x03"),
        ("大.pdf", b"%PDF-1.7" + bytes(SIZE_LIMIT)),
    ],
)
def test_what_does_not_belong_is_refused_with_its_name(name: str, data: bytes) -> None:
    with pytest.raises(Invalid, match=name):
        check_file(name, data)


@pytest.mark.parametrize(
    ("name", "data"),
    [("收费.PDF", b"%PDF-1.7"), ("MZ说明.txt", "MZ 是部门代码".encode()), ("表.csv", b"a,b")],
)
def test_what_belongs_is_taken(name: str, data: bytes) -> None:
    check_file(name, data)
