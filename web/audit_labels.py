"""What the actions of the audit log are called, and where their subjects can be looked at."""

from flask import url_for
from flask_babel import gettext as _


def action_label(action: str) -> str:
    """Return an action in words, such as ``知识 · approve``; an unknown one stays as it is."""
    noun, _dot, verb = action.partition(".")
    label = _nouns().get(noun)
    if not label:
        return action
    return f"{label} · {_verbs().get(verb, verb)}" if verb else label


def subject_label(subject: str) -> str:
    """Return the subject of an event in words, such as ``知识 12``; an unknown one stays as it is."""
    noun, _colon, rest = subject.partition(":")
    label = _nouns().get(noun)
    return f"{label} {rest}".strip() if label else subject


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
        "activity": _("使用记录"),
        "announcement": _("公告"),
        "article": _("知识"),
        "audience": _("可见范围"),
        "audit": _("审计日志"),
        "briefcase": _("公文包"),
        "calendar": _("工作日历"),
        "comment": _("评论"),
        "copy": _("口径复制"),
        "department": _("部门"),
        "draft": _("草稿"),
        "feed": _("订阅"),
        "feedback": _("反馈"),
        "briefcase_folder": _("公文包文件夹"),
        "gap": _("知识缺口"),
        "golden_query": _("黄金查询"),
        "grant": _("授权"),
        "image": _("图片"),
        "lexicon": _("词库"),
        "login": _("登录"),
        "logout": _("退出登录"),
        "moderation": _("评论审核"),
        "node": _("分类"),
        "person": _("用户"),
        "points": _("积分"),
        "revision": _("版本"),
        "sample": _("示例"),
        "source": _("来源"),
        "task": _("任务"),
        "token": _("令牌"),
        "webhook": "Webhook",
    }


def _verbs() -> dict[str, str]:
    return _verbs_before_o() | _verbs_from_o()


def _verbs_before_o() -> dict[str, str]:
    return {
        "acknowledge": _("确认阅读"),
        "add": _("新增"),
        "adopt": _("采纳"),
        "answer": _("答复"),
        "approve": _("通过"),
        "attach": _("添加附件"),
        "audience": _("可见范围"),
        "break_glass": _("紧急通过"),
        "cancel": _("取消未生效的版本"),
        "change": _("修改"),
        "create": _("新建"),
        "decline": _("不采纳"),
        "delete": _("删除"),
        "detach": _("移除附件"),
        "disable": _("停用"),
        "discard": _("删除"),
        "draft": _("开始撰写"),
        "enable": _("启用"),
        "evidence": _("导出存证"),
        "evidence_sealed": _("登记存证"),
        "export": _("导出"),
        "fail": _("失败"),
        "file": _("登记"),
        "give": _("提交"),
        "import": _("导入"),
        "issue": _("发放"),
        "lead": _("指定主管"),
        "link": _("关联草稿"),
        "load": _("装入"),
        "lock": _("锁定"),
        "material": _("标明是否重大修改"),
        "merge": _("合并"),
        "move": _("移动"),
    }


def _verbs_from_o() -> dict[str, str]:
    return {
        "open": _("打开"),
        "order": _("调整顺序"),
        "order_files": _("调整附件顺序"),
        "password": _("修改密码"),
        "post": _("发表"),
        "publish": _("发布"),
        "purge": _("清理"),
        "rebase": _("对照新版本"),
        "recall": _("撤回提交"),
        "remove": _("移除"),
        "rename": _("改名"),
        "replace": _("替换"),
        "report": _("举报"),
        "reset_password": _("重设密码"),
        "retry": _("重试"),
        "return": _("退回"),
        "review_plan": _("设置复核"),
        "revoke": _("撤销"),
        "rotate": _("更换密钥"),
        "rule": _("修改规则"),
        "save": _("保存"),
        "share": _("共享"),
        "still_right": _("确认仍然正确"),
        "submit": _("提交"),
        "test": _("测试"),
        "thank": _("致谢"),
        "token": _("更换地址"),
        "token_end": _("停用地址"),
        "transfer": _("转交"),
        "undo": _("撤销处理"),
        "unlead": _("取消主管"),
        "unlock": _("解锁"),
        "unshare": _("取消共享"),
        "unthank": _("取消致谢"),
        "withdraw": _("废止"),
    }
