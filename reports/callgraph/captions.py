"""The words that the call graph says, in each language."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Captions:
    """Format strings and words; the placeholders are the same in every language."""

    title: str = "Who calls whom: {name}"
    title_plain: str = "Who calls whom"
    subtitle: str = (
        "{functions} functions, {calls} calls, first calls from top to bottom; "
        "a thicker line means more calls."
    )
    hidden: str = "{count} calls are folded away."
    filtered: str = "{count} calls were filtered out."
    dropped: str = "{count} calls were not recorded."
    description: str = "Call graph of {functions} functions and {edges} caller and callee pairs. {roots}"
    starts_at: str = "It starts at {names}."
    nothing: str = "Nothing to draw: no call is left."
    called: str = "called {count} times"
    called_once: str = "called once"
    took: str = "{time} in all, inner calls included"
    hidden_under: str = "{count} inner calls folded away"
    raised: str = "{count} of them raised {names}"
    raised_once: str = "raised {names}"
    raises: str = "raises {names}"
    unnamed: str = "an exception"
    script: str = "the script"
    module: str = "the module itself"
    space: str = " "  # between sentences
    recursive: str = "{count} times by itself"
    edge: str = "{caller} calls {callee}"
    edge_times: str = "{caller} calls {callee}, {count} times"
    edge_raised: str = "{count} of these calls ended in an exception"
    edge_thread: str = "in a new thread"
    your_code: str = "your code"
    server: str = "standard library"
    library: str = "other libraries"
    key_first: str = "first call"
    key_more: str = "called again"
    key_raised: str = "raised an exception"
    key_thread: str = "in a new thread"
    key_count: str = "called 4 times"
    key_hidden: str = "inner calls folded away"
    functions_label: str = "Functions"
    edges_label: str = "Calls"
    legend_label: str = "Legend"


ENGLISH = Captions()

CHINESE = Captions(
    title="谁调用了谁：{name}",
    title_plain="谁调用了谁",
    subtitle="{functions} 个函数，{calls} 次调用；首次调用自上而下排列，线越粗调用越多。",
    hidden="另有 {count} 次调用被折叠。",
    filtered="有 {count} 次调用被过滤掉。",
    dropped="有 {count} 次调用未被记录。",
    description="调用图：{functions} 个函数，{edges} 对调用关系。{roots}",
    starts_at="从 {names} 开始。",
    nothing="没有可画的调用。",
    called="被调用 {count} 次",
    called_once="被调用一次",
    took="共 {time}，含内部调用",
    hidden_under="折叠了 {count} 次内部调用",
    raised="其中 {count} 次抛出 {names}",
    raised_once="抛出 {names}",
    raises="抛出 {names}",
    unnamed="异常",
    script="脚本",
    module="模块本身",
    space="",
    recursive="其中 {count} 次由自身调用",
    edge="{caller} 调用 {callee}",
    edge_times="{caller} 调用 {callee}，共 {count} 次",
    edge_raised="其中 {count} 次以异常结束",
    edge_thread="在新线程中",
    your_code="你的代码",
    server="标准库",
    library="其他库",
    key_first="首次调用",
    key_more="再次调用",
    key_raised="抛出了异常",
    key_thread="在新线程中",
    key_count="被调用 4 次",
    key_hidden="折叠的内部调用",
    functions_label="函数",
    edges_label="调用",
    legend_label="图例",
)


def captions(language: str) -> Captions:
    """The words in a language; English where it is not known."""
    return CHINESE if language.lower().startswith("zh") else ENGLISH
