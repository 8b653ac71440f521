"""YAML that somebody else wrote: a few lines of aliases can stand for billions of values."""

from __future__ import annotations

import yaml

# Characters of keys and values, each as often as aliases repeat it.
LARGEST = 4_000_000


class Loader(yaml.SafeLoader):
    """PyYAML's safe loader; it raises YAMLError where aliases stand for too much, or for what they are in.

    Not the loader in C: that has no limit to nesting, and some hundred thousand brackets crash it. This one raises
    RecursionError.
    """

    def get_single_node(self) -> yaml.Node | None:
        """The tree of the text."""
        node = super().get_single_node()
        if node is not None and _size(node, {}) > LARGEST:
            raise yaml.YAMLError(f"its aliases stand for more than {LARGEST:,} characters")
        return node


def _size(node: yaml.Node, known: dict[int, int | None]) -> int:
    """How many characters a node stands for; `known` has those of other nodes, None for those that it is in."""
    size = known.get(id(node), 0)
    if size is None:
        raise yaml.YAMLError("an alias refers to what contains it")
    if size:
        return size
    known[id(node)] = None
    if isinstance(node, yaml.SequenceNode):
        size = 1 + sum(_size(item, known) for item in node.value)
    elif isinstance(node, yaml.MappingNode):
        size = 1 + sum(_size(item, known) for pair in node.value for item in pair)
    else:
        size = 1 + len(node.value)
    known[id(node)] = size
    return size
