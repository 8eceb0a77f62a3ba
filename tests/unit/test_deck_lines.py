"""Line numbers: the scanner finds every key that tomllib finds, on the line where it stands."""

import tomllib

from example_deck import EXAMPLE
from hypothesis import given
from hypothesis import strategies as st

from solver.deck.lines import line_numbers

TRICKY = '''\
# [not.a.table]
"quoted key" = 1   # line 2
'lit.eral' . bare."with \\" quote" = "a = b # no comment"   # line 3
multi = """
[fake]
key = "value"
"""  # starts on line 4
literal = \'\'\'
\'\' x = 1 \'\'\'
numbers = [ 1, 2.5e3,   # line 10
  0x1F, [true, "]"], # line 11
  { a = 1, b = [ { c = "}" } ] },
]
when = 1979-05-27T07:32:00Z # line 14
[table.inner]  # line 15
x.y = 3
[[layer]]
top = 1
[layer.plasma] # line 19
B = 1
[[layer.part]]
q = 1
[[layer.part]]
q = 2
[[layer]] # line 25
[layer.plasma]
B = 2
[[layer.part]]
q = 3
["tab\\u006Ce2"] # line 30
ends = """with quotes"""""'''


def places(value, place=()):
    """Every key path in data as tomllib gives it."""
    if place:
        yield place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield from places(item, (*place, name))


def test_every_key_of_a_tricky_file_is_found_on_its_line():
    lines = line_numbers(TRICKY)
    assert set(lines) == set(places(tomllib.loads(TRICKY)))
    assert lines["quoted key",] == 2
    assert lines["lit.eral", "bare", 'with " quote'] == 3
    assert lines["multi",] == 4
    assert lines["numbers", 1] == 10
    assert lines["numbers", 3, 1] == 11
    assert lines["numbers", 4, "b", 0, "c"] == 12
    assert lines["when",] == 14
    assert lines["table", "inner", "x", "y"] == 16
    assert lines["layer", 0] == 17
    assert lines["layer", 0, "plasma", "B"] == 20
    assert lines["layer", 0, "part", 1, "q"] == 24
    assert lines["layer", 1] == 25
    assert lines["layer", 1, "plasma", "B"] == 27
    assert lines["layer", 1, "part", 0, "q"] == 29
    assert lines["table2",] == 30
    assert lines["table2", "ends"] == 31


def test_every_key_of_the_example_is_found():
    assert set(line_numbers(EXAMPLE)) == set(places(tomllib.loads(EXAMPLE)))


BITS = [
    "[a]",
    "[[b]]",
    "[b.c]",
    "[a.b]",
    "x = 1",
    "y = [1, {z = 2}]",
    'z.w = """\n[q]\n"""',
    "'k' = '#'",
    "# c",
    "",
    "u = { v.w = [[]] }",
]


@given(st.lists(st.sampled_from(BITS), max_size=12), st.sampled_from(["\n", "\r\n"]))
def test_scanner_and_parser_agree_on_any_valid_file(bits, end):
    text = end.join(bits)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    lines = line_numbers(text)
    assert set(lines) == set(places(data))
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())
