import { join } from "@std/path";
import type { Verdict } from "../../tasks/bench/_conformance.ts";
import { openVerdicts } from "../../tasks/bench/_kept_verdicts.ts";
import { assertEquals, assertRejects } from "../assert.ts";
import { withFolder } from "../folder.ts";

const verdict = (seed: number, outcome: Verdict["outcome"] = "exact"): Verdict => ({
  seed,
  outcome,
  used: ["Dense"],
  options: [],
  why: "",
});

Deno.test("openVerdicts() goes on where a run was stopped, and leaves seeds that nobody asks for", () =>
  withFolder(async (folder) => {
    const place = join(folder, "kept");
    const first = await openVerdicts(place, "models", [0, 1, 2]);
    assertEquals(first.earlier, []);
    [verdict(0), verdict(1, "wrong"), verdict(7)].forEach(first.add);
    const second = await openVerdicts(place, "models", [0, 1, 2]);
    assertEquals(second.earlier, [verdict(0), verdict(1, "wrong")]);
    assertEquals([0, 1, 2].filter(second.isLeft), [2]);
    second.add(verdict(1)); // judged again by hand: the later line counts
    assertEquals((await openVerdicts(place, "models", [1])).earlier, [verdict(1)]);
    assertEquals((await openVerdicts(place, "recipes", [0, 1, 2])).earlier, []);
    assertEquals((await openVerdicts(undefined, "models", [0])).isLeft(0), true);
  }));

Deno.test("openVerdicts() names a line that is no verdict", () =>
  withFolder(async (folder) => {
    const write = (text: string) => Deno.writeTextFile(join(folder, "models.jsonl"), text);
    await write(`${JSON.stringify(verdict(0))}\n{"seed":1`);
    await assertRejects(() => openVerdicts(folder, "models", [0]), SyntaxError, "models.jsonl:2: got");
    await write('{"seed":1,"outcome":"left out"}\n');
    await assertRejects(() => openVerdicts(folder, "models", [0]), SyntaxError, "models.jsonl:1: got");
  }));
