"""Time of each rule against the number of instructions: a rule that looks at all of them for each of them shows here.

    python bench/rules_linear.py [--instructions 1000] [--kind KIND]

For files of so many instructions of one kind, and of twice as many, it prints the seconds that all rules take, and the rules
whose time grows more than threefold and that take long. Exits with 1 when there is one that is not in KNOWN.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from dockerlint.lint.analysis.build_state import Settings
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.engine.registry import rules
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from collections.abc import Callable

GROWTH, LONG = 3.0, 0.4
# Of files that nobody writes: thousands of variables, each unset in a step of its own.
KNOWN = frozenset({("unset", "DF625")})

KINDS: dict[str, Callable[[int], str]] = {
    "WORKDIR": lambda _: "WORKDIR old\n",
    "ENV": lambda number: f"ENV A{number}=$A{number - 1}b\n",
    "ARG": lambda number: f"ARG A{number}=1\n",
    "COPY": lambda number: f"COPY a{number} b{number}\n",
    "COPY .": lambda _: "COPY . .\n",
    "ADD": lambda number: f"ADD http://a/{number}.tar.gz /x\n",
    "apt": lambda number: f"RUN apt-get update && apt-get install x{number}\n",
    "pip": lambda number: f"RUN pip install x{number}\n",
    "npm": lambda _: "RUN npm install\n",
    "go": lambda _: "RUN go build -o /a\n",
    "mount": lambda number: f"RUN --mount=type=cache,target=/a{number} pip install x\n",
    "rm": lambda number: f"RUN rm -rf /tmp/a{number}\n",
    "curl": lambda number: f"RUN curl -k http://a/{number} | sh\n",
    "cd": lambda _: "RUN cd /x && make\n",
    "chown": lambda number: f"COPY a{number} /b{number}\nRUN chown -R a /b{number}\n",
    "unset": lambda number: f"ENV A{number} b\nRUN unset A{number}\n",
    "heredoc": lambda number: f"RUN <<EOF\necho {number}\nEOF\n",
    "USER": lambda number: f"RUN useradd u{number}\nUSER u{number}\n",
    "LABEL": lambda number: f"LABEL a{number}=b\n",
    "CMD": lambda number: f"CMD a{number}\n",
    "HEALTHCHECK": lambda _: "HEALTHCHECK CMD a\n",
    "ONBUILD": lambda _: "ONBUILD RUN apt-get install x\n",
    "ignored": lambda _: "# dlint ignore=DL3000\nWORKDIR old\n",
    "stages": lambda number: f"FROM debian AS s{number}\nRUN a\n",
    "stages of stages": lambda number: f"FROM {f's{number - 1}' if number else 'debian'} AS s{number}\nRUN make\n",
    "copies of copies": lambda number: f"FROM debian AS s{number}\nCOPY --from=s{number - 1} /a /a\n",
}


def seconds(kind: str, count: int) -> dict[str, float]:
    """What each rule takes, by its code."""
    doc = parse("FROM debian:12\n" + "".join(map(KINDS[kind], range(count))))
    facts = Facts(doc, None, Settings(preset="all"))
    found = {}
    for rule in rules():
        start = time.perf_counter()
        list(rule.check(doc, facts))
        found[rule.code] = time.perf_counter() - start
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", action="append", metavar="KIND", choices=KINDS)
    parser.add_argument("--instructions", type=int, default=1000)
    options = parser.parse_args()
    status = 0
    for kind in options.kind or KINDS:
        once, twice = (seconds(kind, options.instructions * times) for times in (1, 2))
        steep = {code: took for code, took in twice.items() if took > LONG and took > GROWTH * once[code]}
        if any((kind, code) not in KNOWN for code in steep):
            status = 1
        shown = ", ".join(f"{code} {once[code]:.2f} -> {took:.2f} s" for code, took in steep.items())
        print(f"{kind:18} {sum(once.values()):6.2f} -> {sum(twice.values()):6.2f} s  {shown}", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
