"""Which files may be attached at all: by size, by kind, and never a program under another name."""

from pathlib import PurePosixPath

from kb.errors import Invalid

SIZE_LIMIT = 50 * 1024 * 1024
ALLOWED = frozenset(
    [
        "pdf",
        "doc",
        "docx",
        "xls",
        "xlsx",
        "ppt",
        "pptx",
        "wps",
        "et",
        "dps",
        "ofd",
        "odt",
        "ods",
        "odp",
        "txt",
        "md",
        "csv",
        "html",
        "htm",
        "rtf",
        "xml",
        "json",
        "log",
        "png",
        "jpg",
        "jpeg",
        "gif",
        "bmp",
        "webp",
        "tif",
        "tiff",
        "zip",
        "eml",
        "msg",
        "mp3",
        "mp4",
    ]
)
# Windows, Linux and macOS programs, and scripts that name their interpreter.
PROGRAMS = (
    b"MZ",
    b"\x7fELF",
    b"#!",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xcf\xfa\xed\xfe",
    b"\xce\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
)
# A text may begin with these letters by chance; a document or a picture never does.
TEXTS = frozenset(["txt", "md", "csv", "html", "htm", "xml", "json", "log", "rtf", "eml"])


def check_file(name: str, data: bytes) -> None:
    """Refuse a file that does not belong into a knowledge base.

    Args:
        name: Its cleaned name.
        data: Its bytes.

    Raises:
        Invalid: if it is empty, too large, of a kind that is not allowed, or a program.
    """
    reason = ""
    suffix = PurePosixPath(name).suffix.lower().lstrip(".")
    if not data:
        reason = f"附件“{name}”是空文件，请重新选择。"
    elif len(data) > SIZE_LIMIT:
        reason = f"附件“{name}”超过 {SIZE_LIMIT // 1024 // 1024} MB，请压缩或拆分后再上传。"
    elif suffix not in ALLOWED:
        reason = f"附件“{name}”的类型不能上传；可以上传办公文档、PDF、文本、图片、压缩包和音视频。"
    elif _is_program(suffix, data):
        reason = f"附件“{name}”的内容是可执行程序，不能上传。"
    if reason:
        raise Invalid(reason, {"file": reason})


def _is_program(suffix: str, data: bytes) -> bool:
    if not data.startswith(PROGRAMS):
        return False
    return suffix not in TEXTS or b"\x00" in data[:1024]
