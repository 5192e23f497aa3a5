"""The scan of source 001 by KerasTuner: the networks of a file, 140 images, judged on 60.

Usage: search_scan.py EPOCHS FOLDER NETWORKS, a JSON list of them as _scan.ts has it. Prints the best validation loss.
"""
import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: E402
import keras_tuner  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402

EPOCHS, FOLDER = int(sys.argv[1]), sys.argv[2]
NETWORKS = json.load(open(sys.argv[3]))


def draw(count, seed):
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    images = 0.1 * rng.random((count, 21, 32, 32), dtype=np.float32)
    for i, label in enumerate(labels):
        images[i, 6 if label == 1 else 12, 16, 16] += rng.random()
    return images, keras.utils.to_categorical(labels, 2)


def build(choose):
    network = NETWORKS[choose.Choice("network", list(range(len(NETWORKS))))]
    activation = network["activation"]
    model = keras.Sequential([keras.Input((21, 32, 32)), layers.Reshape((21, 32, 32, 1))])
    for i in (1, 2):
        model.add(layers.Conv3D(network[f"filters{i}"], network[f"kernel{i}"], padding="same", activation=activation))
        model.add(layers.Dropout(0.2))
        model.add(layers.BatchNormalization())
        model.add(layers.MaxPool3D())
    model.add(layers.Flatten())
    model.add(layers.Dense(network["dense1"], activation=activation))
    model.add(layers.Dense(network["dense2"], activation=activation))
    model.add(layers.Dense(2, activation="softmax"))
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


(x, y), validation = draw(140, 1), draw(60, 2)
tuner = keras_tuner.GridSearch(build, objective="val_loss", directory=FOLDER, project_name="scan", overwrite=True)
tuner.search(x, y, validation_data=validation, epochs=EPOCHS, batch_size=10, verbose=0)
assert len(tuner.oracle.get_best_trials(99)) == len(NETWORKS)
print(tuner.oracle.get_best_trials()[0].score)
