/**
 * The package as it is published, used by name from an empty folder: what `deno publish` uploads is served from the
 * loopback as JSR serves it, so that no file of this checkout is within reach.
 * @module
 */
import { join } from "@std/path";
import { after, before, describe, it } from "@std/testing/bdd";
import { assert, assertEquals } from "./assert.ts";
import { type JsrRegistry, startJsr } from "./servers/jsr.ts";
import { freePort } from "./servers/free_port.ts";
import { isWell } from "./servers/is_well.ts";
import { runDeno } from "./task_command.ts";
import { until } from "./until.ts";

/**
 * A first script of a user: trains on digits that an npm package brings, draws with fonts that another brings, unpacks
 * HDF5 in other threads, and writes pictures for the tasks to train on.
 */
const SCRIPT = `
import { data, encodeKeras, encodeOnnx, engineReport, evaluate, fit, fromArrays, image, io, models, plot, predict,
  startEngine, train } from "cloudchamber";

await startEngine({ backend: Deno.args[0] as "tensorflow" | "wasm" });
const { images, labels } = data.readMnist().train;
const n = 600, pixels = images.slice(0, n * 784);
const x = { data: pixels, shape: [n, 28, 28, 1] }, y = { data: labels.slice(0, n), shape: [n] };
const model = models.buildTutorialCnn({ seed: 1 });
const preprocessing = image.parsePreprocessing([{ op: "scale", factor: 1 / 255 }]);
await fit(model, fromArrays(x, y), { loss: train.crossEntropy(), epochs: 4, batch: 50, preprocessing });
const { predictions } = await predict(model, fromArrays(x, y), { preprocessing });
const { value } = evaluate.accuracy(evaluate.argMaxRows(predictions.data, 10), y.data);

const chart = await plot.renderPng(plot.plotHistogram([...predictions.data], { bins: 10 }));
await Deno.writeFile("x.h5", await io.encodeHdf5({ x: { ...x, compression: "gzip", chunks: [100, 28, 28, 1] } }));
using file = await io.openHdf5("x.h5", { workers: 2 });
const read = await file.read("x");
for (let i = 0; i < 200; i++) {
  if (labels[i] > 1) continue;
  await Deno.mkdir(\`digits/\${labels[i]}\`, { recursive: true });
  const picture = { data: images.slice(i * 784, (i + 1) * 784), width: 28, height: 28 };
  await Deno.writeFile(\`digits/\${labels[i]}/\${i}.png\`, io.encodePng(picture));
}
await Deno.writeFile("one.png", await Deno.readFile(\`digits/1/\${labels.indexOf(1)}.png\`));
console.log(JSON.stringify({
  backend: engineReport().backend,
  learned: value > 0.5,
  chart: io.decodePng(chart).width > 100,
  read: pixels.every((count, i) => read.data[i] === count),
  keras: (await encodeKeras(model)).length > 9e5,
  onnx: (await encodeOnnx(model)).length > 9e5,
}));
`;

/** Runs Deno in a folder, against the registry; fails with all it said. */
async function deno(folder: string, jsr: JsrRegistry, ...args: string[]): Promise<string> {
  const { code, out, err } = await runDeno(args, { cwd: folder, env: jsr.env });
  assertEquals(code, 0, `deno ${args.join(" ")}\n${out}\n${err}`);
  return out;
}

/** Starts a server in a folder, asks it until it answers, and stops it. */
async function withServer(
  folder: string,
  jsr: JsrRegistry,
  args: (port: string) => string[],
  env: Readonly<Record<string, string>>,
  ask: (url: string) => Promise<void>,
): Promise<void> {
  const port = String(freePort());
  const server = new Deno.Command(Deno.execPath(), {
    args: args(port),
    cwd: folder,
    env: { ...jsr.env, ...env },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let ended = false;
  void server.status.then(() => ended = true);
  try {
    const url = `http://127.0.0.1:${port}`;
    await until(`deno ${args(port).join(" ")}`, async () => ended || await isWell(`${url}/v2/health/ready`));
    assert(!ended, `deno ${args(port).join(" ")} ended before it was ready`);
    await ask(url);
  } finally {
    if (!ended) server.kill("SIGTERM");
    await server.status;
  }
}

describe("the published package, from an empty folder", () => {
  let jsr: JsrRegistry, folder: string, name: string;
  const task = (which: string, ...args: string[]) =>
    deno(folder, jsr, "run", "-q", "-A", `${name}/${which}`, ...args);

  before(async () => {
    jsr = await startJsr();
    name = `jsr:${jsr.name}@${jsr.version}`;
    folder = await Deno.makeTempDir({ prefix: "cloudchamber-empty-" });
    await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify({ imports: { cloudchamber: name } }));
    await Deno.writeTextFile(join(folder, "first.ts"), SCRIPT);
  });
  after(async () => {
    if (folder === undefined) return; // publishing failed, and said why
    await Deno.remove(folder, { recursive: true });
    await jsr[Symbol.asyncDispose]();
  });

  it("is published without a warning", () => assert(!/warning/i.test(jsr.said), jsr.said));

  it("trains, predicts, draws, reads and exports, on both backends", async () => {
    const done = { learned: true, chart: true, read: true, keras: true, onnx: true };
    for (const backend of ["tensorflow", "wasm"]) {
      const said = await deno(folder, jsr, "run", "-q", "-A", "first.ts", backend);
      assertEquals(JSON.parse(said), { backend, ...done });
    }
  });

  it("has its types", () => deno(folder, jsr, "check", "-q", "first.ts"));

  it("trains, scores, publishes and simulates by its tasks", async () => {
    await task("train", "images", "--data", "digits", "--epochs", "3", "--out", "runs/digits");
    const native = await task("score", "runs/digits", "one.png");
    assert(/one\.png +1 \(/.test(native), native);
    assertEquals(await task("score", "runs/digits", "one.png", "--runtime", "wasm"), native);
    await task("publish", "runs/digits", "--store", "file:store");
    await task("simulate", "cygno", "--daq", "--events", "2", "--out", "daq");
    await Deno.stat(join(folder, "daq"));
  });

  it("serves, by the task and as a function", async () => {
    const body = await Deno.readFile(join(folder, "one.png"));
    const ask = async (url: string) => {
      const said = await (await fetch(`${url}/score/images`, { method: "POST", body })).text();
      assert(said.includes('"label":"1"'), said);
      assert((await (await fetch(url)).text()).includes("<html"), "no page");
    };
    const serve = (
      port: string,
    ) => ["run", "-q", "-A", `${name}/serve`, "--store", "file:store", "--port", port];
    await withServer(folder, jsr, serve, {}, ask);
    const edge = (
      port: string,
    ) => ["serve", "-q", "-A", "--host", "127.0.0.1", "--port", port, `${name}/functions/score`];
    await withServer(folder, jsr, edge, { CLOUDCHAMBER_STORE: "file:store" }, ask);
  });
});
