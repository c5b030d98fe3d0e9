"""Makes the page of the course from the bundled scenarios and what they say of themselves.

    python docs/make_course.py

writes ``docs/en/course.md`` and ``docs/zh/course.md``; ``tests/test_course.py`` tells when they must be made anew.
"""

from pathlib import Path

from flasktrace.scenarios.catalog import list_scenarios

DOCS = Path(__file__).parent

_HEADS = {
    "en": """\
# The course: from the smallest program to the debugger

Each scenario is a plain Flask program that ends in `app.run()`, and comes with flasktrace. Run one by its name, read what to look
for below, and find it in the tree:

```console
$ flasktrace scenarios
$ flasktrace run hello
```

Then walk it step by step, predict what is called next, and see how it is today:

```console
$ printf 'm\\nm\\nq\\n' | flasktrace step hello
$ flasktrace diff hooks --engines --level chapters
$ flasktrace explain Flask.full_dispatch_request
```

In a terminal leave the pipe out: `flasktrace step hello`, and `flasktrace step hello --quiz` for the questions. `flasktrace check 'a -> b' hooks`
says whether a chain that you wrote down is what happened. The four lessons in `scenarios/lessons/` tell the whole way of a request in prose, and
the [gallery](../gallery/README.md) shows every scenario without running it. Copy a script and change it: that is the best exercise.
""",
    "zh": """\
# 学习路线：从最小的程序到调试器

每个场景都是一个以 `app.run()` 结尾的普通 Flask 程序，随 flasktrace 一起提供。按名字运行一个，读下面的提示，再到调用树里去找：

```console
$ flasktrace scenarios
$ flasktrace run hello
```

然后一步一步地走，猜下一步调用什么，再看看今天的 Flask 是怎样做的：

```console
$ printf 'm\\nm\\nq\\n' | flasktrace step hello
$ flasktrace diff hooks --engines --level chapters
$ flasktrace explain Flask.full_dispatch_request
```

在终端里不需要管道：`flasktrace step hello`；加上 `--quiz` 会向你提问。`flasktrace check 'a -> b' hooks` 检查你写下的调用链是不是真的这样发生。
`scenarios/lessons/` 里的四篇课文用文字讲完一个请求的全程，[图库](../gallery/README.zh.md)不用运行就能看到每个场景。把脚本复制一份，改一改：这是最好的练习。
""",
}
_WORDS = {"en": ("tree", "sequence diagram", "call graph"), "zh": ("调用树", "时序图", "调用图")}


def main() -> None:
    """Write the pages."""
    for language in _HEADS:
        page_path(language).write_text(course_page(language), encoding="utf-8", newline="\n")


def page_path(language: str) -> Path:
    """The file of the page."""
    return DOCS / language / "course.md"


def course_page(language: str) -> str:
    """The page: each scenario with what to look for and its pictures."""
    tree, sequence, graph = _WORDS[language]
    parts = [_HEADS[language]]
    group = None
    for number, scenario in enumerate(list_scenarios(language), 1):
        if scenario.group != group:
            group = scenario.group
            parts.append(f"## {group}\n")
        name = scenario.name
        pictures = f"../gallery/{name}"
        parts.append(
            f"### {number}. {scenario.title}\n\n"
            f"{scenario.description}\n\n"
            f"`flasktrace run {name}` · [{tree}]({pictures}.{language}.txt)"
            f" · [{sequence}]({pictures}.sequence.{language}.svg) · [{graph}]({pictures}.graph.{language}.svg)\n"
        )
    return "\n".join(parts)


if __name__ == "__main__":
    main()
