"""What `deno task train mnist --epochs 1` does, as a Keras user writes it: read idx, one epoch, evaluate, save.

Usage: mnist_epoch.py FOLDER_OF_IDX OUT best|tutorial
"""

import os
import sys

import keras
import numpy as np
import tensorflow as tf
from keras import layers as L

folder, out, recipe = sys.argv[1:4]
BATCH, HELD = (256, 2000) if recipe == "tutorial" else (128, 2000)
keras.utils.set_random_seed(0)


def read(name, header):
    return np.fromfile(os.path.join(folder, name), np.uint8)[header:]


x = read("train-images-idx3-ubyte", 16).reshape(-1, 28, 28, 1)
y = read("train-labels-idx1-ubyte", 8).astype(np.int32)
test_x = read("t10k-images-idx3-ubyte", 16).reshape(-1, 28, 28, 1)
test_y = read("t10k-labels-idx1-ubyte", 8).astype(np.int32)
order = np.random.default_rng(0).permutation(len(x))
x, y = x[order], y[order]
steps = -(-(len(x) - HELD) // BATCH)


def vary(images):
    """Shift by 2 pixels, turn by 10 degrees, zoom by 10 %: one affine transform an image."""
    n = tf.shape(images)[0]
    angle = tf.random.uniform([n], -1, 1) * (10 * np.pi / 180)
    scale = tf.random.uniform([n], 0.9, 1.1)
    c, s = tf.cos(angle) * scale, tf.sin(angle) * scale
    dx = 13.5 - (c - s) * 13.5 + tf.random.uniform([n], -2, 2)
    dy = 13.5 - (s + c) * 13.5 + tf.random.uniform([n], -2, 2)
    zero = tf.zeros([n])
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images, transforms=tf.stack([c, -s, dx, s, c, dy, zero, zero], 1), output_shape=[28, 28],
        fill_value=0.0, interpolation="BILINEAR", fill_mode="CONSTANT")


def dataset(images, labels, training=False):
    data = tf.data.Dataset.from_tensor_slices((images, labels))
    if training:
        data = data.shuffle(len(images))
    data = data.batch(BATCH if training else 256).map(lambda i, l: (tf.cast(i, tf.float32) / 255, l))
    if training and recipe == "best":
        data = data.map(lambda i, l: (vary(i), tf.one_hot(l, 10)), num_parallel_calls=tf.data.AUTOTUNE)
    elif recipe == "best":
        data = data.map(lambda i, l: (i, tf.one_hot(l, 10)))
    return data.prefetch(tf.data.AUTOTUNE)


image = keras.Input((28, 28, 1))
if recipe == "tutorial":
    h = L.MaxPooling2D(2)(L.Conv2D(24, 3, padding="same", activation="relu")(image))
    h = L.MaxPooling2D(2)(L.Conv2D(36, 3, padding="same", activation="relu")(h))
    h = L.Dropout(0.5)(L.Dense(128, activation="relu")(L.Flatten()(h)))
else:

    def convolve(h, filters):
        h = L.Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal")(h)
        return L.ReLU()(L.BatchNormalization(momentum=0.9, epsilon=1e-5)(h))

    h = convolve(image, 32)
    for filters in (48, 96):
        wide = convolve(L.MaxPooling2D(2)(h), filters)
        h = L.Add()([wide, convolve(convolve(wide, filters), filters)])
    h = L.GlobalMaxPooling2D()(h)
model = keras.Model(image, L.Dense(10, activation="softmax")(h))

if recipe == "tutorial":
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"],
                  jit_compile=False)
else:
    warm = int(0.2 * steps)

    class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step):
            step = tf.cast(step, tf.float32)
            return 0.1 * tf.where(step < warm, step / warm, 0.5 + 0.5 * tf.cos(np.pi * (step - warm) / (steps - warm)))

        def get_config(self):
            return {}

    model.compile(keras.optimizers.SGD(OneCycle(), 0.9, nesterov=True, weight_decay=5e-3),
                  keras.losses.CategoricalCrossentropy(label_smoothing=0.1), metrics=["accuracy"],
                  jit_compile=False)
model.fit(dataset(x[HELD:], y[HELD:], True), epochs=1, validation_data=dataset(x[:HELD], y[:HELD]), verbose=0)
loss, accuracy = model.evaluate(dataset(test_x, test_y), verbose=0)
os.makedirs(out, exist_ok=True)
model.save(os.path.join(out, "model.keras"))
print(f"accuracy {accuracy:.4f}")
