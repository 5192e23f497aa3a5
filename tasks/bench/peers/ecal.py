"""The Python side of tasks/bench/ecal.ts, asked for over standard input, one JSON object a line in, one out.

Usage: ecal.py PHOTONS.hdf5 ELECTRONS.hdf5. {"do": "order" | "read"} or {"do": W, "images": n} answers {"seconds": s}; W is "keras" or "torch",
the document's network on frames, or "keras-small" or "torch-small", cloudchamber's network on energies.
"""

import json
import sys
import time

import h5py
import numpy as np

FILES, BATCH = sys.argv[1:3], 100


def load_data(start, stop):
    parts = []
    for path in FILES:
        with h5py.File(path) as file:
            parts.append((file["X"][start:stop], file["y"][start:stop]))
    return [np.concatenate(arrays) for arrays in zip(*parts)]


def frames_of(X, low_e=0.005, min_t=-0.1, max_t=0.1, step=0.0099):
    """The document's timeordered_BC, cumulative: energy and time, [n, 21, 32, 32]."""
    energy, when = X[..., 0].copy(), X[..., 1].copy()
    mask = (energy > low_e) & (np.abs(when) < 100)
    energy[~mask] = np.nan
    when[~mask] = np.nan
    edges = np.arange(min_t, max_t, step)
    out = [np.zeros((len(X), len(edges), 32, 32)) for _ in range(2)]
    for k in range(len(edges) - 1):
        inside = when <= edges[k + 1]
        for values, frames in zip((energy, when), out):
            frames[:, k] = np.where(inside, values, 0)
    return out


held = {}


def order():
    if "X" not in held:
        held["X"] = load_data(0, None)[0]
    start = time.perf_counter()
    for first in range(0, len(held["X"]), 1000):
        frames_of(held["X"][first : first + 1000])
    return time.perf_counter() - start


def read():
    start = time.perf_counter()
    X, y = load_data(0, None)
    rows = np.random.default_rng(1).permutation(len(X))
    for first in range(0, len(rows), BATCH):
        some = rows[first : first + BATCH]
        X[some], y[some]
    return time.perf_counter() - start


def scales_of(X):
    """What cloudchamber's small network sees: energies on two scales, padded so that the seed is in the middle, [n, 33, 33, 2]."""
    energy = X[..., 0]
    return np.pad(np.stack([np.arcsinh(energy / 0.5), np.arcsinh(energy / 1e-3)], -1), ((0, 0), (0, 1), (0, 1), (0, 0)))


def train(what, images):
    small = what.endswith("-small")
    if what not in held:
        makers = {"keras": keras_step, "torch": torch_step, "keras-small": keras_small, "torch-small": torch_small}
        held[what] = makers[what]()
    start = time.perf_counter()
    X, y = load_data(0, images // 2)
    inputs = scales_of(X) if small else frames_of(X)[0].astype(np.float32)
    rows = np.random.default_rng(1).permutation(images)
    batch = 128 if small else BATCH
    for first in range(0, images, batch):
        some = rows[first : first + batch]
        x = inputs[some]
        if small:
            mirrored = np.random.default_rng(first).random(len(x)) < 0.5
            x[mirrored] = x[mirrored, ::-1]
        held[what](x, y[some].astype(np.int64))
    return time.perf_counter() - start


def keras_step():
    import keras
    from keras import layers as L

    image = keras.Input((21, 32, 32))
    x = L.Reshape((21, 32, 32, 1))(image)
    for filters in (64, 32):
        x = L.Conv3D(filters, 3, padding="same", activation="relu")(x)
        x = L.MaxPool3D()(L.BatchNormalization()(L.Dropout(0.2)(x)))
    x = L.Dense(32, activation="relu")(L.Dense(64, activation="relu")(L.Flatten()(x)))
    model = keras.Model(image, L.Dense(2, activation="softmax")(x))
    model.compile(keras.optimizers.Adam(1e-5), "sparse_categorical_crossentropy", jit_compile=False)
    return model.train_on_batch


def torch_step():
    import torch
    from torch import nn

    layers, inputs = [], 1
    for filters in (64, 32):
        layers += [nn.Conv3d(inputs, filters, 3, padding=1), nn.ReLU(), nn.Dropout(0.2), nn.BatchNorm3d(filters)]
        layers.append(nn.MaxPool3d(2))
        inputs = filters
    layers += [nn.Flatten(), nn.Linear(10240, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 2)]
    model = nn.Sequential(*layers)
    optimizer, loss_of = torch.optim.Adam(model.parameters(), 1e-5), nn.CrossEntropyLoss()

    def step(x, y):
        optimizer.zero_grad()
        loss = loss_of(model(torch.from_numpy(x)[:, None]), torch.from_numpy(y))
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def keras_small():
    import keras
    from keras import layers as L

    image = keras.Input((33, 33, 2))
    x = L.Cropping2D(((10, 10), (0, 0)))(image)
    for filters in (16, 32, 64):
        def convolve(x):
            x = L.Conv2D(filters, 3, padding="same", use_bias=False)(x)
            return L.ReLU()(L.BatchNormalization(momentum=0.9, epsilon=1e-5)(x))

        wide = convolve(x)
        x = L.MaxPool2D()(L.Add()([wide, convolve(wide)]))
    x = L.Dropout(0.2)(L.Flatten()(x))
    model = keras.Model(image, L.Dense(2, activation="softmax")(x))
    optimizer = keras.optimizers.AdamW(3e-3, weight_decay=0.01, use_ema=True, ema_momentum=0.995)
    model.compile(optimizer, "sparse_categorical_crossentropy", jit_compile=False)
    return model.train_on_batch


def torch_small():
    import torch
    from torch import nn

    class Stage(nn.Module):
        def __init__(self, inputs, filters):
            super().__init__()

            def convolve(inputs):
                conv = nn.Conv2d(inputs, filters, 3, padding=1, bias=False)
                return nn.Sequential(conv, nn.BatchNorm2d(filters), nn.ReLU())

            self.widen, self.change, self.pool = convolve(inputs), convolve(filters), nn.MaxPool2d(2)

        def forward(self, x):
            wide = self.widen(x)
            return self.pool(wide + self.change(wide))

    stages = [Stage(2, 16), Stage(16, 32), Stage(32, 64)]
    model = nn.Sequential(*stages, nn.Flatten(), nn.Dropout(0.2), nn.Linear(256, 2))
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3, weight_decay=0.01)
    mean = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995))
    loss_of = nn.CrossEntropyLoss()

    def step(x, y):
        optimizer.zero_grad()
        image = torch.from_numpy(np.ascontiguousarray(x[:, 10:23].transpose(0, 3, 1, 2)))
        loss = loss_of(model(image), torch.from_numpy(y))
        loss.backward()
        optimizer.step()
        mean.update_parameters(model)
        return loss.item()

    return step


for line in sys.stdin:
    request = json.loads(line)
    what = request["do"]
    if "images" in request:
        seconds = train(what, request["images"])
    else:
        seconds = order() if what == "order" else read()
    print(json.dumps({"seconds": seconds}), flush=True)
