/** A model's file stays what it was when Keras agreed. @module */
import { startEngine } from "../../../lib/engine/mod.ts";
import { assertEquals } from "../../assert.ts";
import { readKept } from "../../kept.ts";
import { describeFile, KEPT, type KeptFile, MODELS } from "./_kept_files.ts";

await startEngine({ backend: "cpu" });

const kept = await readKept<KeptFile>(KEPT);

for (const [i, before] of kept.entries()) {
  Deno.test(`${before.name} is as it was; if another file is meant: deno run -A tests/lib/export/_kept_files.ts`, async () => {
    const models = MODELS();
    assertEquals(models.map(({ name }) => name), kept.map(({ name }) => name));
    const now = await describeFile(models[i]);
    for (const key of Object.keys(before) as (keyof KeptFile)[]) assertEquals(now[key], before[key], key);
  });
}
