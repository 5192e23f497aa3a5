/** When mixed precision counts as shown to lose nothing, and what the experiments are told of it. */
import { join } from "@std/path";
import { EXPERIMENTS } from "../../lib/experiments/registry.ts";
import type { PrecisionEvidence } from "../../lib/run/experiment.ts";
import { EVIDENCE_FILE, isAsGood, keepEvidence } from "../../tasks/bench/_keep_evidence.ts";
import { assert, assertEquals } from "../assert.ts";
import { withFolder } from "../folder.ts";

const EQUAL: PrecisionEvidence = {
  measured: "2026-11-27",
  metric: "accuracy",
  float32: [0.9, 0.92, 0.91],
  mixed: [0.91, 0.91, 0.91],
  difference: [-0.025, 0.025],
};

Deno.test("isAsGood() asks for zero in the interval and a difference within what seeds differ by", () => {
  assert(isAsGood(EQUAL));
  assert(!isAsGood({ ...EQUAL, difference: [-0.02, -0.001] }), "all of the interval is a loss");
  assert(!isAsGood({ ...EQUAL, difference: [0.001, 0.02] }), "or a gain that nothing explains");
  assert(
    !isAsGood({ ...EQUAL, mixed: [0.9, 0.8, 0.91], difference: [-0.2, 0.1] }),
    "three seeds say too little",
  );
});

Deno.test("keepEvidence() keeps what it finds beside what is known, and takes out what no longer holds", () =>
  withFolder(async (folder) => {
    const file = join(folder, "evidence.json");
    const kept = async () => JSON.parse(await Deno.readTextFile(file));
    await Deno.writeTextFile(file, "{}\n");
    await keepEvidence(file, "mnist", EQUAL);
    await keepEvidence(file, "cygno", { ...EQUAL, metric: "ROC AUC" });
    assertEquals(await kept(), { cygno: { ...EQUAL, metric: "ROC AUC" }, mnist: EQUAL });
    await keepEvidence(file, "mnist", undefined);
    assertEquals(Object.keys(await kept()), ["cygno"]);
  }));

Deno.test("experiments go by the evidence that is kept", async () => {
  const kept: Record<string, PrecisionEvidence> = JSON.parse(await Deno.readTextFile(EVIDENCE_FILE));
  const told = EXPERIMENTS.flatMap(({ name, mixedPrecision }) =>
    mixedPrecision ? [[name, mixedPrecision]] : []
  );
  assertEquals(Object.fromEntries(told), kept);
  for (const [name, evidence] of Object.entries(kept)) assert(isAsGood(evidence), name);
});
