"""Makes the reference of the commands and of the Python API from their own help and docstrings.

    python docs/make_reference.py [FOLDER]

writes ``en/reference.md`` and ``zh/reference.md`` into ``docs``; ``tests/test_reference.py`` tells when they must
be made anew. The program's help is in English: in Chinese, what each part is for stands above it.
"""

import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

import flasktrace
from flasktrace.cli import COMMANDS, cli

DOCS = Path(__file__).parent
WIDTH = 100


@dataclass(frozen=True)
class Words:
    """What is not the program's own; ``about`` has a sentence on each command and name, or none."""

    title: str
    made: str
    commands: str
    python: str
    files: str
    about_files: str
    about: dict[str, str]


WORDS = {
    "en": Words(
        "Reference",
        "Made from the program's own help and docstrings by `python docs/make_reference.py`.",
        "Commands",
        "Python",
        "Files",
        "A trace is an SQLite database, `trace.flasktrace`; `flasktrace export` turns it into the JSON of"
        " `schemas/trace.schema.json`, whose times are nanoseconds from the first event."
        " Both are read back by `flasktrace show`.",
        {},
    ),
    "zh": Words(
        "参考",
        "由 `python docs/make_reference.py` 根据程序自己的帮助和文档字符串生成；程序的帮助是英文的，每一节之前用一句中文说明用途。",
        "命令",
        "Python",
        "文件",
        "跟踪是一个 SQLite 数据库 `trace.flasktrace`；`flasktrace export` 把它变成 `schemas/trace.schema.json` 描述的 JSON，"
        "其中的时间是从第一个事件起的纳秒数。两者都可以用 `flasktrace show` 再打开。",
        {
            "run": "运行一个场景，发送请求，录制每一次调用，然后展示经过。",
            "show": "用同样的视图展示保存下来的跟踪。",
            "step": "在终端里逐步走过一个场景或一个跟踪，可进可退；`--live` 让真正的服务器停在每一步。",
            "diff": "比较两个跟踪、两个引擎或两个请求。",
            "export": "把跟踪写成其他格式。",
            "lesson": "课程：带有 `flasktrace` 块的 Markdown，树和图取自真实运行，说法由真实运行检查。",
            "lesson check": "运行课程的场景，逐条报告每个说法是成立、挪了位置，还是不成立。",
            "lesson build": "检查课程，然后连同树和图一起写成网站、Markdown 或交互页面。",
            "check": "检查手写的调用链是否真的这样发生。",
            "explain": "说明一个函数在哪里、做什么、为什么需要它、谁调用它，并给出源码。",
            "scenarios": "按课程的顺序列出自带的场景。",
            "Recording": "`record()` 给出的对象：先是上下文管理器或装饰器，然后是录到的内容。",
            "TraceMiddleware": "WSGI 中间件：录制提出要求的请求，或全部请求中的一部分，每个请求一个文件。",
            "record": "录制程序的一部分。",
        },
    ),
}


def main() -> None:
    """Write the references into the folder named, else into the documentation."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS
    for language in WORDS:
        path = folder / language / "reference.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(reference(language), encoding="utf-8", newline="\n")


def reference(language: str) -> str:
    """The text."""
    words = WORDS[language]
    return "\n".join(
        (
            *(f"# {words.title}", "", words.made, "", f"## {words.commands}", ""),
            *commands(words),
            *(f"## {words.python}", ""),
            *python_api(words),
            *(f"## {words.files}", "", words.about_files, ""),
        )
    )


def commands(words: Words) -> Iterator[str]:
    """Each command with its help."""
    context = click.Context(cli, info_name="flasktrace", **cli.context_settings)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        yield from _command(command, click.Context(command, info_name=name, parent=context), words)


def _command(command: click.Command, context: click.Context, words: Words) -> Iterator[str]:
    context.terminal_width = context.max_content_width = WIDTH
    yield from (f"### `{context.command_path}`", "")
    yield from _about(words, context.command_path.removeprefix("flasktrace "))
    yield from ("```text", command.get_help(context), "```", "")
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from _command(inner, click.Context(inner, info_name=name, parent=context), words)


def _about(words: Words, name: str) -> Iterator[str]:
    if words.about:
        yield from (words.about[name], "")


def python_api(words: Words) -> Iterator[str]:
    """Each public name with its signature and docstring."""
    for name in flasktrace.__all__:
        found = getattr(flasktrace, name)
        if not callable(found):
            continue
        signature = str(inspect.signature(found)).replace("flasktrace.tracer.", "")
        yield from (f"### `flasktrace.{name}`", "")
        yield from _about(words, name)
        yield from ("```text", f"{name}{signature}", "")
        yield from (inspect.getdoc(found) or "", "```", "")
        if inspect.isclass(found):
            for method, function in vars(found).items():
                if not method.startswith("_") and inspect.getdoc(function):
                    yield f"- `{method}`: {(inspect.getdoc(function) or '').partition(chr(10))[0]}"
            yield ""


if __name__ == "__main__":
    main()
