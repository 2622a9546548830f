"""What the actions of the audit log are called, and where their subjects can be looked at."""

from flask import url_for
from flask_babel import gettext as _


def action_label(action: str) -> str:
    """Return an action in words, such as ``知识 · approve``; an unknown one stays as it is."""
    noun, _dot, verb = action.partition(".")
    label = _nouns().get(noun)
    return f"{label} · {_verbs().get(verb, verb)}" if label else action


def subject_url(subject: str) -> str | None:
    """Return the page of an event's subject, if there is one."""
    noun, _colon, number = subject.partition(":")
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        return None
    if noun == "article":
        return url_for("versions.page", article_id=int(number))
    if noun == "announcement":
        return url_for("announcements.detail", announcement_id=int(number))
    return None


def _nouns() -> dict[str, str]:
    return {
        "announcement": _("公告"),
        "article": _("知识"),
        "audience": _("可见范围"),
        "audit": _("审计日志"),
        "comment": _("评论"),
        "copy": _("口径复制"),
        "department": _("部门"),
        "draft": _("草稿"),
        "feedback": _("反馈"),
        "grant": _("授权"),
        "image": _("图片"),
        "login": _("登录"),
        "moderation": _("评论审核"),
        "node": _("分类"),
        "person": _("用户"),
        "sample": _("示例"),
        "task": _("任务"),
        "token": _("令牌"),
        "webhook": "Webhook",
    }


def _verbs() -> dict[str, str]:
    return {
        "acknowledge": _("确认阅读"),
        "add": _("新增"),
        "approve": _("通过"),
        "audience": _("可见范围"),
        "break_glass": _("紧急通过"),
        "change": _("修改"),
        "create": _("新建"),
        "disable": _("停用"),
        "discard": _("删除"),
        "enable": _("启用"),
        "evidence": _("生成证据包"),
        "export": _("导出"),
        "fail": _("失败"),
        "import": _("导入"),
        "lock": _("锁定"),
        "merge": _("合并"),
        "move": _("移动"),
        "open": _("打开"),
        "publish": _("发布"),
        "recall": _("撤回提交"),
        "remove": _("移除"),
        "return": _("退回"),
        "save": _("保存"),
        "submit": _("提交"),
        "withdraw": _("废止"),
    }
