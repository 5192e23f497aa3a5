"""The CYGNO course's own way, asked for over standard input, one JSON line a request.

Usage: cygno_course.py ARCHIVE FOLDER
Requests, each answered by one JSON line with "seconds":
  {"do": "decode"}                 the archive's images, unpacked already, to cropped uint8 arrays by dask and Pillow
  {"do": "step", "steps": n}       n training steps of batch 10 with the data in memory: "train_on_batch" and "graph"
  {"do": "epochs", "epochs": n}    unpack, build, train over blocks, validate: all of it, as the notebook does
  {"do": "score", "images": path, "shape": [...]}   the trained model's responses: "scores"
"""

import json
import os
import re
import sys
import time
import zipfile
from glob import glob

START = time.perf_counter()
ARCHIVE, FOLDER = sys.argv[1], sys.argv[2]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import dask  # noqa: E402
import dask.array  # noqa: E402
import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402


@dask.delayed
def load_image(filename):
    return np.asarray(Image.open(filename))


def load_raw(filenames):
    shape = (576, 576)
    return dask.array.stack(
        [dask.array.from_delayed(load_image(f), shape=shape, dtype=np.uint8) for f in filenames], axis=0
    )


def windowing(x, low, high):
    return dask.array.clip((x - low) / (high - low), 0.0, 1.0)


def crop_center(x, half=64):
    low, high = 576 // 2 - half, 576 // 2 + half
    return x[:, low:high, low:high]


def unpack():
    with zipfile.ZipFile(ARCHIVE) as archive:
        for name in archive.namelist():
            if not os.path.exists(os.path.join(FOLDER, name)):
                archive.extract(name, FOLDER)
    return sorted(glob(FOLDER + "/data/export/*/*/*/*.png"))


def nuclear(filenames):
    return np.array([float("NR" in re.findall(r"/([NE]R)/", f)) for f in filenames], dtype=np.float32)


def build():
    import keras
    from keras import layers as L

    penalty = keras.regularizers.L2(1e-4)
    x = image = keras.Input((128, 128, 1))
    for filters in (16, 32, 64, 64):
        x = L.Conv2D(filters, 3, padding="same", activation="relu", kernel_regularizer=penalty)(x)
        x = L.MaxPooling2D(2)(x)
    x = L.Dense(64, activation="relu", kernel_regularizer=penalty)(L.Flatten()(x))
    x = L.Dense(1, activation="sigmoid", kernel_regularizer=penalty, dtype="float32")(x)
    model = keras.Model(image, x)
    model.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy", jit_compile=False)
    return model


def epochs(count):
    filenames = np.random.default_rng(0).permutation(unpack())
    valid, train = filenames[:50], filenames[50:]
    prepare = lambda names: crop_center(windowing(load_raw(names), 60, 130))  # noqa: E731
    x_train = prepare(train).rechunk([10, None, None])
    x_valid = prepare(valid).rechunk([-1, None, None])
    y_train = dask.array.from_array(nuclear(train)).rechunk(10)
    y_valid = nuclear(valid)
    model = build()
    for _ in range(count):
        for x, y in zip(x_train.blocks, y_train.blocks):
            model.train_on_batch(x.compute()[..., None], y.compute())
        model.test_on_batch(x_valid.compute()[..., None], y_valid)
    return model


def steps(count, policy):
    import keras
    import tensorflow as tf

    keras.mixed_precision.set_global_policy(policy)
    x = np.random.default_rng(0).random((10, 128, 128, 1), dtype=np.float32)
    y = np.tile([0.0, 1.0], 5).astype(np.float32)
    model = build()
    keras.mixed_precision.set_global_policy("float32")

    @tf.function(jit_compile=False)
    def graph(x, y):
        with tf.GradientTape() as tape:
            loss = model.compute_loss(x, y, model(x, training=True))
        weights = model.trainable_variables
        model.optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    xt, yt = tf.constant(x), tf.constant(y[:, None])
    ways = {"train_on_batch": lambda: model.train_on_batch(x, y), "graph": lambda: graph(xt, yt).numpy()}
    out = {}
    for name, way in ways.items():
        for _ in range(3):
            way()
        begin = time.perf_counter()
        for _ in range(count):
            way()
        out[name] = (time.perf_counter() - begin) / count
    return out


MODEL = None
for line in sys.stdin:
    request = json.loads(line)
    answer, begin = {}, time.perf_counter()
    if request["do"] == "decode":
        images = crop_center(load_raw(unpack()))
        begin = time.perf_counter()
        answer["images"] = len(images.compute())
    elif request["do"] == "step":
        answer = steps(request["steps"], request.get("policy", "float32"))
    elif request["do"] == "epochs":
        MODEL = epochs(request["epochs"])
        answer["start"] = begin - START  # importing dask, numpy and Pillow belongs to it
    elif request["do"] == "score":
        images = np.fromfile(request["images"], np.uint8).reshape(request["shape"])
        scores = MODEL.predict(np.clip((images[..., None] - 60.0) / 70.0, 0, 1).astype(np.float32), verbose=0)
        answer["scores"] = [round(float(s), 6) for s in scores[:, 0]]
    answer.setdefault("seconds", time.perf_counter() - begin)
    print(json.dumps(answer), flush=True)
