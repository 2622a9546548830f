"""The sentences that the editor's scripts show, in the reader's language."""

from flask_babel import gettext as _


def editor_strings() -> dict[str, str]:
    """Return the sentences by the names under which the scripts know them; ``{n}`` is filled in there."""
    return {
        "count": _("{n} / {m}"),
        "unsaved": _("有未保存的修改"),
        "saving": _("正在保存……"),
        "saved_at": _("已保存 {n}"),
        "kept_here": _("尚未保存到服务器，内容已留在本机"),
        "no_connection": _("连接不上服务器，内容已留在本机，稍后自动重试。"),
        "login_lost": _("登录已失效。您写的内容没有丢失：请在新标签页登录，再回到这里重试。"),
        "login_elsewhere": _("在新标签页登录"),
        "other_person": _("现在登录的是另一个账号，这份草稿不再自动保存；内容已留在本机。"),
        "conflict": _("其他人已经保存了新的内容。您写的没有丢失，请查看两份内容后合并。"),
        "see_both": _("查看两份内容"),
        "newer": _("其他人保存了新的内容。"),
        "reload": _("载入新内容"),
        "others": _("{n} 正在编辑这份草稿。先保存的人不会被覆盖，后保存的人会看到两份内容。"),
        "local_copy": _("本机留有一份 {n} 的内容，与服务器上的草稿不同。"),
        "take_back": _("用本机的内容继续"),
        "drop_copy": _("丢弃本机的内容"),
        "remove_block": _("删除这段口径“{n}”？"),
        "block_removed": _("已删除一段口径"),
        "remove_file": _("移除这个附件？"),
        "clear": _("清除"),
        "file_too_large": _("文件太大，没有上传。"),
        "upload_failed": _("上传没有成功，请重试。"),
        "text": _("正文"),
        "body": _("正文"),
        "heading": _("标题 {n}"),
        "quotation": _("引用"),
        "image": _("图片"),
        "image_failed": _("图片没有上传成功，请重试。"),
        "images_lost": _("{n} 张图片没有随粘贴带来，请另行插入。"),
        "hidden_rows": _("表格中 {n} 个隐藏行没有粘贴。"),
        "paste_failed": _("粘贴没有成功，请重试，或只粘贴文字（Ctrl+Shift+V）。"),
        "importing": _("正在导入“{n}”……"),
        "imported": _("已导入“{n}”，没有发现丢失的内容。"),
        "imported_with_losses": _("已导入“{n}”。以下内容未能保留，请对照原文检查："),
        "import_failed": _("导入没有成功，请重试。"),
    }
