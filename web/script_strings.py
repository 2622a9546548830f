"""The sentences that scripts show, handed to them by the page so that they speak its language."""

from flask_babel import gettext as _


def page_strings() -> dict[str, str]:
    """Return the sentences by the names under which the scripts know them; ``{n}`` is filled in there."""
    return {
        "copied": _("已复制对外口径（{n}）"),
        "copied_call": _("已复制对外口径（{n}），记入来电 {m}"),
        "copied_link": _("已复制链接"),
        "copy_failed": _("复制失败，请手动选择文字复制"),
        "no_wording": _("这篇知识没有对外口径"),
        "outdated": _("这条口径已更新为 {n}，旧版未复制"),
        "not_in_force": _("这条知识{n}，未复制"),
        "unchecked": _("无法核对是否为最新版本，未复制；请检查网络后重试"),
        "see_new": _("查看新版"),
        "copy_current": _("复制现行口径 {n}"),
        "busy": _("搜索服务繁忙，先显示之前的结果。"),
        "slow": _("搜索时间较长，请稍候……"),
        "retry": _("重试"),
        "cancel": _("取消"),
        "hits": _("第 {n} 处，共 {m} 处"),
        "hit_total": _("共 {m} 处"),
        "marks_off": _("已隐藏命中标记"),
        "marks_on": _("已显示命中标记"),
        "scope": _("搜索范围：{n}"),
        "suggestions": _("{n} 条建议"),
        "preview_failed": _("预览没有打开，请重试或直接打开全文。"),
        "saved": _("已保存"),
        "not_saved": _("没有保存成功，请稍后重试"),
        "turned": _("本知识刚刚由 {n} 更新为 {m}，请以下面的新内容为准。"),
        "turned_status": _("本知识的状态刚刚变为：{n}。"),
        "turned_changes": _("查看改动"),
        "close": _("关闭"),
        "comment_this": _("评论这段"),
        "comment_gone": _("这条评论已不存在，请刷新页面"),
        "picked": _("已选 {n} 条"),
        "pick_all": _("全选"),
        "pick_first": _("请先选择评论"),
        "reason_needed": _("请选择或填写理由"),
        "undo": _("撤销"),
        "open_briefcase": _("打开公文包"),
        "delete_folder": _("删除文件夹“{n}”？里面的知识会移到“未分类”。"),
        "folder_name": _("文件夹名称"),
    }
