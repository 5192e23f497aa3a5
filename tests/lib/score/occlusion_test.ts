import { assertClose, assertEquals, assertRejects } from "../../assert.ts";
import { occlusionMap } from "../../../lib/score/occlusion.ts";
import type { Tensor } from "../../../lib/score/tensor.ts";

const tensor = (name: string, rows: number, values: number[]): Tensor => ({
  name,
  type: "FP32",
  shape: [rows, values.length / rows],
  data: Float32Array.from(values),
});

Deno.test("occlusionMap() finds the part that speaks for the answer, and the one that speaks against it", async () => {
  // The model: probability of the second class is the pixel at row 0, column 3, minus half of that at row 3, column 0.
  const infer = ({ data, shape: [rows] }: Tensor) =>
    Promise.resolve([
      tensor(
        "kind",
        rows,
        Array.from({ length: rows }, (_, i) => data[16 * i + 3] as number - 0.5 * Number(data[16 * i + 12])),
      ),
    ]);
  const card = {
    inputs: [{ name: "image", shape: [4, 4, 1], dtype: "float32" as const, units: "" }],
    outputs: [{ name: "kind", kind: "probability" as const, labels: ["no", "yes"], threshold: 0.3 }],
  };
  const view = new Float32Array(16);
  view[3] = view[12] = 1; // mean 1/8
  const map = await occlusionMap(card, view, infer, { places: 2, batch: 3 });
  assertEquals([map.rows, map.columns, map.output], [2, 2, "kind"]);
  assertClose(map.values, [0, 7 / 8, -7 / 16, 0], 1e-6);
});

Deno.test("occlusionMap() refuses a model whose answer stands on no single number", async () => {
  const card = {
    inputs: [{ name: "image", shape: [4, 4, 1], dtype: "float32" as const, units: "" }],
    outputs: [{ name: "made", kind: "image" as const, units: "" }],
  };
  const map = () => occlusionMap(card, new Float32Array(16), () => Promise.resolve([]));
  await assertRejects(map, TypeError, '"made" is of kind image');
});
