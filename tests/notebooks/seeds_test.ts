/** Networks that a notebook builds layer by layer follow its seed, in every weight. @module */
import { join } from "@std/path";
import ts from "typescript";
import { startEngine, tf } from "../../lib/engine/mod.ts";
import { readNotebook, sourceOf } from "../../tasks/_notebooks.ts";
import { assert, assertEquals } from "../assert.ts";

const FOLDER = join(import.meta.dirname!, "..", "..", "notebooks");

/** The function of a notebook's cell, called with a seed. */
function builderIn(notebook: string, name: string): (seed: number) => tf.LayersModel {
  const cells = readNotebook(join(FOLDER, `${notebook}.ipynb`)).cells.map(sourceOf);
  const found = cells.map((code) => code.match(new RegExp(`^function ${name}\\([^]*?^}`, "m"))).find(Boolean);
  const code = ts.transpile(`${found![0]}\nreturn ${name}(...rest);`, { target: ts.ScriptTarget.ESNext });
  const run = new Function("tf", "SEED", "rest", code);
  return (seed) => run(tf, seed, ["nuclear", "sigmoid"]); // what the course's asks for; the others take nothing
}

const weightsOf = (model: tf.LayersModel) => model.getWeights().map((weight) => [...weight.dataSync()]);
const isDrawn = (values: number[]) => values.some((value) => value !== values[0]); // no bias, no moment

for (
  const [notebook, name] of [
    ["mnist", "createModel"],
    ["fashion", "createDeeper"],
    ["cygno-1-train", "createNetwork"],
  ]
) {
  Deno.test(`${name}() of notebooks/${notebook}.ipynb draws all its weights by the seed`, async () => {
    await startEngine({ backend: "cpu" });
    const build = builderIn(notebook, name);
    const [first, again, other] = [7, 7, 8].map((seed) => weightsOf(build(seed)));
    assertEquals(again, first);
    const drawn = [...first.keys()].filter((i) => isDrawn(first[i]));
    assert(drawn.length >= 4, `only ${drawn.length} weights are drawn`);
    for (const i of drawn) {
      assert(first[i].some((value, k) => value !== other[i][k]), `weight ${i} heeds no seed`);
    }
    tf.disposeVariables();
  });
}
