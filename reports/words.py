"""The fixed words of every view, in each language."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """What a view says by itself; ``{...}`` are filled in by the view."""

    call: str
    calls: str
    client: str
    your_code: str
    returned: str
    raises: str
    hand_over: str
    new_thread: str
    new_process: str
    folded: str
    repeated: str
    generator_resumed: str
    unfinished: str
    step_range: str
    one_step: str
    call_count: str
    one_call: str
    inside: str
    legend: str
    request: str
    some_exception: str
    no_answer: str
    summary: str
    too_large: str
    filtered: str
    dropped: str
    called_on: str
    looked_through: str
    start_up: str
    why: str
    no_calls: str
    number_and_time: str
    phase: str
    documentation: str
    in_scenarios: str
    comma: str
    then: str
    called_by: str
    never_called: str
    more: str
    several_called: str
    other_engine: str


_EN = Words(
    call="call",
    calls="calls",
    client="client",
    your_code="your code",
    returned="value returned",
    raises="raises",
    hand_over="handed over to another thread",
    new_thread="in a new thread",
    new_process="in a new process",
    folded="inner calls folded away",
    repeated="repeated, time of all",
    generator_resumed="a generator, resumed so often",
    unfinished="still running",
    step_range="steps {first}-{last}",
    one_step="step {first}",
    call_count="{count:,} calls",
    one_call="1 call",
    inside="inside {name}, step {number}:",
    legend="Legend: ",
    request="Request: ",
    some_exception="an exception",
    no_answer="no answer",
    summary="{calls} in {steps} steps, level {level}",
    too_large="level {level} would have more than {steps} steps; shown at level {shown},"
    " {hidden} calls folded away",
    filtered="{count:,} calls taken out by the filter",
    dropped="{count:,} calls were not recorded: the limit was reached",
    called_on="called on {actual}, found on {defining}",
    looked_through="looked through {classes}",
    start_up="Start-up",
    why="Why",
    no_calls="No calls were recorded.",
    number_and_time="step and time taken, inner calls included",
    phase="Phase: {title}",
    documentation="Documentation: {url}",
    in_scenarios="scenarios: {names}",
    comma=", ",
    then=", ",
    called_by="Called in the bundled scenarios by:",
    never_called="No bundled scenario calls it.",
    more="{count} more",
    several_called="{count} functions are called {name}; give more of the name of the one you mean:",
    other_engine="(of the {engine} engine only)",
)

_ZH = Words(
    call="调用",
    calls="调用",
    client="客户端",
    your_code="你的代码",
    returned="返回值",
    raises="抛出",
    hand_over="交给另一个线程",
    new_thread="在新线程中",
    new_process="在新进程中",
    folded="折叠的内部调用数",
    repeated="重复次数，时间为总和",
    generator_resumed="生成器，恢复执行的次数",
    unfinished="仍在运行",
    step_range="步骤 {first}-{last}",
    one_step="步骤 {first}",
    call_count="{count:,} 次调用",
    one_call="1 次调用",
    inside="位于步骤 {number} 的 {name} 之内：",
    legend="图例：",
    request="请求：",
    some_exception="异常",
    no_answer="没有响应",
    summary="{calls}，显示为 {steps} 步，级别 {level}",
    too_large="级别 {level} 会超过 {steps} 步；现按级别 {shown} 显示，折叠了 {hidden} 次调用",
    filtered="过滤器去掉了 {count:,} 次调用",
    dropped="有 {count:,} 次调用未被记录：已达上限",
    called_on="在 {actual} 上调用，定义于 {defining}",
    looked_through="依次查找 {classes}",
    start_up="启动",
    why="为什么",
    no_calls="没有记录到任何调用。",
    number_and_time="步骤编号与耗时（含内部调用）",
    phase="阶段：{title}",
    documentation="文档：{url}",
    in_scenarios="场景：{names}",
    comma="、",
    then="，",
    called_by="在内置场景中，由以下函数调用：",
    never_called="没有内置场景调用它。",
    more="另有 {count} 个",
    several_called="有 {count} 个函数名为 {name}，请写出更完整的名字：",
    other_engine="（只在 {engine} 引擎中）",
)

_WORDS = {"en": _EN, "zh": _ZH}


def words_of(language: str) -> Words:
    """The words of a language, English for one that there are none of."""
    return _WORDS.get(language, _EN)


def count_calls(words: Words, count: int) -> str:
    """``1 call``, ``1,234 calls``."""
    return words.one_call if count == 1 else words.call_count.format(count=count)


def step_range(words: Words, first: int, last: int) -> str:
    """``step 3``, ``steps 3-9``."""
    return (words.one_step if first == last else words.step_range).format(first=first, last=last)
