/** The short form of `deno task bench conformance`: a few seeds in every run of the tests. */
import { join } from "@std/path";
import {
  judgeModels,
  judgeRecipes,
  KerasPeer,
  type PeerModel,
  type Verdict,
} from "../../tasks/bench/_conformance.ts";
import {
  KERAS_AUGMENTING,
  KERAS_GROUPS,
  KERAS_OTHERS,
  layersTable,
} from "../../tasks/bench/_keras_layers.ts";
import { tableOf } from "../../tasks/bench/conformance.ts";
import { assert, assertEquals } from "../assert.ts";
import { withFolder } from "../folder.ts";
import { testWith } from "../needs.ts";

const notExact = (verdicts: readonly Verdict[]) =>
  verdicts.filter(({ outcome }) => outcome !== "exact").map(({ seed, outcome, why }) =>
    `${seed} ${outcome}: ${why}`
  );

testWith(
  "keras",
  "random models and recipes of Keras are exact, or refused by name",
  (python) =>
    withFolder(async (folder) => {
      await using peer = new KerasPeer(python);
      const { classes } = await peer.ask<{ error?: string; classes: string[] }>({ task: "classes" });
      const listed = [...Object.values(KERAS_GROUPS).flat(), ...KERAS_AUGMENTING, ...KERAS_OTHERS];
      assertEquals(listed.toSorted(), classes, "README's table leaves none of Keras's layers out");
      const models = await judgeModels([60, 61, 101], { peer, folder, check: true });
      assertEquals(notExact(models), []);
      const file = join(folder, "own.keras");
      const { inputs } = await peer.ask<PeerModel>({ task: "model", seed: 60, file });
      const { apart = [] } = await peer.ask<PeerModel>({ task: "apart", file, inputs });
      assert(apart.length > 0 && apart.every((own) => own > 0 && own < 1e-4), `Keras is off by ${apart}`);
      const recipes = await judgeRecipes([34, 101], { peer, folder, backends: ["tensorflow"] });
      assertEquals(notExact(recipes), []);
    }),
);

Deno.test("README's table of Keras's layers is what the registry says: deno task bench conformance:layers", async () => {
  const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  const [, table] = /^### Keras layers\n[\s\S]*?\n\n(\|[\s\S]*?)\n\n/m.exec(readme)!;
  const cells = (text: string) =>
    text.split("\n").map((row) => row.split("|").map((cell) => cell.trim().replace(/^-+$/, "-")));
  assertEquals(cells(table), cells(layersTable()));
});

Deno.test("the table counts outcomes by layer and option", () => {
  const verdict = (outcome: Verdict["outcome"], ...used: string[]) => ({
    seed: 0,
    used,
    options: [],
    outcome,
    why: "",
  });
  const { rows, notes } = tableOf("x", [
    verdict("exact", "Dense", "Dense"),
    verdict("refused", "Dense", "Conv2D"),
  ]);
  assertEquals(rows.map(({ ours: [value] }) => value), [0, 0.5, 1]);
  assertEquals(notes, ["Conv2D: 0 exact, 1 refused, 0 wrong", "Dense: 1 exact, 1 refused, 0 wrong"]);
});
