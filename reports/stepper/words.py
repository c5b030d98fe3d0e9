"""The stepper's own words, in each language."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StepWords:
    """What the stepper says by itself; ``{...}`` are filled in."""

    calls_tree: str = "Calls"
    source: str = "Source"
    values: str = "Values"
    explanation: str = "Explanation"
    state: str = "State"
    path: str = "Path"
    enters: str = "enters"
    returns: str = "returns"
    raises: str = "raises"
    cut_short: str = "not finished: the recording ended first"
    on: str = "on"
    inherited: str = "called on {actual}, defined by {defining}"
    returned: str = "returned"
    raised: str = "raised"
    no_values: str = "no values were recorded"
    no_arguments: str = "no arguments"
    no_explanation: str = "Nothing is written about this function yet."
    your_code: str = "This is your own code."
    why: str = "Why: "
    folded: str = "inner calls folded away at this level: {count}"
    repeated: str = "stands for {count} equal calls in a row"
    new_thread: str = "runs in a new thread: {name}"
    new_process: str = "runs in a new process: {name}"
    took: str = "took"
    no_source: str = "the source is not here: {path}"
    changed_source: str = "the file has changed since the recording"
    called_from: str = "called from line {line} of {name}"
    request_stack: str = "request stack"
    app_stack: str = "app stack"
    storage: str = "Local storage"
    thread_ident: str = "thread {ident}"
    empty: str = "empty"
    headers: str = "headers"
    headers_no: str = "not set yet"
    headers_set: str = "set, not sent"
    headers_sent: str = "sent"
    no_state: str = "no state was recorded up to here"
    session: str = "session"
    context_g: str = "g"
    nothing: str = "nothing in it"
    at_start: str = "This is the first stop."
    at_end: str = "This is the last stop."
    stop_of: str = "stop {number} of {count}"
    level: str = "level"
    language: str = "language"
    bookmarked: str = "bookmark set"
    unbookmarked: str = "bookmark removed"
    no_bookmark: str = "no bookmark yet: b sets one"
    not_found: str = "nothing holds {text!r}"
    found_at: str = "found {text!r}"
    no_call: str = "there is no call {id}"
    stands_for: str = "#{id} {name} is folded away at this level, and in this call: l shows more"
    want_number: str = "say which call: g and its number"
    unknown: str = "unknown command {text!r}: ? lists them"
    copied: str = "The chain so far ({count} calls), copied if the terminal has a clipboard"
    no_editor: str = "no editor: set EDITOR"
    editor_failed: str = "the editor ended with status {status}"
    nothing_open: str = "there is no file to open here"
    milestones: str = "Milestones"
    hooks: str = "Hooks"
    hooks_none: str = "No hooks are known: none is registered, or no state was recorded."
    hooks_too_many: str = "The trace is too long for this: flasktrace show TRACE --hooks --request N"
    search: str = "Search names and values"
    go_to: str = "Go to call number"
    help: str = "Help"
    help_title: str = "Keys"
    close: str = "close"
    empty_trace: str = "No calls were recorded."
    quiz_ask: str = "What is called next?"
    quiz_choose: str = "a number, or Enter to skip: "
    quiz_right: str = "Right."
    quiz_wrong: str = "No: it is {name}."
    quiz_skipped: str = "It is {name}."
    quiz_later: str = "{name} comes later, at call {id}."
    quiz_earlier: str = "{name} has been called before, as call {id}."
    quiz_folded: str = "{name} is called too, but folded away at this level."
    quiz_never: str = "{name} is not called in this trace."
    quiz_not_yet: str = "{name} has not been called so far."
    quiz_engine_here: str = "{engine} calls it here."
    quiz_engine_only: str = "Of the two engines only {engine} calls it."
    engine_bundled: str = "Flask 1.1 (bundled)"
    engine_installed: str = "today's Flask (installed)"
    quiz_score: str = "Score: {right} of {asked} right."
    quiz_score_now: str = "{right}/{asked}"
    live: str = "live"
    held: str = "held"
    runs: str = "running"
    threads: str = "Threads"
    live_waiting: str = "waiting for the program"
    live_done: str = "the program has ended"
    live_serving: str = "serving on {address}"
    live_letting_go: str = "letting the request finish"
    only_live: str = "threads are chosen in a live walk: --live"
    answer: str = "answer"
    recording: str = "Recording: {calls} calls, engine {engine}, Python {python}"
    dropped: str = "{count} calls were not recorded: the limit was reached"
    too_small: str = "too small: make the window larger"
    key_lines: tuple[str, ...] = (  # from the longest to the shortest
        "s step  n over  r out  m milestone  (capitals: back)  / search  ? help  q quit",
        "s step  n over  r out  m milestone  / search  ? help  q quit",
        "s n r m  (S N R M back)  ? help  q quit",
        "? help  q quit",
    )


_EN = StepWords()

_ZH = StepWords(
    calls_tree="调用",
    source="源码",
    values="值",
    explanation="说明",
    state="状态",
    path="路径",
    enters="进入",
    returns="返回",
    raises="抛出",
    cut_short="未结束：记录在此之前已终止",
    on="对象",
    inherited="在 {actual} 上调用，由 {defining} 定义",
    returned="返回值",
    raised="抛出",
    no_values="没有记录值",
    no_arguments="没有参数",
    no_explanation="这个函数还没有说明。",
    your_code="这是你自己的代码。",
    why="为什么：",
    folded="此级别下折叠了 {count} 次内部调用",
    repeated="代表连续 {count} 次相同的调用",
    new_thread="在新线程中运行：{name}",
    new_process="在新进程中运行：{name}",
    took="耗时",
    no_source="这里没有源码：{path}",
    changed_source="文件在记录之后被改动过",
    called_from="由 {name} 的第 {line} 行调用",
    request_stack="请求上下文栈",
    app_stack="应用上下文栈",
    storage="Local 存储",
    thread_ident="线程 {ident}",
    empty="空",
    headers="响应头",
    headers_no="尚未设置",
    headers_set="已设置，未发送",
    headers_sent="已发送",
    no_state="到此为止没有记录状态",
    session="session",
    context_g="g",
    nothing="没有内容",
    at_start="这是第一站。",
    at_end="这是最后一站。",
    stop_of="第 {number} 站，共 {count} 站",
    level="级别",
    language="语言",
    bookmarked="已加书签",
    unbookmarked="已去掉书签",
    no_bookmark="还没有书签：按 b 添加",
    not_found="没有找到 {text!r}",
    found_at="找到 {text!r}",
    no_call="没有编号为 {id} 的调用",
    stands_for="#{id} {name} 在此级别下折叠在这次调用中：按 l 显示更多",
    want_number="请说明是哪个调用：g 加编号",
    unknown="未知命令 {text!r}：? 列出所有命令",
    copied="到此为止的调用链（{count} 次调用），终端支持剪贴板时已复制",
    no_editor="没有编辑器：请设置 EDITOR",
    editor_failed="编辑器以状态 {status} 结束",
    nothing_open="这里没有可打开的文件",
    milestones="里程碑",
    hooks="钩子",
    hooks_none="没有已知的钩子：没有注册，或没有记录状态。",
    hooks_too_many="记录太长，无法在此显示：flasktrace show TRACE --hooks --request N",
    search="搜索名称和值",
    go_to="前往编号为几的调用",
    help="帮助",
    help_title="按键",
    close="关闭",
    empty_trace="没有记录到任何调用。",
    quiz_ask="接下来调用什么？",
    quiz_choose="输入编号，或按回车跳过：",
    quiz_right="正确。",
    quiz_wrong="不对：是 {name}。",
    quiz_skipped="是 {name}。",
    quiz_later="{name} 在后面，是第 {id} 号调用。",
    quiz_earlier="{name} 之前已经调用过，是第 {id} 号调用。",
    quiz_folded="{name} 也被调用了，但在此级别下被折叠。",
    quiz_never="{name} 在这次记录中没有被调用。",
    quiz_not_yet="{name} 到目前为止没有被调用。",
    quiz_engine_here="{engine}在这里调用它。",
    quiz_engine_only="两个引擎中只有{engine}会调用它。",
    engine_bundled="自带的 Flask 1.1",
    engine_installed="已安装的新版 Flask",
    quiz_score="得分：{asked} 题答对 {right} 题。",
    quiz_score_now="{right}/{asked}",
    live="实时",
    held="已停住",
    runs="运行中",
    threads="线程",
    live_waiting="等待程序",
    live_done="程序已结束",
    live_serving="服务地址 {address}",
    live_letting_go="让请求执行完",
    only_live="只有实时模式（--live）可以选择线程",
    answer="响应",
    recording="记录：{calls} 次调用，引擎 {engine}，Python {python}",
    dropped="有 {count} 次调用未被记录：已达上限",
    too_small="窗口太小：请放大",
    key_lines=(
        "s 单步  n 越过  r 跳出  m 里程碑（大写后退）  / 搜索  ? 帮助  q 退出",
        "s 单步  n 越过  r 跳出  m 里程碑  / 搜索  ? 帮助  q 退出",
        "s n r m（S N R M 后退）  ? 帮助  q 退出",
        "? 帮助  q 退出",
    ),
)

_WORDS = {"en": _EN, "zh": _ZH}


def step_words(language: str) -> StepWords:
    """The words of a language, English for one that there are none of."""
    return _WORDS.get(language, _EN)


_HELP_EN = (
    ("s  S", "step in (also →) / back (←), to the next stop: each return and raise is one"),
    ("n  N", "over the inner calls (also ↓) / back (↑)"),
    ("r  R", "out to the return of this call, from there to that of its caller / back"),
    ("m  M", "next / previous milestone"),
    ("u", "up, to the entry of the caller"),
    ("< >", "look at the caller's line / back, without moving"),
    ("L", "list the milestones, choose one"),
    ("H", "hooks: which ran, in which order, and why the others did not"),
    ("/", "search names and values; empty: the last text again"),
    ("g", "go to a call by its number"),
    ("b  '", "set or remove a bookmark / go to the next one"),
    ("l", "level: chapters, milestones, pipeline, all"),
    ("x", "language: English, Chinese"),
    ("e", "open the file in $EDITOR"),
    ("y", "copy the chain so far as text"),
    ("c", "run on to the next bookmark or to the end"),
    ("1-5", "choose a pane: the arrows scroll it, Escape leaves it"),
    ("T", "light or dark"),
    ("t", "live: choose another held thread"),
    ("?", "help"),
    ("q", "quit; live: let the request finish"),
)
_HELP_ZH = (
    ("s  S", "单步进入（→）/ 后退（←），到下一站：每次返回和抛出也是一站"),
    ("n  N", "越过内部调用（↓）/ 后退（↑）"),
    ("r  R", "跳出，到本次调用的返回处，再到其调用者的返回处 / 后退"),
    ("m  M", "下一个 / 上一个里程碑"),
    ("u", "到调用者的入口"),
    ("< >", "查看调用者所在的行 / 返回，位置不变"),
    ("L", "列出里程碑，选择一个"),
    ("H", "钩子：哪些运行了、次序如何，其余为何没有运行"),
    ("/", "搜索名称和值；留空则重复上次搜索"),
    ("g", "按编号前往某个调用"),
    ("b  '", "添加或去掉书签 / 前往下一个书签"),
    ("l", "级别：chapters、milestones、pipeline、all"),
    ("x", "语言：英文、中文"),
    ("e", "用 $EDITOR 打开文件"),
    ("y", "复制到此为止的调用链"),
    ("c", "一直运行到下一个书签或结尾"),
    ("1-5", "选择窗格：方向键滚动，Esc 离开"),
    ("T", "浅色或深色"),
    ("t", "实时：选择另一个停住的线程"),
    ("?", "帮助"),
    ("q", "退出；实时：让请求执行完"),
)


def help_lines(language: str) -> tuple[tuple[str, str], ...]:
    """The keys, the same on the screen and line by line, and what they do."""
    return _HELP_ZH if language == "zh" else _HELP_EN
