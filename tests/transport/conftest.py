"""Floating-point exceptions are the solver's own business while it solves; its pieces get the same silence."""

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def _quiet_overflow():
    """e^{mν} may overflow and 0/0 may appear on faces that are masked afterwards; NewtonPath.run ignores the same."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
        yield
