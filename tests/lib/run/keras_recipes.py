"""Prints keras_recipes.json: what Keras writes into a file of how a model was compiled.

    python keras_recipes.py > keras_recipes.json        # Keras 3.15, TensorFlow backend

The model has an input of four numbers and an output of three shares, "kind", or several outputs by name.
"""
import json
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
from keras import losses, metrics, optimizers

schedules = optimizers.schedules


def compiled(outputs=("kind",), **settings):
    x = keras.Input([4], name="x")
    ends = {"kind": ("softmax", 3), "found": ("sigmoid", 1), "energy": (None, 1), "scores": (None, 3)}
    made = [keras.layers.Dense(ends[name][1], ends[name][0], name=name)(x) for name in outputs]
    model = keras.Model(x, made if len(made) > 1 else made[0])
    model.compile(**{"optimizer": "sgd", "loss": "sparse_categorical_crossentropy", **settings})
    return model.get_compile_config()


def optimizer(chosen):
    return compiled(optimizer=chosen)


def rate(schedule):
    return compiled(optimizer=optimizers.SGD(schedule))


def loss(name, chosen):
    return compiled((name,), loss=chosen)


def metric(name, chosen, watched):
    return compiled((name,), loss=chosen, metrics=watched)


print(json.dumps({
    "defaults": compiled(optimizer="rmsprop", metrics=["accuracy"]),
    "sgd": optimizer(optimizers.SGD(0.3, momentum=0.8, nesterov=True)),
    "adam": optimizer(optimizers.Adam(0.2, beta_1=0.8, beta_2=0.7, epsilon=0.1, amsgrad=True)),
    "adamw": optimizer(optimizers.AdamW(0.2, weight_decay=0.05, clipnorm=2.0)),
    "nadam": optimizer(optimizers.Nadam(0.2, beta_1=0.7, global_clipnorm=3.0)),
    "adamax": optimizer(optimizers.Adamax(0.2, beta_2=0.6, clipvalue=0.5)),
    "rmsprop": optimizer(optimizers.RMSprop(0.2, rho=0.6, momentum=0.3, epsilon=0.01, centered=True)),
    "adagrad": optimizer(optimizers.Adagrad(0.2, initial_accumulator_value=0.3, epsilon=0.01)),
    "adadelta": optimizer(optimizers.Adadelta(0.2, rho=0.7, epsilon=0.01)),
    "lion": optimizer(optimizers.Lion(0.2, beta_1=0.7, beta_2=0.8)),
    "ftrl": optimizer(optimizers.Ftrl(
        0.2, learning_rate_power=-0.8, initial_accumulator_value=0.3, l1_regularization_strength=0.01,
        l2_regularization_strength=0.02, l2_shrinkage_regularization_strength=0.03, beta=0.04,
    )),
    "average": optimizer(optimizers.SGD(0.2, use_ema=True)),
    "average, taken over": optimizer(optimizers.SGD(0.2, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=2)),
    "scaled": optimizer(optimizers.LossScaleOptimizer(optimizers.SGD(0.2))),
    "gathered": optimizer(optimizers.SGD(0.2, gradient_accumulation_steps=2)),
    "exponential": rate(schedules.ExponentialDecay(0.1, 3, 0.5, staircase=True)),
    "inverse": rate(schedules.InverseTimeDecay(0.1, 3, 0.5)),
    "polynomial": rate(schedules.PolynomialDecay(0.1, 3, 0.01, power=2.0, cycle=True)),
    "piecewise": rate(schedules.PiecewiseConstantDecay([1, 4], [0.1, 0.05, 0.01])),
    "cosine": rate(schedules.CosineDecay(0.1, 4, alpha=0.1)),
    "cosine, warmed up": rate(schedules.CosineDecay(0.1, 4, alpha=0.1, warmup_target=0.3, warmup_steps=2)),
    "restarts": rate(schedules.CosineDecayRestarts(0.1, 2, t_mul=1.5, m_mul=0.8, alpha=0.05)),
    "crossEntropy": loss("kind", losses.SparseCategoricalCrossentropy()),
    "crossEntropy of logits": loss("scores", losses.SparseCategoricalCrossentropy(from_logits=True)),
    "crossEntropy, smoothed": loss("kind", losses.CategoricalCrossentropy(label_smoothing=0.2)),
    "crossEntropy of shares that are none": loss("scores", losses.SparseCategoricalCrossentropy()),
    "crossEntropy of logits that are shares": loss("kind", losses.SparseCategoricalCrossentropy(from_logits=True)),
    "categoricalFocal": loss("kind", losses.CategoricalFocalCrossentropy(alpha=0.4, gamma=3.0)),
    "binaryCrossEntropy": loss("found", losses.BinaryCrossentropy(label_smoothing=0.1)),
    "binaryCrossEntropy of shares": loss("kind", "binary_crossentropy"),
    "focal": loss("found", losses.BinaryFocalCrossentropy(gamma=3.0)),
    "focal, balanced": loss("found", losses.BinaryFocalCrossentropy(apply_class_balancing=True, alpha=0.4)),
    "mse": loss("energy", "mse"),
    "mae": loss("energy", losses.MeanAbsoluteError()),
    "mape": loss("energy", "mape"),
    "msle": loss("energy", "msle"),
    "huber": loss("energy", losses.Huber(delta=0.7)),
    "logCosh": loss("energy", losses.LogCosh()),
    "hinge": loss("scores", "hinge"),
    "squaredHinge": loss("scores", losses.SquaredHinge()),
    "categoricalHinge": loss("scores", losses.CategoricalHinge()),
    "klDivergence": loss("kind", losses.KLDivergence()),
    "klDivergence of one value": loss("energy", "kld"),
    "poisson": loss("energy", losses.Poisson()),
    "cosineSimilarity": loss("scores", losses.CosineSimilarity()),
    "summed": loss("energy", losses.MeanSquaredError(reduction="sum")),
    "tversky": loss("energy", losses.Tversky()),
    "metrics of classes": metric("kind", "sparse_categorical_crossentropy", [
        "acc", "sparse_categorical_accuracy", metrics.SparseTopKCategoricalAccuracy(k=2),
    ]),
    "metrics of one-hot classes": metric("kind", "categorical_crossentropy", [
        metrics.CategoricalAccuracy(), metrics.TopKCategoricalAccuracy(k=2),
    ]),
    "metrics of yes or no": metric("found", "binary_crossentropy", [
        "accuracy", metrics.BinaryAccuracy(threshold=0.7), "mae",
    ]),
    "metrics of values": metric("energy", "mse", [metrics.MeanAbsoluteError(), "mse"]),
    "accuracy of values": metric("scores", "mse", ["accuracy"]),
    "classes of values": metric("scores", "mse", ["categorical_accuracy"]),
    "values of classes": metric("kind", "sparse_categorical_crossentropy", ["mse"]),
    "auc": metric("found", "binary_crossentropy", [metrics.AUC()]),
    "by list": compiled(
        ("kind", "energy"), loss=["sparse_categorical_crossentropy", "mse"], loss_weights=[1, 0.25],
        metrics=[["accuracy"], ["mae"]],
    ),
    "by name": compiled(
        ("kind", "energy"), loss={"energy": "mae", "kind": "sparse_categorical_crossentropy"},
        loss_weights={"energy": 0.5}, metrics={"energy": "mse"},
    ),
    "one loss for all": compiled(("energy", "scores"), loss="mse", metrics=["mae"]),
    "of one output only": compiled(("kind", "energy"), loss=[None, "mse"]),
    "weighted metrics": compiled(weighted_metrics=["accuracy"]),
}))
