import { assertEquals, assertThrows } from "./assert.ts";
import { assertDone, runDeno } from "./task_command.ts";

/** What TensorFlow and ONNX Runtime print where memory is short and where a card has no vendor, and a complaint. */
const SAID = [
  "I0000 00:00:1795806074.760528   13943 cpu_feature_guard.cc:227] This TensorFlow binary is optimized to use available",
  "To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow with the appropriate flags.",
  "W0000 00:00:1795806075.794653   13574 cpu_allocator_impl.cc:84] Allocation of 4194304 exceeds 10% of free system memory.",
  "2026-11-27 19:00:00.123456789 [W:onnxruntime:Default, device_discovery.cc:164] GPU device discovery failed",
  "notes.txt: warning: of its own",
];

Deno.test("runDeno() leaves out what the libraries say of the machine, and nothing else", async () => {
  const code = `console.error(${JSON.stringify(SAID.join("\n"))}); Deno.exit(3);`;
  assertEquals(await runDeno(["eval", code]), { code: 3, out: "", err: SAID.at(-1)! });
});

Deno.test("assertDone() takes how far a slow process was, and no code, error or warning", () => {
  assertDone({ code: 0, out: "", err: "training  12/24  loss 2.3  12.0 s left" });
  for (const bad of [{ code: 1, err: "" }, { code: 0, err: SAID.at(-1)! }, { code: 0, err: "error: no" }]) {
    assertThrows(() => assertDone({ out: "", ...bad }));
  }
});
