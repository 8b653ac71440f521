"""Reads Dockerfiles: text, tree, scripts, facts, the rules' engine, reports. Its names here are those that plug-ins use."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .analysis.facts import Facts
    from .analysis.program_calls import calls
    from .engine.checker import check
    from .engine.findings import Applicability, Finding, Fix, Severity
    from .engine.rule import Rule, rule
    from .syntax import nodes
    from .syntax.parser import parse
    from .syntax.span import Edit, Span

__all__ = ["Applicability", "Edit", "Facts", "Finding", "Fix", "Rule", "Severity", "Span", "calls", "check", "nodes", "parse", "rule"]

# Where each name is from: it is loaded when it is asked for, as the command line's start-up needs none of them.
_HOMES = {
    "Applicability": "engine.findings",
    "Edit": "syntax.span",
    "Facts": "analysis.facts",
    "Finding": "engine.findings",
    "Fix": "engine.findings",
    "Rule": "engine.rule",
    "Severity": "engine.findings",
    "Span": "syntax.span",
    "calls": "analysis.program_calls",
    "check": "engine.checker",
    "parse": "syntax.parser",
    "rule": "engine.rule",
}


def __getattr__(name: str) -> object:
    if name == "nodes":
        return import_module(".syntax.nodes", __name__)
    if name not in _HOMES:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
