"""A training step in Keras or PyTorch, asked for over standard input, one JSON line a request.

Usage: train_step.py keras|torch tutorial|resnet18|conv3d|lenses/alexnet|lenses/vgg16|lenses/resnet18 BATCH [PRECISION]
PRECISION is float32 or mixed: bfloat16 by Keras's policy, or by PyTorch's autocast.
Request {"steps": n}: answers {"ms": milliseconds a step}, the better of the framework's usual ways.
"""

import json
import sys
import time

import numpy as np

FRAMEWORK, NET, BATCH = sys.argv[1], sys.argv[2], int(sys.argv[3])
MIXED = sys.argv[4:] == ["mixed"]
LENS = NET.startswith("lenses/")  # one sigmoid on 67 x 67 x 3
SHAPES = {"tutorial": (28, 28, 1), "resnet18": (32, 32, 3), "conv3d": (21, 32, 32, 1)}
SHAPES |= {NET: (67, 67, 3)} if LENS else {}
CLASSES = {"tutorial": 10, "resnet18": 10, "conv3d": 2, "lenses/alexnet": 1, "lenses/vgg16": 1, "lenses/resnet18": 1}
rng = np.random.default_rng(0)
images = rng.random((BATCH, *SHAPES[NET]), dtype=np.float32)
labels = rng.integers(0, max(2, CLASSES[NET]), BATCH).astype(np.int32)


def keras_steps():
    import keras
    import tensorflow as tf
    from keras import layers as L

    if MIXED:
        keras.mixed_precision.set_global_policy("mixed_bfloat16")

    def block(x, filters, stride):
        y = L.Conv2D(filters, 3, stride, "same", use_bias=False)(x)
        y = L.ReLU()(L.BatchNormalization()(y))
        y = L.BatchNormalization()(L.Conv2D(filters, 3, 1, "same", use_bias=False)(y))
        if stride != 1 or x.shape[-1] != filters:
            x = L.BatchNormalization()(L.Conv2D(filters, 1, stride, "same", use_bias=False)(x))
        return L.ReLU()(L.Add()([x, y]))

    image = keras.Input(SHAPES[NET])
    if NET == "tutorial":
        x = L.MaxPooling2D(2)(L.Conv2D(24, 3, padding="same", activation="relu")(image))
        x = L.MaxPooling2D(2)(L.Conv2D(36, 3, padding="same", activation="relu")(x))
        x = L.Dropout(0.5)(L.Dense(128, activation="relu")(L.Flatten()(x)))
    elif NET == "lenses/alexnet":
        norm = lambda x: L.Lambda(lambda t: tf.nn.local_response_normalization(t, 5, 2.0, 1e-4, 0.75))(x)
        x = norm(L.MaxPooling2D(3, 2, "same")(L.Conv2D(96, 11, 4, "same", activation="relu")(image)))
        x = norm(L.MaxPooling2D(3, 2, "same")(L.Conv2D(256, 5, padding="same", activation="relu")(x)))
        for filters in (384, 384, 256):
            x = L.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = L.Flatten()(L.MaxPooling2D(3, 2, "same")(x))
        for _ in range(2):
            x = L.Dropout(0.5)(L.Dense(4096, activation="relu")(x))
    elif NET == "lenses/vgg16":
        x = image
        for filters, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
            for _ in range(count):
                x = L.Conv2D(filters, 3, padding="same", activation="relu")(x)
            x = L.MaxPooling2D(2, 2, "same")(x)
        x = L.Flatten()(x)
        for _ in range(2):
            x = L.Dropout(0.5)(L.Dense(4096, activation="relu")(x))
    elif NET in ("resnet18", "lenses/resnet18"):
        x = L.ReLU()(L.BatchNormalization()(L.Conv2D(64, 3, 1, "same", use_bias=False)(image)))
        for stage, filters in enumerate((64, 128, 256, 512)):
            x = block(block(x, filters, 1 if stage == 0 else 2), filters, 1)
        x = L.GlobalAveragePooling2D()(x)
    else:
        x = image
        for filters in (64, 32):
            x = L.Conv3D(filters, 3, padding="same", activation="relu")(x)
            x = L.MaxPool3D()(L.BatchNormalization()(L.Dropout(0.2)(x)))
        x = L.Dense(32, activation="relu")(L.Dense(64, activation="relu")(L.Flatten()(x)))
    model = keras.Model(image, L.Dense(CLASSES[NET], activation="sigmoid" if LENS else "softmax", dtype="float32")(x))
    loss_of = keras.losses.BinaryCrossentropy() if LENS else keras.losses.SparseCategoricalCrossentropy()
    optimizer = keras.optimizers.Adam(1e-3)
    model.compile(optimizer, loss_of, jit_compile=False)
    x, y = tf.constant(images), tf.constant(labels.reshape(-1, 1).astype("f4") if LENS else labels)

    @tf.function(jit_compile=False)
    def graph():
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
        weights = model.trainable_variables
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    return [lambda: model.train_on_batch(x, y), lambda: float(graph())]


def torch_steps():
    import copy

    import torch
    from torch import nn

    class Block(nn.Module):
        def __init__(self, inputs, filters, stride):
            super().__init__()
            self.main = nn.Sequential(
                nn.Conv2d(inputs, filters, 3, stride, 1, bias=False), nn.BatchNorm2d(filters), nn.ReLU(),
                nn.Conv2d(filters, filters, 3, 1, 1, bias=False), nn.BatchNorm2d(filters))
            self.skip = nn.Identity() if stride == 1 and inputs == filters else nn.Sequential(
                nn.Conv2d(inputs, filters, 1, stride, bias=False), nn.BatchNorm2d(filters))

        def forward(self, x):
            return torch.relu(self.skip(x) + self.main(x))

    if NET == "tutorial":
        layers = [nn.Conv2d(1, 24, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                  nn.Conv2d(24, 36, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                  nn.Linear(36 * 49, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10)]
    elif NET == "lenses/alexnet":
        norm = lambda: nn.LocalResponseNorm(11, 11e-4, 0.75, 2.0)
        pool = lambda: nn.MaxPool2d(3, 2, 1)
        layers = [nn.Conv2d(3, 96, 11, 4, 5), nn.ReLU(), pool(), norm(),
                  nn.Conv2d(96, 256, 5, padding=2), nn.ReLU(), pool(), norm(),
                  nn.Conv2d(256, 384, 3, padding=1), nn.ReLU(), nn.Conv2d(384, 384, 3, padding=1), nn.ReLU(),
                  nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(), pool(), nn.Flatten(),
                  nn.LazyLinear(4096), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(0.5),
                  nn.Linear(4096, 1)]
    elif NET == "lenses/vgg16":
        layers, inputs = [], 3
        for filters, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
            for _ in range(count):
                layers += [nn.Conv2d(inputs, filters, 3, padding=1), nn.ReLU()]
                inputs = filters
            layers += [nn.MaxPool2d(2, 2, ceil_mode=True)]
        layers += [nn.Flatten(), nn.LazyLinear(4096), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4096, 4096), nn.ReLU(),
                   nn.Dropout(0.5), nn.Linear(4096, 1)]
    elif NET in ("resnet18", "lenses/resnet18"):
        layers = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
        inputs = 64
        for stage, filters in enumerate((64, 128, 256, 512)):
            layers += [Block(inputs, filters, 1 if stage == 0 else 2), Block(filters, filters, 1)]
            inputs = filters
        layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, CLASSES[NET])]
    else:
        layers, inputs = [], 1
        for filters in (64, 32):
            layers += [nn.Conv3d(inputs, filters, 3, padding=1), nn.ReLU(), nn.Dropout(0.2),
                       nn.BatchNorm3d(filters), nn.MaxPool3d(2)]
            inputs = filters
        layers += [nn.Flatten(), nn.Linear(32 * 5 * 8 * 8, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(),
                   nn.Linear(32, 2)]
    data = torch.from_numpy(np.ascontiguousarray(np.moveaxis(images, -1, 1)))
    y = torch.from_numpy(labels.reshape(-1, 1).astype(np.float32) if LENS else labels.astype(np.int64))
    memory_format = torch.channels_last_3d if NET == "conv3d" else torch.channels_last

    def step_of(model, x):
        optimizer = torch.optim.Adam(model.parameters(), 1e-3)
        loss_of = nn.BCEWithLogitsLoss() if LENS else nn.CrossEntropyLoss()
        model.train()

        def step():
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, enabled=MIXED):
                loss = loss_of(model(x), y)
            loss.backward()
            optimizer.step()
            return loss.item()

        return step

    plain = nn.Sequential(*layers)
    plain(data[:1].repeat(2, 1, 1, 1) if LENS else data)  # lazy layers take their sides
    last = copy.deepcopy(plain).to(memory_format=memory_format)
    return [step_of(plain, data), step_of(last, data.to(memory_format=memory_format))]


steps = keras_steps() if FRAMEWORK == "keras" else torch_steps()
best = None
for line in sys.stdin:
    count = json.loads(line)["steps"]
    if best is None:  # warm up, and keep the faster way for the rounds that count
        times = []
        for step in steps:
            step()
            step()
            start = time.perf_counter()
            for _ in range(count):
                step()
            times.append(time.perf_counter() - start)
        best = steps[times.index(min(times))]
    start = time.perf_counter()
    for _ in range(count):
        best()
    print(json.dumps({"ms": (time.perf_counter() - start) / count * 1000}), flush=True)
