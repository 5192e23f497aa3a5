"""What Python makes of our models, and models that Python makes.

Reads one JSON object from the file argv[1] and writes one to argv[2]; one process serves all tests, as TensorFlow takes
seconds to import. Arrays travel as {"shape": [...], "data": [...]}.
"""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy as np
import onnx
import onnxruntime


def array(value):
    value = np.asarray(value)
    return {"shape": list(value.shape), "data": value.astype(np.float64).ravel().tolist()}


def numbers(value, dtype="float32"):
    return np.array(value["data"], dtype=dtype).reshape(value["shape"])


def as_list(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


def run(model, inputs):
    tensors = [keras.ops.convert_to_tensor(x) for x in inputs]
    return [array(y) for y in as_list(model(tensors if len(tensors) > 1 else tensors[0], training=False))]


def guarded(function):
    def call(case):
        try:
            return function(case)
        except Exception as error:  # reported case by case, so that one failure hides no other
            return {"error": f"{type(error).__name__}: {error}"[:2000]}

    return call


@guarded
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


@guarded
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


@guarded
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


@guarded
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


@guarded
def infer(case):
    """Checks an .onnx file of ours and runs it."""
    model = onnx.load(case["file"])
    onnx.checker.check_model(model, full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(case["file"], options, providers=["CPUExecutionProvider"])
    feeds = {}
    for spec in session.get_inputs():
        feeds[spec.name] = numbers(case["inputs"][spec.name], "int32" if "int32" in spec.type else "float32")
    names = [o.name for o in session.get_outputs()]
    shapes = {o.name: o.shape for o in [*session.get_inputs(), *session.get_outputs()]}
    outputs = dict(zip(names, map(array, session.run(names, feeds))))
    opset = {o.domain: o.version for o in model.opset_import}
    nodes = [n.op_type for n in model.graph.node]
    return {"outputs": outputs, "opset": opset, "shapes": shapes, "nodes": nodes}


TASKS = {"read": read, "write": write, "train": train, "build": build, "infer": infer}

if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        request = json.load(file)
    answer = {task: [TASKS[task](case) for case in cases] for task, cases in request.items()}
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump(answer, file)
