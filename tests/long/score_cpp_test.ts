/** The example in C++, compiled and run against the same TensorFlow's headers. @module */
import { dirname, join } from "@std/path";
import { freeze } from "../../functions/cpp/freeze.ts";
import { applySharded, startEngine, tf } from "../../lib/engine/mod.ts";
import { encodeKeras } from "../../lib/export/mod.ts";
import { encodeNpy } from "../../lib/io/npy.ts";
import { buildSuperNemoSmall } from "../../lib/models/supernemo_small.ts";
import { assert, assertClose, assertEquals } from "../assert.ts";
import { withFolder } from "../folder.ts";
import { testWith } from "../needs.ts";

const EVENTS = 5;

/** Whether there is a compiler. */
async function hasCompiler(): Promise<boolean> {
  const asked = new Deno.Command("g++", { args: ["--version"], stdout: "null", stderr: "null" }).output();
  return (await asked.catch(() => ({ success: false }))).success;
}

/** TensorFlow's folder in a Python's packages: headers and libraries. */
async function tensorflowOf(python: string): Promise<string> {
  const args = ["-c", "import sysconfig; print(sysconfig.get_path('platlib'))"];
  const { stdout } = await new Deno.Command(python, { args }).output();
  return join(new TextDecoder().decode(stdout).trim(), "tensorflow");
}

async function compile(folder: string, tensorflow: string): Promise<string> {
  const program = join(folder, "score"),
    source = new URL("../../functions/cpp/score.cpp", import.meta.url);
  const { success, stderr } = await new Deno.Command("g++", {
    args: [
      ...["-std=c++17", "-Wall", "-Wextra", "-Werror", "-isystem", join(tensorflow, "include")],
      ...[source.pathname, "-o", program, `-L${tensorflow}`, `-Wl,-rpath,${tensorflow}`],
      ...["-l:libtensorflow_cc.so.2", "-l:libtensorflow_framework.so.2"],
    ],
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return program;
}

async function run(program: string, args: readonly string[]) {
  const env = { TF_CPP_MIN_LOG_LEVEL: "2" }; // TensorFlow's own chatter
  const { code, stdout, stderr } = await new Deno.Command(program, { args: [...args], env }).output();
  return {
    code,
    out: new TextDecoder().decode(stdout),
    said: new TextDecoder().decode(stderr).trim().split("\n").at(-1),
  };
}

testWith(
  "keras",
  "score.cpp gives what the model gives, and says what it cannot read",
  (python) =>
    withFolder(async (folder) => {
      if (!await hasCompiler()) return;
      await startEngine({ backend: "tensorflow" });
      const model = buildSuperNemoSmall({ inputShape: [9, 113, 1], seed: 3 });
      await Deno.writeFile(join(folder, "model.keras"), await encodeKeras(model));
      const frozen = await freeze(folder);
      assertEquals(dirname(frozen), folder);
      const events = tf.randomUniform([EVENTS, 9, 113, 1], 0, 1, "float32", 5);
      const data = events.dataSync<"float32">(), npy = join(folder, "events.npy");
      await Deno.writeFile(npy, encodeNpy({ data, shape: events.shape }));
      const program = await compile(folder, await tensorflowOf(python));
      const { out, said } = await run(program, [frozen, npy, "image", "predictions"]);
      const lines = out.trim().split("\n").map((line) => line.split(" ").map(Number));
      assertEquals(lines.map((line) => line.length), new Array(EVENTS).fill(4), said);
      const expected = tf.tidy(() => applySharded(model, [[events]])[0][0].dataSync());
      assertClose(lines.flat(), expected, 1e-5);
      const wrong = await run(program, [frozen, npy, "picture", "predictions"]);
      assertEquals([wrong.code, wrong.said], [1, "Cannot find the input or the output in the model"]);
      await Deno.writeFile(npy, encodeNpy({ data, shape: events.shape }).slice(0, -4));
      const half = await run(program, [frozen, npy, "image", "predictions"]);
      assertEquals([half.code, half.said], [1, "Cannot score half a file"]);
      events.dispose();
      model.dispose();
    }),
);
