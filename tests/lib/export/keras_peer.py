"""What Python's Keras makes of our models, and models that it makes."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import pathlib
import sys

import keras
import numpy as np
import tensorflow as tf

sys.path.append(str(pathlib.Path(__file__).parents[3] / "lib" / "layers"))
import cloudchamber
from peer import array, numbers, serve


def as_list(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


def run(model, inputs):
    tensors = [keras.ops.convert_to_tensor(x) for x in inputs]
    return [array(y) for y in as_list(model(tensors if len(tensors) > 1 else tensors[0], training=False))]


def read(case):
    """Loads a file of ours and applies it."""
    model = keras.saving.load_model(case["file"])
    inputs = [numbers(x, t.dtype) for x, t in zip(case["inputs"], model.inputs)]
    result = {"outputs": run(model, inputs), "class": type(model).__name__}
    result["trainable"] = len(model.trainable_variables)
    if case.get("target"):
        result["step"] = int(model.optimizer.iterations)
        model.train_on_batch(inputs[0], numbers(case["target"]))
        result["weights"] = [array(w) for w in model.trainable_variables]
    return result


def randomize(model, rng):
    for variable in model.variables:
        if "seed" in variable.name:
            continue
        values = rng.uniform(-0.5, 0.5, variable.shape)
        variable.assign(np.abs(values) + 0.2 if "variance" in variable.name else values)
    for layer in model._flatten_layers():
        if hasattr(layer, "finalize_state"):  # takes the weights over
            layer.finalize_state()


def make(case):
    """A layer with those inside it."""
    places = [cloudchamber, keras.layers, keras.src.applications.convnext]
    module = next(place for place in places if hasattr(place, case["class"]))
    settings, inner = case["settings"], case.get("inner")
    if inner:
        settings = {**settings, case["as"]: [make(one) for one in inner] if isinstance(inner, list) else make(inner)}
    return getattr(module, case["class"])(**settings)


def write(case):
    """Makes a model of one layer, saves it, applies it."""
    rng = np.random.default_rng(case["seed"])
    tokens = case.get("tokens")
    inputs = [keras.Input(s, dtype="int32" if tokens else "float32") for s in case["shapes"]]
    layer = make(case)
    if case["class"] in ("MultiHeadAttention", "GroupQueryAttention"):
        made = layer(*inputs)
    else:
        made = layer(inputs if len(inputs) > 1 else inputs[0])
    model = keras.Model(inputs, made)
    randomize(model, rng)
    shapes = [(2, *s) for s in case["shapes"]]
    values = [rng.integers(0, tokens, s) if tokens else rng.normal(size=s).astype("float32") for s in shapes]
    model.save(case["file"])
    result = {"inputs": [array(v) for v in values], "outputs": run(model, values)}
    return {**result, **gradients(model, values)} if case.get("gradients") else result


def ramp(shape):
    """Numbers that differ from value to value, as weights of a sum."""
    return np.cos(np.arange(np.prod(shape, dtype=int))).reshape(shape).astype("float32")


def gradients(model, values):
    """Gradients of the outputs' sum, weighed by the ramp, by the inputs and by the trained weights."""
    tensors = [tf.Variable(v) if v.dtype == "float32" else tf.constant(v) for v in values]
    learned = model.trainable_variables
    with tf.GradientTape() as tape:
        outputs = as_list(model([tf.convert_to_tensor(t) for t in tensors] if len(tensors) > 1 else tf.convert_to_tensor(tensors[0]), training=False))
        total = sum(tf.reduce_sum(y * ramp(y.shape)) for y in outputs)
    by = [t for t in tensors if isinstance(t, tf.Variable)] + [v.value for v in learned]
    found = [tf.zeros_like(b) if g is None else tf.convert_to_tensor(g) for g, b in zip(tape.gradient(total, by), by)]
    return {"gradients": [array(g) for g in found], "by": len(by) - len(learned)}


def train(case):
    """Trains a small model with an optimizer, saves it midway, and goes one step further."""
    rng = np.random.default_rng(case["seed"])
    image = keras.Input((6, 6, 1), name="image")
    x = keras.layers.Conv2D(3, 3, activation="relu")(image)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Flatten()(x)
    left = keras.layers.Dense(4, activation="tanh")(x)
    right = keras.layers.Dense(4)(x)
    y = keras.layers.Dense(2)(keras.layers.Add()([right, left]))
    model = keras.Model(image, y)
    # JSON has no floats of its own: 1 is 1.0.
    settings = {k: float(v) if type(v) is int else v for k, v in case["settings"].items()}
    optimizer = getattr(keras.optimizers, case["optimizer"])(**settings)
    model.compile(optimizer, "mean_squared_error")
    inputs, target = rng.normal(size=(4, 6, 6, 1)).astype("float32"), rng.normal(size=(4, 2)).astype("float32")
    for _ in range(3):
        model.train_on_batch(inputs, target)
    model.save(case["file"])
    outputs = run(model, [inputs])
    model.train_on_batch(inputs, target)
    return {
        "inputs": [array(inputs)],
        "target": array(target),
        "outputs": outputs,
        "weights": [array(w) for w in model.trainable_variables],
    }


def build(case):
    """Runs a function of this file that makes a model, saves it, applies it."""
    rng = np.random.default_rng(case["seed"])
    model = globals()[case["function"]]()
    randomize(model, rng)
    values = [draw(rng, t) for t in model.inputs]
    model.save(case["file"])
    struct = getattr(model, "_inputs_struct", model.inputs)
    answer = model(keras.tree.pack_sequence_as(struct, values), training=False)
    return {
        "inputs": [array(v) for v in values],
        "outputs": [array(y) for y in keras.tree.flatten(answer)],
        "trainable": len(model.trainable_variables),
    }


def draw(rng, tensor):
    shape = (2, *[3 if side is None else side for side in tensor.shape[1:]])
    if "int" in tensor.dtype:
        return rng.integers(0, 5, shape).astype(tensor.dtype)
    return rng.normal(size=shape).astype("float32")


def branched():
    """Branches of equal and unequal shape, a shared layer, a nested model, two inputs and two outputs."""
    layers = keras.layers
    a, b = keras.Input((8, 8, 1), name="first"), keras.Input((8, 8, 1), name="second")
    shared = layers.Conv2D(3, 3, padding="same", activation="relu", name="shared")
    x, y = shared(a), shared(b)
    x = layers.Conv2D(4, 3, name="z_first")(x)
    y = layers.Conv2D(4, 3, name="a_last")(layers.MaxPooling2D(1)(y))
    inner = keras.Sequential([keras.Input((6, 6, 4)), layers.Flatten(), layers.Dense(5)], name="inner")
    merged = layers.Concatenate()([inner(y), inner(x), layers.GlobalAveragePooling2D()(layers.Add()([x, y]))])
    kind = layers.Dense(2, activation="softmax", name="kind")(merged)
    energy = layers.Dense(1, name="energy")(layers.Dense(3)(merged))
    return keras.Model([b, a], [energy, kind], name="branched")


def stacked():
    """A sequential model."""
    layers = keras.layers
    stack = [
        keras.Input((8, 8, 1)),
        layers.Conv2D(3, 3),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.Conv2D(2, 3),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(3, kernel_regularizer="l2"),
        layers.Dense(2),
    ]
    return keras.Sequential(stack)


def with_lambda():
    return keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda x: x * 2), keras.layers.Dense(1)])


def with_custom():
    @keras.saving.register_keras_serializable(package="elsewhere")
    class Dense(keras.layers.Dense):
        pass

    return keras.Sequential([keras.Input((3,)), Dense(1)])


def with_operation():
    x = keras.Input((3,))
    return keras.Model(x, keras.layers.Dense(1)(x) + 1)


def with_half():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, dtype="mixed_float16")])


def encoder(shape=(5,)):
    image = keras.Input(shape)
    return keras.Model(image, keras.layers.Dense(2, name="code")(image), name="encoder")


def nested_twice():
    """A Functional used twice, as an output too: its own making is node 0."""
    enc = encoder()
    a, b = keras.Input((5,), name="a"), keras.Input((5,), name="b")
    return keras.Model([a, b], [enc(a), keras.layers.Dense(1)(enc(b))])


def autoencoder():
    """A model that ends in a Functional."""
    enc, code = encoder(), keras.Input((2,))
    dec = keras.Model(code, keras.layers.Dense(5)(code), name="decoder")
    x = keras.Input((5,))
    return keras.Model(x, dec(enc(x)))


def nested_many():
    """A Functional with two inputs and two outputs inside another one, given a list and given twice."""
    a, b = keras.Input((4,)), keras.Input((3,))
    inner = keras.Model([a, b], [keras.layers.Dense(2)(a), keras.layers.Concatenate()([a, b])], name="inner")
    x, y = keras.Input((4,)), keras.Input((3,))
    p, q = inner([x, y])
    r, s = inner([q[:, :4] if False else keras.layers.Dense(4)(q), y])
    return keras.Model([x, y], [p, s, keras.layers.Add()([p, r])])


def dictionaries():
    """Inputs and outputs by name."""
    a, b = keras.Input((3,), name="zeta"), keras.Input((3,), name="alpha")
    y = {"second": keras.layers.Dense(2)(a), "first": keras.layers.Subtract()([a, b])}
    return keras.Model({"zeta": a, "alpha": b}, y)


def frozen_nested():
    """A frozen base under a head."""
    base, x = encoder(), keras.Input((5,))
    base.trainable = False
    return keras.Model(x, keras.layers.Dense(3)(base(x)))


def strange_names():
    x = keras.Input((3,), name="my input")
    y = keras.layers.Dense(2, name="a layer (1)")(x)
    return keras.Model(x, keras.layers.Dense(2, name="a layer [1]")(y))


def twice_out():
    """One tensor twice among the outputs, and twice into a layer with another use behind."""
    x = keras.Input((3,))
    y = keras.layers.Dense(3)(x)
    z = keras.layers.Multiply()([y, y])
    return keras.Model(x, [y, y, z, keras.layers.Add()([y, z, x])])


def there_and_back():
    """Tables of rows, used both ways."""
    tokens = keras.Input((6,), dtype="int32")
    tied = keras.layers.ReversibleEmbedding(9, 4, logit_soft_cap=0.5)
    untied = keras.layers.ReversibleEmbedding(9, 4, tie_weights=False)
    made = [e(keras.layers.Dense(4, activation="tanh")(e(tokens)), reverse=True) for e in (tied, untied)]
    return keras.Model(tokens, made)


def cells():
    """Recurrent layers of cells, and over images, that give their states."""
    series, film = keras.Input((5, 3)), keras.Input((3, 6, 5, 2))
    ran = keras.layers.RNN(keras.layers.GRUCell(2), return_sequences=True, return_state=True)(series)
    seen = keras.layers.ConvLSTM2D(2, 3, strides=2, return_state=True)(film)
    stack = keras.layers.StackedRNNCells([keras.layers.SimpleRNNCell(3), keras.layers.LSTMCell(2)])
    frozen = keras.layers.RNN(stack, return_sequences=True)
    frozen.trainable = False
    return keras.Model([series, film], [*ran, *seen, frozen(series)])


def preparing():
    """Layers that change images in training, of which some work all the time."""
    image = keras.Input((9, 8, 3))
    made = keras.layers.Pipeline([
        keras.layers.RandomFlip(),
        keras.layers.AutoContrast((-3, 3)),
        keras.layers.Equalization((-3, 3)),
        keras.layers.Solarization(value_range=(-3, 3)),
        keras.layers.Normalization(),
    ])(image)
    made = keras.layers.ContrastLimitedAdaptiveHistogramEqualization((-3, 3), tile_grid_size=(2, 3))(made)
    made = keras.layers.Conv2D(2, 3)(keras.layers.RandomCrop(7, 8)(made))
    return keras.Model(image, keras.layers.GlobalMaxPooling2D()(made))


def states():
    """States returned, and given to the next layer."""
    x = keras.Input((6, 3))
    y, h, c = keras.layers.LSTM(4, return_sequences=True, return_state=True)(x)
    z = keras.layers.LSTM(4)(y, initial_state=[h, c])
    s, last = keras.layers.SimpleRNN(4, return_state=True, go_backwards=True)(x, initial_state=h)
    return keras.Model(x, [z, s, last, c])


def operations():
    x, y = keras.Input((3,)), keras.Input((3,))
    z = (x + 3.0) * 0.5 - y
    return keras.Model([x, y], [1.0 - z / 4.0, x * y])


def late_input():
    """A Sequential that got its shape from data."""
    model = keras.Sequential([keras.layers.Dense(3), keras.layers.Dense(2)])
    model(np.zeros((1, 4), "float32"))
    return model


def bytes_in():
    x = keras.Input((4, 4, 1), dtype="uint8")
    return keras.Model(x, keras.layers.Conv2D(2, 3)(keras.layers.Rescaling(1 / 255)(x)))


def integers_in():
    """Whole numbers into layers that compute with floats."""
    x, y = keras.Input((4, 4, 2), dtype="int32"), keras.Input((4, 4, 2))
    z = [keras.layers.Concatenate()([keras.layers.Rescaling(1.0)(x), y]), keras.layers.Dense(2)(keras.layers.Flatten()(x))]
    return keras.Model([x, y], z)


def unshaped():
    """Reshape of an open side."""
    x = keras.Input((None, 6))
    return keras.Model(x, keras.layers.Reshape((-1, 3))(x))


if __name__ == "__main__":
    serve({"read": read, "write": write, "train": train, "build": build})
