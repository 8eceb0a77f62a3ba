"""What a state means in numbers: fluxes, the budget of every row, and how well the particles of a species add up."""

import numpy as np

BUDGET = ("source", "momentum", "sink", "escape", "stored", "moved", "stored_gross", "known", "passing")
EPS = np.finfo(float).eps


class Account:
    """Measures states u (scaled node values of all rows) of a system at its present step."""

    def __init__(self, system, ranks):
        self.system, self.ranks = system, ranks
        particles = system.problem.grid.R ** 3 * system.V_all * system.F_all
        self.heaviest = np.maximum(particles.max(1), 1e-290)  # R³ V F of a species' largest row
        self.weights = particles / self.heaviest[:, None]  # particles per scaled content, in units of that; (species, R)

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
        known: what a step finds, over its length; passing: all else that enters a row, and its largest flux.
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
                out["passing"][s] = np.abs(system.source[s]).sum(-1) + np.abs(secondary) + gained + np.abs(flux).max(-1)
                out["sink"][s] = (system.sink[s] * own).sum(-1)
                out["escape"][s] = flux[:, -1] if p.top is not None else system.outflow[s] * own[:, -1]
                if not system.steady:
                    stored = system.vol * system.inv_tau[s] * (own - system.u_known[s])
                    out["stored"][s] = stored.sum(-1)
                    out["moved"][s] = np.abs(np.cumsum(stored, -1)).max(-1)
                    out["stored_gross"][s] = np.abs(stored).sum(-1)
                    out["known"][s] = (system.vol * system.inv_tau[s] * np.abs(system.u_known[s])).sum(-1)
        return out

    def momentum_ends(self, u):
        """Particles gained through the two ends of the rigidity grid, R³ cm⁻² s⁻¹ GeV⁻³, (species,)."""
        system, R = self.system, self.system.problem.grid.R
        out = np.zeros(len(system.stencils))
        for s, stencil in enumerate(system.stencils):
            low, high = stencil.ends(system.B[s], u[s] * system.F_all[s][:, None])
            out[s] = (R[-1] ** 3 * high.sum() - R[0] ** 3 * low.sum()) / stencil.width
        return out

    def measure(self, before, u):
        """Of a step from `before` to u: change of f, storage against what passes, closure of the budget of each species."""
        size = np.maximum(np.abs(u).max(-1), np.abs(before).max(-1))
        alive = size > 1e-30 * max(size.max(), 1e-290)
        change = np.abs(u - before).max(-1)
        change = float(np.max(change[alive] / size[alive])) if alive.any() else 0.0
        budget = self.budget(u)
        # against what passes through, not what a short step has in store: else every short step looks steady
        passing = np.maximum(budget["passing"], EPS * (budget["passing"] + budget["known"]))
        storage = budget["moved"] / np.maximum(passing, 1e-290)
        own = self.weights[:, self.system.rows]

        def total(key):
            return self.ranks.total((budget[key] * own).sum(-1))

        ends = self.momentum_ends(u) / self.heaviest
        closure = total("source") + ends - total("sink") - total("escape") - total("stored")
        scale = total("source") + total("stored_gross")
        scale = np.where(total("source") > 0, scale, np.maximum(scale, total("passing") + total("known")))
        return {
            "change": change,
            "storage": self.ranks.max(float(storage.max())),
            "budget": np.abs(closure) / np.maximum(scale, 1e-290),
        }

    def hides(self, u, share):
        """May rounding of what a step finds hide a leak of more than this share of what passes through some row?"""
        budget = self.budget(u)
        return self.ranks.any(bool((EPS * budget["known"] > share * budget["passing"])[budget["passing"] > 0.0].any()))
