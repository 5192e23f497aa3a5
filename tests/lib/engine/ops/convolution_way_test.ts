import { applySharded, compile, startEngine, tf } from "../../../../lib/engine/mod.ts";
import {
  chooseWay,
  type ConvolutionSizes,
  convolve,
  estimatedWay,
  shapeName,
  useTuning,
  type Way,
  waysFor,
} from "../../../../lib/engine/ops/convolution_way.ts";
import { assertClose, assertEquals } from "../../../assert.ts";
import { assertConvolvesAs, type Convolve } from "./_convolutions.ts";
import { numbers } from "./_numbers.ts";

const sizes = (x: number[], filter: number[], padding: "same" | "valid" = "same"): ConvolutionSizes => ({
  x,
  filter,
  padding,
});

Deno.test("waysFor() tries tiles on small pictures, products on filters of one pixel, and begins with the estimate", () => {
  assertEquals(waysFor(sizes([32, 8, 8, 256], [3, 3, 256, 256])), ["tiles of 4", "direct", "tiles of 2"]);
  assertEquals(waysFor(sizes([32, 16, 16, 64], [1, 1, 64, 16])), ["direct", "product"]);
  assertEquals(
    waysFor(sizes([32, 64, 64, 64], [3, 3, 64, 64])),
    ["direct"],
    "tiles would take many times as long",
  );
  assertEquals(waysFor(sizes([32, 8, 8, 256], [5, 5, 256, 256])), ["direct"], "no tiles of that filter");
  assertEquals(waysFor(sizes([32, 3, 3, 256], [3, 3, 256, 256], "valid")), ["direct"], "one result");
  assertEquals(waysFor(sizes([32, 64, 1, 96], [3, 1, 96, 64])), ["rows", "direct"]);
  assertEquals(waysFor(sizes([32, 64, 1, 12], [3, 1, 12, 64])), ["direct", "rows"], "few channels");
  assertEquals(waysFor(sizes([32, 64, 9, 96], [3, 1, 96, 64])), ["direct", "rows"], "several columns");
  assertEquals(waysFor(sizes([32, 64, 1, 96], [4, 1, 96, 64])), ["direct"], "as many above as below");
});

Deno.test("chooseWay() goes by what was measured for the shape, whatever the batch, else by the estimate", () => {
  const conv = sizes([32, 8, 8, 256], [3, 3, 256, 256]);
  assertEquals(shapeName(conv), "8×8×256 by 3×3 same to 256");
  assertEquals([estimatedWay(conv), chooseWay(conv)], ["tiles of 4", "tiles of 4"]);
  useTuning({ [shapeName(conv)]: "direct" });
  assertEquals([chooseWay(conv), chooseWay({ ...conv, x: [7, 8, 8, 256] })], ["direct", "direct"]);
  assertEquals(chooseWay({ ...conv, padding: "valid" }), "tiles of 2", "another shape, by the estimate");
  useTuning({});
  assertEquals(chooseWay(conv), "tiles of 4");
});

Deno.test("convolve() gives the same in all its ways, with its gradients", async () => {
  await startEngine({ backend: "tensorflow" });
  const cases: [ConvolutionSizes, Way[]][] = [
    [sizes([2, 6, 5, 3], [3, 3, 3, 4]), ["tiles of 2", "tiles of 4"]],
    [sizes([2, 6, 5, 3], [3, 3, 3, 4], "valid"), ["tiles of 2", "tiles of 4"]],
    [sizes([2, 4, 3, 5], [1, 1, 5, 2]), ["product"]],
    [sizes([2, 7, 3, 5], [5, 1, 5, 2]), ["rows"]],
  ];
  for (const [conv, ways] of cases) {
    const plain: Convolve = (x, filter) => tf.conv2d(x, filter, 1, conv.padding);
    for (const way of ["direct" as const, ...ways]) {
      const actual: Convolve = (x, filter) => convolve(x, filter, conv.padding, way);
      assertConvolvesAs(plain, actual, conv, 1e-5, way);
    }
  }
});

Deno.test("a convolution layer gives the same whatever the tuning, bias and activation included", async () => {
  await startEngine({ backend: "tensorflow" });
  for (
    const [kernelSize, ways] of [[3, ["direct", "tiles of 2", "tiles of 4"]], [1, [
      "direct",
      "product",
    ]]] as const
  ) {
    const layer = tf.layers.conv2d({
      ...{ filters: 4, kernelSize, padding: "same", activation: "relu", biasInitializer: "ones" },
      kernelInitializer: tf.initializers.glorotUniform({ seed: 5 }),
      inputShape: [6, 6, 3],
    });
    const model = tf.sequential({ layers: [layer] }), x = numbers([2, 6, 6, 3], 1);
    const name = shapeName(sizes([2, 6, 6, 3], [kernelSize, kernelSize, 3, 4]));
    const results = ways.map((way) => {
      useTuning({ [name]: way });
      return [...applySharded(model, [[x]])[0][0].dataSync()];
    });
    for (const result of results) assertClose(result, results[0], 1e-5);
  }
  useTuning({});
});

Deno.test("a convolution layer goes by the tuning where it takes every pixel side by side, and as it stands else", async () => {
  await startEngine({ backend: "tensorflow" });
  const x = numbers([2, 6, 6, 3], 1), name = shapeName(sizes([2, 6, 6, 3], [3, 3, 3, 4]));
  for (const more of [{}, { strides: 2 }, { dilationRate: 2 }]) {
    const layer = tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: "same", ...more });
    const expected = layer.apply(x) as tf.Tensor;
    const opsBy = (way: Way) => {
      useTuning({ [name]: way });
      const step = compile((x: tf.Tensor) => layer.apply(x) as tf.Tensor), y = step(x) as tf.Tensor;
      assertClose(y.dataSync(), expected.dataSync(), 1e-5, `${way}, ${JSON.stringify(more)}:`);
      const { ops } = step;
      step.dispose();
      return ops;
    };
    const [tiled, direct] = [opsBy("tiles of 2"), opsBy("direct")];
    assertEquals(tiled > direct, Object.keys(more).length === 0, `${tiled} ops and ${direct}`);
  }
  useTuning({});
});
