/** What is measured, when it is believed, and what a cache is worth: by times that the test makes up. */
import { join } from "@std/path";
import { startEngine, tf, tuneConvolutions } from "../../../lib/engine/mod.ts";
import type { ConvolutionSizes, Way } from "../../../lib/engine/ops/convolution_way.ts";
import { assert, assertEquals } from "../../assert.ts";
import { withFolder } from "../../folder.ts";

await startEngine({ backend: "tensorflow" });

/** Convolutions of every kind, one in a model of its own; two of them leave a choice. */
function model(): tf.LayersModel {
  const { conv2d } = tf.layers;
  const inner = tf.sequential({
    name: "inner",
    layers: [conv2d({ inputShape: [8, 8, 256], filters: 256, kernelSize: 3, padding: "same" })],
  });
  return tf.sequential({
    layers: [
      conv2d({ inputShape: [8, 8, 3], filters: 16, kernelSize: 5, padding: "same" }),
      conv2d({ filters: 256, kernelSize: 1, padding: "same" }),
      inner,
      conv2d({ filters: 256, kernelSize: 3, padding: "same", strides: 2 }),
      conv2d({ filters: 64, kernelSize: 3, padding: "same", dilationRate: 2 }),
    ],
  });
}
const NET = model();
const TILED = "8×8×256 by 3×3 same to 256", PRODUCT = "8×8×16 by 1×1 same to 256";

/** Tunes with a clock of its own: what each way takes. */
async function tune(cacheFolder: string, ms: Partial<Record<Way, number>>, budgetMs = 2000) {
  const asked: ConvolutionSizes[] = [];
  const time = (sizes: ConvolutionSizes, ways: readonly Way[]) => {
    asked.push(sizes);
    return ways.map((way) => ms[way] ?? 100);
  };
  const tuning = await tuneConvolutions([NET], { batch: 7, cacheFolder, budgetMs, time });
  return { tuning, asked };
}

const onlyFile = (folder: string) =>
  join(folder, "tuning", [...Deno.readDirSync(join(folder, "tuning"))][0].name);

Deno.test("tuneConvolutions() measures what leaves a choice, the largest first, and takes what is a tenth faster", () =>
  withFolder(async (folder) => {
    const { tuning, asked } = await tune(folder, { direct: 50, product: 20 });
    assertEquals(asked, [
      { x: [7, 8, 8, 256], filter: [3, 3, 256, 256], padding: "same" },
      { x: [7, 8, 8, 16], filter: [1, 1, 16, 256], padding: "same" },
    ]);
    assertEquals(tuning, { [TILED]: "direct", [PRODUCT]: "product" });
    await withFolder(async (other) => {
      const near = await tune(other, { direct: 91, product: 83 });
      assertEquals(
        near.tuning,
        { [TILED]: "tiles of 4", [PRODUCT]: "direct" },
        "the estimate, within a tenth",
      );
    });
  }));

Deno.test("tuneConvolutions() measures once a processor and shape", () =>
  withFolder(async (folder) => {
    const first = await tune(folder, { direct: 50 }), second = await tune(folder, { direct: 500 });
    assertEquals([second.tuning, second.asked], [first.tuning, []]);
    const kept = JSON.parse(await Deno.readTextFile(onlyFile(folder)));
    assertEquals(kept.ways, first.tuning);
    assert(kept.processor.includes("TensorFlow"), kept.processor);
  }));

Deno.test("tuneConvolutions() measures anew where a cache is damaged or of another processor", () =>
  withFolder(async (folder) => {
    await tune(folder, { direct: 50 });
    const path = onlyFile(folder), whole = await Deno.readTextFile(path), kept = JSON.parse(whole);
    const bad = {
      "cut off": whole.slice(0, whole.length / 2),
      "of another processor": JSON.stringify({ ...kept, processor: "another" }),
      "of another format": JSON.stringify({ ...kept, format: "cloudchamber-tuning/0" }),
      "a way that is none": JSON.stringify({ ...kept, ways: { [TILED]: "magic" } }),
      "no ways": JSON.stringify({ ...kept, ways: null }),
      "no object": "7",
    };
    for (const [what, text] of Object.entries(bad)) {
      await Deno.writeTextFile(path, text);
      const { tuning, asked } = await tune(folder, { "tiles of 2": 1 });
      assertEquals([asked.length, tuning[TILED]], [2, "tiles of 2"], what);
      assertEquals(JSON.parse(await Deno.readTextFile(path)).ways, tuning, `${what}: it is whole again`);
    }
  }));

Deno.test("tuneConvolutions() stops at its time, and does without a cache that cannot be kept", () =>
  withFolder(async (folder) => {
    const none = await tune(folder, {}, 0);
    assertEquals([none.tuning, none.asked], [{}, []]);
    const file = join(folder, "in_the_way");
    await Deno.writeTextFile(file, "");
    assertEquals((await tune(file, { direct: 1 })).tuning[TILED], "direct");
  }));

Deno.test("tuneConvolutions() times real convolutions, and leaves no tensor", () =>
  withFolder(async (folder) => {
    const small = tf.sequential({
      layers: [tf.layers.conv2d({ inputShape: [4, 4, 8], filters: 8, kernelSize: 1, padding: "valid" })],
    });
    const before = tf.memory().numTensors;
    const tuning = await tuneConvolutions([small], { batch: 2, cacheFolder: folder });
    assertEquals(Object.keys(tuning), ["4×4×8 by 1×1 valid to 8"]);
    assertEquals(tf.memory().numTensors, before);
    await startEngine({ backend: "cpu" });
    assertEquals(await tuneConvolutions([small], { batch: 2, cacheFolder: folder }), {}, "nothing to choose");
    await startEngine({ backend: "tensorflow" });
  }));
