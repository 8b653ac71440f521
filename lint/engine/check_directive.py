"""BuildKit's `# check=skip=...;error=true;experimental=...`: what it says, and which checks there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from dockerlint.lint.syntax.nodes import Dockerfile

    from .rule import Rule

# Source: the Dockerfile reference, "Build checks".
CHECKS = frozenset(
    "StageNameCasing FromAsCasing NoEmptyContinuation ConsistentInstructionCasing DuplicateStageName ReservedStageName "
    "JSONArgsRecommended MaintainerDeprecated UndefinedArgInFrom WorkdirRelativePath UndefinedVar "
    "MultipleInstructionsDisallowed LegacyKeyValueFormat InvalidBaseImagePlatform RedundantTargetPlatform "
    "SecretsUsedInArgOrEnv InvalidDefaultArgInFrom FromPlatformFlagConstDisallowed CopyIgnoredFile "
    "InvalidDefinitionDescription ExposeProtoCasing ExposeInvalidFormat".split()
)
EXPERIMENTAL = frozenset({"InvalidDefinitionDescription"})
ALL = "all"
TRUE = frozenset({"1", "t", "true"})


class Checks(Struct, frozen=True):
    """What a `check` directive says; names are in lower case, `all` stands for every one."""

    skip: frozenset[str] = frozenset()
    experimental: frozenset[str] = frozenset()
    error: bool = False

    @classmethod
    def parse(cls, value: str) -> Checks:
        """Reads what stands behind `check=`; options that BuildKit does not have say nothing."""
        options = dict(_option(part) for part in value.split(";"))
        return cls(
            _names(options.get("skip", "")),
            _names(options.get("experimental", "")),
            options.get("error", "").strip().lower() in TRUE,
        )

    @classmethod
    def of(cls, doc: Dockerfile) -> Checks:
        """What the file's own directive says; nothing when it has none."""
        directive = doc.directive("check")
        return cls.parse(directive.value) if directive else cls()

    @property
    def unskipped(self) -> frozenset[str]:
        """The experimental checks that are switched on; BuildKit's `skip=all` is not for them."""
        on = EXPERIMENTAL if ALL in self.experimental else ()
        return self.experimental.union(name.lower() for name in on) - {ALL}


def is_check(rule: Rule) -> bool:
    """Whether a rule stands for one of BuildKit's checks."""
    return not CHECKS.isdisjoint(rule.aliases)


def _option(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return name.strip().lower(), value


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip().lower() for name in text.split(",") if name.strip())
