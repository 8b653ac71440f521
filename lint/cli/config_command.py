"""`dlint config`: a configuration that another linter has, as ours; and what may stand in ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dockerlint.lint.settings.config import Layer, Selector

FLAGS = ("strict_labels", "inline_ignores", "color")


@click.command("config")
@click.option(
    "--from-hadolint",
    "file",
    is_flag=False,
    flag_value="",
    metavar="[FILE]",
    help="Print a .hadolint.yaml, by default the nearest one, as a .dlint.toml.",
)
@click.option("--schema", "wants_schema", is_flag=True, help="Print the JSON Schema of .dlint.toml.")
def command(file: str | None, wants_schema: bool) -> int:
    """Translate hadolint's configuration, or show dlint's schema.

    What hadolint's names and dlint does not know stands in comments. The schema is for editors, and for programs that write
    configurations; rules of plug-ins are among those that it proposes.

    \b
    dlint config --from-hadolint > .dlint.toml
    dlint config --schema > dlint.schema.json
    """
    if wants_schema == (file is not None):
        raise click.UsageError("either --from-hadolint or --schema")
    click.echo(_schema() if file is None else _translated(file))
    return 0


def _schema() -> str:
    from dockerlint.lint.engine.registry import rules
    from dockerlint.lint.settings.schema import schema

    return json.dumps(schema(rules()), indent=2)


def _translated(file: str) -> str:
    from dockerlint.lint.settings.config_files import nearest_of_hadolint
    from dockerlint.lint.settings.hadolint_config import translate
    from dockerlint.lint.storage.errors import ConfigError

    path = Path(file) if file else nearest_of_hadolint(Path.cwd())
    if path is None:
        raise ConfigError("no .hadolint.yaml here or above: name one")
    # the file is to be committed: it must not name folders of this machine
    return toml(translate(path), path.name).replace(f"# {path}: ", "# ")


def toml(layer: Layer, origin: str) -> str:
    """The file for what hadolint's says; `origin` is that one's name."""
    lines = [f"# what {origin} said", '# preset = "hadolint" # its rules and levels, and nothing else', *_lines(layer), *(f"# {note}" for note in layer.get("notes", ()))]
    return "\n".join(lines)


def _lines(layer: Layer) -> Iterator[str]:
    if "ignore" in layer:
        yield from _ignored(layer["ignore"])
    if "fail_on" in layer:
        yield f"fail-on = {_text(layer['fail_on'].value if layer['fail_on'] else 'never')}"
    if "format" in layer:
        yield f"format = {_text(layer['format'])}"
    if "trusted_registries" in layer:
        yield f"trusted-registries = [{', '.join(map(_text, layer['trusted_registries']))}]"
    for key in FLAGS:
        if key in layer:
            yield f"{key.replace('_', '-')} = {str(layer[key]).lower()}"
    if layer.get("severity"):
        yield from ("", "[severity]")
        for selector, severity in layer["severity"].items():
            yield f"{'' if _is_known(selector) else '# not known here: '}{_text(selector.text)} = {_text(severity.value)}"
    if layer.get("label_schema"):
        yield from ("", "[label-schema]")
        yield from (f"{_text(label)} = {_text(kind)}" for label, kind in layer["label_schema"].items())


def _ignored(selectors: Sequence[Selector]) -> Iterator[str]:
    known = [selector.text for selector in selectors if _is_known(selector)]
    yield f"ignore = [{', '.join(map(_text, known))}]"
    if unknown := [selector.text for selector in selectors if not _is_known(selector)]:
        yield f"# not known here: {', '.join(map(_text, unknown))}"


def _is_known(selector: Selector) -> bool:
    from dockerlint.lint.engine.registry import rules
    from dockerlint.lint.settings.config import SHELLCHECK_CODE

    return bool(SHELLCHECK_CODE.fullmatch(selector.text)) or any(selector.specificity(rule) for rule in rules())


def _text(value: Any) -> str:
    """A text as TOML writes it, which is how JSON does but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
