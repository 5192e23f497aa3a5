"""Prints op_values.json: what TensorFlow gives for ops that a backend had wrong, with their gradients.

    python op_values.py > op_values.json        # TensorFlow 2.21

Every value is [shape, numbers]; the gradient is that of the sum of the result times `ramp` of its shape.
"""
import json
import numpy as np
import tensorflow as tf


def ramp(*shape):
    size = int(np.prod(shape))
    return tf.constant(np.sin(np.arange(1, size + 1)).reshape(shape).astype("float32"))


def plain(x):
    return [list(x.shape), [round(float(v), 6) for v in np.ravel(x)]]


def slopes(fn, *shapes):
    xs = [ramp(*shape) for shape in shapes]
    with tf.GradientTape() as tape:
        tape.watch(xs)
        y = fn(*xs)
        total = tf.reduce_sum(y * ramp(*y.shape))
    return [plain(v) for v in [y, *tape.gradient(total, xs)]]


one = [1, 1, 1, 1]
print(json.dumps({
    "oneHot": [plain(tf.one_hot([1, 0, 5], 3, 0.9, 0.05))],
    "conv2d, dilated": slopes(lambda x, f: tf.nn.conv2d(x, f, 1, "SAME", dilations=2), [1, 4, 4, 1], [2, 2, 1, 1]),
    "conv3d, dilated": slopes(
        lambda x, f: tf.nn.conv3d(x, f, [1] * 5, "VALID", dilations=[1, 2, 1, 2, 1]), [1, 3, 2, 3, 2], [2, 2, 2, 2, 1]
    ),
    "depthwise, dilated": slopes(
        lambda x, f: tf.nn.depthwise_conv2d(x, f, one, "VALID", dilations=[2, 2]), [1, 4, 3, 2], [2, 2, 2, 1]
    ),
    "conv3dTranspose, stride beyond the filter": slopes(
        lambda x, f: tf.nn.conv3d_transpose(x, f, [1, 1, 3, 4, 1], [1, 1, 3, 2, 1], "SAME"), [1, 1, 1, 2, 1], [1, 2, 1, 1, 1]
    ),
    "maxPool3d, stride beyond the window": slopes(lambda x: tf.nn.max_pool3d(x, 1, 3, "SAME"), [1, 3, 4, 3, 1]),
    "avgPool3d, stride beyond the window": slopes(lambda x: tf.nn.avg_pool3d(x, 1, 3, "SAME"), [1, 3, 4, 3, 1]),
    "resizeBilinear, half pixels": slopes(lambda x: tf.image.resize(x, [4, 5]), [1, 2, 3, 1]),
    "maximum, broadcast": slopes(tf.maximum, [2, 3], [3]),
    "squaredDifference, broadcast": slopes(tf.math.squared_difference, [2, 3], [2, 1]),
    "matMul, broadcast": slopes(tf.matmul, [2, 1, 2, 3], [2, 3, 2]),
    "cumsum": slopes(lambda x: tf.cumsum(x, 0, exclusive=True), [3, 2]),
    "einsum": slopes(lambda a, b: tf.einsum("ij,kj->ki", a, b), [2, 3], [2, 3]),
    "gatherND": slopes(lambda x: tf.gather_nd(x, [[0, 1], [2, 0], [0, 1]]), [3, 2]),
    "tile": slopes(lambda x: tf.tile(x, [2, 1, 1, 1, 2]), [1, 2, 1, 1, 2]),
    "where of a comparison": slopes(lambda x, y: tf.where(x > y, x * x, y), [4], [2, 4]),
    # TensorFlow's own conv2d leaves this one unwritten, so it is spelled out.
    "conv2d, one column at a stride": slopes(
        lambda x, f: x[:, :, :1] * f[0, 0, 0, 0] + x[:, :, 1:2] * f[0, 1, 0, 0], [2, 3, 3, 1], [1, 2, 1, 1]
    ),
}))
