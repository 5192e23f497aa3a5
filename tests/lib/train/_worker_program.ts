/**
 * One of several workers that train the toy: says in which step it is where asked to, and at the end what it has learned.
 * @module
 */
import { type Source, subset } from "../../../lib/data/source.ts";
import { joinWorkers, type Place, startEngine, tf } from "../../../lib/engine/mod.ts";
import {
  accuracy,
  type Callback,
  cosine,
  crossEntropy,
  fit,
  type LoopOptions,
  oneCycle,
  sgd,
  trainingWorkers,
  WorkerLostError,
} from "../../../lib/train/mod.ts";
import { effectiveWeights } from "./_effective_weights.ts";
import { type StepKind, toyTask } from "./_toy_tasks.ts";
import { linearToy, preprocessing, toyModel, toySource, toyStream, weightsOf } from "./_toy.ts";

/** What a worker is told. */
export interface WorkerOrder {
  place: Place;
  epochs: number;
  /** Of all workers. */
  batch: number;
  examples: number;
  /** Which of them. @default {all} */
  rows?: Uint32Array;
  accumulate?: number;
  /** @default {true} */
  syncBatchNorm?: boolean;
  /** A model without moments of a batch. */
  linear?: boolean;
  /** The small task of this kind instead, with all that it draws; its examples are its own. */
  kind?: StepKind;
  /** Whether the examples are read on demand. */
  stream?: boolean;
  /** The loss compares all examples of a batch. */
  whole?: boolean;
  checkpoint?: string;
  resume?: boolean;
  /** Say every step. */
  tell?: boolean;
  /** Stand still after this step, for ever, in the worker of this number. */
  hold?: { rank: number; step: number };
  /** The worker that is told to end while the first epoch is validated. */
  warned?: number;
  /** Seconds that it may be behind the others. */
  patience?: number;
  /** Seconds that nothing may be heard of it: where that is not what is tested, no machine is so slow. */
  silence?: number;
  /** What is trained after this by the same workers. */
  then?: readonly Omit<WorkerOrder, "place">[];
}

/** What it says. */
export type WorkerWord =
  | { step: number }
  | { lost: string }
  | {
    ending: string;
    steps: number;
    weights: number[];
    epochs: Record<string, number>[];
    /** Threads of its process after some steps, and at the end; 0 where the system does not say. */
    threads: readonly [early: number, late: number];
  };

/** After this step nothing new is started any more. */
const WARM = 8;

/** A loss of all examples of a batch: their distance from the batch's own mean beside the usual one. */
function wholeLoss() {
  const plain = crossEntropy();
  return {
    config: { name: "whole" },
    logits: "all" as const,
    whole: true,
    together(targets: Record<string, tf.Tensor>, outputs: Record<string, tf.Tensor>) {
      const [logits] = Object.values(outputs), [labels] = Object.values(targets);
      const spread = tf.sum(tf.square(tf.sub(logits, tf.mean(logits, 0, true))), 1);
      return tf.add(plain.perExample(labels, logits, { logits: true }), tf.mul(spread, 0.01));
    },
  };
}

/** All that a run can ask for, dropout left out: alone or with others it is to learn the same. */
export function trainToy(order: Omit<WorkerOrder, "place">, more: Partial<Parameters<typeof fit>[2]> = {}) {
  const model = order.linear ? linearToy() : toyModel(1, 0);
  const all = order.stream ? toyStream(order.examples) : toySource(order.examples);
  const source = order.rows ? subset(all, order.rows) : all;
  const history = fit(
    model,
    source,
    {
      loss: order.whole ? wholeLoss() : crossEntropy(),
      metrics: [accuracy()],
      optimizer: sgd({ momentum: 0.9 }),
      schedule: oneCycle(0.02),
      preprocessing,
      globalClipNorm: 0.5,
      weightDecay: 0.01,
      emaMomentum: 0.9,
      validation: toySource(7),
      epochs: order.epochs,
      batch: order.batch,
      accumulate: order.accumulate,
      syncBatchNorm: order.syncBatchNorm,
      checkpoint: order.checkpoint ? { path: order.checkpoint, everySeconds: 0 } : undefined,
      resume: order.resume,
      ...more,
    } as Parameters<typeof fit>[2],
  );
  return { model, models: [model], history };
}

/** Trains the small task of a kind. */
export function trainKind(
  kind: StepKind,
  order: Omit<WorkerOrder, "place">,
  more: Partial<LoopOptions> = {},
) {
  const { models, source, options } = toyTask(kind), { epochs, batch } = order;
  const settings = { ...options, schedule: cosine(0.01), epochs, batch, ...more };
  return {
    models: Object.values(models),
    history: fit(models, source, settings as Parameters<typeof fit>[2]),
  };
}

/** How many threads this process has, where the system says so. */
function countThreads(): number {
  return Deno.build.os === "linux" ? [...Deno.readDirSync("/proc/self/task")].length : 0;
}

/** Examples that have this process told to end when they are first read. */
function warning(): Source {
  const source = toyStream(7);
  let isTold = false;
  return {
    ...source,
    read(rows) {
      if (!isTold) Deno.kill(Deno.pid, "SIGTERM");
      isTold = true;
      return source.read(rows);
    },
  };
}

/** Says every step, and stands still where it is told to. */
function watched({ place, tell, hold }: WorkerOrder): Callback {
  let step = 0;
  return {
    name: "watched",
    async onBatch() {
      step++;
      if (tell) say({ step });
      if (hold?.rank === place.rank && hold.step === step) await new Promise(() => {});
    },
  };
}

function say(word: WorkerWord): void {
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(word) + "\n"));
}

/** Joins the others, trains, and says how it went. */
async function work(order: WorkerOrder): Promise<number> {
  const { place, patience: patienceSeconds = 120, silence: silenceSeconds = 120 } = order;
  Deno.env.set("TF_CPP_MIN_LOG_LEVEL", "3");
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGUSR1"] as const) Deno.addSignalListener(name, () => stop.abort());
  const joined = await joinWorkers(place, { facts: {}, startSeconds: 600, patienceSeconds, silenceSeconds });
  const { rank, addresses } = joined;
  await startEngine({ threads: 1, workers: { rank, addresses } });
  const workers = trainingWorkers(joined);
  try {
    for (const part of [order, ...order.then ?? []]) {
      let early = 0;
      const counted: Callback = {
        name: "counted",
        onBatch: ({ batch }) => void (batch === WARM && (early ||= countThreads())),
      };
      const callbacks = [watched({ ...part, place }), counted];
      const validation = part.warned === rank ? { validation: warning() } : {};
      const more = { workers, signal: stop.signal, callbacks, ...validation };
      const { models, history } = part.kind ? trainKind(part.kind, part, more) : trainToy(part, more);
      const { ending, steps, epochs } = await history;
      const weights = models.flatMap(part.kind ? effectiveWeights : weightsOf);
      say({ ending, steps, epochs, weights, threads: [early, countThreads()] });
    }
    return 0;
  } catch (error) {
    if (!(error instanceof WorkerLostError)) throw error;
    say({ lost: error.message });
    return 1;
  } finally {
    await joined.leave();
  }
}

if (import.meta.main) Deno.exit(await work(JSON.parse(Deno.args[0])));
