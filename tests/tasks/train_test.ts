import { join } from "@std/path";
import { fileURLToPath } from "node:url";
import { parseCard } from "../../lib/card/card.ts";
import { hasBfloat16 } from "../../lib/engine/processor.ts";
import { decodeHistory } from "../../lib/train/mod.ts";
import { main } from "../../tasks/train.ts";
import { assert, assertClose, assertEquals } from "../assert.ts";
import { smallMnist } from "../small_mnist.ts";
import { assertDone, runTask } from "../task_command.ts";

const ROOT = fileURLToPath(import.meta.resolve("../../"));

const DATA = await smallMnist(await Deno.makeTempDir(), 400, 100);
const QUICK = [
  "mnist",
  "--data",
  DATA,
  "--epochs",
  "2",
  "--batch",
  "32",
  "--validation",
  "40",
  "--shards",
  "2",
];

/** Runs the task here; gives its exit code and what it printed. */
async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { log, error } = console;
  let out = "", err = "";
  console.log = (line: unknown) => void (out += `${line}\n`);
  console.error = (line: unknown) => void (err += `${line}\n`);
  try {
    return { code: await main(args), out, err };
  } finally {
    Object.assign(console, { log, error });
  }
}

/** Files below a folder. */
function filesIn(folder: string, below = ""): string[] {
  return [...Deno.readDirSync(join(folder, below))].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesIn(folder, join(below, name)) : [join(below, name)]
  ).sort();
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

Deno.test("train lists its experiments and explains its options", async () => {
  const list = await run("--list");
  assertEquals(list.code, 0);
  assert(
    /^mnist +Handwritten digits/m.test(list.out) && /^fashion +Pieces of clothing/m.test(list.out),
    list.out,
  );
  const help = await run("fashion", "--help");
  assertEquals(help.code, 0);
  assert(
    help.out.includes("--model CHOICE") && help.out.includes("deno task train fashion --epochs 3"),
    help.out,
  );
});

const BAD: [name: string, args: string[], message: string][] = [
  ["an unknown option", ["mnist", "--epoch", "3"], "Unknown option --epoch (nearest: --epochs)"],
  ["an unknown experiment", ["mnits"], 'Unknown experiment "mnits" (nearest: mnist)'],
  ["a word too many", ["mnist", "fashion"], 'Unexpected argument "fashion"'],
  [
    "a misplaced experiment",
    ["--epochs", "3", "fashion"],
    'Unexpected argument "fashion": the experiment comes first',
  ],
  ["a run behind --resume", ["--resume", "runs/a"], "the run to go on with is named by --out runs/a"],
  ["no epochs", ["mnist", "--epochs", "0"], '--epochs needs a whole number of at least 1: got "0"'],
  ["half an example", ["mnist", "--batch", "0.5"], '--batch needs a whole number of at least 1: got "0.5"'],
  ["an unknown model", ["mnist", "--model", "tutorial"], "(nearest: tutorial_cnn)"],
  [
    "mixed precision where there is none",
    ["mnist", "--backend", "cpu", "--precision", "mixed"],
    "Cannot train with --precision mixed: the cpu backend multiplies float32 only",
  ],
  [
    "a profile where nobody can say",
    ["mnist", "--backend", "cpu", "--profile"],
    "Cannot profile on the cpu backend: only TensorFlow says what an op takes",
  ],
  ["an unknown backend", ["mnist", "--backend", "tensorflw"], "(nearest: tensorflow)"],
];
for (const [name, args, message] of BAD) {
  Deno.test(`train refuses ${name} in one line`, async () => {
    const folder = join(DATA, "never");
    const { code, out, err } = await run(...args, "--out", folder);
    assertEquals([code, out, err.trim().split("\n").length], [2, "", 1]);
    assert(err.includes(message), err);
    assert(!await exists(folder), "a folder was made");
  });
}

Deno.test("train makes no events for an engine that cannot do what is asked", async () => {
  const folder = await Deno.makeTempDir();
  const args = ["--backend", "cpu", "--profile", "--data-folder", folder, "--out", join(folder, "never")];
  const { code, err } = await run("cygno", ...args);
  assertEquals([code, err.includes("Cannot profile on the cpu backend")], [2, true], err);
  assertEquals(filesIn(folder), []);
});

/** Runs the task as `deno.json` has it, with no more permissions than it gives. */
const asShipped = (...args: string[]) => runTask("train", [...QUICK, "--model", "tutorial_cnn", ...args]);

Deno.test("train multiplies in mixed precision and profiles with the task's own permissions", async () => {
  const folder = join(await Deno.makeTempDir(), "mixed");
  const ended = await asShipped("--precision", "mixed", "--profile", "--out", folder);
  if (!hasBfloat16()) return assertEquals([ended.code, /bfloat16/.test(ended.err)], [2, true], ended.err);
  assertDone(ended);
  assert(/A step takes .* ms/.test(ended.out), ended.out);
  assertEquals(JSON.parse(await Deno.readTextFile(join(folder, "run.json"))).engine.precision, "mixed");
  assert(await exists(join(folder, "trace.json")), "no trace for viewers");
});

Deno.test("train --workers 2 starts both with the task's own permissions", async () => {
  const folder = join(await Deno.makeTempDir(), "two");
  const ended = await asShipped("--workers", "2", "--shards", "1", "--out", folder);
  assertDone(ended);
  assert(ended.out.includes("2 workers") && /worker 1: .* examples\/s/.test(ended.out), ended.out);
  assert(await exists(join(folder, "model.keras")), "the first worker writes the model");
});

Deno.test("train names a folder it cannot write to", async () => {
  const file = join(DATA, "t10k-labels-idx1-ubyte");
  const inTheWay = await run(...QUICK, "--out", join(file, "run"));
  assertEquals(inTheWay.code, 1);
  assert(inTheWay.err.startsWith("error: Cannot write to run folder"), inTheWay.err);
  assertEquals(inTheWay.err.trim().split("\n").length, 1);
  if (Deno.build.os !== "linux") return;
  const readOnly = await run(...QUICK, "--out", "/proc/cloudchamber"); // not even root may make a folder there
  assertEquals(readOnly.code, 1);
  assert(readOnly.err.startsWith('error: Cannot write to run folder "/proc/cloudchamber"'), readOnly.err);
});

Deno.test("train names a damaged file and leaves no folder behind", async () => {
  const broken = await Deno.makeTempDir();
  for (const name of filesIn(DATA)) await Deno.copyFile(join(DATA, name), join(broken, name));
  const path = join(broken, "train-images-idx3-ubyte");
  await Deno.writeFile(path, (await Deno.readFile(path)).subarray(0, 5000));
  const folder = join(broken, "run");
  const { code, err } = await run("mnist", "--data", broken, "--out", folder);
  assertEquals([code, err.trim().split("\n").length], [1, 1]);
  assert(err.includes(path), err);
  assert(!await exists(folder), "a folder was left");
  await Deno.remove(broken, { recursive: true });
});

Deno.test("train fills a run folder, refuses to overwrite it, and resumes it", async () => {
  const folder = join(await Deno.makeTempDir(), "runs", "a");
  const first = await run(...QUICK, "--model", "tutorial_cnn", "--recipe", "tutorial", "--out", folder);
  assertEquals([first.code, first.err], [0, ""]);
  assert(/^accuracy 0\.\d+ \(95 %: .*100 test examples; most frequent class: /m.test(first.out), first.out);
  const plots = [
    "class_means",
    "confusion",
    "images",
    "learning_curve",
    "predictions",
    "reliability",
    "roc",
    "worst_mistakes",
  ];
  assertEquals(filesIn(folder), [
    "checkpoint/state.safetensors",
    "history.csv",
    "model.json",
    "model.keras",
    "model.onnx",
    ...plots.flatMap((name) => [`plots/${name}.png`, `plots/${name}.svg`]),
    "report.html",
    "run.json",
  ]);

  const card = parseCard(await Deno.readTextFile(join(folder, "model.json")));
  assertEquals([card.name, card.metrics.accuracy.n, card.metrics.accuracy.split], ["mnist", 100, "test"]);
  assertEquals(card.training?.parameters, 235_262);
  for (const [name, { bytes, sha256 }] of Object.entries(card.files)) {
    const file = await Deno.readFile(join(folder, name));
    assertEquals(file.length, bytes);
    assertEquals(new Uint8Array(await crypto.subtle.digest("SHA-256", file)).toHex(), sha256);
  }
  const record = JSON.parse(await Deno.readTextFile(join(folder, "run.json")));
  assertEquals([record.state, record.options.epochs, record.engine.shards], ["finished", 2, 2]);
  assertEquals(record.examples, { train: 360, validation: 40, test: 100 });
  assertEquals([record.weightsOf, typeof record.host], [2, "string"]);
  assert(record.origin.includes(DATA), record.origin);
  assertEquals(record.learningRates.learningRate, { first: 0.01, highest: 0.01, last: 0.01 });
  assertEquals(record.schedule, { name: "constant", rate: 0.01 });
  const history = decodeHistory(await Deno.readTextFile(join(folder, "history.csv")));
  assertEquals(history.map(({ epoch }) => epoch), [1, 2]);
  assertEquals(history[0].learningRate, 0.01);
  const report = await Deno.readTextFile(join(folder, "report.html"));
  assert(report.includes("most frequent class") && !/(src|href)="https?:/.test(report));
  const facts = new Map(
    [...report.matchAll(/<dt>([^<]*)<\/dt><dd>([^<]*)<\/dd>/g)].map(([, fact, value]) => [fact, value]),
  );
  assertEquals(facts.get("examples to train, validate, test"), "360, 40, 100");
  assertEquals([facts.get("weights of epoch"), facts.get("learning rate")], ["2", "0.01"]);
  assertEquals([facts.get("host"), facts.get("threads, shards")], [
    record.host,
    `${record.engine.threads}, 2`,
  ]);
  assert(facts.get("data")!.includes(DATA), facts.get("data"));
  const charts = report.match(/<figure>/g)!.length;
  assertEquals(
    report.match(/<figure><svg role="img" aria-label="[^"]{6,}"/g)?.length,
    charts,
    "a chart has no words",
  );
  assert(report.length < 2 << 20, `the report has ${report.length} bytes`);

  const again = await run(...QUICK, "--out", folder);
  assertEquals(again.code, 2);
  assert(again.err.includes("as it holds a run: add --resume"), again.err);
  const other = await run("mnist", "--batch", "64", "--resume", "--out", folder);
  assertEquals(other.code, 2);
  assert(other.err.includes("with --batch 64: the run has 32"), other.err);
  const fashion = await run("fashion", "--resume", "--out", folder);
  assert(fashion.err.includes("as fashion: it holds a run of mnist"), fashion.err);
  const nowhere = await run("mnist", "--resume", "--out", join(folder, "nowhere"));
  assert(nowhere.err.includes("it holds no run"), nowhere.err);
  const written = await Deno.readTextFile(join(folder, "run.json"));
  const resumed = await run("mnist", "--resume", "--out", folder);
  assertEquals([resumed.code, resumed.err], [0, ""]);
  assert(resumed.out.includes("is finished already: nothing was done"), resumed.out);
  assertEquals(
    await Deno.readTextFile(join(folder, "run.json")),
    written,
    "a finished run was written again",
  );
  const accuracy = (out: string) => Number(/^accuracy (\S+)/m.exec(out)![1]);
  assertClose(accuracy(resumed.out), accuracy(first.out));
});

/** The task as a process of its own. */
function command(args: string[], limit = ""): Deno.Command {
  const train = [Deno.execPath(), "run", "-A", "--no-check", "tasks/train.ts", ...args].map((word) =>
    `'${word}'`
  );
  return new Deno.Command("bash", {
    args: ["-c", `${limit} exec ${train.join(" ")}`],
    cwd: ROOT,
    stdout: "piped",
    stderr: "piped",
  });
}

/** Runs the task and sends SIGTERM after its first epoch; once more where the run was over before that came. */
async function stopAfterOneEpoch(args: string[], folder: string): Promise<{ code: number; out: string }> {
  for (;;) {
    const process = command(args).spawn();
    let out = "", isSent = false;
    for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
      out += text;
      if (isSent || !out.includes('"type":"epoch"')) continue;
      isSent = true;
      try {
        process.kill("SIGTERM");
      } catch {
        // It has ended by itself.
      }
    }
    await process.stderr.cancel();
    const { code } = await process.status;
    if (!isSent || code !== 0) return { code, out };
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("train stopped by SIGTERM keeps a checkpoint, and resumed gives the very model of an unbroken run", async () => {
  const parent = await Deno.makeTempDir(), [whole, broken] = [join(parent, "whole"), join(parent, "broken")];
  const args = ["mnist", "--data", DATA, "--epochs", "6", "--batch", "16", "--shards", "1", "--json"];
  const unbroken = await run(...args, "--out", whole);
  assertEquals([unbroken.code, unbroken.err], [0, ""]);

  const { code, out } = await stopAfterOneEpoch([...args, "--out", broken], broken);
  assertEquals(code, 143, out);
  assert(out.includes('"type":"stopped"'), out);
  assertEquals(JSON.parse(await Deno.readTextFile(join(broken, "run.json"))).state, "interrupted");
  assert(!await exists(join(broken, "model.json")), "an interrupted run has no model yet");

  const rest = await run("mnist", "--resume", "--out", broken, "--shards", "1");
  assertEquals([rest.code, rest.err], [0, ""]);
  const onnx = (folder: string) => Deno.readFile(join(folder, "model.onnx"));
  assertEquals(await onnx(broken), await onnx(whole));
  await Deno.remove(parent, { recursive: true });
});

Deno.test({
  name: "train says which file a full disk refused",
  ignore: Deno.build.os === "windows",
  async fn() {
    const folder = join(await Deno.makeTempDir(), "run");
    // A limit on the size of files stands for a full disk; the signal that it sends by default is ignored.
    const { code, stderr } = await command([...QUICK, "--out", folder], "trap '' XFSZ; ulimit -f 100;")
      .output();
    const lines = new TextDecoder().decode(stderr).trim().split("\n").filter((line) =>
      line.startsWith("error:")
    );
    assertEquals([code, lines.length], [1, 1]);
    assert(
      lines[0].startsWith(`error: Cannot write "${join(folder, "checkpoint", "state.safetensors")}": `),
      lines[0],
    );
    assertEquals(filesIn(folder), ["history.csv", "run.json"]);
    await Deno.remove(folder, { recursive: true });
  },
});
