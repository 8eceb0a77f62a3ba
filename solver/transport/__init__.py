"""Numerics of the transport equation; knows nothing of plasma physics, decks, files or figures.

With x = ln p and the half space z >= 0 (the disc is a sheet at z = 0, symmetric about it), for every species

    ∂t(p³f) + ∂z[p³(v f − κ ∂z f)] + ∂x[(ṗ/p) p³f] = sources,
    ṗ/p = −(1/3) ∂z v − δ(z) 2h/τ_loss(p) − other loss rates,

which is eq. 1 of the paper in conservative form, with v = u + v_st.  κ(∂z f) of the self-excited waves comes from
Skilling's balance |∂z f| κ² − S κ − X² = 0 (eq. 4 for X = 0, eq. 10 for S = 0), or with more powers of 1/κ (Sec. 6.1);
independent scatterers add as rates.

`problem` the arrays of a deck · `grid` nodes and faces · `law` the fitted flux in z · `nonlinear` the same for damping of
any power · `correction` what varies along a face · `momentum` the flux in ln p · `system` the discrete equation and its
exact Jacobian · `linear` its blocks and sweeps, `stencils` and `stiff` rows of it, `strips` parts that fit the cache ·
`conduction` κ of nuclei · `scales`, `column` units of the rows · `layout` PETSc matrix and preconditioner, `ranks` what
processes exchange · `newton` the nonlinear solve, `attempt` one path of it, `projection` its way back to the law,
`mismatch` how far it has come ·
`existence`, `inflow` when there is no steady state · `march` the way to the end, `steps` steps in time · `account` budgets.
"""
