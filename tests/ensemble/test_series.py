"""Series of values for --vary: what is read, in which units, and what is said about everything else."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.deck.series import Range, parse_vary, read_series, split
from solver.errors import DeckError
from solver.units import NUMBER, UnitError, ratio


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("grid.z_cells=10, 20,40", [10, 20, 40]),
        ("k=4.1", [4.1]),
        ("k=0.1 cm-3,0.2 cm-3", ["0.1 cm-3", "0.2 cm-3"]),
        ("k='0.1 cm-3',\"0.2 cm-3\"", ["0.1 cm-3", "0.2 cm-3"]),
        ("k=alfven,none", ["alfven", "none"]),
        ("k=true,false", [True, False]),
        ("k=1,1.0,true", [1, 1.0, True]),
        ("k=[],[{type='landau'}]", [[], [{"type": "landau"}]]),
        ("k={type='given', v='1 km/s'},{type='given', v='2 km/s'}",
         [{"type": "given", "v": "1 km/s"}, {"type": "given", "v": "2 km/s"}]),
        ("k=[{type='rate', rate='1e-11 s-1', at='1 GV', exponent=0.5}, {type='landau'}],[]",
         [[{"type": "rate", "rate": "1e-11 s-1", "at": "1 GV", "exponent": 0.5}, {"type": "landau"}], []]),
        ("title='a, b','c]'", ["a, b", "c]"]),
        ("k=linspace(10,40,4)", [10, 20, 30, 40]),
        ("k=linspace(4,5,3)", [4.0, 4.5, 5.0]),
        ("k=logspace(1e3,10,3)", [1000, 100, 10]),
        ("k=logspace(0.05 cm-3, 0.5 cm-3, 3)", ["0.05 cm-3", "0.158113883008 cm-3", "0.5 cm-3"]),
        ("k=linspace(1,3 kpc,3)", ["1 kpc", "2 kpc", "3 kpc"]),
        ("k=linspace(500 pc,1 kpc,2)", ["500 pc", "1000 pc"]),
        ("k = linspace('-20 km/s', '20 km/s', 3)", ["-20 km/s", "0 km/s", "20 km/s"]),
        ("k=linspace (1 uG,2 uG , 2)", ["1 uG", "2 uG"]),
    ],
)  # fmt: skip
def test_values(text, values):
    key, found = parse_vary(text)
    assert key == text.partition("=")[0].strip()
    assert found == values
    assert list(map(type, found)) == list(map(type, values))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("k=0.1..0.5 cm-3", Range(0.1, 0.5, "cm-3", False)),
        ("k=0.1 cm-3..0.5", Range(0.1, 0.5, "cm-3", False)),
        ("k=4..5", Range(4.0, 5.0, "", False)),
        ("k=-1e-3..1e-3 km/s", Range(-1e-3, 1e-3, "km/s", False)),
        ("k=loguniform(1 pc, 1 kpc)", Range(1.0, 1000.0, "pc", True)),
    ],
)
def test_ranges(text, expected):
    found = parse_vary(text)[1]
    assert (found.unit, found.logarithmic) == (expected.unit, expected.logarithmic)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-14)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ("--vary", "KEY=a,b,c")),
        ("grid.z_cells", ("KEY=a,b,c",)),
        ("=1,2", ("KEY=a,b,c",)),
        ("k=", ("k", "KEY=a,b,c")),
        ("k=1,,2", ("k", "missing between two commas")),
        ("k=1,2,", ("missing between two commas",)),
        ("k=1,2,1", ("1 twice",)),
        ("k=linspace(1,2)", ("two ends and a number of values", "linspace(0.05 cm-3")),
        ("k=linspace(1,2,x)", ("number of values from 2",)),
        ("k=linspace(1,2,1)", ("from 2 to",)),
        ("k=linspace(1,2,3.5)", ("from 2 to",)),
        ("k=linspace(1,2,10000000000)", ("from 2 to 100000",)),
        ("k=linspace(a,2,3)", ('"a" is not a number with a unit',)),
        ("k=linspace(1,1,3)", ("two ends that differ",)),
        ("k=logspace(0,1,3)", ("two positive ends",)),
        ("k=logspace(-1 cm-3,1 cm-3,3)", ("two positive ends",)),
        ("k=linspace(1 kpc,1 Myr,3)", ("kpc", "Myr", "units of one kind")),
        ("k=linspace(1 xyz,2 kpc,3)", ("xyz",)),
        ("k=linspace(1e308,-1e308,3)", ("two ends that differ",)),
        ("k=loguniform(1,2,3)", ("two ends, e.g. loguniform",)),
        ("k=1..1", ("two ends that differ",)),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(text, words):
    with pytest.raises(DeckError) as caught:
        parse_vary(text)
    assert len(caught.value.faults) == 1
    for word in words:
        assert word in str(caught.value)


def test_series_from_python():
    assert read_series(np.array([1.5, 2.5]), "vary", "k") == [1.5, 2.5]
    assert [type(x) for x in read_series(np.arange(2), "vary", "k")] == [int, int]
    assert read_series(("a", "b"), "vary", "k") == ["a", "b"]
    assert read_series(Range(1, 2, "", False), "vary", "k") == Range(1, 2, "", False)
    for nonsense in (3, {"a": 1}, None, []):
        with pytest.raises(DeckError, match="k: found"):
            read_series(nonsense, "vary", "k")


def test_split_knows_brackets_and_quotes():
    assert split("a, b") == ["a", "b"]
    assert split("f(a, b), {x = [1, 2]}, 'c, d'") == ["f(a, b)", "{x = [1, 2]}", "'c, d'"]
    assert split(r'"a\", b", c') == [r'"a\", b"', "c"]


PIECES = st.sampled_from(["linspace(", "loguniform(", "1", "2 kpc", ",", "..", "[", "]", "'", '"', "{", ")", "nan", "1e999", " "])


@given(st.text(st.characters(codec="utf-8"), max_size=30) | st.lists(PIECES, max_size=8).map("".join))
def test_any_text_is_read_or_refused(text):
    with suppress(DeckError):
        key, found = parse_vary(f"key={text}")
        assert key == "key"
        assert isinstance(found, Range) or (isinstance(found, list) and found)


@given(st.floats(1e-30, 1e30), st.floats(1.001, 1e6), st.integers(2, 40), st.booleans())
def test_series_hit_their_ends_and_are_even(low, factor, n, logarithmic):
    name = "logspace" if logarithmic else "linspace"
    values = parse_vary(f"k={name}({low!r} cm, {low * factor!r} cm, {n})")[1]
    x = np.array([float(NUMBER.fullmatch(value)[1]) for value in values])
    assert len(x) == n
    # 12 digits are right to 5e-12, a step between two values to 1e-11, and two steps to 2e-11 of the largest value
    steps = np.diff(np.log(x) if logarithmic else x)
    assert np.ptp(steps) <= 2e-11 * (1 if logarithmic else x[-1])
    assert x[[0, -1]] == pytest.approx([low, low * factor], rel=1e-11)


def test_whole_ranges_reach_both_ends_equally_often():
    interval = parse_vary("k=3..5")[1]
    drawn = [interval.at(share, whole=True) for share in np.linspace(0, 1, 3000, endpoint=False)]
    assert [drawn.count(n) for n in (3, 4, 5)] == [1000, 1000, 1000]
    assert interval.at(1.0, whole=True) == 5


@pytest.mark.parametrize("text", ["k=5..3", "k=loguniform(5, 3)"])
def test_whole_ranges_may_be_given_from_above(text):
    interval = parse_vary(text)[1]
    assert {interval.at(share, whole=True) for share in np.linspace(0, 1, 50)} == {3, 4, 5}


def test_ratio_of_units():
    assert ratio("kpc", "pc") == pytest.approx(1000, rel=1e-14)
    assert ratio("uG", "nT") == pytest.approx(0.1, rel=1e-14)
    with pytest.raises(UnitError, match="one kind"):
        ratio("kpc", "uG")
    with pytest.raises(UnitError, match="blah"):
        ratio("blah", "kpc")
