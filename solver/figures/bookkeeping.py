"""Figures of where particles go, and of how the march went."""

from typing import Any

import numpy as np

from solver.constants import MYR

from . import draw
from .legends import place_legends

TERMS = ("escaped", "lost", "stored", "destroyed")


def budget(result):
    """Where the particles of each rigidity go, as shares of what is injected; the share of the power that escapes.

    Of a species without a source the shares are those of what leaves.
    """
    from solver import observables

    ds, rates = result.dataset, result.budget
    totals = observables.budget_totals(ds, rates)
    R, names = ds.rigidity.values, list(ds.species.values)
    injected = rates.injected.values
    fed = injected.any(axis=1)
    shares = {term: _share(rates, term, fed) for term in sorted({*totals.term.values} - {"injected"}, key=_place)}
    if "stored" in shares and not (np.abs(shares["stored"]) > 1e-3).any():
        del shares["stored"]
    with draw.styled():
        fig, panels, left = draw.panels(len(names))
        for s, (ax, name) in enumerate(zip(panels, names, strict=True)):
            ax.axhline(0, color="0.6", lw=0.8)
            ax.axhline(1, color="0.6", lw=0.8)
            for term, share in shares.items():
                ax.plot(R, share[s], color=draw.SERIES[_place(term) % len(draw.SERIES)], label=term)
            draw.logarithmic(ax, "R", R)
            ax.set_title(_power_text(name, totals.power.sel(species=name)), fontsize=10)
            if not fed[s]:
                known = any(np.isfinite(share[s]).any() for share in shares.values())
                text = "shares of what leaves" if known else "what leaves is not known"
                draw.note(ax, 0.5, 0.5, f"{draw.no_source(ds)}:\n{text}", ha="center", color="0.35", fontsize=10)
        panels[0].set_ylim(*_share_limits(np.array(list(shares.values()))))
        for ax in left:
            ax.set_ylabel("share of the source" if fed.any() else "share of what leaves")
        draw.outside_legend(fig, panels[0])
        draw.figure_title(fig, panels[0], result)
        return fig


def _place(term):
    """Where a term of the budget stands in the legend and among the colours."""
    return TERMS.index(term) if term in TERMS else len(TERMS)


def _share(rates, term, fed):
    """A term over the source; where nothing feeds a species over all that leaves, and then nan for what is stored."""
    leaving = [rates[t].values for t in rates.data_vars if t not in ("injected", "stored")]
    whole = np.where(fed[:, None], rates.injected.values, sum(leaving))
    told = np.abs(whole) > 1e-9 * np.max(np.abs(leaving), axis=0)
    share = draw.quotient(rates[term].values, np.where(told, whole, 0.0))
    return np.where(fed[:, None], share, np.nan) if term == "stored" else share


def history(result):
    """The march step by step: time and step length, Newton iterations, mismatch and change, budget."""
    rows = result.history
    if rows is None or not rows.sizes.get("step"):
        raise ValueError("this result has no history of steps")
    step = np.arange(1, rows.sizes["step"] + 1)
    rows_of_panels: list[tuple[tuple[str, ...], str, float, bool]] = [
        (("t", "dt"), "time [Myr]", 1 / MYR, True),
        (("newton", "krylov"), "iterations", 1, False),
        (("residual", "change", "storage", "error"), "relative size", 1, True),
        (("budget",), "budget error", 1, True),
    ]
    there = [(tuple(n for n in names if n in rows), *rest) for names, *rest in rows_of_panels]
    groups: list[Any] = [group for group in there if group[0]]
    labels = {"newton": "Newton", "krylov": "Krylov", "t": "$t$", "dt": r"$\Delta t$", "residual": "mismatch"}
    with draw.styled():
        fig = draw.figure(figsize=(5.6, 1.0 + 1.5 * len(groups)))
        panels = fig.subplots(len(groups), 1, sharex=True, squeeze=False)[:, 0]
        for ax, (names, label, scale, logarithmic) in zip(panels, groups, strict=True):
            for i, name in enumerate(names):
                values = np.asarray(rows[name].values, float)
                values = np.abs(values).reshape(len(step), -1).max(axis=1)
                shown = draw.positive(values * scale) if logarithmic else values * scale
                if not np.isfinite(shown).any():
                    continue
                ax.plot(step, shown, color=draw.SERIES[i], marker="o", ms=2.5, lw=1.1, label=labels.get(name, name))
            if logarithmic:
                ax.set_yscale("log")
                draw.decades(ax, span=18)
            else:
                ax.set_ylim(bottom=0)
                ax.yaxis.get_major_locator().set_params(integer=True)
            ax.set_ylabel(label)
            ax.legend(ncols=len(names), fontsize=9) if len(names) > 1 else None
        panels[-1].set_xlabel("step")
        panels[-1].xaxis.get_major_locator().set_params(integer=True)
        panels[-1].set_xlim(0.5, max(len(step), 2) + 0.5)
        draw.title(panels[0], result)
        place_legends(fig, *panels)
        return fig


def _power_text(name, power):
    """For example: proton: 93 % of the power escapes."""
    injected = float(power.sel(term="injected"))
    if "escaped" not in power.term or injected == 0:
        return str(name)
    return f"{name}: {100 * float(power.sel(term='escaped')) / injected:.3g} % of the power escapes"


def _share_limits(shares):
    """A range that shows 0 to 1, and what leaves it by not too much."""
    finite = shares[np.isfinite(shares)]
    low, high = (max(finite.min(), -1.0), min(finite.max(), 2.0)) if len(finite) else (0.0, 1.0)
    return min(low, 0.0) - 0.05, max(high, 1.0) + 0.05
