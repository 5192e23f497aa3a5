// Not counted: its loops are long.
import { startEngine, tf } from "../../../lib/engine/mod.ts";
import { buildAlexnet } from "../../../lib/models/alexnet.ts";
import { buildCustomCnn } from "../../../lib/models/custom_cnn.ts";
import { buildPybiaResnet18 } from "../../../lib/models/pybia_resnet18.ts";
import { buildStackedCnn } from "../../../lib/models/stacked_cnn.ts";
import { buildVgg16 } from "../../../lib/models/vgg16.ts";
import { countParameters } from "../../../lib/train/mod.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";

await startEngine({ backend: "tensorflow" });

// By hand, layer by layer, of what pyBIA 1.3.3 builds at 67 × 67 × 3; `summary()` of its models says the same. The real ResNet-18 is in registry_test.
Deno.test("AlexNet, VGG16 and pyBIA's ResNet-18 have the parameters that pyBIA's have", () => {
  const counts = [buildAlexnet, buildVgg16, buildPybiaResnet18].map((build) => {
    const model = build();
    const count = countParameters(model);
    model.dispose();
    return count;
  });
  assertEquals(counts, [29_977_986, 50_382_658, 18_916_866]);
});

// By hand: 7·7·3·256 + 256, its norm 4·256, 4·4·256·4096 + 4096, its norm 4·4096, 4096·2 + 2.
Deno.test("the custom network has pyBIA's layers", () => {
  const model = buildCustomCnn({ inputShape: [12, 12, 3] });
  assertEquals(model.countParams(), 37_888 + 1024 + 16_781_312 + 16_384 + 8194);
  model.dispose();
});

Deno.test("pyBIA's ResNet-18 has 32 convolutions and pools twice, once where it pools by minimum", () => {
  const count = (pooling: "max" | "min" | "average", kind: string) => {
    const model = buildPybiaResnet18({ inputShape: [16, 16, 3], pooling });
    const found = model.layers.filter((layer) => layer.getClassName() === kind).length;
    model.dispose();
    return found;
  };
  assertEquals(count("max", "Conv2D"), 32);
  assertEquals(count("max", "MaxPooling2D"), 2);
  assertEquals([count("average", "MaxPooling2D"), count("average", "AveragePooling2D")], [1, 1]);
  assertEquals([count("min", "MaxPooling2D"), count("min", "MinPooling2D")], [0, 1]);
});

Deno.test("stacks take any bands, poolings, regularisers and initial weights, and repeat by their seed", () => {
  for (const pooling of ["max", "min", "average"] as const) {
    for (const regularizer of ["none", "localResponse", "batchNorm"] as const) {
      const build = () =>
        buildStackedCnn({
          inputShape: [9, 9, 5],
          stages: [{ filters: 4, kernel: 3, pooling }, { filters: 6, kernel: 3, convolutions: 2 }],
          dense: [{ units: 8, dropout: 0.5 }],
          regularizer,
          pooling,
          activation: "tanh",
          initializer: "heUniform",
          denseInitializer: "glorotNormal",
          decay: 1e-3,
          classes: 1,
          seed: 3,
        });
      tf.tidy(() => {
        const x = tf.randomUniform([2, 9, 9, 5], 0, 1, "float32", 5);
        const [first, second] = [build(), build()].map((model) => (model.predict(x) as tf.Tensor).dataSync());
        assert(first.every((p) => p > 0 && p < 1));
        assertClose(first, second, 1e-6);
      });
    }
  }
});

Deno.test("buildStackedCnn() refuses an empty stack", () => {
  assertThrows(() => buildStackedCnn({ stages: [], dense: [] }), RangeError, "without layers");
});
