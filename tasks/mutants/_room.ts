/**
 * Tries faults of a room: which tests come to each, and whether one of them fails.
 *
 * All faults stand in the copy at once, each behind a choice, and one process keeps the tests loaded: a fault costs
 * the time of the tests that reach it, the nearest file's first and the quickest of a file before the others. What
 * survives there is tried once more by `deno test` in a fresh process: the first may have kept what a fault would have
 * changed, and `deno test` also fails where a test leaves work behind.
 * @module
 */
import { join } from "@std/path";
import { pathToFileURL } from "node:url";
import type { TreeCopy } from "./_copy.ts";
import { type NumberedMutation, switchMutations } from "./_mutations.ts";
import { PLANTED_FOLDER } from "./_messages.ts";
import { TestProcess } from "./_test_process.ts";

/** How a fault went. */
export type Outcome =
  | "killed"
  | "timeout"
  | "survived"
  /** No test reaches it. */
  | "untested";

/** A fault of a file. */
export interface Fault extends NumberedMutation {
  file: string;
}

/** How long tests may take. */
export interface Limits {
  /** A file to load, or a test that has no fault, in milliseconds. */
  soundMs: number;
  /** All tests of one fault together. */
  faultMs: number;
  /** What a test may take longer on a busy machine, beside a multiple of its time. @default {5000} */
  slackMs?: number;
}

/** One test, as it went without a fault. */
interface Sound {
  name: string;
  index: number;
  passed: boolean;
  ms: number;
  reached: ReadonlySet<number>;
}

/** A test may take this many times as long on a busy machine. */
const SLACK = 8;
const NONE = -1;
/** Files of which every test is run with a fault that those that come to it do not see. */
const NEAREST = 3;

/** The faults of a room in a copy of the tree. */
export class Room implements AsyncDisposable {
  readonly #copy: TreeCopy;
  readonly #sources: ReadonlyMap<string, string>;
  readonly #limits: Limits;
  readonly #sound = new Map<string, Promise<Sound[]>>();
  /** Faults that are come to when their file is loaded. */
  readonly #atLoad = new Set<number>();
  readonly #loaded = new Set<string>();
  #process?: TestProcess;

  private constructor(copy: TreeCopy, sources: ReadonlyMap<string, string>, limits: Limits) {
    this.#copy = copy;
    this.#sources = sources;
    this.#limits = limits;
  }

  /** Puts all faults of a room into the copy, none of them chosen. */
  static async open(
    copy: TreeCopy,
    sources: ReadonlyMap<string, string>,
    faults: readonly Fault[],
    limits: Limits,
  ): Promise<Room> {
    const planted = pathToFileURL(join(copy.root, "tasks", "mutants", "_planted.ts")).href;
    const files = new Map<string, string>();
    for (const file of new Set(faults.map(({ file }) => file))) {
      const source = sources.get(file)!;
      const ofFile = faults.filter((fault) => fault.file === file);
      const text = switchMutations(source, ofFile, "$isPlanted");
      files.set(file, source);
      await Deno.writeTextFile(
        join(copy.root, file),
        `import { isPlanted as $isPlanted } from ${JSON.stringify(planted)}; ${text}`,
      );
    }
    const room = new Room(copy, files, limits);
    await room.#choose(NONE);
    return room;
  }

  /** Tries one fault on test files, nearest first. */
  async tryOut(fault: Fault, files: readonly string[]): Promise<Outcome> {
    const reaching: { file: string; test: Sound }[] = [];
    let spentMs = 0;
    for (const file of files) {
      const tests = (await this.#soundTests(file))
        .filter(({ reached, passed }) => reached.has(fault.id) && passed)
        .sort((a, b) => a.ms - b.ms);
      for (const test of tests) {
        if (spentMs + test.ms > this.#limits.faultMs) break;
        const outcome = await this.#runWith(fault.id, file, test);
        if (outcome !== "survived") return outcome;
        spentMs += test.ms;
        reaching.push({ file, test });
      }
    }
    const isAtLoad = this.#atLoad.has(fault.id);
    if (reaching.length === 0) return isAtLoad ? await this.#runAll(fault.id, files) : "untested";
    const outcome = await this.#runFresh(fault.id, reaching);
    if (outcome !== "survived") return outcome;
    // What is made once and kept, at loading or by the first test that needs it, is seen by tests that do not come to it.
    return await this.#runAll(fault.id, isAtLoad ? files : files.slice(0, NEAREST));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.stop();
    for (const [file, source] of this.#sources) await Deno.writeTextFile(join(this.#copy.root, file), source);
  }

  /** Runs every test of a file once without a fault. */
  #soundTests(file: string): Promise<Sound[]> {
    const known = this.#sound.get(file);
    if (known !== undefined) return known;
    const found = this.#measure(file);
    this.#sound.set(file, found);
    return found;
  }

  async #measure(file: string): Promise<Sound[]> {
    const names = await this.#load(file);
    await this.#takeReachedElsewhere();
    const sound: Sound[] = [];
    for (const [index, name] of names.entries()) {
      if (!await this.#isLoaded(file)) break;
      const request = { run: this.#path(file), index, active: NONE };
      const reply = await this.#process!.ask(request, this.#limits.soundMs);
      const elsewhere = await this.#takeReachedElsewhere();
      if (reply === undefined || !("passed" in reply)) continue;
      const { passed, ms } = reply;
      sound.push({ name, index, passed, ms, reached: new Set([...reply.reached, ...elsewhere]) });
    }
    return sound;
  }

  /** A test fails with a fault: once more without, as an earlier one may have left something behind. */
  async #runWith(id: number, file: string, test: Sound): Promise<Outcome> {
    for (let isFresh = false;; isFresh = true) {
      if (!await this.#isLoaded(file)) return "survived";
      const first = await this.#run(id, file, test);
      if (first !== "failed") return first === "passed" ? "survived" : "timeout";
      const isSound = await this.#run(NONE, file, test) === "passed";
      if (!isSound) await this.#process?.stop();
      if (isSound || isFresh) return "killed";
    }
  }

  async #run(id: number, file: string, { index, ms }: Sound): Promise<"passed" | "failed" | "late"> {
    await this.#choose(id);
    const request = { run: this.#path(file), index, active: id };
    const reply = await this.#process!.ask(request, (this.#limits.slackMs ?? 5000) + SLACK * ms);
    await this.#choose(NONE);
    if (reply === undefined) return "late";
    return "passed" in reply && reply.passed ? "passed" : "failed";
  }

  async #runFresh(id: number, reaching: readonly { file: string; test: Sound }[]): Promise<Outcome> {
    const files = [...new Set(reaching.map(({ file }) => file))];
    return await this.#runApart(id, files, reaching.map(({ test }) => test.name), SLACK);
  }

  /** The tests of some files, whether they come to the fault or not, as many as there is time for. */
  async #runAll(id: number, files: readonly string[]): Promise<Outcome> {
    let leftMs = this.#limits.faultMs;
    for (const file of files) {
      const quickest = (await this.#soundTests(file)).filter(({ passed }) => passed).sort((a, b) =>
        a.ms - b.ms
      );
      const names: string[] = [];
      for (const { name, ms } of quickest) {
        if (ms > leftMs) break;
        leftMs -= ms;
        names.push(name);
      }
      const outcome = names.length > 0 ? await this.#runApart(id, [file], names, SLACK) : "survived";
      if (outcome !== "survived") return outcome;
    }
    return "survived";
  }

  async #runApart(id: number, files: readonly string[], names: string[], slack: number): Promise<Outcome> {
    await this.#choose(id);
    const outcome = await this.#copy.test(files, names, slack * this.#limits.faultMs);
    await this.#choose(NONE);
    return outcome === "passed" ? "survived" : outcome === "failed" ? "killed" : "timeout";
  }

  async #ready(): Promise<TestProcess> {
    if (this.#process === undefined || this.#process.hasEnded) {
      this.#loaded.clear();
      this.#process = await TestProcess.start(this.#copy.root);
    }
    return this.#process;
  }

  async #isLoaded(file: string): Promise<boolean> {
    return this.#loaded.has(file) && !this.#process!.hasEnded || (await this.#load(file)).length > 0;
  }

  /** Loads a test file; names its tests, none where it cannot be loaded. */
  async #load(file: string): Promise<string[]> {
    const process = await this.#ready();
    const reply = await process.ask({ load: this.#path(file) }, this.#limits.soundMs);
    if (reply === undefined || !("names" in reply)) return [];
    this.#loaded.add(file);
    for (const id of reply.reached) this.#atLoad.add(id);
    return reply.names;
  }

  #path(file: string): string {
    return join(this.#copy.root, file);
  }

  /** Chooses for the processes and workers that tests start. */
  async #choose(id: number): Promise<void> {
    const folder = join(this.#copy.root, PLANTED_FOLDER);
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(join(folder, "active"), String(id));
  }

  async #takeReachedElsewhere(): Promise<number[]> {
    const folder = join(this.#copy.root, PLANTED_FOLDER), ids: number[] = [];
    for await (const { name } of Deno.readDir(folder)) {
      if (!name.startsWith("reached-")) continue;
      ids.push(Number(name.slice("reached-".length)));
      await Deno.remove(join(folder, name));
    }
    return ids;
  }
}
