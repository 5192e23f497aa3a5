/**
 * Which model versions answer: taken from a store, loaded on demand, replaced when the store has a newer one, given up
 * when memory runs short. A version that does not load never takes the place of one that works. @module
 */
import { within } from "../base/within.ts";
import type { Card } from "../card/card.ts";
import { KnownModel, type ListedModel, type ModelStatus, UnknownModelError } from "./known_model.ts";
import { type Lease, type ModelChange, ModelMemory } from "./model_memory.ts";
import { type Batcher, OverloadError } from "./batcher.ts";

export { type ListedModel, type ModelStatus, UnknownModelError } from "./known_model.ts";
export type { Lease, ModelChange } from "./model_memory.ts";

/** What is needed of a store; a `Store` has it. */
export interface ModelStore {
  /** How a user would write this store. */
  readonly location: string;
  /** All models with their versions and aliases. */
  list(): Promise<ListedModel[]>;
  /** The files of a version, checked. */
  fetch(
    model: string,
    version: string,
    options?: { files?: readonly string[] },
  ): Promise<{ card: Card; files: ReadonlyMap<string, Uint8Array> }>;
}

/** Options for {@linkcode createModels}. */
export interface ModelsOptions {
  /** Where models come from. */
  store: ModelStore;
  /** What computes them. */
  batcher: Batcher;
  /** "latest" or an alias: which version of each model answers when a request names none. @default {"latest"} */
  reference?: string;
  /** Only these models. @default {all in the store} */
  only?: readonly string[];
  /** Most bytes of loaded models, counting one copy for each compute unit. @default {2_147_483_648} */
  maxBytes?: number;
  /** Copies of a model in memory: the compute units and the one they are made from. @default {2} */
  copies?: number;
  /** A version that did not load is tried again after this time. @default {30_000} */
  retryMs?: number;
  /** A listing that has not come by then is given up until the next look, a model after ten times as long. @default {60_000} */
  storeTimeoutMs?: number;
  /** A look into the store that takes longer is told in `storeError`. @default {10_000} */
  silenceMs?: number;
  /** Told of each change. */
  onChange?: (change: ModelChange) => void;
}

/** The models of a store. */
export interface Models {
  /**
   * Gets hold of a version, loading it if need be.
   *
   * @throws {UnknownModelError} There is no such model or version.
   * @throws {OverloadError} Memory is short and everything loaded is in use.
   * @throws {Error} The version does not load.
   */
  acquire(model: string, version?: string): Promise<Lease>;
  /** Looks into the store and follows what changed. Never rejects: what went wrong is in `status` and `storeError`. */
  refresh(): Promise<void>;
  /** Forgets why a version is broken or that the model was unloaded, so that the next look tries it again. */
  retry(model: string): void;
  /** Frees a model's memory once nobody uses it; it does not answer until `retry`. @throws {UnknownModelError} */
  unload(model: string): void;
  /** What is known of every model. */
  status(): ModelStatus[];
  /** Whether at least one model is there and every model that is meant to answer has a version that does. */
  ready(): boolean;
  /** Why the store could not be read the last time, if so. */
  storeError(): string | undefined;
}

/** A model is larger than a listing, and may come slowly. */
const FETCH_FACTOR = 10;
/** After so long a look into the store is worth a word. */
const SILENCE_MS = 10_000;

/** Fails where the store does not answer in time. */
function answered<T>(work: Promise<T>, timeoutMs: number, location: string): Promise<T> {
  return within(work, timeoutMs, () => new Error(`${location} does not answer: waited ${timeoutMs} ms`));
}

/** Follows the models of a store. Nothing is read before the first `refresh`. */
export function createModels(options: ModelsOptions): Models {
  const { store, batcher, reference = "latest", only, maxBytes = 2 ** 31, copies = 2 } = options;
  const { retryMs = 30_000, storeTimeoutMs = 60_000, silenceMs = SILENCE_MS } = options;
  const known = new Map<string, KnownModel>();
  const memory = new ModelMemory({ fetch, batcher, maxBytes, copies, onChange });
  let problem: string | undefined = "The store has not been read yet",
    refreshing: Promise<void> | undefined,
    lookingSince: number | undefined;

  function fetch(model: string, version: string) {
    const fetched = store.fetch(model, version, { files: ["model.onnx"] });
    return answered(fetched, storeTimeoutMs * FETCH_FACTOR, store.location);
  }

  function onChange(change: ModelChange): void {
    const model = known.get(change.model);
    if (change.what === "loaded") model?.setLoaded(change.version);
    if (change.what === "broken") model?.setBroken(change.version, change.reason ?? "");
    options.onChange?.(change);
  }

  /** An alias was taken away: nothing answers in its place. */
  function giveUpActive(model: KnownModel): void {
    model.problem ??= `it has no alias "${reference}"`; // unless the aliases cannot be read
    const { active } = model;
    model.active = undefined;
    if (active !== undefined) memory.retire(model.name, active);
  }

  /** Lets the wanted version answer, or while nothing does, the newest older one that loads. */
  async function follow(model: KnownModel): Promise<void> {
    if (model.unloaded) {
      model.problem = "it was unloaded";
      return;
    }
    const { wanted } = model;
    if (wanted === undefined) return giveUpActive(model);
    if (wanted === model.active) return;
    for (const version of model.versionsToTry()) {
      if (model.reasonAgainst(version) !== undefined) continue;
      try {
        await memory.load(model.name, version);
      } catch {
        continue; // the reason is kept
      }
      memory.keep(model.name, version);
      const previous = model.active;
      model.active = version;
      if (previous !== undefined) memory.retire(model.name, previous);
      return;
    }
  }

  /** What the store lists; undefined where it cannot be read, or lists nothing while models answer. */
  async function list(): Promise<ListedModel[] | undefined> {
    try {
      const found = await answered(store.list(), storeTimeoutMs, store.location);
      const isGone = found.length === 0 && memory.size > 0;
      problem = isGone
        ? `${store.location} lists no models any more: the last ones go on answering`
        : undefined;
      return isGone ? undefined : found;
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
      return undefined;
    }
  }

  async function look(): Promise<void> {
    const found = await list();
    if (!found) return;
    const wanted = found.filter(({ name }) => !only || only.includes(name));
    for (const name of [...known.keys()]) {
      if (wanted.some((model) => model.name === name)) continue;
      known.delete(name);
      memory.retire(name);
    }
    for (const listed of wanted) {
      const model = known.get(listed.name) ?? new KnownModel(listed.name, { reference, retryMs });
      known.set(listed.name, model);
      model.list(listed);
      await follow(model);
      if (model.active !== undefined && !model.versions.includes(model.active)) {
        model.problem = `version ${model.active} is gone from the store and answers from memory`;
      }
    }
  }

  return {
    async acquire(name, asked) {
      const model = known.get(name);
      if (!model) {
        const names = [...known.keys()].map((known) => `"${known}"`).join(", ") || "none";
        throw new UnknownModelError(`There is no model "${name}": there are ${names}`);
      }
      const version = model.versionFor(asked);
      for (;;) { // what was just loaded may have been given up again before we got hold of it
        const lease = memory.lease(name, version);
        if (lease) return lease;
        const reason = model.reasonAgainst(version);
        if (reason !== undefined) {
          throw new OverloadError(`Version ${version} of model "${name}" does not load: ${reason}`, retryMs);
        }
        await memory.load(name, version);
      }
    },
    refresh() {
      if (!refreshing) {
        lookingSince = performance.now();
        refreshing = look().finally(() => refreshing = lookingSince = undefined);
      }
      return refreshing;
    },
    retry: (name) => known.get(name)?.retry(),
    unload(name) {
      const model = known.get(name);
      if (!model) throw new UnknownModelError(`There is no model "${name}"`);
      model.unload();
      memory.retire(name);
    },
    status: () =>
      [...known.values()].map((model) => model.status((version) => memory.has(model.name, version))),
    ready() {
      // A model without the alias is not meant to answer, so it keeps nobody from being ready.
      const meant = [...known.values()].filter(({ unloaded, wanted }) => !unloaded && wanted !== undefined);
      return meant.length > 0 && meant.every(({ active }) => active !== undefined);
    },
    storeError() {
      const silentMs = lookingSince === undefined ? 0 : performance.now() - lookingSince;
      if (silentMs < silenceMs) return problem;
      return `${store.location} has not answered for ${Math.round(silentMs / 1000)} s`;
    },
  };
}
