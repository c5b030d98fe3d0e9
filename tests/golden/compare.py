"""Compare the bundle's call chains and responses with the golden facts.

    python tests/golden/compare.py [--differences N] [NAME ...]

prints, for each scenario, how many of genuine's calls the bundle makes in the same order, whether the
responses are equal, and the first differences.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.golden import record_genuine

Facts = dict[str, Any]
Call = tuple[str, int]
# Parts of the standard library; they may differ from one Python to the next.
STDLIB = ("socketserver", "http.server")
# Today's parser of multipart forms, a leaf, reads the body in blocks where 1.0 read it line by line. Left
# out where one is parsed, which the function that makes the stream for an upload shows.
MULTIPART = "werkzeug.wrappers.base_request:BaseRequest._get_file_stream"
MULTIPART_READS = {
    "werkzeug.wsgi:make_line_iter",
    "werkzeug.wsgi:make_line_iter.<locals>._iter_basic_lines",
    "werkzeug.wsgi:_make_chunk_iter",
    "werkzeug.wsgi:LimitedStream.read",
    "werkzeug.wsgi:LimitedStream.on_exhausted",
}


@dataclass
class Comparison:
    """How far the bundle is from the original in one scenario.

    Attributes:
        name: the scenario.
        expected_count: calls in the golden chain.
        in_order_count: those that the bundle makes in the same order, at the same depth.
        extra_count: calls of the bundle that genuine does not make.
        differences: a few lines a difference, ready to be printed.
        response_differences: the same for status, headers and body.
        has_run: False when the bundle did not get through the scenario at all.
    """

    name: str
    expected_count: int = 0
    in_order_count: int = 0
    extra_count: int = 0
    differences: list[str] = field(default_factory=list)
    response_differences: list[str] = field(default_factory=list)
    has_run: bool = True

    @property
    def is_equal(self) -> bool:
        """Tell whether both chains and responses are the same."""
        return not (self.differences or self.response_differences)


def chains(facts: Facts, *, same_python: bool) -> Iterator[tuple[str, list[Call]]]:
    """Each chain of a recording with a label; calls as ``module:qualname`` and depth.

    Args:
        facts: what ``record_chain.py`` wrote.
        same_python: keep the standard library's functions and the depths, which only say something when
            both sides ran on the same Python.
    """
    names = [f"{module}:{qualname}" for module, qualname in facts["functions"]]

    def calls(chain: dict[str, list[int]]) -> list[Call]:
        called = [names[number] for number in chain["functions"]]
        pairs = list(zip(called, chain["depths"], strict=True))
        if MULTIPART in called:
            pairs = [pair for pair in pairs if pair[0] not in MULTIPART_READS]
        if same_python:
            return pairs
        return [(name, 0) for name, _ in pairs if not name.startswith(STDLIB)]

    yield "startup", calls(facts["startup"])
    for request in facts["requests"]:
        for role, chain in request["threads"].items():
            yield f"{request['request']} [{role}]", calls(chain)
    for number, child in enumerate(facts.get("children", ()), 1):
        for role, chain in child.items():
            yield f"child {number} [{role}]", calls(chain)
    yield "shutdown", calls(facts["shutdown"])


def response_differences(golden: Facts, actual: Facts) -> list[str]:
    """Say where a response is another than genuine's."""
    lines = []
    pairs = zip(golden["requests"], actual["requests"], strict=True)
    for wanted, got in pairs:
        for key in sorted({*wanted["response"], *got["response"]}):
            old, new = wanted["response"].get(key), got["response"].get(key)
            if old != new:
                lines.append(f"{wanted['request']}: {key}\n    genuine {old!r}\n    bundle  {new!r}")
    return lines


def describe(label: str, golden: list[Call], actual: list[Call], before: Call | None) -> str:
    """A difference as text: what genuine calls (-), what the bundle calls (+), and after what."""
    lines = [f"{label}, after {before[0] if before else 'the start'}:"]
    lines += [f"    - {'  ' * depth}{name}" for name, depth in golden[:12]]
    lines += [f"    + {'  ' * depth}{name}" for name, depth in actual[:12]]
    return "\n".join(lines)


def compare_chain(result: Comparison, label: str, golden: list[Call], actual: list[Call]) -> None:
    """Align two chains and add what was found to the result."""
    result.expected_count += len(golden)
    if golden == actual:
        result.in_order_count += len(golden)
        return
    matcher = SequenceMatcher(None, golden, actual, autojunk=False)
    for tag, first, last, start, stop in matcher.get_opcodes():
        if tag == "equal":
            result.in_order_count += last - first
            continue
        result.extra_count += stop - start
        before = golden[first - 1] if first else None
        result.differences.append(describe(label, golden[first:last], actual[start:stop], before))


def compare(golden: Facts, actual: Facts) -> Comparison:
    """Compare a recording of the bundle with the golden facts of the same scenario."""
    result = Comparison(golden["scenario"])
    same_python = golden["python"] == actual["python"]
    got = dict_of_lists(chains(actual, same_python=same_python))
    for label, calls in chains(golden, same_python=same_python):
        compare_chain(result, label, calls, next(got.get(label, iter(())), []))
    result.response_differences = response_differences(golden, actual)
    return result


def dict_of_lists(pairs: Iterator[tuple[str, list[Call]]]) -> dict[str, Iterator[list[Call]]]:
    """Chains by label, in order: a request may be sent twice."""
    found: dict[str, list[list[Call]]] = {}
    for label, calls in pairs:
        found.setdefault(label, []).append(calls)
    return {label: iter(items) for label, items in found.items()}


def compare_scenario(name: str) -> Comparison:
    """Run a scenario on the bundle and compare it with its golden file."""
    golden = json.loads(record_genuine.golden_path(name).read_text(encoding="utf-8"))
    try:
        actual = json.loads(record_genuine.record_text(sys.executable, name, bundle=True))
    except record_genuine.RecordingFailed as failure:
        count = sum(len(calls) for _, calls in chains(golden, same_python=True))
        return Comparison(name, count, differences=[f"it did not run: {failure}"], has_run=False)
    return compare(golden, actual)


def describe_responses(result: Comparison) -> str:
    """One word or two on the responses."""
    if not result.has_run:
        return "did not run"
    return f"{len(result.response_differences)} differ" if result.response_differences else "equal"


def print_report(results: list[Comparison], difference_count: int) -> None:
    """A table of all, then the first differences of each."""
    for result in results:
        for line in [*result.response_differences, *result.differences][:difference_count]:
            print(f"{result.name}: {line}")
    print(f"\n{'scenario':24} {'in order':>8} / {'calls':>6}  {'extra':>6}  responses")
    for result in results:
        responses = describe_responses(result)
        counts = f"{result.in_order_count:>8} / {result.expected_count:>6}  {result.extra_count:>6}"
        print(f"{result.name:24} {counts}  {responses}")
    total = sum(result.expected_count for result in results)
    print(f"{'all':24} {sum(result.in_order_count for result in results):>8} / {total:>6}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Compare the bundle with genuine Flask 1.1.4.")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--differences", type=int, default=5, help="how many to show of each scenario")
    options = parser.parse_args()
    names = options.names or [path.stem for path in sorted(record_genuine.DATA.glob("*.json"))]
    results = [compare_scenario(name) for name in names]
    print_report(results, options.differences)
    sys.exit(0 if all(result.is_equal for result in results) else 1)


if __name__ == "__main__":
    main()
