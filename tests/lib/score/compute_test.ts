/** What a unit makes of a batch: what is computed together, whose fault a failure is, and what comes back. */
import * as onnxruntime from "onnxruntime-node";
import { encodePng } from "../../../lib/io/png.ts";
import { createUnit, type Item, type ItemResult } from "../../../lib/score/compute.ts";
import { SIDE, tinyAnswer, tinyCard, tinyOnnx } from "../../tiny_model.ts";
import { assert, assertClose, assertEquals, assertRejects } from "../../assert.ts";

/** What is called when a model is freed. */
interface Runtime {
  InferenceSession: { prototype: { release(): Promise<void> } };
}

const source = () => ({ card: tinyCard(), onnx: tinyOnnx() });
const tensors = (value: number, rows = 1): Item => ({
  tensors: [{
    name: "image",
    type: "FP32",
    shape: [rows, SIDE, SIDE, 1],
    data: new Float32Array(rows * SIDE * SIDE).fill(value),
  }],
});
const png = (counts: number, side = 8): Uint8Array =>
  encodePng({ data: new Uint8Array(side * side).fill(counts), height: side, width: side, channels: 1 });

/** Energies of a result's rows, or its fault. */
function told(result: ItemResult): unknown {
  if ("fault" in result) return `${result.fault.who}: ${result.fault.message}`;
  if ("tensors" in result) {
    return [...result.tensors[1].data].map((value) => Math.round(Number(value) * 1000) / 1000);
  }
  return (result.answers.energy as { value: number }).value;
}

Deno.test("createUnit() computes pictures and tensors of one batch, each answer in its own form and place", async () => {
  const unit = createUnit();
  const loaded = await unit.load("tiny", source());
  assertEquals(loaded.inputs, [{ name: "image", type: "FP32", shape: [-1, SIDE, SIDE, 1] }]);
  assertEquals(loaded.outputs.map(({ name }) => name), ["kind", "energy"]);
  const items: Item[] = [tensors(0.25, 2), { png: png(50) }, tensors(0.5), { png: png(10), view: true }];
  const { results, rows, computeMs } = await unit.run("tiny", items);
  assertEquals([told(results[0]), told(results[2]), rows], [[0.25, 0.25], [0.5], 5]);
  assertClose([Number(told(results[1])), Number(told(results[3]))], [5, 1], 1e-5);
  assert(computeMs >= 0 && results.every((result) => "fault" in result || result.ms >= 0));
  const [, , , seen] = results;
  assert("view" in seen && "answers" in seen && !("view" in results[1]));
  assertClose(seen.view![0], Array(SIDE * SIDE).fill(0.1), 1e-6);
  assertEquals(seen.shape, [8, 8, 1]);
  const kind = seen.answers.kind as { probability?: number };
  assert(JSON.stringify(kind).includes("NR") || JSON.stringify(kind).includes("ER"), JSON.stringify(kind));
  assertClose(tinyAnswer(10).energy, Number(told(seen)), 1e-5);
  await unit.close();
});

Deno.test("createUnit() says whose fault it is, and lets nobody else pay for it", async () => {
  const unit = createUnit({ maxPixels: 100 });
  await unit.load("tiny", source());
  const wrong = {
    name: "picture",
    type: "FP32" as const,
    shape: [1, SIDE, SIDE, 1],
    data: new Float32Array(16),
  };
  const items: Item[] = [
    { png: Uint8Array.of(1, 2, 3) },
    tensors(NaN),
    { tensors: [wrong] },
    { png: png(1, 2) },
    { png: png(1, 11) },
    { png: png(20, 10) },
  ];
  const { results, rows } = await unit.run("tiny", items);
  const whose = results.map((result) => "fault" in result ? result.fault.who : "nobody");
  assertEquals(whose, ["client", "content", "client", "client", "client", "nobody"]);
  assertEquals(rows, 1);
  assertClose(Number(told(results[5])), 2, 1e-5);
  assert(/^content: .*"image".*NaN/.test(String(told(results[1]))), String(told(results[1])));
  await unit.close();
});

Deno.test("createUnit() knows no model that was not loaded, or that was unloaded", async () => {
  const unit = createUnit();
  const lost = async () => {
    const { results, rows, computeMs } = await unit.run("tiny", [tensors(1), tensors(2)]);
    assertEquals([rows, computeMs], [0, 0]);
    return results.map(told);
  };
  const words = 'server: Model "tiny" is not loaded';
  assertEquals(await lost(), [words, words]);
  await unit.load("tiny", source());
  assertEquals(told((await unit.run("tiny", [tensors(1)])).results[0]), [1]);
  await unit.unload("tiny");
  await unit.unload("tiny");
  assertEquals(await lost(), [words, words]);
  await assertRejects(() => unit.load("bad", { ...source(), onnx: Uint8Array.of(1, 2, 3) }));
  assertEquals((await unit.run("bad", [tensors(1)])).rows, 0);
  await unit.load("tiny", source());
  await unit.close();
  assertEquals(await lost(), [words, words], "closing frees all");
});

Deno.test("createUnit() has freed a model when it says that it was unloaded", async () => {
  const { InferenceSession } = (onnxruntime as unknown as { default: Runtime }).default;
  const { release } = InferenceSession.prototype;
  let freed = 0;
  InferenceSession.prototype.release = async function () {
    await release.call(this);
    freed++;
  };
  try {
    const unit = createUnit();
    await unit.load("tiny", source());
    await unit.unload("tiny");
    assertEquals(freed, 1);
    await unit.close();
  } finally {
    InferenceSession.prototype.release = release;
  }
});

Deno.test("createUnit() cuts a batch so that no part has too many rows, one item's own aside", async () => {
  const unit = createUnit({ maxRows: 3 });
  await unit.load("tiny", source());
  const sizes = [1, 2, 2, 5, 1, 1, 1, 1];
  const { results, rows } = await unit.run("tiny", sizes.map((size, i) => tensors(i / 10, size)));
  assertEquals(results.map(told), sizes.map((size, i) => Array(size).fill(i / 10)));
  assertEquals(rows, 14);
  const [first] = results;
  assert("tensors" in first && first.tensors[1].data.buffer.byteLength === 4, "rows in memory of their own");
  await unit.close();
});
