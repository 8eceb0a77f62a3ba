"""Spoiled files of every format: read, or refused with a message that names file and fault, and never anything else."""

import random

import numpy as np
import pytest
from data_files import EVERY

from solver.errors import DataError
from solver.measurements import read

ROUNDS = 30
WORDS = ("", "nan", "inf", "-1", "0", "1e400", "x", ",", "#", '"', "<", "&", "Ω", "\t", "1,2", "R", "EKN", "GV", "^-1", "\n")


def spoiled(text, rng):
    """The text after one to three accidents: a piece lost, doubled, or replaced; lines lost or swapped; the end cut off."""
    for _ in range(rng.randint(1, 3)):
        a, b = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        b = min(b, a + rng.choice((1, 4, 40)))
        lines = text.split("\n")
        kind = rng.randrange(6)
        if kind == 0:
            text = text[:a] + text[b:]
        elif kind == 1:
            text = text[:b] + text[a:]
        elif kind == 2:
            text = text[:a] + rng.choice(WORDS) + text[b:]
        elif kind == 3:
            rng.shuffle(lines)
            text = "\n".join(lines)
        elif kind == 4:
            del lines[rng.randrange(len(lines))]
            text = "\n".join(lines)
        else:
            text = text[:a] or " "
    return text


def outcome(path):
    """(measurements, faults) of a file, one of them empty."""
    try:
        return read(path), ()
    except DataError as error:
        return [], error.faults


@pytest.mark.parametrize("name", EVERY)
def test_spoiled_files(name, tmp_path):
    path = tmp_path / "spoiled"
    rng = random.Random(name)
    for _ in range(ROUNDS):
        text = spoiled(EVERY[name], rng)
        path.write_text(text, encoding="utf-8")
        found, faults = outcome(path)
        assert bool(found) != bool(faults), text
        assert all(fault.where == str(path) and fault.found for fault in faults), text
        for m in found:
            assert np.isfinite([m.x, m.value, *m.stat, *m.sys]).all(), text
            assert (m.error() >= 0).all(), text
            assert (m.x > 0).all(), text
