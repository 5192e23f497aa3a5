/** The short form: a few seeds in every run of the tests. */
import { assert, assertEquals } from "../../../assert.ts";
import { testWith } from "../../../needs.ts";
import { judgeRandomModels, tableByLayer } from "./random_models.ts";

testWith("keras", "random models of Keras are exact everywhere, or refused by name", async (python) => {
  const verdicts = await judgeRandomModels(python, Array.from({ length: 24 }, (_, i) => i));
  assertEquals(
    verdicts.filter(({ outcome }) => outcome === "wrong").map(({ seed, why }) => `seed ${seed}: ${why}`),
    [],
  );
  const refused = verdicts.filter(({ outcome }) => outcome === "refused").map(({ why }) => why);
  assert(refused.length <= 1, refused.join("\n"));
  assert(Object.keys(tableByLayer(verdicts)).length >= 20);
});
