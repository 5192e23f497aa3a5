/** Several processes that train together against one, and against PyTorch's. @module */
import { join } from "@std/path";
import { freePort } from "../../lib/base/free_port.ts";
import {
  alternate,
  type BenchContext,
  type BenchRow,
  type BenchTable,
  type Parts,
  Peer,
  runParts,
} from "./_bench.ts";
import type { WorkerStepOrder } from "./_worker_step.ts";

/** Name on the command line. */
export const name = "workers";
/** What it measures. */
export const summary = "Training by several processes against one, and against PyTorch's DDP over gloo";

const HERE = import.meta.dirname!;

const PARTS: Parts = {
  step: benchStep,
  reduce: benchReduce,
  equal: benchEqual,
};

/** Runs all parts, or those named. */
export function run(context: BenchContext): Promise<BenchTable[]> {
  return runParts(name, context, PARTS);
}

/** Networks, with the steps of a round, which takes seconds. */
const NETS = [
  { model: "course_cnn", peer: "course", what: "CYGNO's course CNN, 128×128×1", batch: 20, steps: 40 },
  { model: "conv3d_net", peer: "conv3d", what: "ECAL's 3-D CNN, 21×32×32×1", batch: 100, steps: 4 },
] as const;

/** Processes that are asked together. */
class Group {
  readonly #peers: readonly Peer[];

  constructor(peers: readonly Peer[]) {
    this.#peers = peers;
  }

  /** The answers of all. */
  ask<T = { ms: number }>(request: Record<string, unknown>): Promise<T[]> {
    return Promise.all(this.#peers.map((peer) => peer.ask<T>(request)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#peers.map((peer) => peer[Symbol.asyncDispose]()));
  }
}

/** So many of our processes of one thread each, or one of as many threads. */
function ours(size: number, model: string, batch: number, threads = 1): Group {
  const place = {
    size,
    hostnames: ["127.0.0.1"],
    port: freePort(),
    token: crypto.randomUUID(),
    host: "here",
  };
  const peers = Array.from({ length: size }, (_, rank) => {
    const order: WorkerStepOrder = { model, batch, threads, ...(size > 1 && { place: { ...place, rank } }) };
    return new Peer(Deno.execPath(), ["run", "-A", join(HERE, "_worker_step.ts"), JSON.stringify(order)]);
  });
  return new Group(peers);
}

function ddp(python: string, net: string, batch: number): Group {
  const port = freePort(), script = join(HERE, "peers", "ddp_step.py");
  const peers = [0, 1].map((rank) =>
    new Peer(python, [script, net, String(batch), String(rank), "2", String(port)])
  );
  return new Group(peers);
}

async function benchStep({ need, rounds, say }: BenchContext): Promise<BenchTable> {
  const python = need("torch"), rows: BenchRow[] = [];
  for (const { model, peer, what, batch, steps } of NETS) {
    say(what);
    await using two = ours(2, model, batch);
    await using one = ours(1, model, batch, 2);
    await using torch = ddp(python, peer, batch);
    const perSecond = (group: Group) => async () => {
      const answers = await group.ask({ steps });
      return batch * 1000 / Math.max(...answers.map(({ ms }) => ms));
    };
    for (const group of [two, one, torch]) await group.ask({ steps: 2 }); // starts and warms up
    const speeds = await alternate(rounds, {
      two: perSecond(two),
      one: perSecond(one),
      torch: perSecond(torch),
    });
    const row = { what, unit: "examples/s", better: "higher" as const, ours: speeds.two };
    rows.push({ ...row, peer: "one process, two threads", theirs: speeds.one, bar: 0.9 });
    rows.push({ ...row, peer: "PyTorch DDP, gloo", theirs: speeds.torch, bar: 1.2 });
  }
  return {
    title: "Two processes of one thread, a batch cut between them (Adam, loss read back)",
    rows,
    notes: ["Our batch normalisation takes the moments of both processes' examples, DDP's those of each."],
  };
}

async function benchReduce({ rounds }: BenchContext): Promise<BenchTable> {
  await using two = ours(2, "tutorial_cnn", 8);
  const measure = async () => {
    const answers = await two.ask({ reduce: 1_000_000, times: 30 });
    return Math.max(...answers.map(({ ms }) => ms));
  };
  const { ms } = await alternate(rounds, { ms: measure });
  return {
    title: "4 MB summed over two processes on one machine",
    rows: [{ what: "Sum of 1,000,000 floats", unit: "ms", ours: ms, limit: 15 }],
  };
}

/** Steps after which the weights of four processes are compared. */
const EQUAL_STEPS = 200;

async function benchEqual(): Promise<BenchTable> {
  await using four = ours(4, "tutorial_cnn", 32);
  await four.ask({ steps: EQUAL_STEPS });
  const hashes = (await four.ask<{ hash: string }>({ weights: true })).map(({ hash }) => hash);
  const others = hashes.filter((hash) => hash !== hashes[0]).length;
  return {
    title: `Weights of four processes after ${EQUAL_STEPS} steps of the tutorial CNN`,
    rows: [{ what: "Processes whose weights differ", unit: "", ours: [others], limit: 0 }],
  };
}
