"""A reader of libconfig text, the syntax of ODAS configuration files.

Reads groups, lists, arrays, numbers, text and truth values, all comments, and the loose use of separators
that the library allows. Does not follow ``@include``.

Reference:
    Lindner, libconfig manual, chapter "Configuration files". Written from the grammar there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from anydoa.errors import ArrayFileError

_MAX_DEPTH = 32
_WHOLE = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|\d+)")
_TOKEN = re.compile(
    r"""
      (?P<skip> [\s\ufeff]+ | (?:\#|//)[^\n]* | /\*.*?\*/ )
    | (?P<text> "(?:[^"\\]|\\.)*" )
    | (?P<number> [-+]? (?: 0[xX][0-9a-fA-F]{1,16}
                          | (?: \d{1,400}\.?\d{0,400} | \.\d{1,400} ) (?: [eE][-+]?\d{1,9} )? ) L{0,2} )
    | (?P<name> [A-Za-z*][-A-Za-z0-9_*]* )
    | (?P<mark> [={}()\[\]:;,] )
    """,
    re.VERBOSE | re.DOTALL,
)
_CLOSING = {"{": "}", "(": ")", "[": "]"}


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    line: int

    def number(self) -> int | float:
        """The value of a number, without the letters that say its size."""
        digits = self.text.rstrip("L")
        if not _WHOLE.fullmatch(digits):
            return float(digits)
        number = int(digits, 16 if "x" in digits.lower() else 10)
        if number.bit_length() > 64:  # as in the library
            raise ArrayFileError(
                f"line {self.line}: {digits[:20]}... does not fit into 64 bits; write a smaller number"
            )
        return number


def parse_libconfig(text: str) -> dict[str, Any]:
    """The settings of a configuration: dictionaries for groups, lists for lists and arrays, plain values.

    Raises:
        ArrayFileError: at the first thing that is not libconfig, with its line.
    """
    parser = _Parser(_tokens(text))
    return parser.settings(closing="", depth=0)


def _tokens(text: str) -> Iterator[_Token]:
    position, line = 0, 1
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ArrayFileError(
                f"line {line}: {text[position : position + 12]!r} is not libconfig; correct it, or is this "
                "no ODAS configuration?"
            )
        kind = str(match.lastgroup)
        if kind != "skip":
            yield _Token(kind, match.group(), line)
        line += match.group().count("\n")
        position = match.end()
    yield _Token("end", "", line)


class _Parser:
    """Recursive descent with one token of look-ahead."""

    def __init__(self, tokens: Iterator[_Token]) -> None:
        self._tokens = tokens
        self._token = next(tokens)

    def settings(self, closing: str, depth: int) -> dict[str, Any]:
        """Settings up to the closing mark, or to the end of the file; the mark is consumed."""
        found: dict[str, Any] = {}
        while not self._accept(closing):
            name = self._take("name").text
            if self._token.text not in ("=", ":"):
                raise self._error("'=' or ':'")
            self._advance()
            found[name] = self._value(depth)
            while self._token.text in (";", ","):
                self._advance()
        return found

    def _value(self, depth: int) -> Any:
        token = self._token
        if depth >= _MAX_DEPTH:
            raise ArrayFileError(
                f"line {token.line}: nested more than {_MAX_DEPTH} deep; is this an ODAS configuration?"
            )
        if token.kind == "text":  # neighbouring pieces of text are one text
            pieces = []
            while self._token.kind == "text":
                pieces.append(re.sub(r"\\(.)", r"\1", self._token.text[1:-1], flags=re.DOTALL))
                self._advance()
            return "".join(pieces)
        self._advance()
        if token.kind == "number":
            return token.number()
        if token.text.lower() in ("true", "false"):
            return token.text.lower() == "true"
        if token.text == "{":
            return self.settings("}", depth + 1)
        if token.text in ("(", "["):
            closing, items = _CLOSING[token.text], []
            while not self._accept(closing):
                items.append(self._value(depth + 1))
                if self._token.text != closing:
                    self._take("mark", ",")
            return items
        raise ArrayFileError(
            f"line {token.line}: expected a value, got {token.text[:20]!r}; write a number, text in quotes, "
            "a list or a group"
        )

    def _accept(self, closing: str) -> bool:
        at_end = self._token.kind == "end"
        if at_end and closing:
            raise self._error(repr(closing))
        if self._token.text != closing:
            return False
        if not at_end:
            self._advance()
        return True

    def _take(self, kind: str, text: str = "") -> _Token:
        token = self._token
        if token.kind != kind or (text and token.text != text):
            raise self._error(repr(text) if text else f"a {kind}")
        self._advance()
        return token

    def _advance(self) -> None:
        self._token = next(self._tokens, self._token)  # the end stays the end

    def _error(self, expected: str) -> ArrayFileError:
        got = repr(self._token.text[:20]) if self._token.text else "the end of the file"
        return ArrayFileError(f"line {self._token.line}: expected {expected}, got {got}; correct it there")
