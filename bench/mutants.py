"""Whether the tests notice a fix that has lost a guard: one condition at a time is disabled, and the tests run.

    python bench/mutants.py [--modules edits,merge] [--most 25] [--seed 1] [--only EXPRESSION] [--json FILE]

A mutant is one of the modules in MODULES with one change: a guard (`if ...: return None`) that never holds, an operand of `and`
or `or` left out, a comparison turned round. It runs in a copy of the tree; the checkout is never touched. Prints the mutants
that no test has noticed, with the line that was changed. `mutants.md` holds what was found.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".ci", "__pycache__", ".*_cache", "node_modules", "corpus", "*.egg-info")
COMMON = ("fixers/test_safety.py", "rules/test_rules.py")
# The modules that decide what a fix may do, and the tests that stand nearest to each, run before the common ones.
MODULES: dict[str, tuple[str, ...]] = {
    "edits": ("fixers/test_edits.py",),
    "merge": (),
    "cache/cleanup": (),
    "instructions/exec_form": (),
    "effects/footprint": ("fixers/order/test_precedence.py", "fixers/order/test_step_order.py"),
    "instructions/ownership": (),
    "instructions/workdir": (),
    "instructions/add_archive": (),
    "image/cross_compile": (),
    "loop": ("fixers/test_loop.py",),
    "instructions/pin_versions": ("lint/analysis/test_unpinned_packages.py",),
    "order/split_copy": ("fixers/multistage/test_split_stage.py",),
    "cache/cache_mounts": ("fixers/inputs/test_ecosystems.py",),
    "inputs/install_inputs": ("fixers/inputs/test_ecosystems.py", "fixers/cost/test_locked_packages.py"),
}
MOST_SECONDS = 240
TESTS_FAILED = 1
OUTPUT = "mutants.log"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of a module: `old`, which stands on `line`, becomes `new`."""

    module: str
    line: int
    kind: str
    start: int
    end: int
    old: str
    new: str


def mutants(module: str, source: str) -> Iterator[Mutant]:
    """All changes of a module's text, in the order of its tree; places are bytes."""
    data = source.encode("utf8")
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def place(node: ast.expr) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset

    def text(node: ast.expr) -> str:
        start, end = place(node)
        return data[start:end].decode("utf8")

    def made(kind: str, node: ast.expr, new: str) -> Mutant:
        return Mutant(module, node.lineno, kind, *place(node), text(node), new)

    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.If) and _is_guard(node):
            yield made("guard", node.test, "False")
        elif isinstance(node, ast.BoolOp):
            joint = " and " if isinstance(node.op, ast.And) else " or "
            for left_out in node.values:
                kept = joint.join(f"({text(value)})" for value in node.values if value is not left_out)
                yield made(f"without {text(left_out)}", node, f"({kept})")
        elif isinstance(node, ast.Compare) and len(node.ops) == 1:
            yield made("turned", node, f"(not ({text(node)}))")


def _is_guard(node: ast.If) -> bool:
    """Whether an `if` does nothing but leave: the rest is for the cases that it lets pass."""
    if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return False
    return isinstance(node.body[-1], ast.Return | ast.Continue | ast.Break | ast.Raise) and not node.orelse


def chosen(modules: list[str], most: int, seed: int) -> list[Mutant]:
    """The mutants of the modules, at most so many of each, drawn with the seed."""
    dice = random.Random(seed)  # noqa: S311 - a sample
    found = []
    for module in modules:
        every = list(mutants(module, (ROOT / "fixers" / f"{module}.py").read_text(encoding="utf8")))
        found += sorted(dice.sample(every, min(most, len(every))), key=lambda item: item.start)
    return found


# ---------------------------------------------------------------- runs in the copy


def work(todo: Path, results: Path, only: str) -> None:
    """Tries the mutants of a file, a JSON list; a line of results for each. The current folder is a copy of the tree."""
    here = Path.cwd()
    import dockerlint.lint.engine.checker
    import dockerlint.lint.shell.script
    import dockerlint.lint.syntax.parser

    assert Path(dockerlint.lint.engine.checker.__file__).resolve().is_relative_to(here), "not the copy"
    assert not any(name.startswith("dockerlint.fixers") for name in sys.modules), "the mutants would not be imported"
    # imported once for all that are forked; pytest wants to import its plug-ins itself
    import pytest  # noqa: F401

    # what is compiled now is read by all, but for the modules that change
    if _run(("fixers/test_edits.py", *COMMON), only) != 0:
        raise SystemExit(f"the tests fail without any change:\n{Path(OUTPUT).read_text(encoding='utf8')[-2000:]}")
    for module in MODULES:
        for compiled in (here / "fixers" / "__pycache__").glob(f"{module}.*"):
            compiled.unlink()
    sys.dont_write_bytecode = True
    for item in json.loads(todo.read_text(encoding="utf8")):
        mutant = Mutant(**item)
        file = here / "fixers" / f"{mutant.module}.py"
        data = file.read_bytes()
        file.write_bytes(data[: mutant.start] + mutant.new.encode("utf8") + data[mutant.end :])
        begin = time.monotonic()
        code = _run((*MODULES[mutant.module], *COMMON), only)
        file.write_bytes(data)
        outcome = "too long" if code is None else "survived" if code == 0 else "noticed" if code == TESTS_FAILED else "broken"
        with results.open("a", encoding="utf8") as lines:
            lines.write(json.dumps(item | {"outcome": outcome, "seconds": round(time.monotonic() - begin, 1)}) + "\n")


def _run(tests: tuple[str, ...], only: str) -> int | None:
    """pytest's exit code, from a process of its own that has what is imported so far; None when it took too long."""
    files = [f"tests/{name}" for name in tests if Path("tests", name).exists()]
    child = os.fork()
    if child == 0:
        sink = os.open(OUTPUT, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        import pytest

        code = 2
        try:
            code = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-k", only, *files]))
            sys.stdout.flush()
        finally:
            os._exit(code)
    end = time.monotonic() + MOST_SECONDS
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def main() -> int:
    """Tries the mutants and prints the survivors; 0 when there are none."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--modules", default=",".join(MODULES))
    parser.add_argument("--most", type=int, default=25)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", default="", help="the tests whose names fit, as pytest's -k has it")
    parser.add_argument("--work", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        todo, results = options.work
        work(todo, results, options.only)
        return 0
    modules = [name for name in options.modules.split(",") if (ROOT / "fixers" / f"{name}.py").exists()]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "tree")
        shutil.copytree(ROOT, copy, symlinks=True, ignore=LEFT_OUT)
        todo, results = Path(folder, "todo.json"), options.json or Path(folder, "results.jsonl")
        results = results.absolute()
        results.write_text("")
        todo.write_text(json.dumps([asdict(item) for item in chosen(modules, options.most, options.seed)]))
        environment = os.environ | {"PYTHONPATH": str(copy / ".pkg"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        command = [sys.executable, str(copy / "bench" / "mutants.py"), "--only", options.only, "--work", str(todo), str(results)]
        subprocess.run(command, cwd=copy, env=environment, check=True)
        found = [json.loads(line) for line in results.read_text(encoding="utf8").splitlines()]
    for item in found:
        if item["outcome"] == "survived":
            print(f"fixers/{item['module']}.py:{item['line']}: {item['kind']}: {' '.join(item['old'].split())}")
    print(Counter(item["outcome"] for item in found))
    return int(any(item["outcome"] == "survived" for item in found))


if __name__ == "__main__":
    sys.exit(main())
