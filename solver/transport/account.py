"""What a state means in numbers: fluxes, the budget of every row, and how well the particles of a species add up."""

from functools import cached_property

import numpy as np

from .existence import shut_in

BUDGET = ("source", "momentum", "sink", "escape", "stored", "moved", "stored_gross", "known", "free", "entering", "flux")
ROUNDING = 10.0 * np.finfo(float).eps  # of what a step finds: a flux that its storage cannot tell from nothing


class Account:
    """Measures states u (scaled node values of all rows) of a system at its present step."""

    def __init__(self, system, ranks):
        self.system, self.ranks = system, ranks
        particles = system.problem.grid.R ** 3 * system.V_all * system.F_all
        self.heaviest = np.maximum(particles.max(1), 1e-290)  # R³ V F of a species' largest row
        self.weights = particles / self.heaviest[:, None]  # particles per scaled content, in units of that; (species, R)

    @cached_property
    def free(self):
        """Which nodes of own rows hold what can move, (species, rows, nodes)."""
        return ~shut_in(self.system.problem)[:, self.system.rows]

    def fluxes(self, u):
        """(flux, κ) on the faces of own rows, physical units: the flux that balances every node, κ = diffusive flux/slope."""
        system, p = self.system, self.system.problem
        with np.errstate(all="ignore"):
            a = None if p.waves is None else system.slope(u, p.waves)
            conduction = system.conduction(None if a is None else system.law.at(a))
            flux, kappa = np.empty_like(system.v), np.empty_like(system.v)
            for s in range(p.species):
                flux[s] = system.balance_flux(u, s)
                if s == p.waves:
                    kappa[s] = 1.0 / np.maximum(system.law.h(np.abs(a), system.nu_waves)[0], 1e-290)
                else:
                    kappa[s] = conduction[s].kappa
            flux *= system.V * system.F
            kappa *= system.V * system.H
        return flux, kappa

    def budget(self, u):
        """Rates per own row, scaled (species, rows), by the names in BUDGET.

        moved: the largest flux that storage makes between nodes, also where a row only shifts what it holds.
        known: what a step finds, over its length; free: of that what can move; entering: all else that enters a row.
        escape is the conserved flux at the top, the one results carry; how well it meets the flux law is the mismatch.
        What closes is the sum over a species: source + momentum through the ends − sink − escape − stored = 0.
        """
        system, p = self.system, self.system.problem
        out = {name: np.zeros(system.V.shape[:2]) for name in BUDGET}
        with np.errstate(all="ignore"):
            for s in range(p.species):
                own = u[s, system.rows]
                gains = system.gains(u, s)
                out["momentum"][s] = gains[0].sum(-1)
                gained, secondary = gains[1], system.secondary(u, s)
                flux = system.balance_flux(u, s, gains)
                out["source"][s] = system.source[s].sum(-1) + secondary
                entering = np.abs(system.source[s]).sum(-1) + np.abs(secondary) + gained
                if p.top is not None and not p.confined[-1]:  # all there is may come from the top and go back there
                    through_top = np.abs(system.top[s]) / (system.nu[s, :, -1] * system.df[-1])
                    entering = np.where(entering > 0.0, entering, through_top)
                out["entering"][s] = entering
                out["flux"][s] = np.abs(flux).max(-1)
                out["sink"][s] = (system.sink[s] * own).sum(-1)
                out["escape"][s] = flux[:, -1] if p.top is not None else system.outflow[s] * own[:, -1]
                if not system.steady:
                    stored = system.vol * system.inv_tau[s] * (own - system.u_known[s])
                    out["stored"][s] = stored.sum(-1)
                    out["moved"][s] = np.abs(np.cumsum(stored, -1)).max(-1)
                    out["stored_gross"][s] = np.abs(stored).sum(-1)
                    known = system.vol * system.inv_tau[s] * np.abs(system.u_known[s])
                    out["known"][s], out["free"][s] = known.sum(-1), (known * self.free[s]).sum(-1)
        return out

    def momentum_ends(self, u):
        """Particles gained through the two ends of the rigidity grid, R³ cm⁻² s⁻¹ GeV⁻³, (species,)."""
        system, R = self.system, self.system.problem.grid.R
        out = np.zeros(len(system.stencils))
        for s, stencil in enumerate(system.stencils):
            if not system.changing[s]:
                continue
            low, high = stencil.ends(system.B[s], u[s] * system.F_all[s][:, None])
            out[s] = (R[-1] ** 3 * high.sum() - R[0] ** 3 * low.sum()) / stencil.width
        return out

    def fed_from_below(self, u):
        """What heating brings in from below the grid, over all that enters the lowest rigidity, (species,)."""
        system = self.system
        if not system.heated_from_below:
            return np.zeros(system.problem.species)
        inflow = np.array([
            (stencil.inflow(B, values) / speed).sum()
            for stencil, B, values, speed in zip(system.stencils, system.B, u[:, 0], system.V_all[:, 0], strict=True)
        ])
        entering = self.ranks.gather(np.stack([system.throughput(u, s)[:, None] for s in range(len(inflow))]))[:, 0, 0]
        return inflow / np.maximum(inflow + entering, 1e-290)

    def measure(self, before, u, mismatch):
        """Of a step from `before` to u, solved to `mismatch`: change of f, storage against what passes, closure of the budget of
        each species."""
        size = np.maximum(np.abs(u).max(-1), np.abs(before).max(-1))
        alive = size > 1e-30 * max(size.max(), 1e-290)
        change = np.abs(u - before).max(-1)
        change = float(np.max(change[alive] / size[alive])) if alive.any() else 0.0
        budget = self.budget(u)
        # against what passes through, not what a short step has in store: else every short step looks steady
        passing, known, still = budget["entering"] + budget["flux"], budget["known"], self._still(budget)
        moved = np.where(still, budget["moved"], np.maximum(budget["moved"], mismatch * known))
        passing = np.where(still, ROUNDING * (passing + known), passing)
        storage = moved / np.maximum(passing, 1e-290)
        own = self.weights[:, self.system.rows]

        def total(key):
            return self.ranks.total((budget[key] * own).sum(-1))

        ends = self.momentum_ends(u) / self.heaviest
        closure = total("source") + ends - total("sink") - total("escape") - total("stored")
        scale = total("source") + total("stored_gross")
        scale = np.where(total("source") > 0, scale, np.maximum(scale, total("entering") + total("flux") + total("known")))
        return {
            "change": change,
            "storage": self.ranks.max(float(storage.max())),
            "budget": np.abs(closure) / np.maximum(scale, 1e-290),
        }

    @staticmethod
    def _still(budget):
        """Rows through which nothing passes that rounding of what they hold would let us see."""
        held = np.where(budget["entering"] > 0.0, budget["free"], budget["known"])
        return budget["entering"] + budget["flux"] <= ROUNDING * held

    def may_leak(self, u):
        """Is there a row that holds so much of what can move, and of which so little passes, that it may leak unseen?"""
        budget = self.budget(u)
        return self.ranks.any(bool((self._still(budget) & (budget["flux"] > 0.0) & (budget["free"] > 0.0)).any()))
