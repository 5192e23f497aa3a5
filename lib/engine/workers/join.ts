/**
 * Joining the other processes of a run: all of them come together at the first one's address, compare what must be the same,
 * learn each other's addresses, and watch over each other from threads of their own.
 *
 * Only this goes over the watch's connections; what is trained goes through TensorFlow's own exchange. @module
 */
import { within } from "../../base/within.ts";
import type { BreakPoint } from "./collectives.ts";
import { DOING, type Doing, type Facts, type RunEnd } from "./hub.ts";
import type { WatchOrder, WatchReply, WatchRequest } from "./watch_worker.ts";

/** This process among those of its run. */
export interface Place {
  /** Its number, from 0. */
  rank: number;
  /** How many there are. */
  size: number;
  /** Names or addresses of the first one's machine, the likeliest first. */
  hostnames: readonly string[];
  port: number;
  /** Of this run alone. */
  token: string;
  /** The name of its machine for people. */
  host: string;
  /** Threads that it is to have. @default {its share of the machine's processors} */
  threads?: number;
}

/** Options for {@linkcode joinWorkers}. */
export interface JoinOptions {
  /** What must be the same in all workers, by name: versions, options. */
  facts: Facts;
  /** What the first worker tells the others. */
  word?: unknown;
  /** Longest wait for all workers to come, in seconds. @default {60} */
  startSeconds?: number;
  /** Longest that nothing may be heard of a worker, in seconds. @default {15} */
  silenceSeconds?: number;
  /** Longest that a worker may be behind the others, in seconds. @default {120} */
  patienceSeconds?: number;
}

/** The other workers, as one process has them. */
export interface Joined {
  readonly rank: number;
  readonly size: number;
  /** `host:port` of every worker's TensorFlow server. */
  readonly addresses: readonly string[];
  /** What the first worker says. */
  readonly word: unknown;
  /** Waits until all have come here. @throws {Error} If one says another thing than the first. */
  agree(topic: string, facts: Facts): Promise<void>;
  /** Tells the watch where this process stands. */
  mark(step: number, doing: Doing): void;
  /** Lets the watch break off the exchange of a step; see `breakPoint`. */
  watchExchange(point: BreakPoint): void;
  /** Why the run has ended, if it has; waits so long for an answer. */
  whyEnded(waitMs: number): Promise<RunEnd | undefined>;
  /** Tells the others that this worker fails, and why. */
  fail(line: string): void;
  /** Goes, without anybody's harm. */
  leave(): Promise<void>;
}

/**
 * Comes together with the other workers.
 *
 * @throws {Error} One line: a worker that did not come, one of another version or with other options, an address where another
 * program is, or that the others cannot reach.
 */
export async function joinWorkers(place: Place, options: JoinOptions): Promise<Joined> {
  const { startSeconds = 60, silenceSeconds = 15, patienceSeconds = 120, facts, word } = options;
  const position = new Int32Array(new SharedArrayBuffer(8));
  const watch = new Worker(new URL("./watch_worker.ts", import.meta.url), { type: "module" });
  const ask = (request: WatchRequest) => watch.postMessage(request);
  const waiting = new Map<string, { resolve: (value: WatchReply) => void; reject: (error: Error) => void }>();
  let ended: RunEnd | undefined, tellEnd = () => {};
  const whenEnded = new Promise<void>((resolve) => tellEnd = resolve);
  const hear = (key: string) =>
    new Promise<WatchReply>((resolve, reject) => {
      if (ended) reject(new Error(ended.line));
      else waiting.set(key, { resolve, reject });
    });
  watch.onmessage = ({ data }: MessageEvent<WatchReply>) => {
    if ("end" in data) {
      ended = data.end;
      for (const { reject } of waiting.values()) reject(new Error(data.end.line));
      waiting.clear();
      tellEnd();
      return;
    }
    const key = "welcome" in data ? "welcome" : "left" in data ? "left" : `agreed ${data.agreed}`;
    waiting.get(key)?.resolve(data);
    waiting.delete(key);
  };
  const order: WatchOrder = {
    ...place,
    facts,
    word,
    machine: Deno.hostname(),
    pid: Deno.pid,
    startSeconds,
    silenceSeconds,
    patienceSeconds,
    position,
  };
  const welcomed = hear("welcome");
  ask({ join: order });
  const reply = await welcomed.catch((error) => {
    watch.terminate();
    throw error;
  });
  const { welcome } = reply as Extract<WatchReply, { welcome: unknown }>;
  return {
    rank: place.rank,
    size: place.size,
    addresses: welcome.addresses,
    word: welcome.word,
    async agree(topic, facts) {
      const agreed = hear(`agreed ${topic}`);
      ask({ agree: topic, facts });
      await agreed;
    },
    mark(step, doing) {
      Atomics.store(position, 0, step);
      Atomics.store(position, 1, DOING.indexOf(doing));
    },
    watchExchange: (exchange) => ask({ exchange }),
    async whyEnded(waitMs) {
      const late = () => new Error("nobody is to blame");
      await within(whenEnded, waitMs, late).catch(() => {}); // then there is nothing to tell
      return ended;
    },
    fail: (line) => ask({ fail: line }),
    async leave() {
      const left = hear("left").catch(() => {}); // ended already
      ask({ leave: true });
      await left;
      watch.terminate();
    },
  };
}
