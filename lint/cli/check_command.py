"""`dlint check`: its options; check_run.py does what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dockerlint.lint.report.render import FORMATS, HADOLINT_NAMES

from .check_run import checked
from .config_layers import LEVELS
from .hadolint_options import format_name, hadolint_options
from .shared_options import build_options, codes, online_option, version_option

if TYPE_CHECKING:
    from collections.abc import Sequence


EXAMPLES = """\b
Examples:
  dlint                          all Dockerfiles below this folder
  dlint --fix Dockerfile         apply the safe fixes, and say what they save
  dlint --diff --unsafe-fixes .  show what all fixes would change
  dlint --format sarif --output dlint.sarif .
"""


@click.command("check", epilog=EXAMPLES)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--fix", is_flag=True, help="Apply safe fixes: those that keep what the image does.")
@click.option("--unsafe-fixes", is_flag=True, help="With --fix or --diff: also fixes that may change what the image does.")
@click.option("--diff", is_flag=True, help="Show what --fix would change; write nothing.")
@click.option(
    "-f", "--format", "format_", type=click.Choice([*FORMATS, *HADOLINT_NAMES]), callback=format_name, help="Output format; the last two are hadolint's names of text and gitlab."
)
@click.option("-o", "--output", metavar="FILE", type=click.Path(dir_okay=False), help="Write the report to a file.")
@click.option(
    "--select",
    multiple=True,
    metavar="CODES",
    shell_complete=codes,
    help="Use only these rules instead of the preset: codes, prefixes (DL3), names or presets, separated by commas.",
)
@click.option(
    "--ignore",
    multiple=True,
    metavar="CODES",
    shell_complete=codes,
    help="Leave these rules out. The more specific of two wins: `--select DL3008 --ignore DL3` leaves DL3008 on.",
)
@click.option("--preset", type=click.Choice(["recommended", "hadolint", "all"]), help="Set of rules to start from.")
@click.option("--fail-on", type=click.Choice([*LEVELS, "never"]), help="Exit with 1 on findings of this level or worse.")
@click.option("--shellcheck", type=click.Choice(["auto", "on", "off"]), help="Whether to run ShellCheck on scripts.")
@click.option("--savings/--no-savings", default=True, help="Whether to estimate what each fix saves.")
@click.option("--baseline", metavar="FILE", type=click.Path(dir_okay=False), help="Report only findings that are not in this file.")
@click.option("--write-baseline", is_flag=True, help="Write the current findings to the --baseline file.")
@click.option(
    "--pin-from",
    multiple=True,
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help="Versions to pin packages to, for the fixes of the pinning rules: the output of dpkg -l, apk info -v, rpm -qa, pip freeze or npm ls --json.",
)
@click.option("--jobs", metavar="N", type=click.IntRange(1), envvar="DLINT_JOBS", help="Number of processes.")
@click.option("--no-cache", is_flag=True, help="Neither read nor keep results of earlier runs.")
@click.option("-q", "--quiet", is_flag=True, help="Show findings only, no summary and no notes.")
@click.option("--statistics", is_flag=True, help="Show the number of findings of each rule.")
@click.option("-V", "--verbose", is_flag=True, help="Print the configuration of each file to standard error.")
@click.option("--no-color", is_flag=True, help="Do not use colour; same as the variable NO_COLOR.")
@click.option("--exit-zero", "--no-fail", is_flag=True, help="Exit with 0 even if there are findings.")
@click.option("--fail-on-empty", is_flag=True, help="Exit with 2 if a folder has no Dockerfile.")
@hadolint_options
@version_option
@online_option
@build_options
def command(paths: tuple[str, ...], **options: Any) -> int:
    """Check Dockerfiles, and fix them.

    PATH is a file, a folder that is searched for Dockerfiles, or - for standard input; the current folder by default.
    compose.yaml, docker-compose.yaml, docker-bake.hcl and docker-bake.json stand for the Dockerfiles that they build, each
    with its context, target and arguments.

    \b
    dlint                                    all Dockerfiles below this folder
    dlint --diff Dockerfile                  what --fix would change
    dlint --fix Dockerfile
    dlint --preset hadolint --format sarif --output dlint.sarif .
    """
    _refuse_contradictions(paths, options)
    return checked(paths, options)


def _refuse_contradictions(paths: Sequence[str], options: dict[str, Any]) -> None:
    if options["unsafe_fixes"] and not (options["fix"] or options["diff"]):
        raise click.UsageError("--unsafe-fixes says which fixes to make: it needs --fix or --diff")
    if options["write_baseline"] and not options["baseline"]:
        raise click.UsageError("--write-baseline needs --baseline FILE")
    if options["statistics"] and options["format_"] not in (None, "text"):
        raise click.UsageError("--statistics is text: it does not go with --format")
    if options["fix"] and options["write_baseline"]:
        raise click.UsageError("--fix and --write-baseline do not go together: fix first")
    if options["fail_on"] and options["failure_threshold"]:
        raise click.UsageError("--failure-threshold is hadolint's name of --fail-on: give one of them")
    if "-" in paths and len(paths) > 1:
        raise click.UsageError("standard input (-) cannot be checked together with other paths")
