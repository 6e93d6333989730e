"""answers.yaml as text with lines. Every scalar keeps its text (1.30 stays 1.30, no stays no): what it means, the model decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from kinstall.answers.marks import Loc, Marks, Mistake
from kinstall.errors import AnswersError

_YAML: Final = "tag:yaml.org,2002:"
_NULL, _MERGE = f"{_YAML}null", f"{_YAML}merge"

# What PyYAML says, and what it means to someone who writes a file. Its own words can quote the file, and with it a secret.
_SYNTAX: Final[Mapping[str, tuple[str, str]]] = {
    "mapping values are not allowed": ("a colon and a space inside a value", "quote the value, or mend the indentation, or the line above"),
    "found character '\\t'": ("a tab", "indent with spaces"),
    "found character": ("a value begins with a sign that YAML keeps for itself", "put the value in quotes"),
    "could not find expected ':'": ("a line that is no `key: value`", "put a colon and a space after the key"),
    "found undefined alias": ("a value begins with *, which refers to an anchor that is nowhere above", "put the value in quotes"),
    "found undefined tag": ("a value begins with !, which YAML keeps for itself", "put the value in quotes"),
    "expected <block end>": ("the line does not fit the ones above", "mend the indentation, or put the value in quotes"),
    "expected ',' or": ("a { or [ is not closed, or a comma is missing", "close it"),
    "found unexpected end of stream": ("a quote is not closed", "close it"),
    "found unknown escape": ("a backslash in double quotes", "use single quotes"),
    "but found another document": ("a second document begins here", "keep one: remove the line ---"),
}
_OTHERWISE: Final = ("not YAML", "compare the line with the example")


@dataclass(frozen=True, slots=True)
class Document:
    """The data of a file, its marks, and what is wrong with it before anyone asks what it means."""

    data: object
    marks: Marks
    mistakes: tuple[Mistake, ...] = ()


def read(text: str, file: str) -> Document:
    """The document in this text; an AnswersError if it is no YAML at all."""
    reader = _Reader()
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = {} if root is None else reader.value(root, ())
    except yaml.YAMLError as error:
        raise AnswersError([Marks(file).problem(_syntax(error, text))]) from None
    except RecursionError:
        raise AnswersError([Marks(file).problem(Mistake((), "nested too deeply", "close what is open", line=1))]) from None
    return Document(data, Marks(file, reader.lines), tuple(reader.mistakes))


def _syntax(error: yaml.YAMLError, text: str) -> Mistake:
    if isinstance(error, yaml.MarkedYAMLError):
        said = error.problem or ""
        # An open quote is noticed at the end of the file, and wrong where it begins.
        mark = error.context_mark if "end of stream" in said else error.problem_mark
        what, mend = next((words for start, words in _SYNTAX.items() if said.startswith(start)), _OTHERWISE)
        return Mistake((), what, mend, line=mark.line + 1 if mark else 1)
    position = getattr(error, "position", 0)
    return Mistake((), "a control character", "remove it", line=text.count("\n", 0, position) + 1)


class _Reader:
    """Walks the nodes once: plain data, a line for each place, and a mistake for each thing that data cannot hold."""

    def __init__(self) -> None:
        self.lines: dict[Loc, int] = {(): 1}
        self.mistakes: list[Mistake] = []
        self._open: list[Node] = []

    def value(self, node: Node, loc: Loc) -> object:
        """What this node says: a mapping, a list, a text or nothing."""
        if node in self._open:
            self._refuse(node, loc, "an alias of something that it is part of", "write it out")
            return None
        if not node.tag.startswith(_YAML):
            self._refuse(node, loc, "a value begins with !, which YAML keeps for itself", "put the value in quotes")
            return None
        self._open.append(node)
        try:
            return self._plain(node, loc)
        finally:
            self._open.pop()

    def _plain(self, node: Node, loc: Loc) -> object:
        if isinstance(node, MappingNode):
            return self._mapping(node, loc)
        if isinstance(node, SequenceNode):
            return [self._item(item, (*loc, index)) for index, item in enumerate(node.value)]
        return None if node.tag == _NULL else node.value

    def _item(self, node: Node, loc: Loc) -> object:
        self.lines[loc] = _line(node)
        return self.value(node, loc)

    def _mapping(self, node: MappingNode, loc: Loc) -> dict[str, object]:
        data: dict[str, object] = {}
        for base in _bases(node):  # first, so that the mapping's own keys win
            data |= self._mapping(base, loc) if isinstance(base, MappingNode) and base not in self._open else {}
        own: dict[str, int] = {}
        for key, value in node.value:
            if key.tag == _MERGE:
                continue
            if not isinstance(key, ScalarNode):
                self._refuse(key, loc, "a { or [ where a key should be", "put the value in quotes")
            elif key.value in own:
                here = (*loc, key.value)
                self._refuse(key, here, f"the key is there twice, first in line {own[key.value]}", "keep one of them")
            else:
                own[key.value] = self.lines[(*loc, key.value)] = _line(key)
                data[key.value] = self.value(value, (*loc, key.value))
        return data

    def _refuse(self, node: Node, loc: Loc, what: str, mend: str) -> None:
        self.mistakes.append(Mistake(loc, what, mend, line=_line(node)))


def _bases(node: MappingNode) -> Iterator[Node]:
    """What `<<: *base` or `<<: [*one, *other]` draws in; of two bases the first wins."""
    for key, value in node.value:
        if key.tag == _MERGE:
            yield from reversed(value.value) if isinstance(value, SequenceNode) else [value]


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1
