"""Where each key of a TOML file stands: key path -> line number.

tomllib checks the syntax but keeps no positions; this scanner is only given text that tomllib has accepted, so it can
be simple: it follows headers, keys, strings, lists and inline tables and notes the line on which each begins.
"""

from __future__ import annotations

import bisect
import re

Place = tuple[str | int, ...]
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\r\n]+")
_ESCAPES = re.compile(r"\\(?:(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})|(.))", re.DOTALL)
_SHORT = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}


def line_numbers(text: str) -> dict[Place, int]:
    """Line (from 1) on which every table, key and list item begins; `text` must be valid TOML."""
    return _Scanner(text).run()


class _Scanner:
    def __init__(self, text: str):
        self.text, self.at = text, 0
        self.ends = [match.start() for match in re.finditer("\n", text)]
        self.lines: dict[Place, int] = {}
        self.counts: dict[Place, int] = {}  # arrays of tables: how many [[...]] so far

    def run(self) -> dict[Place, int]:
        table: Place = ()
        while self._skip(" \t\r\n"):
            if self.text.startswith("[[", self.at):
                table = self._header(2)
                index = self.counts.get(table, 0)
                self.counts[table] = index + 1
                self._note(table)
                table += (index,)
                self._note(table)
            elif self.text[self.at] == "[":
                table = self._header(1)
                self._note(table)
            else:
                self._pair(table)
        return self.lines

    def _header(self, brackets: int) -> Place:
        start = self.at
        self.at += brackets
        names = self._key()
        self.at += brackets
        place: Place = ()
        for depth, name in enumerate(names, start=1):
            place += (name,)
            self.lines.setdefault(place, self._line(start))
            if place in self.counts and depth < len(names):
                place += (self.counts[place] - 1,)
        return place

    def _pair(self, table: Place) -> None:
        start = self.at
        place = table
        for name in self._key():
            place += (name,)
            self.lines.setdefault(place, self._line(start))
        self.at += 1  # =
        self._value(place)

    def _key(self) -> list[str]:
        """A dotted key; stops at what follows it ("=", "]")."""
        names = []
        while True:
            self._skip(" \t")
            if self.text[self.at] in "\"'":
                names.append(self._string())
            else:
                bare = _BARE.match(self.text, self.at)
                assert bare is not None
                names.append(bare.group())
                self.at = bare.end()
            self._skip(" \t")
            if self.text[self.at] != ".":
                return names
            self.at += 1

    def _value(self, place: Place) -> None:
        self._skip(" \t")
        first = self.text[self.at]
        if first in "\"'":
            self._string()
        elif first == "[":
            self.at += 1
            index = 0
            while self._skip(" \t\r\n,") and self.text[self.at] != "]":
                self._note((*place, index))
                self._value((*place, index))
                index += 1
            self.at += 1
        elif first == "{":
            self.at += 1
            while self._skip(" \t\r\n,") and self.text[self.at] != "}":
                self._pair(place)
            self.at += 1
        else:
            scalar = _SCALAR.match(self.text, self.at)
            assert scalar is not None
            self.at = scalar.end()

    def _string(self) -> str:
        quote = self.text[self.at]
        long = self.text.startswith(quote * 3, self.at)
        self.at += 3 if long else 1
        start, end = self.at, quote * 3 if long else quote
        while not self.text.startswith(end, self.at):
            self.at += 2 if quote == '"' and self.text[self.at] == "\\" else 1
        body = self.text[start : self.at]
        self.at += len(end)
        while long and self.text.startswith(quote, self.at):  # up to two quotes may precede the closing three
            self.at += 1
        return _ESCAPES.sub(_unescape, body) if quote == '"' else body

    def _skip(self, blanks: str) -> bool:
        """Move past blanks, and past comments where line ends are blanks too; False at the end of the text."""
        while self.at < len(self.text):
            if self.text[self.at] in blanks:
                self.at += 1
            elif self.text[self.at] == "#" and "\n" in blanks:
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            else:
                return True
        return False

    def _note(self, place: Place) -> None:
        self.lines.setdefault(place, self._line(self.at))

    def _line(self, at: int) -> int:
        return bisect.bisect_left(self.ends, at) + 1


def _unescape(match: re.Match[str]) -> str:
    return chr(int(match.group(1)[1:], 16)) if match.group(1) else _SHORT.get(match.group(2), match.group(2))
