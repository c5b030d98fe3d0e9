"""The words that the drawings themselves say, in each language."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Captions:
    """Format strings and words; the placeholders are the same in every language."""

    outside: str = "outside"
    client: str = "client"
    your_code: str = "your code"
    more_modules: str = "more modules"
    others: str = "others"
    startup: str = "Start-up"
    startup_title: str = "{name}: start-up"
    request_title: str = "{method} {target}"
    chapter_title: str = "{request}: {phase}"
    requests_title: str = "{name}: {count} requests"
    folded: str = "{calls} calls folded to {steps} steps."
    times: str = "Times in ms since accept, with the recorder on."
    times_in_process: str = "Times in ms since the request began, with the recorder on."
    times_startup: str = "Times in ms since the first call, with the recorder on."
    unit: str = "ms"
    steps: str = "steps {first}–{last}, {calls} calls"
    one_step: str = "step {first}, {calls} calls"
    one_call: str = "step {first}, 1 call"
    raises: str = "raises {name}"
    an_exception: str = "an exception"
    no_response: str = "no response"
    loop: str = "loop"
    handler: str = "except"
    key_call: str = "call"
    key_value: str = "value returned"
    key_error: str = "exception"
    key_hidden: str = "inner calls folded"
    key_repeat: str = "repeated"
    key_resumed: str = "generator resumed"
    key_bar: str = "running (its end is a plain return)"
    key_hand_over: str = "handed to another thread"
    key_user: str = "your code"
    dropped: str = "{count} calls were not recorded."
    filtered: str = "{count} calls were filtered out."
    startup_apart: str = "The start-up ({count} steps) is drawn apart."
    nothing: str = "Nothing to draw: no step is left."
    description: str = "Sequence diagram of {steps} steps between {lanes}. {chapters}"
    step_called: str = "Step {number}: {caller} calls {name} in {lane}"
    step_root: str = "Step {number}: {name} in {lane}"
    step_new_process: str = "Step {number}: {caller} hands over to {name} in {lane}, in another process"
    step_hand_over: str = "Step {number}: {caller} hands over to {name} in {lane}, in another thread"
    returned: str = "returned {value}"
    raised: str = "raised {name}: {text}"
    unfinished: str = "had not returned when the recording ended"
    took: str = "{time} ms"
    called_on: str = "called on {name}"
    steps_label: str = "Steps"
    legend_label: str = "Legend"
    full_stop: str = "."
    sentence_gap: str = " "


ENGLISH = Captions()

CHINESE = Captions(
    outside="外部",
    client="客户端",
    your_code="你的代码",
    more_modules="其他模块",
    others="其他",
    startup="启动",
    startup_title="{name}：启动过程",
    request_title="{method} {target}",
    chapter_title="{request}：{phase}",
    requests_title="{name}：{count} 个请求",
    folded="{calls} 次调用折叠为 {steps} 步。",
    times="时间以毫秒计，从接受连接起算，含记录器开销。",
    times_in_process="时间以毫秒计，从请求开始起算，含记录器开销。",
    times_startup="时间以毫秒计，从第一次调用起算，含记录器开销。",
    unit="ms",
    steps="第 {first}–{last} 步，共 {calls} 次调用",
    one_step="第 {first} 步，共 {calls} 次调用",
    one_call="第 {first} 步，共 1 次调用",
    raises="抛出 {name}",
    an_exception="异常",
    no_response="没有响应",
    loop="循环",
    handler="异常",
    key_call="调用",
    key_value="返回值",
    key_error="异常",
    key_hidden="折叠的内部调用",
    key_repeat="重复次数",
    key_resumed="生成器恢复次数",
    key_bar="执行中（条的末端即正常返回）",
    key_hand_over="交给另一个线程",
    key_user="你的代码",
    dropped="有 {count} 次调用未被记录。",
    filtered="有 {count} 次调用被过滤掉。",
    startup_apart="启动过程（{count} 步）另有一图。",
    nothing="没有可画的步骤。",
    description="时序图：{steps} 个步骤，参与者为 {lanes}。{chapters}",
    step_called="第 {number} 步：{caller} 调用 {lane} 中的 {name}",
    step_root="第 {number} 步：{lane} 中的 {name}",
    step_new_process="第 {number} 步：{caller} 在另一个进程中交给 {lane} 的 {name}",
    step_hand_over="第 {number} 步：{caller} 在另一个线程中交给 {lane} 的 {name}",
    returned="返回 {value}",
    raised="抛出 {name}：{text}",
    unfinished="记录结束时尚未返回",
    took="{time} 毫秒",
    called_on="调用对象为 {name}",
    steps_label="步骤",
    legend_label="图例",
    full_stop="。",
    sentence_gap="",
)


def captions(language: str) -> Captions:
    """The words in a language; English where it is not known."""
    return CHINESE if language.lower().startswith("zh") else ENGLISH
