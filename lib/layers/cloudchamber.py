"""Keras 3 classes for the layers of cloudchamber that Keras lacks.

Import this module before `keras.saving.load_model("model.keras")`; nothing else is needed. It is also the reference
that the tests compare lib/layers with: the same settings, the same weights in the same order, the same values.
"""

import keras
from keras import ops

register = keras.saving.register_keras_serializable(package="cloudchamber")


def pair(value):
    return [value, value] if isinstance(value, int) else list(value)


@register
class LocalResponseNormalization(keras.layers.Layer):
    def __init__(self, depth_radius=5, bias=1.0, alpha=1.0, beta=0.5, **kwargs):
        super().__init__(**kwargs)
        self.depth_radius, self.bias, self.alpha, self.beta = depth_radius, bias, alpha, beta

    def call(self, x):
        radius = self.depth_radius
        squares = ops.pad(ops.square(x), [[0, 0]] * (len(x.shape) - 1) + [[radius, radius]])
        total = sum(squares[..., i : i + x.shape[-1]] for i in range(2 * radius + 1))
        return x / ops.power(self.bias + self.alpha * total, self.beta)

    def get_config(self):
        own = {"depth_radius": self.depth_radius, "bias": self.bias, "alpha": self.alpha, "beta": self.beta}
        return {**super().get_config(), **own}


@register
class ChannelAttention(keras.layers.Layer):
    def __init__(self, reduction=8, **kwargs):
        super().__init__(**kwargs)
        self.reduction = reduction

    def build(self, shape):
        channels = shape[-1]
        hidden = max(1, channels // self.reduction)
        self.kernel1 = self.add_weight(shape=(channels, hidden), initializer="he_normal", name="kernel1")
        self.bias1 = self.add_weight(shape=(hidden,), initializer="zeros", name="bias1")
        self.kernel2 = self.add_weight(shape=(hidden, channels), initializer="he_normal", name="kernel2")
        self.bias2 = self.add_weight(shape=(channels,), initializer="zeros", name="bias2")

    def call(self, x):
        def judge(pooled):
            hidden = ops.relu(ops.matmul(pooled, self.kernel1) + self.bias1)
            return ops.matmul(hidden, self.kernel2) + self.bias2

        score = judge(ops.mean(x, axis=(1, 2))) + judge(ops.max(x, axis=(1, 2)))
        return x * ops.sigmoid(score)[:, None, None, :]

    def get_config(self):
        return {**super().get_config(), "reduction": self.reduction}


@register
class SpatialAttention(keras.layers.Layer):
    def __init__(self, kernel_size=7, **kwargs):
        super().__init__(**kwargs)
        self.kernel_size = kernel_size

    def build(self, shape):
        side = self.kernel_size
        self.kernel = self.add_weight(shape=(side, side, 2, 1), initializer="he_normal", name="kernel")

    def call(self, x):
        views = ops.concatenate([ops.mean(x, axis=-1, keepdims=True), ops.max(x, axis=-1, keepdims=True)], axis=-1)
        return x * ops.sigmoid(ops.conv(views, self.kernel, padding="same", data_format="channels_last"))

    def get_config(self):
        return {**super().get_config(), "kernel_size": self.kernel_size}


@register
class SelfAttention(keras.layers.Layer):
    def __init__(self, reduction=8, **kwargs):
        super().__init__(**kwargs)
        self.reduction = reduction

    def build(self, shape):
        channels = shape[-1]
        inner = max(1, channels // self.reduction)
        self.parts = []
        for name, count in [("f", inner), ("g", inner), ("h", channels)]:
            kernel = self.add_weight(shape=(channels, count), initializer="glorot_uniform", name=name + "_kernel")
            bias = self.add_weight(shape=(count,), initializer="zeros", name=name + "_bias")
            self.parts.append((kernel, bias))
        self.gamma = self.add_weight(shape=(), initializer="zeros", name="gamma")

    def call(self, x):
        flat = ops.reshape(x, (-1, x.shape[1] * x.shape[2], x.shape[3]))
        f, g, h = (ops.matmul(flat, kernel) + bias for kernel, bias in self.parts)
        seen = ops.matmul(ops.softmax(ops.matmul(g, ops.transpose(f, (0, 2, 1)))), h)
        return x + self.gamma * ops.reshape(seen, ops.shape(x))

    def get_config(self):
        return {**super().get_config(), "reduction": self.reduction}


@register
class MinPooling2D(keras.layers.Layer):
    def __init__(self, pool_size=2, strides=None, padding="valid", **kwargs):
        super().__init__(**kwargs)
        self.pool_size, self.padding = pair(pool_size), padding
        self.strides = pair(self.pool_size if strides is None else strides)

    def call(self, x):
        return -ops.max_pool(-x, self.pool_size, self.strides, self.padding, data_format="channels_last")

    def get_config(self):
        own = {"pool_size": self.pool_size, "strides": self.strides, "padding": self.padding}
        return {**super().get_config(), **own}


@register
class Reparametrization(keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.generator = keras.random.SeedGenerator()

    def call(self, inputs, training=False):
        mean, log_variance = inputs
        if not training:
            return mean
        return mean + ops.exp(log_variance / 2) * keras.random.normal(ops.shape(mean), seed=self.generator)


def squash(s):
    square = ops.sum(ops.square(s), axis=-1, keepdims=True)
    return s * square / ((1 + square) * ops.sqrt(square + 1e-7))


def route_by_agreement(votes, routings):
    logits = ops.sum(votes, axis=3) * 0
    for i in range(routings):
        out = squash(ops.sum(ops.softmax(logits, axis=1)[..., None] * votes, axis=2))
        if i < routings - 1:
            logits = logits + ops.sum(votes * out[:, :, None, :], axis=3)
    return out


@register
class Squash(keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)

    def call(self, x):
        return squash(x)


@register
class PrimaryCapsule(keras.layers.Layer):
    def __init__(self, capsules, size, kernel_size=9, strides=2, padding="valid", **kwargs):
        super().__init__(**kwargs)
        self.capsules, self.size, self.padding = capsules, size, padding
        self.kernel_size, self.strides = pair(kernel_size), pair(strides)

    def build(self, shape):
        filters = self.capsules * self.size
        sides = (*self.kernel_size, shape[-1], filters)
        self.kernel = self.add_weight(shape=sides, initializer="glorot_uniform", name="kernel")
        self.bias = self.add_weight(shape=(filters,), initializer="zeros", name="bias")

    def call(self, x):
        y = ops.conv(x, self.kernel, self.strides, self.padding, data_format="channels_last") + self.bias
        return squash(ops.reshape(y, (-1, y.shape[1] * y.shape[2] * self.capsules, self.size)))

    def get_config(self):
        own = {"capsules": self.capsules, "size": self.size, "kernel_size": self.kernel_size}
        return {**super().get_config(), **own, "strides": self.strides, "padding": self.padding}


@register
class RoutingByAgreement(keras.layers.Layer):
    def __init__(self, routings=3, **kwargs):
        super().__init__(**kwargs)
        self.routings = routings

    def call(self, votes):
        return route_by_agreement(votes, self.routings)

    def get_config(self):
        return {**super().get_config(), "routings": self.routings}


@register
class SecondaryCapsule(keras.layers.Layer):
    def __init__(self, capsules, size, routings=3, **kwargs):
        super().__init__(**kwargs)
        self.capsules, self.size, self.routings = capsules, size, routings

    def build(self, shape):
        sides = (self.capsules, shape[1], self.size, shape[2])
        self.kernel = self.add_weight(shape=sides, initializer="glorot_uniform", name="kernel")

    def call(self, u):
        return route_by_agreement(ops.einsum("bid,jied->bjie", u, self.kernel), self.routings)

    def get_config(self):
        own = {"capsules": self.capsules, "size": self.size, "routings": self.routings}
        return {**super().get_config(), **own}


@register
class CapsuleLength(keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)

    def call(self, x):
        return ops.sqrt(ops.sum(ops.square(x), axis=-1) + 1e-7)


@register
class LongestCapsule(keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)

    def call(self, x):
        best = ops.argmax(ops.sum(ops.square(x), axis=-1), axis=1)
        alone = x * ops.expand_dims(ops.one_hot(best, x.shape[1], dtype="float32"), -1)
        return ops.reshape(alone, (-1, x.shape[1] * x.shape[2]))


@register
class TanhLevels(keras.layers.Layer):
    def __init__(self, gains, **kwargs):
        super().__init__(**kwargs)
        self.gains = list(gains)

    def call(self, x):
        return ops.tanh(x * ops.convert_to_tensor(self.gains, dtype="float32"))

    def get_config(self):
        return {**super().get_config(), "gains": self.gains}


@register
class SoftMaskMoments(keras.layers.Layer):
    def __init__(self, gains, contrast=8.0, unit=1.0, **kwargs):
        super().__init__(**kwargs)
        self.gains, self.contrast, self.unit = list(gains), contrast, unit

    def call(self, image):
        rows, columns = image.shape[1:3]
        y = (ops.arange(rows, dtype="float32") - (rows - 1) / 2)[:, None] / self.unit
        x = (ops.arange(columns, dtype="float32") - (columns - 1) / 2)[None, :] / self.unit
        moments = []
        for gain in self.gains:
            levels = ops.reshape(self.contrast * ops.tanh(gain * image), (-1, rows * columns))
            mask = ops.reshape(ops.softmax(levels), (-1, rows, columns))

            def mean(values):
                return ops.sum(mask * values, axis=(1, 2))

            r = mean(x**2 + y**2) - mean(x) ** 2 - mean(y) ** 2
            d = mean(x**2 - y**2) - mean(x) ** 2 + mean(y) ** 2
            c = 2 * (mean(x * y) - mean(x) * mean(y))
            moments += [r, d, c, r**2, d**2 + c**2]
        return ops.stack(moments, axis=1)

    def get_config(self):
        return {**super().get_config(), "gains": self.gains, "contrast": self.contrast, "unit": self.unit}


@register
class Apertures(keras.layers.Layer):
    def __init__(self, thresholds, sharpness=6.0, light_gains=(), **kwargs):
        super().__init__(**kwargs)
        self.thresholds, self.sharpness, self.light_gains = list(thresholds), sharpness, list(light_gains)

    def call(self, x):
        thresholds = ops.convert_to_tensor(self.thresholds, dtype="float32")
        opened = ops.sigmoid(self.sharpness * (x / thresholds - 1))
        area, light = ops.mean(opened, axis=(1, 2)), ops.mean(opened * x, axis=(1, 2))
        gains = ops.convert_to_tensor(self.light_gains, dtype="float32")
        return ops.concatenate([area, light, ops.tanh(light[:, :1] * gains)], axis=1)

    def get_config(self):
        own = {"thresholds": self.thresholds, "sharpness": self.sharpness, "light_gains": self.light_gains}
        return {**super().get_config(), **own}


@register
class ClusterShapes(keras.layers.Layer):
    def __init__(self, thresholds, sharpness=1.0, unit=1.0, **kwargs):
        super().__init__(**kwargs)
        self.thresholds, self.sharpness, self.unit = list(thresholds), sharpness, unit

    def call(self, image):
        rows, columns = image.shape[1:3]
        y = (ops.arange(rows, dtype="float32") - (rows - 1) / 2)[:, None] / self.unit
        x = (ops.arange(columns, dtype="float32") - (columns - 1) / 2)[None, :] / self.unit
        smooth = image
        for _ in range(2):
            smooth = ops.average_pool(smooth, 3, 1, padding="same")
        image, smooth, measures = image[..., 0], smooth[..., 0], []
        for threshold in self.thresholds:
            opened = ops.clip(self.sharpness * (smooth / threshold - 1) + 0.5, 0, 1)
            weights = opened * image
            s = ops.maximum(ops.sum(weights, axis=(1, 2)), 1e-2)

            def mean(values):
                return ops.sum(weights * values, axis=(1, 2)) / s

            r = mean(x**2 + y**2) - mean(x) ** 2 - mean(y) ** 2
            d = mean(x**2 - y**2) - mean(x) ** 2 + mean(y) ** 2
            c = mean(2 * x * y) - 2 * mean(x) * mean(y)
            apart = ops.sqrt(d**2 + c**2 + 1e-8)
            length, width = (ops.sqrt(ops.maximum(square / 2, 1e-3)) for square in (r + apart, r - apart))
            area, squares = ops.sum(opened, axis=(1, 2)), ops.sum(weights * image, axis=(1, 2))
            measures += [ops.log(s + 0.1), ops.log(area + 1), length, width, ops.log(length / width)]
            measures += [ops.log(squares + 0.1), ops.log(squares * area / s**2 + 1)]
        return ops.stack(measures, axis=1)

    def get_config(self):
        own = {"thresholds": self.thresholds, "sharpness": self.sharpness, "unit": self.unit}
        return {**super().get_config(), **own}


def dihedral_parts():
    """Which part of a kernel looks at orientation h of its input to give orientation g, [g][h]."""
    square = [[3 * row + column for column in range(3)] for row in range(3)]

    def lay(g, values):
        values = [list(row) for row in zip(*values)] if g & 4 else values
        values = values[::-1] if g & 2 else values
        return [row[::-1] for row in values] if g & 1 else values

    laid = [lay(g, square) for g in range(8)]
    inverse = [next(h for h in range(8) if lay(h, laid[g]) == square) for g in range(8)]
    return [[laid.index(lay(inverse[g], laid[h])) for h in range(8)] for g in range(8)]


@register
class DihedralConv2D(keras.layers.Layer):
    def __init__(self, filters, kernel_size=3, lifts=False, **kwargs):
        super().__init__(**kwargs)
        self.filters, self.kernel_size, self.lifts = filters, kernel_size, lifts

    def build(self, shape):
        sides = (self.kernel_size, self.kernel_size, shape[-1], self.filters)
        self.kernel = self.add_weight(shape=sides, initializer="he_normal", name="kernel")
        self.bias = self.add_weight(shape=(self.filters,), initializer="zeros", name="bias")

    def call(self, x):
        kernels = []
        for g, parts in enumerate(dihedral_parts()):
            turned = ops.transpose(self.kernel, (1, 0, 2, 3)) if g & 4 else self.kernel
            turned = ops.flip(turned, 0) if g & 2 else turned
            turned = ops.flip(turned, 1) if g & 1 else turned
            if not self.lifts:
                split = ops.split(turned, 8, axis=2)
                turned = ops.concatenate([split[part] for part in parts], axis=2)
            kernels.append(turned)
        y = ops.conv(x, ops.concatenate(kernels, axis=3), padding="same", data_format="channels_last")
        return y + ops.tile(self.bias, (8,))

    def compute_output_shape(self, shape):
        return (*shape[:-1], 8 * self.filters)

    def get_config(self):
        own = {"filters": self.filters, "kernel_size": self.kernel_size, "lifts": self.lifts}
        return {**super().get_config(), **own}
