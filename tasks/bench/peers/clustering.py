"""The Python side of tasks/bench/clustering.ts, asked for over standard input, one JSON object a line in, one out.

{"model": "segnet", "adversaries", "vae" or "capsnet", "batch": b} answers {"seconds": s} of one training step in Keras.
"""

import json
import sys
import time

import numpy as np

held = {}


def block(x, width):
    from keras import layers as L

    x = L.Conv2D(width, 3, padding="same", activation="relu")(x)
    return L.Conv2D(width, 3, padding="same", activation="relu")(L.Dropout(0.2)(x))


def maps(size):
    rng = np.random.default_rng(1)
    x = (rng.random((size, 116, 12, 1)) < 0.05).astype(np.float32)
    return x, x * (rng.random(x.shape) < 0.5)


def segnet():
    import keras
    from keras import layers as L

    image = keras.Input((116, 12, 1))
    one = block(image, 32)
    two = block(L.MaxPool2D(2)(one), 64)
    x = block(L.MaxPool2D(2, padding="same")(two), 128)
    x = block(L.Concatenate()([L.UpSampling2D(2)(x), two]), 64)
    x = block(L.Concatenate()([L.UpSampling2D(2)(x), one]), 32)
    model = keras.Model(image, L.Conv2D(1, 3, padding="same", activation="sigmoid")(x))
    assert model.count_params() == 471233
    model.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy", jit_compile=False)
    return model, maps


def adversaries():
    import keras
    import tensorflow as tf
    from keras import layers as L

    generator = segnet()[0]
    event, clustered = keras.Input((116, 12, 1)), keras.Input((116, 12, 1))
    x = block(L.Concatenate()([event, clustered]), 32)
    x = block(L.MaxPool2D(2)(x), 64)
    x = L.Flatten()(block(L.MaxPool2D(2)(x), 128))
    for units in (256, 128):
        x = L.Dense(units, activation="tanh")(x)
    discriminator = keras.Model([event, clustered], L.Dense(1)(x))
    assert discriminator.count_params() == 3170817
    rules = keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3)
    judge = keras.losses.BinaryCrossentropy(from_logits=True)

    @tf.function
    def move(x, y):
        with tf.GradientTape() as making, tf.GradientTape() as judging:
            made = generator(x, training=True)
            on_real, on_made = discriminator([x, y], training=True), discriminator([x, made], training=True)
            fooled = judge(tf.ones_like(on_made), on_made)
            told = judge(tf.ones_like(on_real), on_real) + judge(tf.zeros_like(on_made), on_made)
        for tape, loss, model, rule in ((making, fooled, generator, rules[0]), (judging, told, discriminator, rules[1])):
            weights = model.trainable_variables
            rule.apply(tape.gradient(loss, weights), weights)
        return told

    class Pair:
        def train_on_batch(self, x, y):
            return float(move(tf.constant(x), tf.constant(y)))

    for rule, model in zip(rules, (generator, discriminator)):
        rule.build(model.trainable_variables)
    return Pair(), maps


def vae():
    import keras
    import tensorflow as tf
    from keras import layers as L, ops

    image = x = keras.Input((116, 12, 1))
    for kernel, pool in (((15, 3), (2, 1)), ((7, 3), (2, 1)), (3, 2), (3, 2)):
        x = L.Conv2D(32, kernel, padding="same", activation="relu")(x)
        x = L.MaxPool2D(pool, padding="same")(x)
    x = L.Dense(256, activation="relu")(L.Flatten()(L.Dropout(0.2)(x)))
    encoder = keras.Model(image, [L.Dense(16)(x), L.Dense(16)(x)])
    code = x = keras.Input((16,))
    x = L.Dense(29 * 3 * 64, activation="relu")(L.Dense(256, activation="relu")(x))
    x = L.UpSampling2D(2)(block(L.Reshape((29, 3, 64))(x), 64))
    x = block(L.UpSampling2D(2)(block(x, 64)), 32)
    decoder = keras.Model(code, L.Conv2D(1, 3, padding="same", activation="sigmoid")(x))

    class Vae(keras.Model):
        def __init__(self):
            super().__init__()
            self.encoder, self.decoder = encoder, decoder

        def call(self, x):
            return self.decoder(self.encoder(x)[0])

        def train_step(self, data):
            x = data[0]
            with tf.GradientTape() as tape:
                mean, spread = self.encoder(x, training=True)
                z = mean + ops.exp(spread / 2) * keras.random.normal(ops.shape(mean))
                p = ops.clip(self.decoder(z, training=True), 1e-7, 1 - 1e-7)
                miss = -ops.sum(x * ops.log(p) + (1 - x) * ops.log(1 - p), axis=(1, 2, 3))
                apart = -0.5 * ops.sum(1 + spread - ops.square(mean) - ops.exp(spread), 1)
                loss = ops.mean(miss + apart)
            weights = self.trainable_variables
            self.optimizer.apply(tape.gradient(loss, weights), weights)
            return {"loss": loss}

    model = Vae()
    model.compile(keras.optimizers.Adam(1e-3), jit_compile=False)
    model(maps(1)[0])
    return model, maps


def capsnet():
    import keras
    import tensorflow as tf
    from keras import layers as L, ops

    def squash(s):
        square = ops.sum(ops.square(s), -1, keepdims=True)
        return s * square / ((1 + square) * ops.sqrt(square + 1e-7))

    class Votes(L.Layer):
        def build(self, shape):
            self.kernel = self.add_weight(shape=(10, shape[1], 16, shape[2]), initializer="glorot_uniform")

        def call(self, u):
            votes = ops.einsum("bid,jied->bjie", u, self.kernel)
            logits = ops.zeros_like(votes[..., 0])
            for turn in range(3):
                out = squash(ops.sum(ops.softmax(logits, axis=1)[..., None] * votes, 2))
                if turn < 2:
                    logits = logits + ops.sum(votes * out[:, :, None], -1)
            return out

    class CapsNet(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = L.Conv2D(256, 9, activation="relu")
            self.primary = L.Conv2D(256, 9, strides=2)
            self.votes = Votes()
            self.decoder = keras.Sequential(
                [L.Dense(512, activation="relu"), L.Dense(1024, activation="relu"), L.Dense(784, activation="sigmoid")]
            )

        def call(self, x):
            u = squash(ops.reshape(self.primary(self.conv(x)), (-1, 1152, 8)))
            return self.votes(u)

        def train_step(self, data):
            x, y = data[0], data[1]
            wanted = tf.one_hot(y, 10)
            with tf.GradientTape() as tape:
                v = self(x, training=True)
                length = ops.sqrt(ops.sum(ops.square(v), -1) + 1e-7)
                short, long = ops.square(ops.relu(0.9 - length)), ops.square(ops.relu(length - 0.1))
                margin = ops.sum(wanted * short + 0.5 * (1 - wanted) * long, 1)
                drawn = self.decoder(ops.reshape(v * wanted[..., None], (-1, 160)))
                missed = ops.sum(ops.square(drawn - ops.reshape(x, (-1, 784))), 1)
                loss = ops.mean(margin + 5e-4 * missed)
            weights = self.trainable_variables
            self.optimizer.apply(tape.gradient(loss, weights), weights)
            return {"loss": loss}

    model = CapsNet()
    model.compile(keras.optimizers.Adam(1e-3), jit_compile=False)
    rng = np.random.default_rng(1)

    def batch(size):
        return rng.random((size, 28, 28, 1), np.float32), rng.integers(0, 10, size)

    model.decoder.build((None, 160))
    model(batch(1)[0])
    return model, batch


def step(model, batch):
    if model not in held:
        network, make = {"segnet": segnet, "adversaries": adversaries, "vae": vae, "capsnet": capsnet}[model]()
        held[model] = network, make(batch)
    network, (x, y) = held[model]
    start = time.perf_counter()
    network.train_on_batch(x, y)
    return time.perf_counter() - start


for line in sys.stdin:
    print(json.dumps({"seconds": step(**json.loads(line))}), flush=True)
