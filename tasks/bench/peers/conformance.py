"""Random models and random recipes of Keras, each from a seed, for `deno task bench conformance`.

Answers a line of JSON to a line of JSON:
{"task": "model", "seed", "file"} saves a model and gives inputs, outputs and what it is made of;
{"task": "apart", "file", "inputs"} says how far the model's outputs are from those in double precision, and how far they
move where its inputs or the values of its layers do by their last bit;
{"task": "prefix", "from", "file", "inputs", "place", "alone"} saves the model up to its n-th layer, or that layer alone;
{"task": "recipe", "seed", "before", "after", "again", "without", "way"} trains three steps and saves the models; the second
time with the examples in another order, or in double precision, or of several times that moved the last bits of inputs and
first weights what is farthest from the first;
{"task": "classes"} lists Keras's layer classes;
{"task": "check", "file"} looks at an ONNX file: onnx.checker in full, ONNX Runtime at batches 1, 2 and 7.
"""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy as np
import tensorflow as tf
from keras.src.api_export import get_name_from_symbol

layers = keras.layers
ACTIVATIONS = [
    "relu", "tanh", "sigmoid", "elu", "selu", "softplus", "silu", "gelu", "hard_silu", "linear",
    "leaky_relu", "relu6", "softsign", "mish", "hard_sigmoid", "exponential",
]  # fmt: skip
KERNELS = {"Dense", "Conv1D", "Conv2D", "Conv3D", "LSTM", "GRU", "SimpleRNN", "Conv2DTranspose"}
CELLS = ["SimpleRNNCell", "GRUCell", "LSTMCell"]
AUGMENTING = {"Pipeline", "RandomContrast", "RandomBrightness", "Solarization"}
RANDOM = AUGMENTING | {"Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianNoise", "GaussianDropout"}


def has(name):
    """Older versions of Keras lack some layers."""
    return hasattr(layers, name)


class Draw:
    """A model under construction, and what is drawn for it."""

    def __init__(self, seed, training=False, without=()):
        self.rng = np.random.default_rng(seed)
        self.seed = seed
        self.used = []
        self.options = []
        self.training = training
        self.without = without

    def part(self, name):
        """Draws of one part of a recipe, or nothing where it is left out."""
        return None if name in self.without else np.random.default_rng([self.seed, *name.encode()])

    def pick(self, options):
        return options[self.rng.integers(len(options))]

    def odds(self, share):
        return self.rng.random() < share

    def make(self, name, *args, **settings):
        if self.training and name in RANDOM:
            raise ValueError("draws other numbers than Keras")
        self.used.append(name)
        self.options += [f"{name}.{option}={value}" for option, value in settings.items() if isinstance(value, (str, bool))]
        if self.odds(0.1):
            settings["name"] = f"{name} {self.rng.integers(1_000_000)}"
        if self.training and name in KERNELS:
            settings |= self.asked_of_kernel(name, len(self.used))
        return getattr(layers, name)(*args, **settings)

    def asked_of_kernel(self, name, place):
        asked = {}
        rng = self.part("regularizer")
        if rng is not None and rng.random() < 0.3:
            asked["kernel_regularizer"] = [keras.regularizers.L2(0.02), keras.regularizers.L1(0.01), keras.regularizers.L1L2(0.01, 0.02)][rng.integers(3)]
            asked["bias_regularizer"] = [None, keras.regularizers.L2(0.03)][rng.integers(2)]
            if name in {"LSTM", "GRU", "SimpleRNN"}:
                asked["recurrent_regularizer"] = keras.regularizers.L2(0.01)
        rng = self.part("constraint")
        if rng is not None and rng.random() < 0.25:
            c = keras.constraints
            asked["kernel_constraint"] = [c.NonNeg(), c.MaxNorm(0.7), c.UnitNorm(), c.MinMaxNorm(0.3, 0.9, rate=0.5)][rng.integers(4)]
        return asked

    def convolution(self, rank, channels):
        settings = {"kernel_size": self.pick([1, 2, 3]), "activation": self.pick(ACTIVATIONS)}
        settings["padding"] = self.pick(["same", "valid", "causal"] if rank == 1 else ["same", "valid"])
        if self.odds(0.3):
            settings["strides"] = 2
        elif self.odds(0.3):
            settings["dilation_rate"] = 2
        groups = self.pick([g for g in (1, 1, 2, 3) if channels % g == 0])
        settings["use_bias"] = self.odds(0.7)
        return self.make(f"Conv{rank}D", groups * self.pick([1, 2, 3]), groups=groups, **settings)

    def transposed(self, rank):
        settings = {"strides": self.pick([1, 2]), "padding": self.pick(["same", "valid"]), "use_bias": self.odds(0.7)}
        return self.make(f"Conv{rank}DTranspose", self.pick([1, 2]), self.pick([1, 2, 3]), **settings)

    def window(self, name, rank):
        padding = self.pick(["same", "valid"])
        return self.make(f"{name}{rank}D", self.pick([2, 3]), strides=self.pick([None, 1, 2]), padding=padding)

    def any_rank(self, shape):
        """A layer that keeps the number of axes, whatever it is."""
        axis = int(self.rng.integers(1, len(shape)))
        sided = [None, *range(1, len(shape) - 1)]
        return self.pick([
            lambda: self.make("Dense", self.pick([2, 3, 5]), activation=self.pick(ACTIVATIONS), use_bias=self.odds(0.8)),
            lambda: self.make("Activation", self.pick([*ACTIVATIONS, "softmax", "log_softmax"])),
            lambda: self.make("BatchNormalization", axis=axis, momentum=self.pick([0.99, 0.5]), epsilon=self.pick([1e-3, 0.1]), scale=self.odds(0.7), center=self.odds(0.7)),
            lambda: self.make("LayerNormalization", axis=self.pick([-1, axis, list(range(axis, len(shape)))]), scale=self.odds(0.7), center=self.odds(0.7)),
            lambda: self.make("Softmax", axis=axis),
            lambda: self.make("UnitNormalization", axis=axis),
            lambda: self.make(self.pick(["Dropout", "GaussianNoise", "GaussianDropout"]), 0.3),
            lambda: self.make("Rescaling", 0.5, offset=self.pick([0, 1])),
            lambda: self.make("LeakyReLU", negative_slope=0.3),
            lambda: self.make("ELU", alpha=self.pick([1.0, 0.5])),
            lambda: self.make("PReLU", shared_axes=[axis] if self.odds(0.4) and axis < len(shape) - 1 else None),
            lambda: self.make("ReLU", max_value=self.pick([None, 1.5]), negative_slope=self.pick([0.0, 0.0, 0.1]), threshold=self.pick([0.0, 0.0, 0.3])),
            lambda: self.make("GroupNormalization", groups=self.pick([1, -1]), axis=self.pick([-1, -1, -1, axis])),
            lambda: self.make("Reshape", self.pick([(-1,), (-1, 1), (-1, shape[-1])])),
            lambda: self.make("Identity"),
            lambda: self.make("ActivityRegularization", l2=0.0),
            lambda: self.make("RMSNormalization", axis=-1),
            lambda: self.make("EinsumDense", "...a,ab->...b", output_shape=(*([None] * (len(shape) - 2)), 3), bias_axes="b", activation="tanh"),
            lambda: self.make("SpectralNormalization", layers.Dense(3)),
        ])()

    def cell(self, name):
        """A cell of a recurrent layer."""
        self.used.append(name)
        return getattr(layers, name)(self.pick([2, 3]), activation=self.pick(["tanh", "relu"]), use_bias=self.odds(0.8))

    def film(self, rank):
        """An LSTM of convolutions, over the first axis as time."""
        strides = self.pick([1, 1, 2])
        settings = {"padding": self.pick(["same", "valid"]), "strides": strides, "dilation_rate": self.pick([1, 2]) if strides == 1 else 1}
        settings |= {"return_sequences": self.odds(0.6), "go_backwards": self.odds(0.3), "use_bias": self.odds(0.8)}
        return self.make(f"ConvLSTM{rank}D", self.pick([1, 2]), self.pick([1, 2, 3]), activation=self.pick(["tanh", "relu"]), **settings)

    def series(self, shape):
        recurrent = self.pick(["LSTM", "GRU", "SimpleRNN"])
        whole = {"return_sequences": self.odds(0.8), "go_backwards": self.odds(0.2), "use_bias": self.odds(0.8)}
        if recurrent == "GRU":
            whole["reset_after"] = self.odds(0.6)
        inner = {"return_sequences": self.odds(0.7)}
        two = {"return_sequences": self.odds(0.8), "go_backwards": self.odds(0.3)}
        return self.pick([
            lambda: self.convolution(1, shape[-1]),
            lambda: self.window(self.pick(["MaxPooling", "AveragePooling"]), 1),
            lambda: self.make(recurrent, 3, activation=self.pick(["tanh", "relu", "sigmoid"]), **whole),
            lambda: self.make("Bidirectional", getattr(layers, recurrent)(2, **inner), merge_mode=self.pick(["concat", "sum", "ave", "mul"])),
            lambda: self.make("TimeDistributed", layers.Dense(3)),
            lambda: self.make("RNN", self.cell(self.pick(CELLS)), **two),
            lambda: self.make("RNN", layers.StackedRNNCells([self.cell(name) for name in self.rng.permutation(CELLS)]), **two),
            lambda: self.make("UpSampling1D", 2),
            lambda: self.make("ZeroPadding1D", (1, 2)),
            lambda: self.make("Cropping1D", (1, 0)),
            lambda: self.make("SpatialDropout1D", 0.3),
            lambda: self.transposed(1),
            lambda: self.make("SeparableConv1D", 3, 2, padding=self.pick(["same", "valid"]), depth_multiplier=self.pick([1, 2])),
            lambda: self.make("DepthwiseConv1D", 2, padding=self.pick(["same", "valid"]), depth_multiplier=self.pick([1, 2])),
            lambda: self.make("AdaptiveAveragePooling1D", 3),
            lambda: self.make("Permute", (2, 1)),
        ])()

    def image(self, shape):
        return self.pick([
            lambda: self.convolution(2, shape[-1]),
            lambda: self.convolution(2, shape[-1]),
            lambda: self.make("DepthwiseConv2D", 3, padding=self.pick(["same", "valid"]), depth_multiplier=self.pick([1, 2]), dilation_rate=self.pick([1, 2])),
            lambda: self.make("SeparableConv2D", 3, 3, padding="same", strides=self.pick([1, 2])),
            lambda: self.transposed(2),
            lambda: self.window(self.pick(["MaxPooling", "AveragePooling"]), 2),
            lambda: self.make("UpSampling2D", 2, interpolation=self.pick(["nearest", "bilinear"])),
            lambda: self.make("ZeroPadding2D", ((1, 0), (2, 1))),
            lambda: self.make("Cropping2D", ((1, 0), (0, 1))),
            lambda: self.make("Permute", (2, 1, 3)),
            lambda: self.make("SpatialDropout2D", 0.3),
            lambda: self.make("TimeDistributed", layers.Conv1D(2, 2, padding="same")),
            lambda: self.make("CenterCrop", 4, 3),
            lambda: self.film(1),
            lambda: self.make("AutoContrast", value_range=(-3, 3)),
            # Keras fails on an image with fewer pixels than tiles.
            lambda: self.make("ContrastLimitedAdaptiveHistogramEqualization", value_range=(-3, 3), tile_grid_size=(min(2, shape[1]), min(3, shape[2])), clip_limit=self.pick([0.0, 4.0, 40.0])),
            lambda: self.make("Pipeline", [layers.RandomFlip(), layers.Rescaling(0.7), layers.Equalization((-3, 3)), layers.CenterCrop(5, 4), layers.RandomRotation(0.1)]),
            lambda: self.make(self.pick(["RandomContrast", "RandomBrightness", "Solarization"]), 0.3),
            lambda: self.make("Resizing", 5, 9, interpolation=self.pick(["nearest", "bilinear"])),
            lambda: self.make(self.pick(["AdaptiveAveragePooling2D", "AdaptiveMaxPooling2D"]), (3, 2)),
        ])()

    def volume(self, shape):
        return self.pick([
            lambda: self.convolution(3, shape[-1]),
            lambda: self.window(self.pick(["MaxPooling", "AveragePooling"]), 3),
            lambda: self.transposed(3),
            lambda: self.film(2),
            lambda: self.make("UpSampling3D", (1, 2, 1)),
            lambda: self.make("ZeroPadding3D", 1),
            lambda: self.make("Cropping3D", ((1, 0), (1, 1), (0, 1))),
            lambda: self.make("SpatialDropout3D", 0.3),
        ])()

    def step(self, x):
        """One more layer on a tensor; another try where it does not fit."""
        for _ in range(20):
            special = {3: self.series, 4: self.image, 5: self.volume}.get(len(x.shape))
            before = len(self.used), len(self.options)
            try:
                layer = (special if special and self.odds(0.6) else self.any_rank)(x.shape)
                y = layer(x)
                if min(y.shape[1:]) > 0 and np.prod(y.shape[1:]) < 5000:
                    return y
            except Exception:  # the drawn options do not fit the shape, or this Keras has no such layer
                pass
            del self.used[before[0] :], self.options[before[1] :]
        return x

    def branch(self, x, length):
        for _ in range(length):
            x = self.step(x)
        if len(x.shape) == 3 and self.odds(0.15):
            x = self.attend(x)
        if len(x.shape) > 2 and self.odds(0.4):
            kind = self.pick(["Average", "Max"])
            x = self.make(f"Global{kind}Pooling{len(x.shape) - 2}D", keepdims=self.odds(0.3))(x)
        return x

    def attend(self, x):
        kind = self.pick(["MultiHeadAttention", "Attention", "AdditiveAttention", "GroupQueryAttention"])
        other = self.make("Activation", "tanh")(x)
        if kind == "MultiHeadAttention":
            return self.make(kind, self.pick([1, 2]), 3, use_bias=self.odds(0.7))(x, other)
        if kind == "GroupQueryAttention" and has(kind):
            return self.make(kind, 3, 4, self.pick([1, 2, 4]), use_bias=self.odds(0.7))(x, other)
        if kind == "Attention":
            return self.make(kind, use_scale=self.odds(0.5), score_mode=self.pick(["dot", "concat"]))([x, other])
        return self.make("AdditiveAttention", use_scale=self.odds(0.5))([x, other])

    def ends(self, inputs, shortest=2, longest=4):
        ends = [self.branch(x, int(self.rng.integers(shortest, longest + 1))) for x in inputs]
        if self.odds(0.4):  # one layer on one tensor twice, merged with itself or its twin
            name = self.pick(["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"])
            base = ends[0]
            ends[0] = self.make(name)([base, self.make("Activation", "tanh")(base)])
        if self.odds(0.4):  # a model as a layer, twice
            inner_in = keras.Input(ends[0].shape[1:])
            inner = keras.Model(inner_in, self.branch(inner_in, 2))
            self.used.append("Functional")
            ends += [inner(ends[0])]
            if inner.output_shape[1:] == ends[0].shape[1:] or self.odds(0.5):
                ends[0] = inner(ends[0])
        return ends

    def inputs(self):
        shape = self.pick([(6,), (7, 4), (8, 7, 3), (8, 6, 2), (4, 5, 4, 2)])
        return [keras.Input(shape) for _ in range(self.pick([1, 1, 2]))]

    def passing_on(self, rng):
        """A recurrent layer that begins with the states that another ends with."""
        kind = ["LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM1D", "ConvLSTM2D"][rng.integers(6)]
        sides = [5, 4][: int(kind[8]) if "Conv" in kind else 0]
        inputs = [keras.Input((steps, *sides, channels)) for steps, channels in ((4, 3), (5, 2))]
        cell = CELLS[rng.integers(3)]
        settings = {"activation": ["tanh", "relu"][rng.integers(2)], "go_backwards": bool(rng.integers(2))}
        if "Conv" in kind:
            settings |= {"padding": "same", "kernel_size": int(rng.integers(1, 4))}
        if kind == "RNN":
            del settings["activation"]
            self.used.append(cell)
        size = lambda: getattr(layers, cell)(3) if kind == "RNN" else 2
        _, *states = self.make(kind, size(), return_state=True, **settings)(inputs[0])
        return inputs, self.make(kind, size(), return_sequences=bool(rng.integers(2)), **settings)(inputs[1], initial_state=states)

    def passes_on(self):
        """Draws of such a pair, in few models."""
        rng = self.part("states")
        return rng if rng is not None and rng.random() < 0.04 else None

    def model(self):
        rng = self.passes_on()
        if rng is not None:
            return keras.Model(*self.passing_on(rng))
        if self.odds(0.08):
            return self.words()
        inputs = self.inputs()
        ends = self.ends(inputs)
        if len(ends) > 1 and self.odds(0.5):
            flat = [self.make("Flatten")(end) for end in ends]
            ends = [self.make("Concatenate")(flat), *ends[:1]]
        return keras.Model(inputs, ends if len(ends) > 1 else ends[0])

    def words(self):
        """A series of whole numbers."""
        tokens = keras.Input((6,), dtype="int32")
        if has("ReversibleEmbedding") and self.odds(0.5):
            table = self.make("ReversibleEmbedding", 9, 4, tie_weights=self.odds(0.5), logit_soft_cap=self.pick([None, 0.7]))
            inner = self.make("Dense", 4, activation=self.pick(ACTIVATIONS))(self.branch(table(tokens), 2))
            return keras.Model(tokens, table(inner, reverse=True))
        x = self.make("Embedding", 9, 4)(tokens)
        return keras.Model(tokens, self.branch(x, 2))

    def fill(self, model):
        for variable in model.variables:
            if "seed" in variable.name or "iteration" in variable.name:
                continue
            values = self.rng.uniform(-0.6, 0.6, variable.shape)
            variable.assign(np.abs(values) + 0.3 if "variance" in variable.name else values)

    def values(self, tensor, batch):
        if "int" in str(tensor.dtype):
            return self.rng.integers(0, 9, (batch, *tensor.shape[1:])).astype("int32")
        return self.rng.normal(size=(batch, *tensor.shape[1:])).astype("float32")


def array(value):
    value = np.asarray(value)
    return {"shape": list(value.shape), "dtype": str(value.dtype), "data": value.astype(np.float64).ravel().tolist()}


def listed(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


def model_of(request):
    draw = Draw(request["seed"])
    model = draw.model()
    draw.fill(model)
    inputs = [draw.values(x, 2) for x in model.inputs]
    outputs = listed(model(inputs if len(inputs) > 1 else inputs[0], training=False))
    model.save(request["file"])
    return {"inputs": list(map(array, inputs)), "outputs": list(map(array, outputs)), "used": draw.used, "options": draw.options}


def apart_of(request):
    model = keras.saving.load_model(request["file"])
    rng = np.random.default_rng(0)
    inputs = [np.array(x["data"], x["dtype"]).reshape(x["shape"]) for x in request["inputs"]]
    outputs = lambda x: [np.asarray(y, "float64") for y in listed(model(x if len(x) > 1 else x[0], training=False))]
    each = lambda y: keras.tree.map_structure(lambda one: near(np.asarray(one), rng), y)

    def nudged(part):
        """A layer whose values are off by their last bit, as those of any other program may be."""
        if isinstance(part, keras.models.Model):
            return lambda *x, **_: part._run_through_graph(*x, operation_fn=nudged)
        return lambda *x, **told: keras.tree.map_structure(keras.ops.convert_to_tensor, each(part(*x, **told)))

    rounded = lambda: [np.asarray(y, "float64") for y in listed(model._run_through_graph(inputs, operation_fn=nudged))]
    own, others = outputs(inputs), [outputs([near(x, rng) for x in inputs]) for _ in range(8)]
    others += [rounded() for _ in range(8)]
    try:
        wide = [x.astype("float64") if x.dtype == np.float32 else x for x in inputs]
        others.append([np.asarray(y) for y in listed(in_double(model)(wide if len(wide) > 1 else wide[0], training=False))])
    except (TypeError, ValueError, tf.errors.InvalidArgumentError):  # some layers of Keras take single precision only
        pass
    finally:
        keras.config.set_floatx("float32")
    return {"apart": [max(float(np.abs(other[i] - y).max()) for other in others) for i, y in enumerate(own)]}


def prefix_of(request):
    """The part of a model up to its n-th layer, or that layer alone on what it got."""
    model = keras.saving.load_model(request["from"])
    inputs = [np.array(x["data"], x["dtype"]).reshape(x["shape"]) for x in request["inputs"]]
    made = [(operation, node) for nodes in model._nodes_by_depth.values() for node in nodes for operation in [node.operation] if not node.is_input]
    made.sort(key=lambda pair: -next(d for d, nodes in model._nodes_by_depth.items() if pair[1] in nodes))
    if request["place"] >= len(made):
        return {"over": True}
    operation, node = made[request["place"]]
    part = keras.Model(model.inputs, list(node.outputs) if len(node.outputs) > 1 else node.outputs[0])
    if request["alone"]:
        got = keras.Model(model.inputs, list(node.arguments.keras_tensors))
        inputs = [np.asarray(x) for x in listed(got(inputs if len(inputs) > 1 else inputs[0], training=False))]
        fresh = [keras.Input(x.shape[1:], dtype=x.dtype) for x in inputs]
        arguments = fresh if isinstance(operation, layers.Layer) and isinstance(node.arguments.args[0], (list, tuple)) else fresh[0]
        part = keras.Model(fresh, operation(arguments))
    part.save(request["file"])
    outputs = listed(part(inputs if len(inputs) > 1 else inputs[0], training=False))
    said = f"{type(operation).__name__}: {json.dumps(operation.get_config(), default=str)}"
    return {"inputs": list(map(array, inputs)), "outputs": list(map(array, outputs)), "said": said, "used": []}


BATCH = 8


class Recipe(Draw):
    """A model with heads, targets for them, and how it is trained."""

    def __init__(self, seed, without):
        super().__init__(seed, training=True, without=without)
        self.parts = []

    def say(self, part, what):
        self.parts.append((part, what))
        return what

    def head(self, x, name):
        """The last layer, a loss, and targets."""
        kind = self.pick(["classes", "classes", "binary", "values", "values"])
        if len(x.shape) > 2 and self.odds(0.8):
            x = layers.Flatten()(x)
        count = int(self.rng.integers(2, 5))
        logits = self.odds(0.3)
        loss = keras.losses
        shape = (BATCH, *x.shape[1:-1])
        if kind == "classes":
            y = layers.Dense(count, activation=None if logits else "softmax", name=name)(x)
            numbers = self.rng.integers(0, count, shape)
            smoothing = 0.0 if "smoothing" in self.without else self.pick([0.0, 0.1])
            made, hot = self.pick([
                lambda: (loss.SparseCategoricalCrossentropy(from_logits=logits), False),
                lambda: (loss.CategoricalCrossentropy(from_logits=logits, label_smoothing=smoothing), True),
                lambda: (loss.CategoricalFocalCrossentropy(from_logits=logits, alpha=0.4, gamma=1.5), True),
                lambda: (loss.CategoricalHinge(), True),
            ])()
            theirs = np.eye(count, dtype="float32")[numbers] if hot else numbers
            metrics = [["accuracy"], ["categorical_accuracy" if hot else "sparse_categorical_accuracy"], ["accuracy", keras.metrics.TopKCategoricalAccuracy(2) if hot else keras.metrics.SparseTopKCategoricalAccuracy(2)]]
            return y, made, theirs, numbers.astype("int32"), self.pick(metrics), count if len(shape) == 1 else 0
        if kind == "binary":
            width = self.pick([1, 1, 3])
            y = layers.Dense(width, activation=None if logits else "sigmoid", name=name)(x)
            truth = self.rng.integers(0, 2, (*shape, width)).astype("float32")
            made = self.pick([
                lambda: loss.BinaryCrossentropy(from_logits=logits, label_smoothing=0.0 if "smoothing" in self.without else self.pick([0.0, 0.2])),
                lambda: loss.BinaryFocalCrossentropy(from_logits=logits, apply_class_balancing=self.odds(0.5)),
                lambda: loss.Hinge(),
                lambda: loss.SquaredHinge(),
            ])()
            metrics = [[keras.metrics.BinaryAccuracy(threshold=0.4)], ["mae"]] + ([["accuracy"]] if width == 1 else [])
            return y, made, truth, truth, self.pick(metrics), 2 if width == 1 and len(shape) == 1 else 0
        made, activation = self.pick([
            lambda: (loss.MeanSquaredError(), None),
            lambda: (loss.MeanAbsoluteError(), None),
            lambda: (loss.Huber(), None),
            lambda: (loss.LogCosh(), None),
            lambda: (loss.MeanAbsolutePercentageError(), None),
            lambda: (loss.MeanSquaredLogarithmicError(), "softplus"),
            lambda: (loss.Poisson(), "softplus"),
            lambda: (loss.KLDivergence(), "softmax"),
            lambda: (loss.CosineSimilarity(), None),
        ])()
        y = layers.Dense(count, activation=activation, name=name)(x)
        truth = self.rng.uniform(0.2, 2, (*shape, count)).astype("float32")
        if activation == "softmax":
            truth /= truth.sum(-1, keepdims=True)
        return y, made, truth, truth, self.pick([["mae"], ["mse"], ["mae", "mse"]]), 0

    def schedule(self):
        rate = float(self.pick([0.002, 0.01, 0.03]))
        rng = self.part("schedule")
        if rng is None or rng.random() < 0.5:
            return rate
        s = keras.optimizers.schedules
        return self.say("schedule", [
            lambda: s.ExponentialDecay(rate, 2, 0.5, staircase=bool(rng.integers(2))),
            lambda: s.InverseTimeDecay(rate, 2, 0.5, staircase=bool(rng.integers(2))),
            lambda: s.PolynomialDecay(rate, 2, rate / 10, power=2.0, cycle=bool(rng.integers(2))),
            lambda: s.PiecewiseConstantDecay([0, 1], [rate, rate / 2, rate / 4]),
            lambda: s.CosineDecay(rate, 4, alpha=0.1, warmup_target=[None, rate * 2][rng.integers(2)], warmup_steps=1),
            lambda: s.CosineDecayRestarts(rate, 2, t_mul=1.5, m_mul=0.8),
        ][rng.integers(6)]())

    def optimizer(self, steep):
        """@param steep: gradients cancel exactly or nearly, so that a rule by their sign has nothing to go by."""
        options = {}
        rng = self.part("clip")
        if rng is not None and rng.random() < 0.3:
            options[["clipnorm", "global_clipnorm", "clipvalue"][rng.integers(3)]] = float([0.05, 0.5][rng.integers(2)])
        rng = self.part("decay")
        if rng is not None and rng.random() < 0.3:
            options["weight_decay"] = 0.1
        rng = self.part("ema")
        if rng is not None and rng.random() < 0.02:
            options |= {"use_ema": True, "ema_momentum": float([0.99, 0.5][rng.integers(2)]), "ema_overwrite_frequency": [None, 2][rng.integers(2)]}
        for part in options.items():
            self.say(*part)
        o, epsilon = keras.optimizers, self.pick([1e-7, 1e-3, 1e-3])
        rate = self.schedule()
        return self.pick([
            lambda: o.SGD(rate, momentum=self.pick([0.0, 0.9]), nesterov=self.odds(0.5), **options),
            lambda: o.Adam(rate, beta_1=self.pick([0.9, 0.5]), epsilon=epsilon, amsgrad=self.odds(0.3), **options),
            lambda: o.Adam(rate, epsilon=epsilon, **options),
            lambda: o.AdamW(rate, epsilon=epsilon, **({"weight_decay": 0.05} | options)),
            lambda: o.RMSprop(rate, momentum=self.pick([0.0, 0.5]), centered=self.odds(0.4), epsilon=epsilon, **options),
            lambda: o.Nadam(rate, epsilon=epsilon, **options),
            lambda: o.Adamax(rate, epsilon=epsilon, **options),
            lambda: o.Adagrad(rate, **options),
            lambda: o.Adadelta(rate * 50 if isinstance(rate, float) else rate, **options),
            lambda: (o.SGD if steep else o.Lion)(rate, **options),
        ])() if not self.odds(0.02) else self.leader(rate, options)

    def leader(self, rate, options):
        rng = self.part("ftrl") or np.random.default_rng(0)
        names = ["l1_regularization_strength", "l2_regularization_strength", "l2_shrinkage_regularization_strength", "beta"]
        drawn = {name: float([0.0, 0.01, 0.1][rng.integers(3)]) for name in names}
        return keras.optimizers.Ftrl(rate, learning_rate_power=float([-0.5, -0.8][rng.integers(2)]), **drawn, **options)

    def build(self):
        rng = self.passes_on()
        if rng is not None:
            inputs, end = self.passing_on(rng)
            ends = [end]
        else:
            inputs = self.inputs()
            ends = self.ends(inputs, 1, 3)
        names = ["first", "second"][: 2 if len(ends) > 1 and self.odds(0.5) else 1]
        heads = [self.head(end, name) for end, name in zip(ends, names)]
        model = keras.Model(inputs, [head[0] for head in heads] if len(heads) > 1 else heads[0][0])
        self.fill(model)
        rng = self.part("frozen")
        if rng is not None and rng.random() < 0.4:
            inner = [layer for layer in model.layers[:-1] if layer.weights and not thaws(layer)]
            for layer in inner:
                if rng.random() < 0.5:
                    layer.trainable = False
                    self.say("frozen", type(layer).__name__)
        several = len(heads) > 1
        by_name = lambda place: {name: head[place] for name, head in zip(names, heads)} if several else heads[0][place]
        weights = None
        if several and "loss_weights" not in self.without:
            weights = {names[0]: 1.0, names[1]: self.say("loss_weights", 0.3)}
        metrics = None if "metrics" in self.without else by_name(4)
        steep = any(isinstance(head[1], (keras.losses.MeanAbsoluteError, keras.losses.MeanAbsolutePercentageError, keras.losses.Hinge, keras.losses.CategoricalHinge)) for head in heads)
        model.compile(optimizer=self.optimizer(steep), loss=by_name(1), loss_weights=weights, metrics=metrics)
        for name, head in zip(names, heads):
            self.say("loss", f"{name}: {type(head[1]).__name__}")
        self.say("optimizer", type(model.optimizer).__name__)
        extra = {}
        rng = self.part("weights")
        if rng is not None and not several and len(heads[0][0].shape) == 2:
            classes = heads[0][5]
            if classes and rng.random() < 0.3:
                extra["class_weight"] = {i: float(w) for i, w in enumerate(rng.uniform(0.2, 2, classes))}
            elif rng.random() < 0.3:
                extra["sample_weight"] = rng.uniform(0.1, 2, BATCH).astype("float32")
            for name in extra:
                self.say("weights", name)
        x = [self.values(tensor, BATCH) for tensor in model.inputs]
        return model, x, by_name(2), [head[3] for head in heads], names, extra, [head[4] for head in heads]


THAWING = ("ConvLSTM", "MultiHeadAttention", "GroupedQueryAttention", "GroupQueryAttention")


def thaws(layer):
    """Keras itself forgets that such a layer is frozen when it reads its file, alone or in a model: what is in it learns on."""
    return type(layer).__name__.startswith(THAWING) or any(map(thaws, getattr(layer, "layers", [])))


def in_double(model):
    """The same model in double precision, compiled alike."""
    keras.config.set_floatx("float64")
    twin = keras.Model.from_config(json.loads(json.dumps(model.get_config()).replace('"float32"', '"float64"')))
    twin.set_weights(model.get_weights())
    if getattr(model, "compiled", False):
        twin.compile_from_config(model.get_compile_config())
    return twin


def near(x, rng):
    """The same numbers, each off by its last bit."""
    return np.nextafter(x, rng.choice([-np.inf, np.inf], x.shape).astype(x.dtype)) if x.dtype == np.float32 else x


def train(file, x, y, extra, order, double=False, rng=None):
    """Three steps of what a file says, the examples of the one batch in some order; with `rng` inputs and weights are off by a bit."""
    read = keras.saving.load_model(file)
    model = in_double(read) if double else read
    if rng is not None:
        x = [near(value, rng) for value in x]
        model.set_weights([near(value, rng) for value in model.get_weights()])
    try:
        model.run_eagerly = True
        wide = lambda value: value.astype("float64") if double and value.dtype == np.float32 else value
        turned = lambda value: wide(value[order])
        turn = lambda value: {k: turned(v) for k, v in value.items()} if isinstance(value, dict) else turned(value)
        extra = {name: turned(value) if name == "sample_weight" else value for name, value in extra.items()}
        inputs = [turned(value) for value in x]
        history = model.fit(inputs if len(inputs) > 1 else inputs[0], turn(y), batch_size=BATCH, epochs=3, shuffle=False, verbose=0, **extra)
    finally:
        keras.config.set_floatx("float32")
    if double:
        read.set_weights(model.get_weights())
    return read, history.history


def farthest(first, others):
    """Of each number the one that is farthest from the first."""
    others = np.stack(others)
    return np.take_along_axis(others, np.abs(others - first).argmax(0)[None], 0)[0]


def train_nudged(file, trained, history, *data):
    """How far the last bits of inputs and weights move what is learned."""
    rng = np.random.default_rng(0)
    runs = [train(file, *data, rng=rng) for _ in range(8)]
    again = runs[0][0]
    weights = zip(trained.get_weights(), *(model.get_weights() for model, _ in runs))
    again.set_weights([farthest(first, others) for first, *others in weights])
    return again, {"loss": farthest(np.array(history["loss"]), [other["loss"] for _, other in runs]).tolist()}


def recipe_of(request):
    recipe = Recipe(request["seed"], request.get("without", []))
    model, x, theirs, ours, names, extra, metrics = recipe.build()
    model.save(request["before"])
    order = np.arange(BATCH)
    trained, history = train(request["before"], x, theirs, extra, order)
    trained.save(request["after"])
    way = request.get("way", "order")
    if way == "nudged":
        again, other = train_nudged(request["before"], trained, history, x, theirs, extra, order)
    else:
        again, other = train(request["before"], x, theirs, extra, order[::-1] if way == "order" else order, way == "double")
    again.save(request["again"])
    watched = {} if "metrics" in recipe.without else {key: value for key, value in history.items() if not key.endswith("loss")}
    return {
        "inputs": list(map(array, x)),
        "targets": dict(zip(names, map(array, ours))),
        "weight": array(extra["sample_weight"]) if "sample_weight" in extra else None,
        "classWeights": list(extra["class_weight"].values()) if "class_weight" in extra else None,
        "losses": history["loss"],
        "otherLosses": other["loss"],
        "metrics": list(watched.values()),
        "metricNames": list(watched),
        "used": recipe.used,
        "options": recipe.options,
        "parts": [[part, str(what)[:100] if isinstance(what, (str, float, bool)) else type(what).__name__] for part, what in recipe.parts],
    }


def check_of(request):
    import onnx
    import onnxruntime

    model = onnx.load(request["file"])
    onnx.checker.check_model(model, full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(request["file"], options, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    for batch in (1, 2, 7):
        feeds = {}
        for x in session.get_inputs():
            shape = (batch, *(side if isinstance(side, int) else 4 for side in x.shape[1:]))
            feeds[x.name] = rng.integers(0, 9, shape).astype("int32") if "int" in x.type else rng.normal(size=shape).astype("float32")
        for output in session.run(None, feeds):
            if output.shape[0] != batch:
                raise ValueError(f"batch {batch} gives {output.shape}")
    return {"valid": True}


def classes_of(_request):
    """Names of all layer classes, each once: those by which files call them."""
    found = {value for value in vars(layers).values() if isinstance(value, type) and issubclass(value, layers.Layer)}
    return {"classes": sorted(get_name_from_symbol(value).rpartition(".")[2] for value in found)}


TASKS = {"classes": classes_of, "model": model_of, "apart": apart_of, "prefix": prefix_of, "recipe": recipe_of, "check": check_of}

if __name__ == "__main__":
    answers = sys.stdout
    sys.stdout = sys.stderr
    for line in sys.stdin:
        request = json.loads(line)
        try:
            keras.utils.clear_session()
            answer = json.dumps(TASKS[request["task"]](request), allow_nan=False)
        except Exception as error:  # told case by case, so that one failure hides no other
            answer = json.dumps({"error": f"{type(error).__name__}: {error}"[:2000]})
        answers.write(answer + "\n")
        answers.flush()
