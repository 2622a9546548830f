"""The command ``kb``: every chore of running the knowledge base, with exit codes that mean something."""

import sys
from collections.abc import Sequence

import click
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from kb.errors import Invalid, KnowledgeBaseError
from web.commands.audit import audit
from web.commands.calendar import calendar
from web.commands.database import sample, upgrade
from web.commands.department import department
from web.commands.draft import draft
from web.commands.evaluate import evaluate
from web.commands.evidence import evidence
from web.commands.golden import golden
from web.commands.indexing import index, reindex
from web.commands.knowledge import import_command
from web.commands.lexicon import lexicon
from web.commands.node import audience, grant, node
from web.commands.person import user
from web.commands.publishing import PUBLISHING_COMMANDS
from web.commands.purge import purge
from web.commands.search import search
from web.commands.serve import serve
from web.commands.status import status
from web.commands.token import token
from web.commands.webhook import webhook

FAILED = 1
MISUSED = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def kb() -> None:
    """行内知识库的全部日常操作。

    数据库和索引保存在环境变量 KB_HOME 指定的目录，默认 ./var。

    退出码：0 成功，1 失败或部分失败，2 用法错误。
    """


kb.add_command(upgrade)
kb.add_command(sample)
kb.add_command(import_command)
kb.add_command(index)
kb.add_command(reindex)
kb.add_command(search)
kb.add_command(evaluate)
kb.add_command(lexicon)
kb.add_command(golden)
kb.add_command(serve)
kb.add_command(status)
kb.add_command(user)
kb.add_command(department)
kb.add_command(audit)
kb.add_command(node)
kb.add_command(audience)
kb.add_command(grant)
kb.add_command(purge)
kb.add_command(calendar)
kb.add_command(webhook)
kb.add_command(evidence)
kb.add_command(token)
kb.add_command(draft)
for command in PUBLISHING_COMMANDS:
    kb.add_command(command)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code: 0 done, 1 failed wholly or partly, 2 misused."""
    try:
        outcome = kb.main(list(arguments), prog_name="kb", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return MISUSED
    except click.UsageError as error:
        _complain(_explain(error))
        if error.ctx is not None:
            click.echo(f"用法请看：{error.ctx.command_path} --help", err=True)
        return MISUSED
    except click.Abort:
        _complain("已取消。")
        return FAILED
    except (click.ClickException, KnowledgeBaseError, ValidationError, OperationalError, OSError) as error:
        _complain(_reason(error))
        return FAILED
    return outcome if isinstance(outcome, int) else 0


def _reason(error: Exception) -> str:
    if isinstance(error, Invalid):
        return " ".join(dict.fromkeys([error.message, *error.errors.values()]))
    if isinstance(error, KnowledgeBaseError):
        return error.message or type(error).__name__
    if isinstance(error, ValidationError):
        names = (f"KB_{detail['loc'][0]}".upper() for detail in error.errors() if detail["loc"])
        return f"环境变量的值不能使用：{'、'.join(names)}"
    if isinstance(error, OperationalError):
        return f"数据库无法使用：{error.orig}"
    if isinstance(error, FileNotFoundError):
        return f"没有找到文件：{error.filename}"
    if isinstance(error, OSError):
        return f"无法读写 {error.filename}：{error.strerror}"
    return error.format_message() if isinstance(error, click.ClickException) else str(error)


def _complain(sentence: str) -> None:
    click.echo(f"错误：{sentence}", err=True)


def _explain(error: click.UsageError) -> str:
    if isinstance(error, click.NoSuchOption):
        return f"没有这个选项：{error.option_name}"
    if isinstance(error, click.exceptions.NoSuchCommand):
        return f"没有这个命令：{error.command_name}"
    if not isinstance(error, click.BadParameter):
        return error.format_message()
    hint = error.param.get_error_hint(error.ctx) if error.param and error.ctx else error.param_hint
    if isinstance(error, click.MissingParameter):
        return f"缺少 {hint}"
    if error.param is not None and isinstance(error.param.type, click.Choice):
        return f"{hint} 的值不能使用，可选：{'、'.join(error.param.type.choices)}"
    return f"{hint} 的值不能使用：{error.message}"


def main() -> None:
    """Run the command given on the command line and exit."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
