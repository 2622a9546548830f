"""One page for everything that goes wrong: what happened, what to do next, and the request's id."""

import logging
from dataclasses import dataclass

from flask import Flask, Response, g, jsonify, render_template, request
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from kb.errors import Conflict, Forbidden, Invalid, KnowledgeBaseError, NotFound, SearchUnavailable, TooMany
from web.security import request_id
from web.session import wants_json

LOG = logging.getLogger("kb.web")
STATUS_OF: dict[type[KnowledgeBaseError], int] = {
    NotFound: 404,
    Forbidden: 403,
    Conflict: 409,
    Invalid: 422,
    TooMany: 429,
    SearchUnavailable: 503,
}
SERVER_FAILURE = 500


@dataclass(frozen=True)
class Problem:
    """What an error page says; ``fields`` are sentences by the field they concern."""

    status: int
    title: str
    advice: str
    fields: dict[str, str]


def install(app: Flask) -> None:
    """Map every expected and unexpected failure to its page, once."""
    app.register_error_handler(KnowledgeBaseError, _expected)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _expected(error: KnowledgeBaseError) -> Response:
    status = next((STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF), SERVER_FAILURE)
    title, advice = _wording(status)
    fields = {name: _(reason) for name, reason in error.errors.items()} if isinstance(error, Invalid) else {}
    return _answer(Problem(status, _(error.message) if error.message else title, advice, fields))


def _stale_form(_error: CSRFError) -> Response:
    advice = _("页面打开得太久或登录已变化。请返回上一页，刷新后重新提交。")
    return _answer(Problem(400, _("这次提交没有生效"), advice, {}))


def _http(error: HTTPException) -> Response:
    status = error.code or SERVER_FAILURE
    if status < 400:
        return error.get_response()  # type: ignore[return-value]
    answer = _answer(Problem(status, *_wording(status), {}))
    if status == 405 and (allowed := getattr(error, "valid_methods", None)):
        answer.headers["Allow"] = ", ".join(sorted(allowed))
    return answer


def _unexpected(error: Exception) -> Response:
    LOG.error("request %s %s %s failed", request_id(), request.method, request.path, exc_info=error)
    g.is_failing = True
    return _answer(Problem(SERVER_FAILURE, *_wording(SERVER_FAILURE), {}))


def _answer(problem: Problem) -> Response:
    if wants_json():
        answer: Response = jsonify(
            status=problem.status,
            title=problem.title,
            detail=problem.advice,
            errors=problem.fields,
            request_id=request_id(),
        )
        answer.status_code = problem.status
        answer.mimetype = "application/problem+json"
        return answer
    # After a failure of the server the page must not need what may have failed.
    in_shell = problem.status < SERVER_FAILURE and current_user.is_authenticated
    text = render_template(
        "errors/problem.html",
        shell="layout.html" if in_shell else "errors/bare.html",
        problem=problem,
        request_id=request_id(),
    )
    return Response(text, problem.status, mimetype="text/html")


def _wording(status: int) -> tuple[str, str]:
    sentences = {
        400: (_("无法理解这个请求"), _("请返回上一页重试，或从首页重新开始。")),
        401: (_("请先登录"), _("登录后可以继续。")),
        403: (_("您没有这项权限"), _("如工作需要，请联系您的主管或知识管理人员开通。")),
        404: (
            _("没有找到这个页面"),
            _("它可能已被移动、收回，或不在您的可见范围内。请直接搜索。"),
        ),
        405: (_("这个地址不支持这样的操作"), _("请返回上一页，通过页面上的按钮操作。")),
        409: (_("内容已被他人更新"), _("请刷新页面，查看最新内容后再操作。")),
        413: (_("提交的内容太大"), _("请减少内容或拆分后再提交；这次的内容没有保存。")),
        422: (_("提交的内容需要修改"), _("请返回上一页，按提示修改后再提交。")),
        429: (_("操作过于频繁"), _("请稍等片刻再试。")),
        503: (_("服务暂时不可用"), _("系统正在恢复，请稍后刷新页面重试。")),
    }
    unknown = (_("系统出了点问题"), _("问题已记录。请稍后重试；如仍未恢复，请把下面的请求编号告诉技术支持。"))
    return sentences.get(status, unknown)
