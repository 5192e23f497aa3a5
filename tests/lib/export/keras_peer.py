"""What Python's Keras makes of our models, and models that it makes."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy as np

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


def write(case):
    """Makes a model of one layer, saves it, applies it."""
    rng = np.random.default_rng(case["seed"])
    tokens = case.get("tokens")
    inputs = [keras.Input(s, dtype="int32" if tokens else "float32") for s in case["shapes"]]
    layer = getattr(keras.layers, case["class"])(**case["settings"])
    model = keras.Model(inputs, layer(inputs if len(inputs) > 1 else inputs[0]))
    randomize(model, rng)
    shapes = [(2, *s) for s in case["shapes"]]
    values = [rng.integers(0, tokens, s) if tokens else rng.normal(size=s).astype("float32") for s in shapes]
    model.save(case["file"])
    return {"inputs": [array(v) for v in values], "outputs": run(model, values)}


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
    optimizer = getattr(keras.optimizers, case["optimizer"])(**case["settings"])
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
    values = [rng.normal(size=(2, *t.shape[1:])).astype("float32") for t in model.inputs]
    model.save(case["file"])
    return {"inputs": [array(v) for v in values], "outputs": run(model, values)}


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


def with_group():
    return keras.Sequential([keras.Input((4, 4, 4)), keras.layers.Conv2D(4, 3, groups=2)])


def with_reset_after():
    return keras.Sequential([keras.Input((4, 4)), keras.layers.GRU(3)])


def with_half():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, dtype="mixed_float16")])


if __name__ == "__main__":
    serve({"read": read, "write": write, "train": train, "build": build})
