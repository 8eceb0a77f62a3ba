"""Deck → model: species, grid, coefficients and sources as labelled arrays, and from them the discrete problem.

Arrays are ordered (species, z, rigidity), rigidity ascending, in the internal units of `solver.units`.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from . import injection, particles
from .constants import ERG_PER_GEV, MBARN, C
from .deck import load
from .deck.layers import layer_in_words
from .errors import DeckError, Fault
from .exact import module_of
from .formulas import loss_rate
from .medium import Medium
from .physics import spallation
from .transport.grid import Grid, make_grid
from .transport.problem import Secondary, TransportProblem
from .transport.scales import end_slopes
from .validity import naming, recording

UNDAMPED = 1e60  # 1/κ (s/cm²) of undamped self-excited waves in a deck without protons


@dataclass(frozen=True)
class Spallation:
    """Disc source of `child` per side: Q_child = h · weights @ f_parent(z = 0); weights (R, R) in cm⁻¹ · cm/s = 1/s."""

    parent: int
    child: int
    weights: sp.csr_matrix


class Height:
    """Coefficients at given heights, with the causal limit: v, S, X, kappa_extrinsic, nu, confined."""

    def __init__(self, model, z, layer=None):
        c = model.medium.at(z, model.grid.R, layer)
        self.v, self.S, self.X, self.kappa_extrinsic, self.confined = c.v, c.S, c.X, c.kappa_extrinsic, c.confined
        self.others = c.others
        self.warnings = c.warnings
        scatters = np.isfinite(c.kappa_extrinsic)
        self.nu = np.where(scatters, 1.0 / np.where(scatters, c.kappa_extrinsic, 1.0), 0.0)
        free = ~self.confined[None, :, None] & ~scatters
        self.nu = self.nu + np.where(model.deck.physics.causal_limit | free, model.causal_rate[:, None, :], 0.0)


class Model:
    """Everything a deck says about the physics, evaluated on its grid.

    species: tuple of nuclei; names; grid; v (faces), S, X (faces, R) for protons, others {m: Y (faces, R)} of nonlinear
    damping with m other than 1, kappa_extrinsic and nu (species, faces, R), self_confined (faces); Q (species, R) primary
    sources per side at full strength; disc_speed = h/τ_loss and loss_time (species, R); spallation links; top (species, R)
    or None for outflow.
    deck: a Deck, the name of a shipped problem or a path.  DeckError where it cannot be put on its grid.
    """

    def __init__(self, deck):
        self.deck = deck = load(deck)
        self._said: dict[str, None] = {}
        self.names = tuple(_parents_first(deck.species))
        self.species = tuple(_nucleus(name, deck.species[name]) for name in self.names)
        self.medium = Medium(deck, self.species)
        self.grid = self._grid()
        self.faces = self.at(self.grid.z_face, self.grid.layer)
        self.v, self.S, self.X, self.others = self.faces.v, self.faces.S, self.faces.X, self.faces.others
        self.kappa_extrinsic, self.nu, self.self_confined = (
            self.faces.kappa_extrinsic,
            self.faces.nu,
            self.faces.confined,
        )
        self.waves = self.names.index("proton") if "proton" in self.names else None
        if self.waves is None and self.damped.any():
            raise DeckError(
                [
                    Fault(
                        "deck",
                        "species",
                        f"found {', '.join(self.names)}",
                        "damped self-excited waves need [species.proton]: protons excite them",
                    )
                ]
            )
        if self.waves is None:
            self.nu[:, self.self_confined] = UNDAMPED  # waves nothing damps allow no diffusion: pure streaming

    @property
    def damped(self):
        """Where something damps self-excited waves, (faces, R)."""
        acts = (self.S > 0) | (self.X > 0)
        for Y in self.others.values():
            acts = acts | (Y > 0)
        return acts & np.asarray(self.self_confined)[:, None]

    @property
    def z_max(self):
        return float(self.deck.grid.z_max)

    @property
    def adiabatic(self):
        return self.deck.physics.adiabatic

    @property
    def half_thickness(self):
        return float(self.deck.disc.half_thickness)

    def _grid(self) -> Grid:
        g = self.deck.grid
        stretch = g.stretch if g.z_spacing == "stretched" else 1.0
        try:
            return make_grid(
                self.medium.tops,
                self.medium.kinks,
                g.z_cells,
                stretch,
                float(g.rigidity_min),
                float(g.rigidity_max),
                g.rigidity_cells,
            )
        except ValueError as error:
            raise DeckError([Fault("deck", "grid.z_cells", f"found {g.z_cells}", str(error))]) from None

    def at(self, z, layer=None) -> Height:
        """Coefficients at heights z (cm); an interface belongs to the layer above unless `layer` says otherwise."""
        return Height(self, np.asarray(z, float), layer)

    # ---- species ------------------------------------------------------------------------------------------------

    @cached_property
    def beta(self):
        """v/c, (species, R)."""
        return np.stack([particles.beta(self.grid.R, nucleus) for nucleus in self.species])

    @property
    def causal_rate(self):
        """1/(β c z_max): unconfined particles leave at their own speed (eq. 8), (species, R)."""
        return 1.0 / (self.beta * C * self.z_max)

    @cached_property
    def speed_ratio(self):
        """v_species/v_proton at equal rigidity, (species, R) (footnote 3)."""
        return self.beta / particles.beta(self.grid.R, particles.PROTON)

    @cached_property
    def slope(self):
        """Reference slope of each species, see `injection.reference_slopes`."""
        return injection.reference_slopes(self.deck, self.names, self.grid.R)

    # ---- sources, losses ------------------------------------------------------------------------------------------

    @cached_property
    def Q(self):
        """Primary sources per side at full strength, (species, R) in cm⁻² s⁻¹ GeV⁻³."""
        return injection.strengths(self.deck, self.names, self.species, self.grid.R)

    def schedule(self, t):
        """Strength of each primary source at time t (s), (species,)."""
        return injection.schedule(self.deck, self.names, t)

    @property
    def switch_times(self):
        """Times (s) at which a source is switched; a march must step on them."""
        return injection.switch_times(self.deck)

    def _disc_rate(self, R, s):
        disc = self.deck.disc
        with recording() as said:
            rate = loss_rate(disc.loss_processes, R, self.species[s], float(disc.density))
        return self._heard(said, rate)

    def _bulk_rate(self, layer, z, R, s):
        with recording() as said:
            rate = self.medium.bulk_loss(layer, z, R, self.species[s])
        return self._heard(said, rate)

    def _heard(self, said, rate):
        """Keep the warnings of the loss formulas for `warnings`."""
        self._said.update(dict.fromkeys(said))
        return rate

    @cached_property
    def loss_time(self):
        """τ_loss of the disc, p/|ṗ| of all its processes (s), inf without losses; (species, R)."""
        rate = np.stack([self._disc_rate(self.grid.R, s) for s in range(len(self.species))])
        if self.deck.disc.losses == "none":
            rate = np.zeros_like(rate)
        with np.errstate(divide="ignore"):
            return 1.0 / rate

    @cached_property
    def disc_speed(self):
        """h/τ_loss (cm/s), (species, R)."""
        return self.half_thickness / self.loss_time

    @cached_property
    def spallation(self):
        """Links from parents to children; empty without spallation sources.

        A parent goes on beyond the grid with the slope that it has, roughly, at its ends.
        """
        first = self._links(np.broadcast_to(self.slope, (2, len(self.names))))
        if not first:
            return first
        return self._links(end_slopes(self._with(first), self.slope))

    def _links(self, ends):
        """The same for given slopes of all species below and above the grid, (2, species)."""
        out, disc = [], self.deck.disc
        for child, name in enumerate(self.names):
            source = self.deck.species[name].source
            if source.type != "spallation":
                continue
            parent = self.names.index(source.parent)
            pair = (self.species[parent], self.species[child])
            R_parent = spallation.parent_rigidity(self.grid.R, *pair, source.conserves)
            sigma = self._cross_section(f"species.{name}.source", source, R_parent, pair[0])
            rate = spallation.rate(float(disc.density), sigma, particles.beta(R_parent, pair[0]))
            weights = injection.from_parent(self.grid.R, R_parent, self.slope[parent], ends[:, parent])
            weights = sp.diags(rate * spallation.number_factor(*pair, source.conserves)) @ weights
            out.append(Spallation(parent, child, weights.tocsr()))
        return out

    def _cross_section(self, where, reaction, R, nucleus):
        """σ (cm²) of a reaction of `nucleus` at rigidities R: one number, or a table over energy per nucleon."""
        if reaction.table is None:
            return float(reaction.cross_section)
        energy, sigma = np.array(reaction.table.energy), np.array(reaction.table.sigma)
        with recording() as said, naming(where):
            table = spallation.CrossSection(energy / ERG_PER_GEV, sigma / MBARN)
            values = table(particles.kinetic_energy_per_nucleon(R, nucleus))
        return self._heard(said, values)

    @cached_property
    def destruction(self):
        """n σ v (1/s) of catastrophic destruction in the disc, (species, R)."""
        out = np.zeros((len(self.names), len(self.grid.R)))
        for s, name in enumerate(self.names):
            if self.deck.species[name].destruction is not None:
                reaction, where = self.deck.species[name].destruction, f"species.{name}.destruction"
                sigma = self._cross_section(where, reaction, self.grid.R, self.species[s])
                out[s] = spallation.rate(float(self.deck.disc.density), sigma, self.beta[s])
        return out

    @property
    def top(self):
        """f at z_max (species, R), or None where particles flow out freely."""
        top = self.deck.boundary.top
        if top.type == "outflow":
            return None
        out = np.zeros((len(self.names), len(self.grid.R)))
        if top.type == "value":
            for s, name in enumerate(self.names):
                if not top.species or name in top.species:
                    out[s] = float(top.f.amplitude) * self.grid.R**-top.f.slope
        return out

    @cached_property
    def external(self):
        """Sources that the deck's problem supplies: function of t giving (disc, bulk), or None."""
        if not any(spec.source.type == "problem" for spec in self.deck.species.values()):
            return None
        module = module_of(self.deck.problem)
        if module is None or not hasattr(module, "sources"):
            raise DeckError(
                [
                    Fault(
                        "deck",
                        "species",
                        'source type "problem"',
                        "only for decks of a problem whose exact.py defines sources",
                    )
                ]
            )
        return lambda t: module.sources(self, t)

    @cached_property
    def warnings(self):
        """Texts to show and store: coefficients used beyond their validity, layers nothing scatters in."""
        _ = self.spallation, self.destruction, self.loss_time  # their tables, and every loss, may have something to say
        grid = self.grid
        for s in range(len(self.species)):
            for i in np.unique(grid.layer):
                self._bulk_rate(i, grid.z_face[grid.layer == i][[0, -1]], grid.R, s)
        out = [*self.faces.warnings, *self._said]
        for i, layer in enumerate(self.deck.layer):
            if not layer.has_waves and not layer.scattering:
                here = layer_in_words(layer, i)
                out.append(f"{here}: neither self-confined nor scattered, so particles cross it at their speed")
        return tuple(out)

    # ---- the discrete problem ---------------------------------------------------------------------------------------

    def transport_problem(self) -> TransportProblem:
        """The arrays the numerics need, (species, R, z)."""
        return self._with(self.spallation)

    def _with(self, links):
        """The problem with these links from parents to children."""
        secondaries = tuple(Secondary(k.parent, k.child, k.weights * self.half_thickness) for k in links)
        return replace(self._primaries, secondaries=secondaries)

    @cached_property
    def _primaries(self):
        """The problem without secondaries."""
        grid, ns = self.grid, len(self.names)
        half = np.exp(0.5 * grid.dx)
        R_faces = np.append(grid.R / half, grid.R[-1] * half)
        loss = np.zeros((ns, len(R_faces), len(grid.z)))
        bulk = np.zeros((ns, len(R_faces), len(grid.dz)))
        sink = np.zeros((ns, len(grid.R), len(grid.z)))
        for s in range(ns):
            disc = self.deck.disc
            if disc.losses == "flux":
                loss[s, :, 0] += self.half_thickness * self._disc_rate(R_faces, s)
            elif disc.losses == "catastrophic":
                sink[s, :, 0] += self.disc_speed[s]
            sink[s, :, 0] += self.half_thickness * self.destruction[s]
            for layer in np.unique(grid.layer):
                faces = np.flatnonzero(grid.layer == layer)
                bulk[s][:, faces] = self._bulk_rate(layer, grid.z_face[faces], R_faces, s).T
            half_cells = bulk[s] * grid.dz / 2
            loss[s][:, :-1] += half_cells
            loss[s][:, 1:] += half_cells
        scheduled, external = self.Q, self.external

        def disc_source(t):
            Q = scheduled * self.schedule(t)[:, None]
            return Q if external is None else Q + external(t)[0]

        def bulk_source(t):
            return external(t)[1].transpose(0, 2, 1)

        v_top = 0.0
        if self.top is None:
            v_top = float(self.at([self.z_max]).v[0])
        return TransportProblem(
            grid=grid,
            v=self.v,
            S=self.S.T.copy(),
            X=self.X.T.copy(),
            confined=self.self_confined,
            nu=self.nu.transpose(0, 2, 1).copy(),
            depth_ratio=1.0 / self.speed_ratio,
            waves=self.waves if self.self_confined.any() else None,
            loss=loss,
            bulk_loss=bulk,
            sink=sink,
            disc=disc_source,
            bulk=None if external is None else bulk_source,
            secondaries=(),
            top=self.top,
            slope=self.slope,
            strength=scheduled if external is None else None,
            slope_above=None if external is not None else injection.slopes_above(self.deck, self.names, scheduled, grid.R),
            others=tuple((m, Y.T.copy()) for m, Y in sorted(self.others.items())),
            v_top=v_top,
            adiabatic=self.adiabatic,
            open_end=self.deck.boundary.momentum == "power_law",
            names=self.names,
        )


def _nucleus(name, spec):
    """The nucleus of a deck's species; keys given there win over the table."""
    table = particles.KNOWN.get(name)
    Z = spec.Z if spec.Z is not None else table.Z
    A = spec.A if spec.A is not None else table.A
    mass = float(spec.mass) if spec.mass is not None else (table.mass if table is not None and A == table.A else None)
    return particles.Nucleus(name, Z, A, mass)


def _parents_first(species):
    """Names in deck order, but the proton first and parents before their children (the deck has no cycles)."""
    done = []

    def visit(name):
        if name not in done:
            source = species[name].source
            if source.type == "spallation":
                visit(source.parent)
            done.append(name)

    for name in sorted(species, key=lambda n: n != "proton"):
        visit(name)
    return done
