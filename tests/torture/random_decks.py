"""Random but legal decks over the whole range of what a deck may say, each belonging to a class named by its seed.

`deck_of(seed)` is reproducible; `decks()` is the same generator as a hypothesis strategy, which shrinks.  Four labels make
the class: what holds particles back (CLOSURES), how they are carried (FLOWS), what is asked (TASKS), from where (STARTS).
They follow the seed in cycles of 7, 5, 4 and 9, numbers without a common divisor, so any 1,260 seeds in a row hold every
combination once and any few dozen hold every label; `calibrated` then sets the source by the damping, so that S/Q and X
themselves are spread over their decades whatever the units of the processes.
"""

from dataclasses import dataclass
from math import exp, isfinite, log, log10, pi

import numpy as np

CLOSURES = ("linear", "nonlinear", "both", "mixed", "scattering", "undamped", "free")
FLOWS = ("outward", "rest", "rising", "falling", "inward")
TASKS = ("direct", "march", "direct", "transient")
STARTS = ("zero", "noise", "zero", "wrong", "zero", "other", "zero", "noise", "wrong")

KPC, YEAR = 3.0857e21, 3.1557e7  # cm, s; only decide how numbers of a deck are drawn
PROTON_MASS = 1.6726e-24  # g
FASTEST = 3000.0  # km/s


@dataclass(frozen=True)
class Case:
    """One deck as data, the labels of its class, its start and the seed of what is random in that."""

    name: str
    closure: str
    flow: str
    task: str
    start: str
    raw: dict
    seed: int = 0

    @property
    def label(self):
        return f"{self.closure}/{self.flow}/{self.task}/{self.start}"


class FromSeed:
    """Draws from numpy's generator."""

    def __init__(self, seed):
        self.rng = np.random.default_rng([seed, 1980])

    def uniform(self, low, high):
        return float(self.rng.uniform(low, high))

    def integer(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def choice(self, options):
        return options[int(self.rng.integers(len(options)))]


class FromHypothesis:
    """The same draws from a hypothesis strategy; shrinks towards the lower ends and the first options."""

    def __init__(self, draw):
        from hypothesis import strategies

        self.draw, self.st = draw, strategies

    def uniform(self, low, high):
        return self.draw(self.st.floats(low, high))

    def integer(self, low, high):
        return self.draw(self.st.integers(low, high))

    def choice(self, options):
        return self.draw(self.st.sampled_from(options))


def deck_of(seed):
    """The case of a seed."""
    labels = [kinds[seed % len(kinds)] for kinds in (CLOSURES, FLOWS, TASKS, STARTS)]
    return make(FromSeed(seed), *labels, seed=seed, name=f"seed {seed}")


def decks(closures=CLOSURES, flows=FLOWS, tasks=TASKS, starts=STARTS, largest=400):
    """Hypothesis strategy of small cases of the given labels."""
    from hypothesis import strategies as st

    @st.composite
    def cases(draw):
        labels = [draw(st.sampled_from(kinds)) for kinds in (closures, flows, tasks, starts)]
        return make(FromHypothesis(draw), *labels, seed=draw(st.integers(0, 1000)), largest=largest)

    return cases()


def make(source, closure, flow, task, start, seed=0, name="", largest=40_000):
    """A case of the given labels; `source` draws, `largest` bounds heights × rigidities (fewer where there are many steps)."""
    raw = Maker(source, closure, flow, task, min(largest, 1_000) if task == "transient" else largest).deck()
    if start == "wrong":
        raw["initial"] = _wrong_start(source, raw)
    return Case(name, closure, flow, task, start, raw, seed)


def _wrong_start(source, raw):
    """A spectrum that is off in size, slope and shape."""
    return {"type": "power_law", "amplitude": _text(10 ** source.uniform(-20, 0), "cm-3 GeV-3"),
            "slope": source.uniform(2.0, 7.0), "profile": source.choice(["linear", "flat"])}


def _text(value, unit):
    return f"{value:.6g} {unit}"


class Maker:
    """One deck in the making: what it has drawn so far (km/s, kpc, GV) decides what it draws next."""

    def __init__(self, source, closure, flow, task, largest):
        self.d, self.closure, self.flow, self.task, self.largest = source, closure, flow, task, largest

    # ---- draws -------------------------------------------------------------------------------------------------------

    def log(self, low, high):
        """Uniform in the logarithm."""
        return 10 ** self.d.uniform(log10(low), log10(high))

    def chance(self, probability):
        """True with this probability; hypothesis shrinks it to False."""
        return self.d.uniform(0.0, 1.0) > 1.0 - probability

    # ---- the deck ----------------------------------------------------------------------------------------------------

    def deck(self):
        count = self.d.choice([1, 1, 2, 2, 3, 4])
        self.height = self.log(0.1, 100.0)  # kpc
        tops = sorted({round(self.d.uniform(0.05, 0.95), 3) for _ in range(count - 1)})
        self.tops = [t * self.height for t in tops] + [self.height]
        self.speeds = self._speeds(len(self.tops))
        self.typical = max([abs(v) for v in self.speeds] + [self.log(1.0, 100.0)])  # km/s
        grid = self._grid()
        layers = [self._layer(i) for i in range(len(self.tops))]
        waves = any(self._has_waves(layer) for layer in layers)
        raw = {
            "grid": grid,
            "physics": {"adiabatic": self.chance(0.7), "causal_limit": not self.chance(0.1)},
            "species": self._species(waves),
            "disc": self._disc(),
            "layer": layers,
            "boundary": self._boundary(),
            "time": self._time(),
            "output": {"figures": False},
        }
        return self._calibrated(raw)

    def _grid(self):
        kinks = 2 * len(self.tops)
        size = self.d.choice(["small"] * 12 + ["middle"] * 3 + ["tall", "fine"])
        z = {"small": (10, 60), "middle": (60, 200), "tall": (200, 2000), "fine": (10, 40)}[size]
        decades = self.d.uniform(0.3, 5.0 if size != "tall" else 1.0)
        per_decade = {"small": (5, 15), "middle": (5, 30), "tall": (5, 10), "fine": (30, 60)}[size]
        self.low = self.log(0.1, 100.0)
        self.high = self.low * 10**decades
        cells = max(1, round(decades * self.log(*per_decade)))
        heights = max(round(self.log(*z)), kinks + 2)
        while heights * cells > self.largest and cells > 4:
            heights, cells = max(heights * 3 // 4, kinks + 2), max(cells * 3 // 4, 4)
        self.cells = cells
        grid = {"z_max": _text(self.height, "kpc"), "z_cells": heights, "rigidity_min": _text(self.low, "GV"),
                "rigidity_max": _text(self.high, "GV"), "rigidity_cells": cells}
        if self.chance(0.4):
            grid |= {"z_spacing": "stretched", "stretch": self.log(1.5, 1000.0)}
        return grid

    # ---- flow --------------------------------------------------------------------------------------------------------

    def _speeds(self, count):
        """Speed at the bottom of each layer (km/s), of the sign and the order that the flow asks for."""
        draw = [self.log(1.0, FASTEST) for _ in range(count)]
        if self.flow == "rest":
            return [0.0] * count
        if self.flow == "outward":
            return [draw[0]] * count
        if self.flow == "rising":
            return ([0.0] if self.chance(0.3) and count > 1 else [min(draw)]) + sorted(draw)[1:]
        if self.flow == "falling":
            return sorted(draw, reverse=True)
        return [-0.1 * v if i == 0 or self.chance(0.5) else v for i, v in enumerate(draw)]

    def _power(self, ratio):
        """Power of v in a profile that reaches `ratio` times its height, by the flow."""
        if self.flow == "rising":
            return self.d.uniform(0.0, 2.0)
        if self.flow == "falling":
            return self.d.uniform(-2.0, -0.1)
        return 0.0 if self.flow != "inward" else self.d.uniform(-1.0, 1.0)

    # ---- layers ------------------------------------------------------------------------------------------------------

    def _layer(self, i):
        bottom, top, v = ([0.0, *self.tops])[i], self.tops[i], self.speeds[i]
        layer = {"name": f"layer_{i}", "top": _text(top, "kpc")}
        profile = self._profile(bottom, top)
        ratio = 1.0 if profile is None else max(top / self.z0, 1.0)
        if profile is not None and profile["v"] > 0 and v:
            v = min(abs(v), FASTEST / ratio ** profile["v"]) * (1 if v > 0 else -1)
        plasma = {"B": _text(self.log(0.1, 30.0), "uG"), "n": _text(self.log(1e-4, 1.0), "cm-3"),
                  "T": _text(self.log(1e4, 1e7), "K")}
        if v > 0 and self.chance(0.3) and (profile is None or not profile["v"]):
            layer["streaming"] = {"type": "alfven"}
            B = self.log(0.1, 30.0)  # v_A = B/√(4π n m_p)
            n = (B * 1e-6 / (v * 1e5)) ** 2 / (4 * pi * PROTON_MASS)
            plasma |= {"B": _text(B, "uG"), "n": _text(n, "cm-3")}
        elif v > 0 and self.chance(0.5):
            layer["streaming"] = {"type": "given", "v": _text(v, "km/s")}
        elif v:
            layer["wind"] = _text(v, "km/s")
        layer["plasma"] = plasma
        layer |= self._closure(i, layer)
        if profile is not None:
            layer["profile"] = profile
        if self.chance(0.15):
            rate = self.typical * 1e5 / (self.height * KPC) * self.log(1e-3, 1e2)
            layer["losses"] = [{"type": "given", "rate": _text(rate, "s-1"), "slope": self.d.uniform(-1.0, 1.0)}]
        return layer

    def _profile(self, bottom, top):
        if not self.chance(0.75 if self.flow in ("rising", "falling") else 0.3):
            return None
        self.z0 = self.d.choice([bottom if bottom else 0.05 * top, self.d.uniform(bottom + 0.05 * (top - bottom), top)])
        power = self._power(top / self.z0)
        profile = {"z0": _text(self.z0, "kpc"), "v": power}
        for key in ("S", "X", "kappa"):
            if self.chance(0.5):
                profile[key] = self.d.uniform(-2.0, 2.0)
        return profile

    def _closure(self, i, layer):
        kind = self.closure
        if kind == "mixed":
            kind = self.d.choice(["linear", "nonlinear", "both", "scattering", "undamped", "free", "idle"])
        out = {"damping": [], "scattering": []}
        if kind in ("linear", "both"):
            out["damping"] += [self._linear() for _ in range(self.d.choice([1, 1, 1, 2]))]
        if kind in ("nonlinear", "both"):
            out["damping"] += [self._nonlinear()]
        if kind == "scattering" or (kind != "free" and self.chance(0.4)):
            out["scattering"] = [self._scatterer() for _ in range(self.d.choice([1, 1, 2]))]
        out["self_confined"] = kind in ("linear", "nonlinear", "both", "undamped")
        if kind == "idle":  # damping listed, but no waves there
            out["damping"] = [self._linear()]
        return out

    @staticmethod
    def _has_waves(layer):
        return layer["self_confined"]

    def _linear(self):
        kind = self.d.choice(["given_S", "rate", "dust", "ion_neutral", "turbulent"])
        at = _text(self.log(self.low, self.high), "GV")
        rate = _text(self.log(1e-14, 1e-8), "s-1")
        return {
            "given_S": {"type": "given_S", "S": _text(self.log(1e-12, 1e-6), "cm-2 s-1 GeV-3"),
                        "slope": self.d.uniform(-6.0, -2.5)},
            "rate": {"type": "rate", "rate": rate, "at": at, "exponent": self.d.uniform(-0.5, 1.5)},
            "dust": {"type": "dust", "rate": rate, "at": at},
            "ion_neutral": {"type": "ion_neutral", "rate": rate},
            "turbulent": {"type": "turbulent", "L": _text(self.log(1.0, 1000.0), "pc"), "Ma": self.log(0.01, 5.0)},
        }[kind]

    def _nonlinear(self):
        kind = self.d.choice(["landau", "given_X", "pressure_anisotropy"])
        if kind == "given_X":
            return {"type": kind, "X": _text(self.log(1e-3, 1e3), "GeV(-3/2) s-1"), "slope": self.d.uniform(-3.0, 0.0)}
        return {"type": kind, "prefactor": self.log(1e-3, 1e3)}

    def _scatterer(self):
        kind = self.d.choice(["given"] * 3 + ["weak_shocks", "kolmogorov", "kraichnan"])
        if kind == "given":
            return {"type": kind, "kappa": _text(self.log(1e24, 1e33), "cm2 s-1"), "slope": self.d.uniform(-0.5, 1.0)}
        if kind == "weak_shocks":
            return {"type": kind, "separation": _text(self.log(1e-3, 1e3), "pc")}
        return {"type": kind, "Ma": self.log(0.03, 1.0), "L": _text(self.log(1.0, 300.0), "pc")}

    # ---- species, disc, ends -----------------------------------------------------------------------------------------

    def _power_law(self, factor):
        return {"type": "power_law", "amplitude": factor, "slope": self.slope}

    def _species(self, waves):
        """Amplitudes are factors on the protons' source until `_calibrated` makes quantities of them."""
        self.slope = self.d.uniform(4.01, 5.5)
        out = {"proton": {"source": self._power_law(1.0)}}
        if self.chance(0.35):
            out["carbon"] = {"source": self._power_law(self.log(1e-4, 1.0))}
            if self.chance(0.5):
                out["carbon"]["destruction"] = {"cross_section": _text(self.log(10.0, 1000.0), "mbarn")}
            if self.chance(0.7):
                out["boron"] = {"source": {"type": "spallation", "parent": "carbon",
                                           "cross_section": _text(self.log(1.0, 300.0), "mbarn"),
                                           "conserves": self.d.choice(["rigidity", "energy_per_nucleon"])}}
        if self.chance(0.15):
            out["iron"] = {"source": self._power_law(self.log(1e-6, 1.0))}
        if self.chance(0.1):
            out["odd"] = {"Z": 2, "A": 5, "mass": "4.66 GeV", "source": self._power_law(self.log(1e-6, 1e2))}
        if not waves and "carbon" in out and self.chance(0.3):
            del out["proton"]
        return out

    def _disc(self):
        disc = {"half_thickness": _text(self.height * self.log(1e-3, 0.5), "kpc"),
                "density": _text(self.log(0.01, 100.0), "cm-3"),
                "losses": self.d.choice(["none", "flux", "flux", "catastrophic"])}
        kind = self.d.choice(["given", "given", "ionisation", "coulomb", "synchrotron", "inverse_compton"])
        process = {"type": kind}
        if kind == "given":  # h·rate over the typical speed from 1e-3 to 1e6
            rate = self.typical * 1e5 / (float(disc["half_thickness"].split()[0]) * KPC) * self.log(1e-3, 1e6)
            process |= {"rate": _text(rate, "s-1"), "slope": self.d.uniform(-1.5, 0.5)}
        if kind == "synchrotron":
            process["B"] = _text(self.log(0.1, 100.0), "uG")
        disc["loss_processes"] = [process]
        return disc

    def _boundary(self):
        top = self.d.choice(["zero", "zero", "zero", "outflow", "value"])
        out = {"top": {"type": top}, "momentum": self.d.choice(["power_law", "power_law", "zero"])}
        if top == "value":
            out["top"]["f"] = {"amplitude": self.log(1e-3, 1e3), "slope": self.slope + self.d.uniform(-0.3, 0.7)}
        return out

    def _time(self):
        if self.task == "direct":
            return {"end": "steady", "method": "direct"}
        if self.task == "march":
            return {"end": "steady", "max_steps": 200}
        crossing = self.height * KPC / (self.typical * 1e5) / YEAR / 1e6  # Myr
        return {"end": _text(crossing * self.log(1e-2, 3.0), "Myr"), "rtol": self.log(1e-3, 1e-2)}

    # ---- the source by the damping ------------------------------------------------------------------------------------

    def _calibrated(self, raw):
        """Source amplitudes from S or X at one rigidity: S/Q from 1e-6 to 1e3, or X over eight decades in the units of
        source, height and typical speed; without damping over fifteen decades."""
        at = exp(self.d.uniform(log(self.low), log(self.high)))
        height, speed = self.height * KPC, self.typical * 1e5
        target_S, target_X, free = self.log(1e-6, 1e3), self.log(1e-4, 1e4), self.log(1e-15, 1.0)
        S, X = _damping_at(raw, at)
        Q = free
        if S > 0 and (X == 0 or self.chance(0.6)):
            Q = S / target_S
        elif X > 0:
            Q = (X / target_X) ** 2 / (height * speed)
        if not (isfinite(Q) and 1e-60 < Q < 1e60):
            Q = free
        amplitude = Q * at**self.slope
        for species in raw["species"].values():
            if species["source"]["type"] == "power_law":
                species["source"]["amplitude"] = _text(amplitude * species["source"]["amplitude"], "cm-2 s-1 GeV-3")
        top = raw["boundary"]["top"]
        if top["type"] == "value":
            top["f"]["amplitude"] = _text(amplitude / speed * top["f"]["amplitude"], "cm-3 GeV-3")
        if self.task == "transient" and self.chance(0.3):
            end = float(raw["time"]["end"].split()[0])
            first = next(iter(raw["species"].values()))["source"]
            first["schedule"] = {"type": "switch", "on": "0 Myr", "off": _text(end * self.d.uniform(0.2, 1.5), "Myr")}
        return raw


def _damping_at(raw, R):
    """(S, X) at rigidity R of the lowest layer that has either, from the model of the deck on the smallest grid."""
    from solver.deck import Deck
    from solver.medium import Medium
    from solver.particles import PROTON

    small = raw | {"species": {"proton": {"source": {"type": "none"}}}, "boundary": {}}
    medium = Medium(Deck.from_dict(small), (PROTON,))
    heights = 0.5 * (medium.tops + np.insert(medium.tops[:-1], 0, 0.0))
    c = medium.at(heights, np.array([R]))
    damped = np.flatnonzero(c.confined & ((c.S[:, 0] > 0) | (c.X[:, 0] > 0)))
    return (float(c.S[damped[0], 0]), float(c.X[damped[0], 0])) if len(damped) else (0.0, 0.0)
