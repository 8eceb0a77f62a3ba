"""Legends where no curve is."""

import numpy as np

PLACES = {
    "upper right": (1.0, 1.0), "upper left": (0.0, 1.0), "lower left": (0.0, 0.0), "lower right": (1.0, 0.0),
    "center right": (1.0, 0.5), "center left": (0.0, 0.5), "upper center": (0.5, 1.0), "lower center": (0.5, 0.0),
}  # fmt: skip
AIR = 0.015                # around a legend, in heights of the panel
LONGEST = 1.2              # by which a panel may grow for its legend, in heights


def place_legends(fig, *axes):
    """Legends of panels go where no curve is; where there is no such place the y axis gets longer at the top or bottom."""
    if engine := fig.get_layout_engine():
        engine.execute(fig)
    for ax in axes:
        if legend := ax.get_legend():
            _place(ax, legend)


def _place(ax, legend):
    """A free corner or side; else the middle of a gap that is wide enough; else the end that has to grow least."""
    twins = [other for other in ax.figure.axes if np.allclose(other.get_position().bounds, ax.get_position().bounds)]
    x, y = np.concatenate([_drawn(each) for each in twins]).T
    box, panel = legend.get_window_extent(), ax.get_window_extent()
    width, height = box.width / panel.width, box.height / panel.height
    pad = legend.borderaxespad * legend.prop.get_size() * ax.figure.dpi / 72
    side, top = pad / panel.width, pad / panel.height + AIR
    growth, covered, gaps = {}, {}, []
    for place, (right, up) in PLACES.items():
        left = side + right * (1 - width - 2 * side)
        beside = y[(x > left - side) & (x < left + width + side)]
        bottom = top + up * (1 - height - 2 * top)
        covered[place] = np.sum((beside > bottom - AIR) & (beside < bottom + height + AIR))
        reach = {0.0: 1 - beside, 1.0: beside}.get(up)
        free = 1 - height - top - AIR
        if up == 1.0:
            ends = np.sort([0.0, *beside, 1.0])
            widest = int(np.argmax(np.diff(ends)))
            gaps.append((ends[widest + 1] - ends[widest], left, 0.5 * (ends[widest] + ends[widest + 1] - height)))
        if covered[place] == 0:
            growth[place] = 0.0
        elif reach is not None and free > 0:
            growth[place] = max(0.0, reach.max() / free - 1)
    best = min(growth, key=growth.get, default=None)
    room, *corner = max(gaps)
    if best is not None and growth[best] and room > height + 2 * AIR:
        legend.set_loc(tuple(corner))
        return
    if best is None or growth[best] > LONGEST:
        legend.set_loc(min(covered, key=covered.get))
        legend.set(frame_on=True)
        legend.get_frame().set(alpha=0.85, edgecolor="none")
        return
    legend.set_loc(best)
    if growth[best]:
        for each in twins:
            _lengthen(each, growth[best], PLACES[best][1] == 1.0)


def _drawn(ax):
    """Points along the curves, bars and words of a panel that can be seen, (point, 2) in fractions of the panel."""
    found = [np.zeros((0, 2))]
    for line in ax.lines:
        if line.get_zorder() > 0:
            vertices = line.get_transform().transform(line.get_path().vertices)
            found.append(vertices)
            if line.get_linestyle() != "None" and len(vertices) > 1:
                between = np.linspace(0, 1, max(3, 600 // len(vertices)))[:, None, None]
                found.append((vertices[:-1] + between * np.diff(vertices, axis=0)).reshape(-1, 2))
    for collection in ax.collections:
        if hasattr(collection, "get_segments"):
            ends = [collection.get_transform().transform(segment) for segment in collection.get_segments()]
            found += [np.linspace(end[0], end[-1], 9) for end in ends if len(end)]
    for text in ax.texts:
        box = text.get_window_extent()
        found.append(np.stack(np.meshgrid(np.linspace(box.x0, box.x1, 15), np.linspace(box.y0, box.y1, 4)), -1).reshape(-1, 2))
    points = ax.transAxes.inverted().transform(np.concatenate(found))
    return points[np.all((points >= 0) & (points <= 1), axis=1)]


def _lengthen(ax, by, up):
    """Make the y axis longer by a part of its height, at the top or at the bottom."""
    scale = ax.yaxis.get_transform()
    low, high = scale.transform(np.array(ax.get_ylim()))
    more = by * (high - low)
    ends = scale.inverted().transform(np.array([low, high + more] if up else [low - more, high]))
    ax.set_ylim(*ends)
