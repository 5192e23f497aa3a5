import { join } from "@std/path";
import { multipliesByOneDnn } from "../../../../lib/engine/native/one_dnn.ts";
import { startEngine } from "../../../../lib/engine/mod.ts";
import { assert, assertEquals } from "../../../assert.ts";
import { runDeno } from "../../../task_command.ts";

const VALUES = join(import.meta.dirname!, "..", "ops", "op_values_test.ts");

Deno.test("multipliesByOneDnn() is what the environment says", async () => {
  await startEngine({ backend: "tensorflow" });
  const said = Deno.env.get("TF_ENABLE_ONEDNN_OPTS"), does = multipliesByOneDnn();
  assertEquals(does, multipliesByOneDnn());
  if (said === "0") assertEquals(does, false);
});

Deno.test("convolutions and pools that TensorFlow's own kernels refuse or do wrong are right without oneDNN", async () => {
  // The library reads the variable once, so the tests of values run in a process of their own.
  const env = { TF_ENABLE_ONEDNN_OPTS: "0" };
  const { code, out, err } = await runDeno(
    ["test", "-A", "--no-check", "--filter", "/dilated|stride beyond/", VALUES],
    { env },
  );
  assertEquals(code, 0, out + err);
  assert(/ok \| [5-9] passed/.test(out), out);
});
