/**
 * `deno task test:mutants`: plants small faults one at a time and asks whether a test fails.
 *
 * The faults that survive say where the suite does not look. Each is tried on the tests that import its file,
 * themselves or through one file between, and on the examples of the file's docs, in a copy of the tree.
 * @module
 */
import { join } from "@std/path";
import { createRng } from "../lib/base/rng.ts";
import { CliError, createOutput, JSON_OPTION, readOptions, runTask } from "./_cli.ts";
import { copyTree, listFiles, type Outcome, type TreeCopy } from "./mutants/_copy.ts";
import {
  applyMutation,
  findMutations,
  type Mutation,
  type MutationKind,
  showMutation,
} from "./mutants/_mutations.ts";
import { findTestsOf } from "./mutants/_tests_of.ts";
import { writeExampleTests } from "./test/_doc_examples.ts";

const OPTIONS = {
  room: { type: "list", hint: "ROOM,…", help: "Rooms of lib, such as train,store; all without" },
  count: { type: "integer", default: 30, min: 1, help: "Faults a room" },
  seed: { type: "integer", default: 1, min: 0, help: "Which sample" },
  jobs: { type: "integer", default: 2, min: 1, help: "Faults tried at once" },
  tests: { type: "integer", default: 12, min: 1, help: "Most test files for a fault, nearest first" },
  limit: {
    type: "number",
    default: 120,
    min: 1,
    hint: "SECONDS",
    help: "A fault that takes longer counts as killed",
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

/** A fault and where it is planted. */
interface Planted {
  room: string;
  file: string;
  source: string;
  mutation: Mutation;
}

/** One fault and how it went. */
interface Trial {
  room: string;
  file: string;
  line: number;
  kind: MutationKind;
  /** "untested": no test stands on the file; "broken": its tests fail, or are late, without a fault. */
  outcome: "killed" | "timeout" | "survived" | "untested" | "broken";
  diff: string;
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
    const files = await listFiles();
    const sources = new Map<string, string>();
    for (const file of files.filter((file) => file.endsWith(".ts"))) {
      sources.set(file, await Deno.readTextFile(file));
    }
    const rooms = [...new Set([...sources.keys()].map(roomOf).filter((room) => room !== undefined))].sort();
    const wanted = options.room.length > 0 ? options.room : rooms;
    for (const room of wanted) {
      if (!rooms.includes(room)) {
        throw new CliError(`Cannot test room "${room}": lib has ${rooms.join(", ")}`);
      }
    }
    const queue = wanted.flatMap((room) => sample(room, sources, options)).reverse();
    const tests = findTestsOf(sources);
    const trials: Trial[] = [], baselines = new Map<string, Promise<Outcome>>();
    const work = async () => {
      await using copy = await copyTree(files);
      for (let planted = queue.pop(); planted !== undefined; planted = queue.pop()) {
        const nearest = (tests.get(planted.file) ?? []).slice(0, options.tests);
        const trial = await tryOut(planted, nearest, copy, baselines, options.limit * 1000);
        trials.push(trial);
        const place = `${trial.file}:${trial.line} ${trial.kind}: ${trial.outcome}`;
        const isFound = trial.outcome === "killed" || trial.outcome === "timeout";
        output.record("mutant", { ...trial }, isFound ? place : `${place}\n${trial.diff}`);
      }
    };
    await Promise.all(Array.from({ length: options.jobs }, work));
    let isBelow = false;
    for (const room of wanted) {
      const { killed, survived, broken } = summarize(trials.filter((trial) => trial.room === room));
      const percent = killed + survived === 0 ? 0 : 100 * killed / (killed + survived);
      isBelow ||= percent < options.least;
      const text = `${room}: ${killed} killed, ${survived} survived, ${broken} not tried: ${
        percent.toFixed(0)
      } %`;
      output.record("room", { room, killed, survived, broken, percent }, text);
    }
    return isBelow ? 1 : 0;
  });
}

function roomOf(file: string): string | undefined {
  return /^lib\/([^/]+)\//.exec(file)?.[1];
}

/** A seeded sample of a room's faults, each equally likely. */
function sample(
  room: string,
  sources: ReadonlyMap<string, string>,
  { count, seed }: { count: number; seed: number },
): Planted[] {
  const files = [...sources].filter(([file]) => roomOf(file) === room).sort(([a], [b]) => a < b ? -1 : 1);
  const all: Planted[] = files.flatMap(([file, source]) =>
    findMutations(source).map((mutation) => ({ room, file, source, mutation }))
  );
  const rng = createRng(seed);
  const drawn: Planted[] = [];
  while (drawn.length < count && all.length > 0) drawn.push(...all.splice(Math.floor(rng() * all.length), 1));
  return drawn;
}

/** Plants one fault in a copy, runs its tests, and takes it out again. */
async function tryOut(
  { room, file, source, mutation }: Planted,
  tests: readonly string[],
  copy: TreeCopy,
  baselines: Map<string, Promise<Outcome>>,
  limitMs: number,
): Promise<Trial> {
  const line = source.slice(0, mutation.start).split("\n").length;
  const diff = showMutation(source, mutation);
  const ended = (outcome: Trial["outcome"]): Trial => ({
    room,
    file,
    line,
    kind: mutation.kind,
    outcome,
    diff,
  });
  const examples = join(copy.root, EXAMPLES);
  await Deno.mkdir(examples);
  try {
    const count = await writeExampleTests([file], examples, copy.root);
    const run = count > 0 ? [...tests, EXAMPLES] : tests;
    if (run.length === 0) return ended("untested");
    if (!baselines.has(file)) baselines.set(file, copy.test(run, limitMs));
    if (await baselines.get(file) !== "passed") return ended("broken");
    await Deno.writeTextFile(join(copy.root, file), applyMutation(source, mutation));
    const outcome = await copy.test(run, limitMs);
    return ended(outcome === "passed" ? "survived" : outcome === "failed" ? "killed" : "timeout");
  } finally {
    await Deno.writeTextFile(join(copy.root, file), source);
    await Deno.remove(examples, { recursive: true });
  }
}

function summarize(trials: readonly Trial[]): { killed: number; survived: number; broken: number } {
  const count = (...outcomes: Trial["outcome"][]) =>
    trials.filter(({ outcome }) => outcomes.includes(outcome)).length;
  return {
    killed: count("killed", "timeout"),
    survived: count("survived", "untested"),
    broken: count("broken"),
  };
}

if (import.meta.main) Deno.exit(await main(Deno.args));
