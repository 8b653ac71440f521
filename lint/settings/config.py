"""What the files, the environment and the command line say together: a Config, and the rules that it makes active.

Command line > environment > file > default. An option that is a table is merged key by key. `ignore` and
`trusted-registries` add to what the weaker layers say; `select` starts anew: their `ignore` and `preset` no longer count.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from dockerlint.lint.engine.findings import Severity
from dockerlint.lint.engine.rule import SYNTAX_ERROR
from dockerlint.lint.storage.errors import ConfigError
from dockerlint.lint.storage.lazy_regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from dockerlint.lint.engine.rule import Rule

PRESETS = ("recommended", "hadolint", "reproducible", "all")
# Besides the DF5 rules, what lets two builds of the same files differ: versions that move, downloads that nobody checks.
MOVING = frozenset(
    {"DF406", "DL3006", "DL3007", "DL3008", "DL3013", "DL3016", "DL3018", "DL3028", "DL3033", "DL3035", "DL3037", "DL3041", "DL3062"}
)
# Rules of hadolint's that say nothing there until the configuration gives them a level (measured with 2.15.1).
OPT_IN = frozenset({"DL1001", "DL3057"})

SHELLCHECK_CODE = regex(r"SC\d*")
EXACT = 1000
# So much alike is what was written to the name of ours that is meant.
HALF_ALIKE = 0.6

# Lists that add to those of the weaker layers.
ADDED = frozenset({"ignore", "trusted_registries"})

Layer = dict[str, Any]


class Selector(Struct, frozen=True):
    """A selection of rules, and where it was given."""

    # a code, a prefix of codes, a name, an alias or a preset
    text: str
    # where it was given, as messages say it: `--select`, `DLINT_SELECT`, or a file and a key
    origin: str
    # whether it comes from another linter's configuration: it may name a rule that dlint does not have
    foreign: bool = False

    def specificity(self, rule: Rule) -> int:
        """How closely it names the rule: 0 not at all, 1 by a preset, then by the length of a prefix, most by name."""
        folded = self.text.casefold()
        if folded in (name.casefold() for name in (rule.code, rule.name, *rule.aliases)):
            return EXACT
        if folded in PRESETS:
            return int(in_preset(rule, folded))
        return 1 + len(folded) if folded and rule.code.casefold().startswith(folded) else 0


class Config(Struct, frozen=True):
    """All options that a file, the environment or the command line can set.

    Relative paths are already resolved against the file's folder, or the working folder.
    """

    # the rules to use; those of `preset` when empty
    select: tuple[Selector, ...] = ()
    # the rules to leave out
    ignore: tuple[Selector, ...] = ()
    # one of PRESETS
    preset: str = "recommended"
    # the severity that the findings of some rules have instead of the rules' own
    severity: Mapping[Selector, Severity] = field(default_factory=dict)
    # the lowest severity that makes the exit status 1; None when no finding does
    fail_on: Severity | None = Severity.WARNING
    # what builds: buildkit, buildah, kaniko or classic
    builder: str = "buildkit"
    # the oldest release of the Dockerfile language that must do, such as 1.4 or 1.7-labs; None when any may
    min_frontend: str | None = None
    # the stage to build; the last one when None
    target: str | None = None
    # values given for ARGs, by name
    build_args: Mapping[str, str] = field(default_factory=dict)
    # the build context; the Dockerfile's own folder when None
    context: Path | None = None
    # registries that images may come from; any when empty
    trusted_registries: tuple[str, ...] = ()
    # labels that an image must have, each with the kind of its value
    label_schema: Mapping[str, str] = field(default_factory=dict)
    # whether an image may have no other labels
    strict_labels: bool = False
    # whether ShellCheck runs: on, off, or auto (when it is installed)
    shellcheck: str = "auto"
    # the rate of downloads, such as `50Mbit`; the default of the cost model when None
    network: str | None = None
    # how many times as fast as the machine of the figures the builder is
    machine: float = 1.0
    # the report's format, one of `render.FORMATS`
    format: str = "text"
    # whether colours are allowed; they also need a terminal
    color: bool = True
    # the file of known findings, which are not reported; None when there is none
    baseline: Path | None = None
    # the rules to leave out in some files, by folder and a pattern below it as in .gitignore
    per_file_ignores: Mapping[tuple[Path, str], tuple[Selector, ...]] = field(default_factory=dict)
    # whether comments may ignore findings
    inline_ignores: bool = True
    # sentences for the user about the configuration file
    notes: tuple[str, ...] = ()

    def rules(self, known: Iterable[Rule], path: Path | None = None) -> tuple[Rule, ...]:
        """The rules that are active, for one file if `path` is given.

        Of two selectors the closer one counts, and `ignore` wins over an equal one. Syntax errors are only ignored by
        their full code or name. Raises ConfigError when a selector names nothing.
        """
        known = tuple(known)
        return _Last.of(self, known) if not self.per_file_ignores or path is None else self._checked(known, path)

    def _checked(self, known: tuple[Rule, ...], path: Path | None) -> tuple[Rule, ...]:
        self._refuse_unknown(known)
        return self.active(known, path)

    def active(self, known: Iterable[Rule], path: Path | None = None) -> tuple[Rule, ...]:
        """As `rules`, without a look at whether the selectors name something."""
        ignored = (*self.ignore, *self._ignored_in(path))
        return tuple(rule for rule in known if self._active(rule, ignored))

    @property
    def wants_shellcheck(self) -> bool:
        """Whether ShellCheck could have a finding that is asked for."""
        if self.shellcheck == "off":
            return False
        texts = [selector.text.casefold() for selector in self.select]
        return not texts or any(text in PRESETS or "sc".startswith(text[:2]) for text in texts)

    def level(self, rule: Rule) -> Severity:
        """The severity of a rule's findings."""
        given = [(selector.specificity(rule), severity) for selector, severity in self.severity.items()]
        own = rule.hadolint_severity if self.preset == "hadolint" and rule.hadolint_severity else rule.severity
        best = max(reversed(given), key=lambda item: item[0], default=(0, own))
        return best[1] if best[0] else own

    def _active(self, rule: Rule, ignored: tuple[Selector, ...]) -> bool:
        against = _closest(ignored, rule)
        if rule.code == SYNTAX_ERROR:
            return against < EXACT
        return self._chosen(rule) > against

    def _chosen(self, rule: Rule) -> int:
        if self.select:
            return _closest(self.select, rule)
        if self.preset == "hadolint" and rule.code in OPT_IN:
            return int(_closest(self.severity, rule) == EXACT)
        return int(in_preset(rule, self.preset))

    def _ignored_in(self, path: Path | None) -> Iterator[Selector]:
        if path is None:
            return
        for (base, pattern), selectors in self.per_file_ignores.items():
            if _matches(pattern, base, path):
                yield from selectors

    def _refuse_unknown(self, known: tuple[Rule, ...]) -> None:
        per_file = (selector for selectors in self.per_file_ignores.values() for selector in selectors)
        for selector in (*self.select, *self.ignore, *self.severity, *per_file):
            if selector.foreign or selector.text.casefold() in PRESETS or SHELLCHECK_CODE.fullmatch(selector.text):
                continue
            if not any(selector.specificity(rule) for rule in known):
                from .rule_names import meant

                raise ConfigError(f"{selector.origin}: there is no rule {selector.text!r}{meant(selector.text, known)}")


class _Last(Struct):
    """The rules that were last active, as most files of a run have one configuration."""

    # the configuration; None when there was none yet
    config: Config | None = None
    # the rules that it chose from
    known: tuple[Rule, ...] = ()
    # the rules that were active
    rules: tuple[Rule, ...] = ()

    @staticmethod
    def of(config: Config, known: tuple[Rule, ...]) -> tuple[Rule, ...]:
        if _LAST.config != config or _LAST.known is not known:
            rules = config._checked(known, None)
            _LAST.config, _LAST.known, _LAST.rules = config, known, rules
        return _LAST.rules


_LAST = _Last()


def in_preset(rule: Rule, preset: str) -> bool:
    """Whether a preset has the rule."""
    match preset:
        case "all":
            return True
        case "hadolint":
            return rule.hadolint and rule.code not in OPT_IN
        case "reproducible":
            return rule.code.startswith("DF5") or rule.code in MOVING
        case _:
            return rule.recommended


def did_you_mean(given: str, names: Iterable[str]) -> str:
    """`; did you mean ...?` with the nearest of the names, or nothing."""
    from dockerlint.lint.syntax.did_you_mean import most_alike

    folded = {name.casefold(): name for name in names}
    near = most_alike(given.casefold(), folded, HALF_ALIKE, len(folded))
    return f"; did you mean {folded[near]!r}?" if near else ""


def merge(*layers: Layer) -> Config:
    """One Config of partial ones, the weakest first."""
    merged: Layer = {}
    for layer in layers:
        merged |= {key: _combined(key, merged, layer) for key in layer}
        if "select" in layer:
            merged["ignore"] = layer.get("ignore", ())
            merged["preset"] = layer.get("preset", Config().preset)
        elif "preset" in layer:
            merged.pop("select", None)
    return Config(**merged)


def _combined(key: str, merged: Layer, layer: Layer) -> Any:
    value = layer[key]
    if isinstance(value, Mapping):
        return {**merged.get(key, {}), **value}
    return (*merged.get(key, ()), *value) if key in ADDED else value


def _closest(selectors: Iterable[Selector], rule: Rule) -> int:
    return max((selector.specificity(rule) for selector in selectors), default=0)


def _matches(pattern: str, base: Path, path: Path) -> bool:
    from dockerlint.lint.context.gitignore import patterns

    spec = patterns([pattern])
    if not len(spec):
        raise ConfigError(f"per-file-ignores: {pattern!r} is not a valid pattern")
    full, top = path.resolve(), base.resolve()
    if not full.is_relative_to(top):
        return False
    return spec.match_file(full.relative_to(top).as_posix())
