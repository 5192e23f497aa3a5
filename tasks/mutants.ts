/**
 * `deno task test:mutants`: plants small faults one at a time and asks whether a test fails.
 *
 * The faults that survive say where the suite does not look. Each is tried on the tests that import its file,
 * themselves or through a few files between, and on the examples of the file's docs, in a copy of the tree.
 *
 * A run that is stopped says at once what it knows of each room; a second signal ends it there and then.
 * @module
 */
import { basename, dirname, join } from "@std/path";
import { createRng } from "../lib/base/rng.ts";
import {
  CliError,
  createOutput,
  interruptible,
  JSON_OPTION,
  type OptionValues,
  readOptions,
  runTask,
} from "./_cli.ts";
import { copyTree, listFiles, type TreeCopy } from "./mutants/_copy.ts";
import { readHarmless, reasonFor } from "./mutants/_harmless.ts";
import { findMutations, type MutationKind, showMutation } from "./mutants/_mutations.ts";
import { stopAllGroups } from "./mutants/_process_group.ts";
import { type Fault, type Outcome, Room } from "./mutants/_room.ts";
import { findTestsOf, readCovered } from "./mutants/_tests_of.ts";
import { writeExampleTests } from "./test/_doc_examples.ts";

const OPTIONS = {
  room: { type: "list", hint: "ROOM,…", help: "Rooms of lib, such as train,store; all without" },
  file: { type: "list", hint: "FILE,…", help: "Only faults of these files" },
  count: { type: "integer", default: 30, min: 1, help: "Faults a room" },
  seed: { type: "integer", default: 1, min: 0, help: "Which sample" },
  jobs: { type: "integer", default: 2, min: 1, help: "Faults tried at once" },
  tests: { type: "integer", default: 20, min: 1, help: "Most test files for a fault, nearest first" },
  limit: {
    type: "number",
    default: 30,
    min: 1,
    hint: "SECONDS",
    help: "Most time for a fault, as long as its tests take without it; then it has survived",
  },
  least: {
    type: "number",
    default: 0,
    min: 0,
    max: 100,
    hint: "PERCENT",
    help: "Fail where a room kills fewer",
  },
  json: JSON_OPTION,
} as const;

/** Where the examples of a file's docs are written in the copy. */
const EXAMPLES = "examples";
/** Longest that a file may load, or a test run, without a fault. */
const SOUND_MS = 120_000;

/** One fault and how it went. */
interface Trial {
  room: string;
  file: string;
  line: number;
  kind: MutationKind;
  outcome: Outcome | "harmless";
  diff: string;
  /** Why it is harmless. */
  reason?: string;
}

/** What every fault is tried with. */
interface Tree {
  files: readonly string[];
  sources: ReadonlyMap<string, string>;
  tests: ReadonlyMap<string, readonly string[]>;
}

/** Runs the task; see `--help`. */
export function main(args: string[]): Promise<number> {
  return runTask(async () => {
    const { options } = readOptions(args, OPTIONS, {
      usage: "deno task test:mutants",
      summary: "Plants small faults one at a time and asks whether a test fails.",
      examples: [
        "deno task test:mutants --room train,store --count 30",
        "deno task test:mutants --seed 7 --json",
      ],
    });
    const output = createOutput(options);
    const tree = await readTree();
    const rooms = [...new Set([...tree.sources.keys()].map(roomOf).filter((room) => room !== undefined))]
      .sort();
    const wanted = options.room.length > 0 ? options.room : rooms;
    for (const room of wanted) {
      if (!rooms.includes(room)) {
        throw new CliError(`Cannot test room "${room}": lib has ${rooms.join(", ")}`);
      }
    }
    const trials: Trial[] = [];
    const rows = () =>
      wanted.map((room) => rowOf(room, options.seed, trials.filter((it) => it.room === room)))
        .filter(({ n }) => n > 0);
    await interruptible(async (signal) => {
      signal.addEventListener("abort", () => {
        output.table("room", rows());
        stopAllGroups();
      });
      await tryAll(wanted, tree, options, signal, (trial) => {
        trials.push(trial);
        output.record("mutant", { ...trial }, describe(trial));
      }).finally(() => signal.throwIfAborted());
    });
    output.table("room", rows());
    return rows().some(({ percent }) => percent < options.least) ? 1 : 0;
  });
}

/** Tries a sample of every room, some at once, until all are tried or a signal ends it. */
async function tryAll(
  rooms: readonly string[],
  tree: Tree,
  options: OptionValues<typeof OPTIONS>,
  signal: AbortSignal,
  onTrial: (trial: Trial) => void,
): Promise<void> {
  const parts = Math.ceil(options.jobs / rooms.length);
  const queue = rooms.flatMap((room) => split(sample(room, tree.sources, options), parts)).reverse();
  const work = async () => {
    await using copy = await copyTree(tree.files);
    for (let faults = queue.pop(); faults !== undefined; faults = queue.pop()) {
      for await (const trial of tryOut(faults, copy, tree, options)) {
        if (signal.aborted) return;
        onTrial(trial);
      }
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, work));
}

async function readTree(): Promise<Tree> {
  const files = await listFiles();
  const sources = new Map<string, string>();
  for (const file of files.filter((file) => file.endsWith(".ts"))) {
    sources.set(file, await Deno.readTextFile(file));
  }
  return { files, sources, tests: findTestsOf(sources, await readCovered()) };
}

function roomOf(file: string): string | undefined {
  return /^lib\/([^/]+)\//.exec(file)?.[1];
}

/** A seeded sample of a room's faults, each equally likely. */
function sample(
  room: string,
  sources: ReadonlyMap<string, string>,
  { count, seed, file: only }: { count: number; seed: number; file: readonly string[] },
): Fault[] {
  const files = [...sources].filter(([file]) =>
    roomOf(file) === room && (only.length === 0 || only.includes(file))
  );
  files.sort(([a], [b]) => a < b ? -1 : 1);
  const all = files.flatMap(([file, source]) =>
    findMutations(source).map((mutation) => ({ ...mutation, file }))
  );
  const rng = createRng(seed);
  const drawn: Fault[] = [];
  while (drawn.length < count && all.length > 0) {
    const [fault] = all.splice(Math.floor(rng() * all.length), 1);
    drawn.push({ ...fault, id: drawn.length });
  }
  return drawn.sort((a, b) => a.file < b.file ? -1 : a.file > b.file ? 1 : a.start - b.start);
}

/** Some lists of about as many each, in the order of the whole. */
function split<T>(list: readonly T[], parts: number): T[][] {
  const size = Math.ceil(list.length / parts);
  const starts = Array.from({ length: parts }, (_, i) => i * size);
  return starts.map((start) => list.slice(start, start + size)).filter((part) => part.length > 0);
}

/** Plants faults of one room in a copy and tries each. */
async function* tryOut(
  faults: readonly Fault[],
  copy: TreeCopy,
  { sources, tests }: Tree,
  options: { tests: number; limit: number },
): AsyncGenerator<Trial> {
  const room = roomOf(faults[0].file)!;
  const harmless = await readHarmless(room);
  const examples = join(copy.root, EXAMPLES);
  await Deno.mkdir(examples);
  try {
    await writeExampleTests([...new Set(faults.map(({ file }) => file))], examples, copy.root);
    await using planted = await Room.open(copy, sources, faults, {
      soundMs: SOUND_MS,
      faultMs: options.limit * 1000,
    });
    for (const fault of faults) {
      const { file, kind } = fault, source = sources.get(file)!;
      const line = source.slice(0, fault.start).split("\n").length;
      const diff = showMutation(source, fault);
      const reason = reasonFor(harmless, file, diff);
      const trial = { room, file, line, kind, diff };
      if (reason !== undefined) {
        yield { ...trial, outcome: "harmless", reason };
        continue;
      }
      const [nearest, ...others] = tests.get(file)?.slice(0, options.tests) ?? [];
      const near = nearest === undefined ? [] : [nearest];
      const outcome = await planted.tryOut(fault, [...near, ...await examplesOf(file, copy), ...others]);
      yield { ...trial, outcome };
    }
  } finally {
    await Deno.remove(examples, { recursive: true });
  }
}

/** Tests of a file's examples in the copy. */
async function examplesOf(file: string, copy: TreeCopy): Promise<string[]> {
  const folder = join(EXAMPLES, dirname(file)), found: string[] = [];
  const isOfFile = new RegExp(`^${RegExp.escape(basename(file, ".ts"))}_\\d+_test\\.ts$`);
  try {
    for await (const { name } of Deno.readDir(join(copy.root, folder))) {
      if (isOfFile.test(name)) found.push(join(folder, name));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error; // it has none
  }
  return found.sort();
}

function describe({ file, line, kind, outcome, diff }: Trial): string {
  const place = `${file}:${line} ${kind}: ${outcome}`;
  return outcome === "survived" || outcome === "untested" ? `${place}\n${diff}` : place;
}

/** What the table says of a room: of `n` faults, the percentage killed of those that do harm. */
function rowOf(room: string, seed: number, trials: readonly Trial[]) {
  const count = (...outcomes: Trial["outcome"][]) =>
    trials.filter(({ outcome }) => outcomes.includes(outcome)).length;
  const killed = count("killed", "timeout"), survived = count("survived", "untested");
  const harmful = killed + survived;
  const percent = harmful === 0 ? 100 : Math.floor(100 * killed / harmful);
  return { room, seed, n: trials.length, killed, survived, harmless: count("harmless"), percent };
}

if (import.meta.main) Deno.exit(await main(Deno.args));
