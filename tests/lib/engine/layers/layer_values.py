"""Prints layer_values.json: what Keras gives for layers that TensorFlow.js mistreats.

    python layer_values.py > layer_values.json        # Keras 3.15 on TensorFlow 2.21

By case: the output, the gradients of the inputs that are floats and of the trainable weights, and all weights after the
call; each as [shape, numbers]. The gradient is that of the sum of the output times `ramp` of its shape. Weights are
`ramp` of their shape, variances its square plus a half; whole numbers are seven times `ramp`, without sign.
"""
import json
import os

os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy as np
import tensorflow as tf
from keras import layers


def ramp(shape, dtype="float32"):
    size = int(np.prod(shape))
    values = np.sin(np.arange(1, size + 1)).reshape(shape)
    return tf.constant((np.abs(7 * values) if dtype == "int32" else values).astype(dtype))


def plain(x):
    return [list(x.shape), [round(float(v), 6) for v in np.ravel(x)]]


def freeze(layer):
    layer.trainable = False
    return layer


def case(layer, *inputs, training=True):
    """inputs: (shape without the batch of 2, dtype)."""
    symbols = [keras.Input(shape, dtype=dtype) for shape, dtype in inputs]
    model = keras.Model(symbols, layer(symbols if len(symbols) > 1 else symbols[0]))
    for w in model.weights:
        value = ramp(w.shape)
        w.assign(value**2 + 0.5 if "variance" in w.name else value)
    xs = [ramp((2, *shape), dtype) for shape, dtype in inputs]
    floats = [x for x in xs if x.dtype == tf.float32]
    with tf.GradientTape() as tape:
        tape.watch(floats)
        y = model(xs if len(xs) > 1 else xs[0], training=training)
        total = tf.reduce_sum(tf.cast(y, "float32") * ramp(y.shape))
    sources = [*floats, *(w.value for w in model.trainable_variables)]
    slopes = tape.gradient(total, sources) if sources else []
    dense = [tf.zeros_like(x) if g is None else tf.convert_to_tensor(g) for g, x in zip(slopes, sources)]
    return {"output": plain(y), "slopes": [plain(g) for g in dense], "after": [plain(w) for w in model.weights]}


IMAGE, VOLUME, SEQUENCE = ((5, 6, 2), "float32"), ((4, 3, 3, 2), "float32"), ((7, 3), "float32")
INTS, VECTOR = ((3,), "int32"), ((3,), "float32")
NORM = dict(epsilon=0.01, momentum=0.9)


def nested(trainable, inner):
    x = keras.Input((3,))
    model = keras.Model(x, layers.BatchNormalization(**NORM)(x))
    if inner:
        model.layers[1].trainable = trainable
    else:
        model.trainable = trainable
    return model


print(json.dumps({
    "depthwise, dilated, valid": case(layers.DepthwiseConv2D(2, dilation_rate=(2, 3), depth_multiplier=2), IMAGE),
    "depthwise, dilated, same": case(layers.DepthwiseConv2D(3, dilation_rate=2, padding="same", activation="tanh"), IMAGE),
    "separable, dilated": case(layers.SeparableConv2D(3, 2, dilation_rate=2, padding="same"), IMAGE),
    "conv1d, dilated": case(layers.Conv1D(2, 2, dilation_rate=3), SEQUENCE),
    "conv1d, dilated, causal": case(layers.Conv1D(2, 3, dilation_rate=2, padding="causal"), SEQUENCE),
    "conv2d, dilated": case(layers.Conv2D(3, 2, dilation_rate=(2, 3), activation="relu"), IMAGE),
    "conv2d, dilated, same": case(layers.Conv2D(2, 3, dilation_rate=2, padding="same", use_bias=False), IMAGE),
    "conv3d, dilated": case(layers.Conv3D(2, 2, dilation_rate=2), VOLUME),
    "conv3dTranspose, stride beyond the filter": case(layers.Conv3DTranspose(2, 1, strides=(2, 1, 3), padding="same"), VOLUME),
    "embedding": case(layers.Embedding(8, 2), ((4,), "int32")),
    "prelu, shared 1": case(layers.PReLU(shared_axes=[1]), IMAGE),
    "prelu, shared 2": case(layers.PReLU(shared_axes=[2]), IMAGE),
    "prelu, shared 1 and 3": case(layers.PReLU(shared_axes=[1, 3]), IMAGE),
    "prelu": case(layers.PReLU(), IMAGE),
    "dense of integers": case(layers.Dense(2, activation="tanh"), INTS),
    "dense of rows of integers": case(layers.Dense(2), ((4, 3), "int32")),
    "concatenate of integers and floats": case(layers.Concatenate(), INTS, VECTOR),
    "concatenate of integers": case(layers.Concatenate(), INTS, INTS),
    "add of integers and floats": case(layers.Add(), INTS, VECTOR),
    "average of integers and floats": case(layers.Average(), INTS, VECTOR),
    "rescaling of integers": case(layers.Rescaling(0.3, 0.7), INTS),
    "batchNormalization of integers": case(layers.BatchNormalization(**NORM), INTS),
    "batchNormalization of integers, in use": case(layers.BatchNormalization(**NORM), INTS, training=False),
    "batchNormalization, axis 1 of 4": case(layers.BatchNormalization(axis=1, **NORM), IMAGE),
    "batchNormalization, axis 2 of 4": case(layers.BatchNormalization(axis=2, **NORM), IMAGE),
    "batchNormalization, axis 1 of 3": case(layers.BatchNormalization(axis=1, **NORM), SEQUENCE),
    "batchNormalization, rank 5": case(layers.BatchNormalization(**NORM), VOLUME),
    "batchNormalization, axis 1 of 5": case(layers.BatchNormalization(axis=1, **NORM), VOLUME),
    "batchNormalization, rank 5, in use": case(layers.BatchNormalization(**NORM), VOLUME, training=False),
    "batchNormalization, rank 6": case(layers.BatchNormalization(**NORM), ((2, 1, 2, 2, 3), "float32")),
    "batchNormalization, frozen": case(freeze(layers.BatchNormalization(**NORM)), VECTOR),
    "batchNormalization, axis 1 of 4, frozen": case(freeze(layers.BatchNormalization(axis=1, **NORM)), IMAGE),
    "batchNormalization in a frozen model": case(nested(False, False), VECTOR),
    "batchNormalization, frozen in a model": case(nested(False, True), VECTOR),
}))
