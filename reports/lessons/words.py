"""The words that are not the author's: of checks, and around what a lesson shows."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LessonWords:
    """Fixed words in one language; braces are filled in."""

    no_request: str = "there is no request {number}: {count} were sent"
    not_called: str = "no call of {name}"
    called: str = "{name} is called (×{count}), first by {caller}"
    called_times: str = "number of calls: {count}"
    nobody: str = "nobody"
    no_order: str = "each arrow is there, but not in this order: after {source} comes no {target}"
    really_in: str = "{name} is in {file}"
    no_parameter: str = "it has no parameter {name}, but {names}"
    raised: str = "it raises {what}"
    no_raise: str = "it raises nothing"
    really_is: str = "it is {what}"
    state_is: str = "there is {lines}"
    question: str = "Question"
    answer: str = "Answer"
    checked: str = "What a run of {scenario} showed to be so"
    contents: str = "Contents"
    previous: str = "Previous"
    following: str = "Next"
    other_language: str = "中文"
    lessons: str = "Lessons"
    page: str = "The whole run, to step through in the browser"
    built: str = "Made by flasktrace from real runs; each claim was checked by one."
    skip: str = "Skip to the text"
    called_on: str = "called on"
    kind_tree: str = "Call tree"
    kind_diagram: str = "Sequence diagram"
    kind_graph: str = "Call graph"
    kind_source: str = "Source"
    kind_state: str = "Call tree with the state"
    kind_hooks: str = "Hooks"


_WORDS = {
    "en": LessonWords(),
    "zh": LessonWords(
        no_request="没有第 {number} 个请求：一共发送了 {count} 个",
        not_called="没有对 {name} 的调用",
        called="{name} 被调用了 {count} 次，最先由 {caller} 调用",
        called_times="它被调用了 {count} 次",
        nobody="（无调用者）",
        no_order="每个箭头都成立，但连不成这个顺序：{source} 之后没有 {target}",
        really_in="{name} 在 {file} 中",
        no_parameter="它没有参数 {name}，有的是 {names}",
        raised="它抛出 {what}",
        no_raise="它没有抛出异常",
        really_is="实际是 {what}",
        state_is="实际是 {lines}",
        question="问题",
        answer="答案",
        checked="运行 {scenario} 验证过的事实",
        contents="目录",
        previous="上一篇",
        following="下一篇",
        other_language="English",
        lessons="课程",
        page="整个运行过程：在浏览器里逐步查看",
        built="由 flasktrace 根据真实运行生成，文中每条论断都经过一次运行的检验。",
        skip="跳到正文",
        called_on="调用对象的类",
        kind_tree="调用树",
        kind_diagram="时序图",
        kind_graph="调用图",
        kind_source="源码",
        kind_state="带状态的调用树",
        kind_hooks="钩子",
    ),
}


def lesson_words(language: str) -> LessonWords:
    """The words of a language, ``en`` or ``zh``."""
    return _WORDS[language]
