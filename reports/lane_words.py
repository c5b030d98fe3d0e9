"""The words of the state lane and the hook ledger, in each language; tree, page and others share them."""

from collections.abc import Mapping

_EN = {
    "request_stack": "request stack",
    "app_stack": "app stack",
    "storage": "Local storage",
    "current": "request",
    "session": "session",
    "g": "g",
    "headers": "headers",
    "headers_none": "not yet set",
    "headers_set": "set, not sent",
    "headers_sent": "sent",
    "views": "view_functions",
    "rules": "url_map",
    "tables": "hook tables",
    "empty": "empty",
    "none": "none",
    "ran": "ran",
    "ended": "ran and answered the request: the view was left out",
    "ran_raised": "raised {what}",
    "reason_response": "did not run: {because} had returned a response",
    "reason_other_blueprint": "did not run: another blueprint’s",
    "reason_exception": "did not run: an exception came first ({because})",
    "reason_first_request_only": "did not run: for the first request only",
    "reason_no_template": "did not run: no template was rendered",
    "reason_no_url": "did not run: url_for built no such address",
    "reason_no_error": "did not run: no error of this kind",
    "reason_not_reached": "did not run: the request never came so far",
    "reason_not_recorded": "not seen: its calls are not recorded",
    "after_call": "what is different once the call is over",
    "hooks_of": "Hooks of request {id}: {says}",
    "no_hooks_recorded": "No hooks are known: the trace was recorded without states, or no app was reached.",
}

_ZH = {
    "request_stack": "请求上下文栈",
    "app_stack": "应用上下文栈",
    "storage": "Local 的存储",
    "current": "请求",
    "session": "session",
    "g": "g",
    "headers": "响应头",
    "headers_none": "尚未设置",
    "headers_set": "已设置，未发送",
    "headers_sent": "已发送",
    "views": "view_functions",
    "rules": "url_map",
    "tables": "钩子表",
    "empty": "空",
    "none": "无",
    "ran": "已运行",
    "ended": "已运行并给出了响应：视图不再执行",
    "ran_raised": "抛出 {what}",
    "reason_response": "未运行：{because} 已返回响应",
    "reason_other_blueprint": "未运行：属于另一个蓝图",
    "reason_exception": "未运行：先出现了异常（{because}）",
    "reason_first_request_only": "未运行：只在第一个请求时运行",
    "reason_no_template": "未运行：没有渲染模板",
    "reason_no_url": "未运行：url_for 没有生成这样的地址",
    "reason_no_error": "未运行：没有这种错误",
    "reason_not_reached": "未运行：请求没有走到这一步",
    "reason_not_recorded": "看不到：它的调用没有被记录",
    "after_call": "调用结束后的变化",
    "hooks_of": "请求 {id} 的钩子：{says}",
    "no_hooks_recorded": "没有已知的钩子：记录时没有保存状态，或没有到达任何应用。",
}

LANE_WORDS: Mapping[str, Mapping[str, str]] = {"en": _EN, "zh": _ZH}


def lane_words(language: str) -> Mapping[str, str]:
    """The words of a language, English for one that there are none of."""
    return LANE_WORDS.get(language, _EN)
