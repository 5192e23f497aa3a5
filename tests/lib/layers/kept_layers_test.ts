/** A layer stays what it was when its peers agreed. @module */
import { startEngine } from "../../../lib/engine/mod.ts";
import { assertClose, assertEquals } from "../../assert.ts";
import { readKept } from "../../kept.ts";
import { CASES, describeLayer, KEPT, type KeptLayer } from "./_kept_layers.ts";

await startEngine({ backend: "cpu" });

const kept = await readKept<KeptLayer>(KEPT);

Deno.test("every layer's cases are kept", () => {
  assertEquals(kept.map(({ name }) => name), [...CASES.keys()]);
});

for (const { name, figures, keras, onnx } of kept) {
  Deno.test(`${name} is as it was; if another one is meant: deno run -A tests/lib/layers/_kept_layers.ts`, async () => {
    const now = await describeLayer(name);
    now.figures.forEach((output, i) => {
      output.forEach((value, k) => assertClose(value, figures[i][k], 1e-4, `output ${i}, figure ${k}`, 1e-2));
    });
    assertEquals(now.figures.length, figures.length);
    assertEquals(JSON.parse(JSON.stringify(now.keras)), keras);
    assertEquals(now.onnx, onnx, "its ONNX file");
  });
}
