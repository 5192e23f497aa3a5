"""Random models of Keras, each from a seed: layers, options, shapes, merges, sharing and nesting drawn at random.

Reads {"models": [{"seed", "file"}]} from argv[1]; writes inputs, outputs and the classes used of each to argv[2].
"""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import pathlib

import keras
import numpy as np

sys.path.append(str(pathlib.Path(__file__).parents[1]))
from peer import array, serve

layers = keras.layers
ACTIVATIONS = ["relu", "tanh", "sigmoid", "elu", "selu", "softplus", "silu", "gelu", "hard_silu", "linear"]


class Draw:
    """A model under construction, and what is drawn for it."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.used = []

    def pick(self, options):
        return options[self.rng.integers(len(options))]

    def odds(self, share):
        return self.rng.random() < share

    def make(self, name, *args, **settings):
        self.used.append(name)
        if self.odds(0.1):
            settings["name"] = f"{name} {self.rng.integers(1_000_000)}"
        return getattr(layers, name)(*args, **settings)

    def convolution(self, rank, channels):
        settings = {"kernel_size": self.pick([1, 2, 3]), "activation": self.pick(ACTIVATIONS)}
        settings["padding"] = self.pick(["same", "valid"])
        if self.odds(0.3):
            settings["strides"] = 2
        elif self.odds(0.3):
            settings["dilation_rate"] = 2
        groups = self.pick([g for g in (1, 1, 2, 3) if channels % g == 0])
        settings["use_bias"] = self.odds(0.7)
        return self.make(f"Conv{rank}D", groups * self.pick([1, 2, 3]), groups=groups, **settings)

    def window(self, name, rank):
        padding = self.pick(["same", "valid"])
        return self.make(f"{name}{rank}D", self.pick([2, 3]), strides=self.pick([None, 1, 2]), padding=padding)

    def any_rank(self, shape):
        """A layer that keeps the number of axes, whatever it is."""
        axis = int(self.rng.integers(1, len(shape)))
        return self.pick([
            lambda: self.make("Dense", self.pick([2, 3, 5]), activation=self.pick(ACTIVATIONS)),
            lambda: self.make("Activation", self.pick(ACTIVATIONS)),
            lambda: self.make("BatchNormalization", axis=axis, scale=self.odds(0.7), center=self.odds(0.7)),
            lambda: self.make("LayerNormalization", axis=self.pick([-1, axis])),
            lambda: self.make("Softmax", axis=axis),
            lambda: self.make("UnitNormalization", axis=axis),
            lambda: self.make("Dropout", 0.3),
            lambda: self.make("Rescaling", 0.5, offset=self.pick([0, 1])),
            lambda: self.make("LeakyReLU", negative_slope=0.3),
            lambda: self.make("PReLU"),
            lambda: self.make("ReLU", max_value=self.pick([None, 1.5])),
            lambda: self.make("GroupNormalization", groups=self.pick([1, -1])),
        ])()

    def series(self, shape):
        recurrent = self.pick(["LSTM", "GRU", "SimpleRNN"])
        whole = {"return_sequences": True, "go_backwards": self.odds(0.2)}
        return self.pick([
            lambda: self.convolution(1, shape[-1]),
            lambda: self.window(self.pick(["MaxPooling", "AveragePooling"]), 1),
            lambda: self.make(recurrent, 3, **whole),
            lambda: self.make("Bidirectional", getattr(layers, recurrent)(2, return_sequences=True), merge_mode=self.pick(["concat", "sum", "ave", "mul"])),
            lambda: self.make("TimeDistributed", layers.Dense(3)),
            lambda: self.make("UpSampling1D", 2),
            lambda: self.make("ZeroPadding1D", 1),
        ])()

    def image(self, shape):
        return self.pick([
            lambda: self.convolution(2, shape[-1]),
            lambda: self.convolution(2, shape[-1]),
            lambda: self.make("DepthwiseConv2D", 3, padding=self.pick(["same", "valid"]), depth_multiplier=self.pick([1, 2]), dilation_rate=self.pick([1, 2])),
            lambda: self.make("SeparableConv2D", 3, 3, padding="same"),
            lambda: self.make("Conv2DTranspose", 2, self.pick([2, 3]), strides=2, padding=self.pick(["same", "valid"])),
            lambda: self.window(self.pick(["MaxPooling", "AveragePooling"]), 2),
            lambda: self.make("UpSampling2D", 2, interpolation=self.pick(["nearest", "bilinear"])),
            lambda: self.make("ZeroPadding2D", ((1, 0), (2, 1))),
            lambda: self.make("Cropping2D", ((1, 0), (0, 1))),
            lambda: self.make("Permute", (2, 1, 3)),
        ])()

    def volume(self, shape):
        return self.pick([
            lambda: self.convolution(3, shape[-1]),
            lambda: self.window(self.pick(["MaxPooling", "AveragePooling"]), 3),
            lambda: self.make("UpSampling3D", (1, 2, 1)),
            lambda: self.make("ZeroPadding3D", 1),
        ])()

    def step(self, x):
        """One more layer on a tensor; another try where it does not fit."""
        for _ in range(20):
            special = {3: self.series, 4: self.image, 5: self.volume}.get(len(x.shape))
            before = len(self.used)
            try:
                layer = (special if special and self.odds(0.6) else self.any_rank)(x.shape)
                y = layer(x)
                if min(y.shape[1:]) > 0 and np.prod(y.shape[1:]) < 5000:
                    return y
            except Exception:  # the drawn options do not fit the shape
                pass
            del self.used[before:]
        return x

    def branch(self, x, length):
        for _ in range(length):
            x = self.step(x)
        if len(x.shape) > 2 and self.odds(0.4):
            kind = self.pick(["Average", "Max"])
            x = self.make(f"Global{kind}Pooling{len(x.shape) - 2}D", keepdims=self.odds(0.3))(x)
        return x

    def model(self):
        shape = self.pick([(6,), (7, 4), (8, 7, 3), (8, 6, 2), (4, 5, 4, 2)])
        inputs = [keras.Input(shape) for _ in range(self.pick([1, 1, 2]))]
        ends = [self.branch(x, int(self.rng.integers(2, 5))) for x in inputs]
        if self.odds(0.4):  # one layer on one tensor twice, merged with itself or its twin
            name = self.pick(["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"])
            base = ends[0]
            ends[0] = self.make(name)([base, self.make("Activation", "tanh")(base)])
        if self.odds(0.4):  # a model as a layer, twice
            inner_in = keras.Input(ends[0].shape[1:])
            inner = keras.Model(inner_in, self.branch(inner_in, 2))
            self.used.append("Functional")
            ends += [inner(ends[0])]
            ends[0] = inner(ends[0])
        if len(ends) > 1 and self.odds(0.5):
            flat = [self.make("Flatten")(end) for end in ends]
            ends = [self.make("Concatenate")(flat), *ends[:1]]
        return keras.Model(inputs, ends if len(ends) > 1 else ends[0])


def build(case):
    keras.utils.clear_session()
    draw = Draw(case["seed"])
    model = draw.model()
    for variable in model.variables:
        if "seed" in variable.name:
            continue
        values = draw.rng.uniform(-0.6, 0.6, variable.shape)
        variable.assign(np.abs(values) + 0.3 if "variance" in variable.name else values)
    inputs = [draw.rng.normal(size=(2, *x.shape[1:])).astype("float32") for x in model.inputs]
    outputs = model(inputs if len(inputs) > 1 else inputs[0], training=False)
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    model.save(case["file"])
    return {"inputs": list(map(array, inputs)), "outputs": list(map(array, outputs)), "used": draw.used}


if __name__ == "__main__":
    serve({"models": build})
