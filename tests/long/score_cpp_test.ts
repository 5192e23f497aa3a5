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
import { HDF5_HEADERS } from "../../tasks/_components.ts";
import { readSuperNemo } from "../../lib/data/supernemo.ts";
import { drawView } from "../../lib/image/tracker_views.ts";
import { writeSuperNemo } from "../../lib/simulate/supernemo/set.ts";

const EVENTS = 5;

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
      ...["-isystem", HDF5_HEADERS, source.pathname, "-o", program],
      ...[`-L${tensorflow}`, `-Wl,-rpath,${tensorflow}`, "-l:libtensorflow_cc.so.2"],
      ...["-l:libtensorflow_framework.so.2", "-lhdf5_serial"],
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

/** The program's answers for a model of a folder, and the model's own: float32 [events, classes], flat. */
async function answers(
  { program, folder, model }: { program: string; folder: string; model: tf.LayersModel },
  path: string,
  events: tf.Tensor,
): Promise<{ theirs: number[]; ours: ArrayLike<number> }> {
  await Deno.writeFile(join(folder, "model.keras"), await encodeKeras(model));
  const frozen = await freeze(folder);
  assertEquals(dirname(frozen), folder);
  const { out, said } = await run(program, [frozen, path, "image", "predictions"]);
  const lines = out.trim().split("\n").map((line) => line.split(" ").map(Number));
  assertEquals(lines.map((line) => line.length), new Array(events.shape[0]).fill(4), said);
  return { theirs: lines.flat(), ours: tf.tidy(() => applySharded(model, [[events]])[0][0].dataSync()) };
}

testWith(
  ["keras", "cpp"],
  "score.cpp gives what the model gives, and says what it cannot read",
  (python) =>
    withFolder(async (folder) => {
      await startEngine({ backend: "tensorflow" });
      const program = await compile(folder, await tensorflowOf(python));
      const model = buildSuperNemoSmall({ inputShape: [9, 113, 1], seed: 3 });
      const events = tf.randomUniform([EVENTS, 9, 113, 1], 0, 1, "float32", 5);
      const data = events.dataSync<"float32">(), npy = join(folder, "events.npy");
      await Deno.writeFile(npy, encodeNpy({ data, shape: events.shape }));
      const { theirs, ours } = await answers({ program, folder, model }, npy, events);
      assertClose(theirs, ours, 1e-5);
      const frozen = join(folder, "model.pb");
      const mistakes: [file: Uint8Array, input: string, message: string][] = [
        [
          encodeNpy({ data, shape: events.shape }),
          "picture",
          "Cannot find the input or the output in the model",
        ],
        [encodeNpy({ data, shape: events.shape }).slice(0, -4), "image", "Cannot score half a file"],
        [
          encodeNpy({ data, shape: [EVENTS, 113, 9, 1] }),
          "image",
          "Cannot score events of another shape than the model's",
        ],
        [new TextEncoder().encode("ROOT"), "image", `Cannot read "${npy}"`],
      ];
      for (const [file, input, message] of mistakes) {
        await Deno.writeFile(npy, file);
        const { code, said } = await run(program, [frozen, npy, input, "predictions"]);
        assertEquals([code, said], [1, message]);
      }
      events.dispose();
      model.dispose();
    }),
);

testWith(
  ["keras", "cpp"],
  "score.cpp draws the hits of an HDF5 file as every view of a model has them",
  (python) =>
    withFolder(async (folder) => {
      await startEngine({ backend: "tensorflow" });
      const program = await compile(folder, await tensorflowOf(python));
      const settings = { law: "detector", tracks: [2], files: 1, events: 40, format: "hdf5" } as const;
      const { files: [path] } = await writeSuperNemo(folder, settings, { seed: 4, workers: 1 });
      const { hits } = await readSuperNemo([path]);
      for (const view of ["top", "side", "front"] as const) {
        const { data, shape } = drawView(hits, view);
        const events = tf.tensor(data, shape, "float32");
        const model = buildSuperNemoSmall({ inputShape: shape.slice(1), seed: 3 });
        const { theirs, ours } = await answers({ program, folder, model }, path, events);
        assertClose(theirs, ours, 1e-5);
        events.dispose();
        model.dispose();
      }
      const points = tf.sequential({
        layers: [
          tf.layers.flatten({ inputShape: [5, 2], name: "image" }),
          tf.layers.dense({ units: 4, name: "predictions" }),
        ],
      });
      await Deno.writeFile(join(folder, "model.keras"), await encodeKeras(points));
      const { code, said } = await run(program, [await freeze(folder), path, "image_input", "predictions"]);
      assertEquals([code, said], [1, "Cannot draw hits for this model: write its events as .npy"]);
      points.dispose();
    }),
);
