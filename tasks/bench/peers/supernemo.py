"""The Python side of tasks/bench/supernemo.ts, asked for over standard input, one JSON object a line in, one out.

Usage: supernemo.py FILE.root... {"do": "read"} answers {"seconds": s} of batches of the top view from all files; {"do": "legendre", "events": n} of a fit of
each of the first n events' hits, one line each, in the first file; {"do": "step", "view": v, "batch": b} of one step of the published network.
"""

import json
import sys
import time

import numpy as np

FILES, BATCH = sys.argv[1:], 1024
held = {}


def flat(tree, name):
    import awkward as ak

    column = tree[name].array()
    return ak.to_numpy(ak.num(column)), ak.to_numpy(ak.flatten(column))


def read():
    import uproot

    start = time.perf_counter()
    total = 0
    for path in FILES:
        with uproot.open(path) as file:
            tree = file["hit_tree"]
            counts, layer = flat(tree, "grid_layer")
            _, column = flat(tree, "grid_column")
        starts = np.concatenate([[0], np.cumsum(counts)])
        for first in range(0, len(counts), BATCH):
            some = counts[first : first + BATCH]
            hits = slice(starts[first], starts[first + len(some)])
            image = np.zeros((len(some), 9, 113, 1), np.float32)
            image[np.repeat(np.arange(len(some)), some), layer[hits], column[hits], 0] = 1
            total += int(image[0].sum())
    return time.perf_counter() - start


def votes(x, y, r, thetas, middle, width, bins):
    """Counts of lines that touch circles, smeared by a Gaussian of two bins: [thetas, bins]."""
    off = np.cos(thetas)[:, None] * x + np.sin(thetas)[:, None] * y
    at = np.concatenate([off + r, off - r], 1)
    bin = ((at - middle + width / 2) / width * bins).astype(int)
    row = np.broadcast_to(np.arange(len(thetas))[:, None], bin.shape)
    inside = (bin >= 0) & (bin < bins)
    counts = np.bincount(row[inside] * bins + bin[inside], minlength=len(thetas) * bins).reshape(len(thetas), bins)
    kernel = np.exp(-0.5 * (np.arange(-4, 5) / 2) ** 2)
    padded = np.pad(counts, ((0, 0), (4, 4)))
    return sum(k * padded[:, i : i + bins] for i, k in enumerate(kernel))


def fit(x, y, r):
    theta, distance = np.pi / 2, 0.0
    x, y = x - x.mean(), y - y.mean()
    wide, width = np.pi, 5000.0
    for bins in (250, 100, 50):
        thetas = theta + ((np.arange(bins) + 0.5) / bins - 0.5) * wide
        found = votes(x, y, r, thetas, distance, width, bins)
        t, k = divmod(int(found.argmax()), bins)
        theta, distance = thetas[t], distance + ((k + 0.5) / bins - 0.5) * width
        wide, width = wide / 10, width / 10
    return theta, distance


def legendre(events):
    import uproot

    if "hits" not in held:
        with uproot.open(FILES[0]) as file:
            tree = file["hit_tree"]
            counts, layer = flat(tree, "grid_layer")
            held["hits"] = counts, layer, flat(tree, "grid_column")[1], flat(tree, "radius")[1]
    counts, layer, column, radius = held["hits"]
    starts = np.concatenate([[0], np.cumsum(counts)])
    start = time.perf_counter()
    for event in range(events):
        hits = slice(starts[event], starts[event + 1])
        keep = (radius[hits] > 2) & (radius[hits] < 35)
        if keep.sum() >= 3:
            fit(22.0 + 44.0 * layer[hits][keep], 44.0 * (column[hits][keep] - 56.0), radius[hits][keep])
    return time.perf_counter() - start


def published(view):
    import keras
    from keras import layers as L

    shapes = {"top": (9, 113, 1), "side": (30, 113, 1), "front": (30, 9, 1)}
    stages = {
        "top": [((3, 15), (1, 2), None), ((3, 7), (1, 2), None)] + [((3, 3), (2, 2), None)] * 3,
        "side": [((3, 7), (1, 2), None)] + [((3, 3), (2, 2), None)] * 3,
        "front": [((6, 2), None, None), ((6, 2), (3, 1), (6, 2)), ((2, 2), None, None)],
    }
    image = x = keras.Input(shapes[view])
    for kernel, pool, strides in stages[view]:
        x = L.Conv2D(256, kernel, padding="same", activation="relu")(x)
        if pool:
            x = L.MaxPool2D(pool, strides)(x)
    x = L.Flatten()(L.Dropout(0.2)(x))
    for units in (256, 128 if view == "top" else 64):
        x = L.Dense(units, activation="relu")(x)
    model = keras.Model(image, L.Dense(4, activation="softmax")(x))
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", jit_compile=False)
    return model


def step(view, batch):
    if view not in held:
        held[view] = published(view)
    model, rng = held[view], np.random.default_rng(1)
    x = (rng.random((batch, *model.input_shape[1:])) < 0.05).astype(np.float32)
    y = rng.integers(0, 4, batch)
    start = time.perf_counter()
    model.train_on_batch(x, y)
    return time.perf_counter() - start


for line in sys.stdin:
    request = json.loads(line)
    what = request.pop("do")
    seconds = {"read": read, "legendre": legendre, "step": step}[what](**request)
    print(json.dumps({"seconds": seconds}), flush=True)
