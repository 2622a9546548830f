"""Says in sentences what an import could not keep, and why nothing came of a file."""

from collections.abc import Callable

from flask_babel import gettext as _

from kb.ports import Conversion, ConversionLoss


def loss_sentences(conversion: Conversion) -> list[str]:
    """Return one sentence for each kind of thing that was lost."""
    return [_sentence(loss) for loss in conversion.losses]


def _sentence(loss: ConversionLoss) -> str:
    n, name = loss.count, loss.detail
    sentences: dict[str, Callable[[], str]] = {
        "image": lambda: _("%(n)s 张图片没有导入，请另行插入。", n=n),
        "text_box": lambda: _("%(n)s 个文本框的位置没有保留，请检查其中的文字。", n=n),
        "header": lambda: _("页眉和页脚没有导入。"),
        "comment": lambda: _("%(n)s 条批注没有导入。", n=n),
        "tracked": lambda: _("有 %(n)s 处修订，已按“接受全部修订”导入。", n=n),
        "equation": lambda: _("%(n)s 个公式没有导入，请改用文字或图片。", n=n),
        "drawing": lambda: _("%(n)s 个图表或图形没有导入。", n=n),
        "chart": lambda: _("%(n)s 个图表没有导入。", n=n),
        "colour": lambda: _("文字颜色、底纹和突出显示没有保留。"),
        "embedded": lambda: _("%(n)s 个嵌入的对象没有导入，请作为附件上传。", n=n),
        "formula": lambda: _("%(n)s 个单元格是公式，只保留了保存时的结果。", n=n),
        "hidden_row": lambda: _("工作表“%(name)s”的 %(n)s 个隐藏行没有导入。", n=n, name=name),
        "hidden_column": lambda: _("工作表“%(name)s”的 %(n)s 个隐藏列没有导入。", n=n, name=name),
        "hidden_sheet": lambda: _("隐藏的工作表“%(name)s”没有导入。", name=name),
        "number_format": lambda: _("部分数字的显示格式没有保留，请核对千分位、货币符号和小数位。"),
        "cut": lambda: _("内容过长，“%(name)s”只导入了前面的部分。", name=name or _("文件")),
        "layout": lambda: _("PDF 的版式、表格线和字体没有保留，请检查分段和表格。"),
        "scan_page": lambda: _("%(n)s 页没有文字（可能是扫描件），没有导入。", n=n),
        "note_place": lambda: _("%(n)s 条脚注或尾注移到了文末。", n=n),
        "merged": lambda: _("%(n)s 处合并单元格超出范围，没有合并。", n=n),
    }
    return str(sentences[loss.kind]())


def failure_sentence(conversion: Conversion) -> str:
    """Return why nothing was imported, and what to do."""
    sentences = {
        "no_bytes": _("文件是空的，请重新选择。"),
        "empty": _("文件中没有可以导入的文字，扫描件请先识别成文字。"),
        "encrypted": _("文件已加密，请去掉密码后再导入。"),
        "unsafe": _("文件结构异常，为安全起见没有导入。"),
        "unknown_format": _("只能导入 docx、xlsx、xls 和 pdf 文件；其他格式请先另存。"),
        "mismatch": _("文件内容与扩展名不符，请另存为正确的格式后再导入。"),
        "old_format": _("文件由很旧的版本保存，请另存为新格式后再导入。"),
        "macros": _("文件含有宏，没有导入；请另存为不含宏的文件。"),
        "too_large": _("文件过大，请拆分后再导入。"),
        "bomb": _("文件解压后过大，没有导入。"),
        "timeout": _("读取文件超时，请拆分后再导入。"),
    }
    return str(sentences.get(conversion.reason, _("文件已损坏或格式有误，未能导入。")))
