"""bench/equivalence.md, from the figures."""

from __future__ import annotations

from typing import Any

# of each kind of fix that is made as a safe one
FEWEST = 300


def page(rows: dict[str, Any]) -> str:
    """The page's text."""
    lines = [
        "# Fixes held against builds of generated Dockerfiles",
        "",
        "Made by `python -m equivalence --record`; do not edit. How it works: [equivalence/README.md](equivalence/README.md).",
        "",
    ]
    for name in ("safe", "unsafe"):
        if name in rows:
            lines += _run(name, rows[name])
    if "engine" in rows:
        row = rows["engine"]
        lines += [
            "## The executor held against an engine",
            "",
            (f"{row['date']}, {row['engine']}, seeds {', '.join(map(str, sorted(row['seeds'])))}: {row['builds']} builds ({row['builds'] // 2} pairs) in {row['seconds']:.0f} s; in"
            f" {row['same']} the executor gave the same success, files and configuration ({row['failed']} fail in both), in {len(row['different'])} not."
            f" {row['left_out']} with here-documents or a mount on /etc/apk/cache were left out: the engine does not know the first, and leaves the folder of the second."),
            "",
        ]
    return "\n".join(lines)


def _run(name: str, row: dict[str, Any]) -> list[str]:
    rate = row["pairs"] / max(row["seconds"], 1)
    problems = ", ".join(f"{count} {kind}" for kind, count in sorted(row["problems"].items()))
    lines = [
        f"## With the {name} fixes",
        "",
        (f"{row['date']}, seeds {', '.join(map(str, sorted(row['seeds'])))}, {row['processes']} processes, {row['seconds']:.0f} s ({rate:.1f} pairs a"
        f" second); digest of dlint's code {row['code']}."),
        "",
        f"- Pairs with a fix that build before it: {row['pairs']} (of {row['generated']} Dockerfiles; {row['unfixed']} had no fix, {row['unbuilt']} did not build).",
        f"- Scenarios: {', '.join(f'{scenario} {count}' for scenario, count in sorted(row['scenarios'].items()))}.",
        f"- Differences: {sum(row['problems'].values())}{f' ({problems})' if problems else ''}.",
        f"- Fixes that were offered and could not be made: {len(row['notes'])}.",
        "",
        "| fix | pairs |",
        "|---|---|",
    ]
    lines += [f"| {code} | {count} |" for code, count in sorted(row["codes"].items())]
    few = [code for code, count in sorted(row["codes"].items()) if count < FEWEST]
    return [*lines, "", f"In fewer than {FEWEST}: {', '.join(few) or 'none'}.", ""]
