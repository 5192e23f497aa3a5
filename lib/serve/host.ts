/**
 * Everything of a scoring server but the socket: store, compute units, queues, routes, reloading and draining. @module
 */
import { type BatchLimits, createBatcher } from "../score/batcher.ts";
import type { ComputeUnit } from "../score/compute.ts";
import { createModels, type ModelChange, type Models, type ModelStore } from "../score/models.ts";
import type { Access } from "./access.ts";
import { createMetrics, type EventCounts } from "./metrics.ts";
import {
  createService,
  type Decoder,
  type EventIntake,
  type LogEntry,
  type ServiceLimits,
} from "./service.ts";
import type { EventScorer } from "./object_scorer.ts";
import { tellTo } from "./tell.ts";

/** What {@linkcode createHost} needs. */
export interface HostOptions extends BatchLimits {
  store: ModelStore;
  /** Where models are computed; the host's from here on. */
  units: readonly ComputeUnit[];
  /** Opens files; the host's from here on. */
  decoder: Decoder & { close?(): Promise<void> };
  limits?: ServiceLimits;
  access?: Access;
  corsOrigins?: readonly string[];
  /** Names by which this server may be called. @default {any} */
  hosts?: readonly string[];
  /** "latest" or an alias. @default {"latest"} */
  reference?: string;
  /** Only these models. @default {all} */
  only?: readonly string[];
  /** Most bytes of loaded models. @default {2_147_483_648} */
  maxModelBytes?: number;
  /** How often the store is looked at; 0 for never. @default {5_000} */
  pollMs?: number;
  /** A store that does not answer by then is given up until the next look. @default {60_000} */
  storeTimeoutMs?: number;
  /** A look into the store that takes longer is told by readiness. @default {10_000} */
  silenceMs?: number;
  /** Takes object-created events once it is given something that scores. */
  events?: (scorer: EventScorer) => EventIntake & { counts(): EventCounts; close(): Promise<void> };
  memoryBytes?: () => number;
  log?: (entry: LogEntry) => void;
  version?: string;
}

/** A server without a socket. */
export interface Host {
  /** Answers a request; `client` is the other end's address, where it is known. */
  fetch(request: Request, client?: string): Promise<Response>;
  readonly models: Models;
  /** Looks into the store for the first time and begins to follow it. */
  start(): Promise<void>;
  /** Stops being ready, waits for the requests in hand (at most `timeoutMs`) and frees everything. */
  drain(timeoutMs: number): Promise<void>;
}

/** How long balancers and clients get to see that the server is not ready any more, as a share of the drain time. */
const NOTICE_SHARE = 0.05;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Puts a server together. Nothing is loaded before `start`. */
export function createHost(options: HostOptions): Host {
  const { store, units, decoder, reference, only, maxModelBytes, pollMs = 5000, log } = options;
  const tell = tellTo(log);
  const batcher = createBatcher(units, {
    maxBatch: options.maxBatch,
    maxDelayMs: options.maxDelayMs,
    maxQueue: options.maxQueue,
    onBatch(key, { rows, computeMs }) {
      const slash = key.lastIndexOf("/");
      metrics.batch(key.slice(0, slash), key.slice(slash + 1), rows, computeMs / 1000);
    },
    onLeftOut: (reason) => tell("error", "worker left out", { reason }),
  });
  const models = createModels({
    store,
    batcher,
    reference,
    only,
    maxBytes: maxModelBytes,
    storeTimeoutMs: options.storeTimeoutMs,
    silenceMs: options.silenceMs,
    copies: units.length + 1,
    onChange: ({ what, ...change }: ModelChange) =>
      tell(what === "broken" ? "error" : "info", `model ${what}`, change),
  });
  const events = options.events?.({ models, batcher, decoder });
  const metrics = createMetrics({
    waiting: () => batcher.waiting(),
    versions: () =>
      models.status().flatMap(({ name, loaded }) => loaded.map((version) => [name, version] as const)),
    active: () => service.active(),
    events: events && (() => events.counts()),
    memoryBytes: options.memoryBytes,
  });
  const service = createService({
    models,
    batcher,
    decoder,
    metrics,
    access: options.access,
    limits: options.limits,
    corsOrigins: options.corsOrigins,
    hosts: options.hosts,
    events,
    log,
    version: options.version,
  });
  let timer: ReturnType<typeof setTimeout> | undefined, stopped = false, storeError: string | undefined;

  async function follow(): Promise<void> {
    await models.refresh();
    const problem = models.storeError();
    if (problem !== storeError && problem !== undefined) tell("error", "store", { reason: problem });
    storeError = problem;
    if (!stopped && pollMs > 0) timer = setTimeout(follow, pollMs);
  }

  return {
    fetch: (request, client) => service.fetch(request, client),
    models,
    start: follow,
    async drain(timeoutMs) {
      const end = performance.now() + timeoutMs;
      stopped = true;
      clearTimeout(timer);
      service.beginDrain();
      await events?.close();
      await pause(timeoutMs * NOTICE_SHARE);
      while (service.active() > 0 && performance.now() < end) await pause(10);
      await batcher.close();
      await decoder.close?.();
    },
  };
}
