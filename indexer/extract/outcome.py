"""The possible ends of an extraction, and the sentence that tells each one to the reader."""

from enum import Enum


class Outcome(Enum):
    """How an extraction ended: the status of ``kb.ports.Extraction`` and a Chinese sentence."""

    OK = ("ok", "")
    CUT = ("ok", "文件内容过长，只有前面的部分可以检索。")
    NO_BYTES = ("empty", "文件是空的。")
    EMPTY = ("empty", "文件中没有可检索的文字，扫描件和图片中的文字不能检索。")
    ENCRYPTED = ("encrypted", "文件已加密，无法检索其内容。")
    BROKEN = ("broken", "文件已损坏或格式有误，无法检索其内容。")
    UNSAFE = ("broken", "文件结构异常，为安全起见不读取其内容。")
    UNKNOWN_ENCODING = ("broken", "无法识别文件的文字编码，请另存为 UTF-8 编码后重新上传。")
    UNKNOWN_FORMAT = ("unsupported", "暂不支持检索此类文件的内容。")
    MISMATCH = ("unsupported", "文件内容与扩展名不符，请另存为正确的格式后重新上传。")
    OLD_FORMAT = ("unsupported", "文件由 Word 95 或更早的版本保存，请另存为 docx 后重新上传。")
    MACROS = ("unsupported", "文件含有宏，不读取其内容，请去除宏后重新上传。")
    TOO_LARGE = ("too_large", "文件过大，无法检索其内容。")
    BOMB = ("too_large", "文件解压后过大，无法检索其内容。")
    TIMEOUT = ("timeout", "读取文件超时，无法检索其内容。")

    @property
    def status(self) -> str:
        """The status word of the port."""
        return self.value[0]

    @property
    def note(self) -> str:
        """The sentence for the attachment's page; empty if there is nothing to say."""
        return self.value[1]


class Refused(Exception):
    """A file is not read, for a known reason.

    Args:
        outcome: The reason.
    """

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.name)
        self.outcome = outcome


class Cut(Exception):
    """A reader stopped before the end of the file because it met one of its caps."""
