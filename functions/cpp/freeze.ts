/**
 * Writes a run's model as a frozen TensorFlow graph, `model.pb` beside its `model.keras`, for programs such as `score.cpp`.
 *
 * ```sh
 * deno run -A functions/cpp/freeze.ts runs/top
 * ```
 * @module
 */
import { join } from "@std/path";
import { startEngine } from "../../lib/engine/mod.ts";
import { encodeGraphDef, readKeras } from "../../lib/export/mod.ts";

/**
 * Freezes the model of a run folder.
 *
 * @returns The path of the graph.
 */
export async function freeze(folder: string): Promise<string> {
  await startEngine({ backend: "tensorflow" });
  const path = join(folder, "model.keras");
  const { model } = await readKeras(path, { name: path });
  const frozen = join(folder, "model.pb");
  await Deno.writeFile(frozen, encodeGraphDef(model));
  model.dispose();
  return frozen;
}

if (import.meta.main) {
  const [folder, ...others] = Deno.args;
  if (folder === undefined || others.length > 0) {
    console.error("Usage: deno run -A functions/cpp/freeze.ts RUN");
    Deno.exit(2);
  }
  console.log(await freeze(folder));
}
