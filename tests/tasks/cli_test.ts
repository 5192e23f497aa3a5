import { nearest } from "../../lib/base/nearest.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";
import {
  CliError,
  createOutput,
  formatBytes,
  formatSeconds,
  HelpRequest,
  JSON_OPTION,
  readOptions,
  runTask,
} from "../../tasks/_cli.ts";

const TABLE = {
  epochs: { type: "integer", default: 12, min: 1, help: "Passes over the data." },
  rate: { type: "number", default: 1e-3, min: 0, max: 1, help: "Learning rate." },
  out: { type: "string", hint: "FOLDER", help: "Where the run goes." },
  backend: { type: "choice", choices: ["auto", "tensorflow", "wasm"], default: "auto", help: "Engine." },
  stepEpochs: { type: "integer", help: "Epochs between steps." },
  augment: { type: "boolean", default: true, help: "Vary the images." },
  with: { type: "list", choices: ["s3", "keras", "jupyter"], help: "Components." },
  json: JSON_OPTION,
} as const;
const HELP = { usage: "deno task train [EXPERIMENT]", examples: ["deno task train mnist --epochs 1"] };
const read = (...args: string[]) => readOptions(args, TABLE, HELP);

Deno.test("readOptions() gives the defaults where nothing is said", () => {
  assertEquals(read().options, {
    epochs: 12,
    rate: 1e-3,
    out: undefined,
    backend: "auto",
    stepEpochs: undefined,
    augment: true,
    with: [],
    json: false,
  });
});

Deno.test("readOptions() reads both spellings, negation, lists and words, and tells what was given", () => {
  const { options, words, given } = read(
    "mnist",
    "--epochs=3",
    "--rate",
    "0.5",
    "--step-epochs",
    "4",
    "--no-augment",
    "--with",
    "s3,keras",
    "--with=jupyter",
    "--out",
    "a=b",
    "--json",
    "--",
    "--word",
  );
  assertEquals(words, ["mnist", "--word"]);
  assertEquals(options, {
    epochs: 3,
    rate: 0.5,
    out: "a=b",
    backend: "auto",
    stepEpochs: 4,
    augment: false,
    with: ["s3", "keras", "jupyter"],
    json: true,
  });
  assertEquals([...given].sort(), ["augment", "epochs", "json", "out", "rate", "stepEpochs", "with"]);
});

Deno.test("readOptions() takes a negative number as a value and the last of a repeated option", () => {
  const table = { shift: { type: "number", default: 0, help: "" } } as const;
  assertEquals(readOptions(["--shift", "1", "--shift", "-2.5"], table, HELP).options.shift, -2.5);
});

Deno.test("readOptions() refuses an unknown option and names the nearest", () => {
  assertThrows(() => read("--epoch", "3"), CliError, "Unknown option --epoch (nearest: --epochs)");
  assertThrows(() => read("--bakend=wasm"), CliError, "Unknown option --bakend (nearest: --backend)");
  assertThrows(() => read("--zzzzzzzz"), CliError, "Unknown option --zzzzzzzz: --help lists all options");
  assertThrows(() => read("-epochs", "3"), CliError, "Unknown option -epochs (nearest: --epochs)");
  assertThrows(() => read("--no-epochs"), CliError, "Unknown option --no-epochs");
});

Deno.test("readOptions() says what value was wanted and what it got", () => {
  assertThrows(
    () => read("--epochs", "0"),
    CliError,
    'Option --epochs needs a whole number of at least 1: got "0"',
  );
  assertThrows(() => read("--epochs", "1.5"), CliError, 'got "1.5"');
  assertThrows(() => read("--epochs", ""), CliError, 'got ""');
  assertThrows(() => read("--rate=2"), CliError, "Option --rate needs a number from 0 to 1");
  assertThrows(
    () => read("--backend", "wsm"),
    CliError,
    'one of auto, tensorflow, wasm: got "wsm" (nearest: wasm)',
  );
  assertThrows(() => read("--with", "s3,kera"), CliError, "(nearest: keras)");
  assertThrows(() => read("--json=maybe"), CliError, "needs true or false");
  assertThrows(() => read("--out"), CliError, "Option --out needs a value");
  assertThrows(() => read("--out", "--json"), CliError, "Option --out needs a value");
});

Deno.test("readOptions() counts the words", () => {
  const none = { usage: "deno task setup", examples: [] };
  assertThrows(
    () => readOptions(["x"], {}, none),
    CliError,
    'Unexpected argument "x": usage is deno task setup',
  );
  const files = {
    data: { type: "list", help: "" },
    seed: { type: "integer", default: 0, help: "" },
  } as const;
  for (const args of [["--data", "a.h5", "b.h5", "c.h5"], ["--data=a.h5", "b.h5"]]) {
    assertThrows(
      () => readOptions(args, files, none),
      CliError,
      'argument "b.h5" behind --data: its values are',
    );
  }
  assertThrows(
    () => readOptions(["--data", "a.h5", "--seed", "1", "b"], files, none),
    CliError,
    '"b": usage is',
  );
  const one = { usage: "deno task score MODEL", examples: [], words: [1, 1] } as const;
  assertThrows(() => readOptions([], {}, one), CliError, "Too few arguments");
  const table = { data: { type: "string", required: true, help: "" } } as const;
  assertThrows(() => readOptions([], table, none), CliError, "Option --data is required");
});

Deno.test("readOptions() shows usage, every option with its default, and the examples at --help", () => {
  const { message } = assertThrows(() => read("--epochs", "3", "--help"), HelpRequest);
  for (
    const part of [
      "Usage: deno task train [EXPERIMENT]",
      "--epochs N",
      "(default: 12)",
      "--out FOLDER",
      "--backend auto|tensorflow|wasm",
      "--step-epochs N",
      "--[no-]augment",
      "--help",
      "deno task train mnist --epochs 1",
    ]
  ) assert(message.includes(part), `${part} is missing in\n${message}`);
});

Deno.test("nearest() finds a likely name and none that is far", () => {
  assertEquals(nearest("mnits", ["fashion", "mnist"]), "mnist");
  assertEquals(nearest("cyg", ["mnist", "cygno-energy", "cygno"]), "cygno");
  assertEquals(nearest("qqqqq", ["mnist"]), undefined);
});

async function captured(body: () => void | number): Promise<{ code: number; out: string; err: string }> {
  const { log, error } = console;
  const out: string[] = [], err: string[] = [];
  console.log = (line: string) => out.push(line);
  console.error = (line: string) => err.push(line);
  try {
    return { code: await runTask(body), out: out.join("\n"), err: err.join("\n") };
  } finally {
    Object.assign(console, { log, error });
  }
}

Deno.test("runTask() turns errors into one clear line and an exit code", async () => {
  assertEquals(await captured(() => {}), { code: 0, out: "", err: "" });
  assertEquals((await captured(() => 3)).code, 3);
  const bad = await captured(() => {
    throw new CliError("Option --epochs needs\n  a value");
  });
  assertEquals(bad, { code: 2, out: "", err: "error: Option --epochs needs a value" });
  const missing = await captured(() => {
    Deno.readFileSync("no such file");
  });
  assertEquals([missing.code, missing.err.split("\n").length], [1, 1]);
  const help = await captured(() => void read("--help"));
  assertEquals([help.code, help.err], [0, ""]);
  assert(help.out.startsWith("Usage:"));
});

Deno.test("runTask() says how to see the stack of an error that nobody foresaw", async () => {
  const nothing: { a?: { b: number } } = {};
  const defect = await captured(() => nothing.a!.b);
  assertEquals(defect.code, 1);
  assert(defect.err.includes("CLOUDCHAMBER_STACK=1"), defect.err);
});

function recorder(options: { json?: boolean; terminal?: boolean }) {
  const out: string[] = [], err: string[] = [];
  let now = 0;
  const output = createOutput({
    ...options,
    print: (line) => out.push(line),
    printError: (text) => err.push(text),
    clock: () => now,
  });
  return { output, out, err, wait: (ms: number) => now += ms };
}

Deno.test("createOutput() draws a bar on a terminal, not more often than can be seen, and takes it away", () => {
  const { output, out, err, wait } = recorder({ terminal: true });
  const progress = output.progress("Epoch 1", 200, { unit: "images" });
  wait(1000);
  progress.update(50, "loss 0.5");
  wait(1);
  progress.update(51);
  assertEquals(err, ["\r\x1b[KEpoch 1 ██████░░░░░░░░░░░░░░░░░░ 50/200  loss 0.5  50 images/s  3.00 s left"]);
  output.say("done");
  progress.end();
  assertEquals(out, ["done"]);
  assertEquals(err.slice(1), ["\r\x1b[K", "\r\x1b[K"]);
});

Deno.test("createOutput() writes plain lines now and then where there is no terminal", () => {
  const { output, err, wait } = recorder({ terminal: false });
  const progress = output.progress("Fetching", 100);
  progress.update(1);
  wait(10_000);
  progress.update(50);
  progress.end();
  assertEquals(err, ["Fetching  50/100  10.0 s left\n"]);
});

Deno.test("createOutput() writes one JSON object a line with --json", () => {
  const { output, out, err } = recorder({ json: true, terminal: true });
  output.say("hello");
  output.record("epoch", { epoch: 1, loss: 0.5 }, "epoch 1");
  output.table("row", [{ name: "a", value: 1 }]);
  assertEquals(out.map((line) => JSON.parse(line)), [
    { type: "note", text: "hello" },
    { type: "epoch", epoch: 1, loss: 0.5 },
    { type: "row", name: "a", value: 1 },
  ]);
  assertEquals(err, []);
});

Deno.test("createOutput() aligns tables, numbers flush right", () => {
  const { output, out } = recorder({});
  output.table("row", [{ name: "mnist", ms: 7.123456 }, { name: "a", ms: 120 }]);
  assertEquals(out, ["name      ms", "-----  -----", "mnist  7.123", "a        120"]);
});

Deno.test("formatSeconds() and formatBytes() are short at every size", () => {
  assertEquals([0.4211, 12.34, 125, 3780].map(formatSeconds), [
    "0.42 s",
    "12.3 s",
    "2 min 05 s",
    "1 h 03 min",
  ]);
  assertEquals([12, 2048, 274e6].map(formatBytes), ["12 B", "2.0 KiB", "261 MiB"]);
});
