/**
 * Which model versions answer: taken from a store, loaded on demand, replaced when the store has a newer one, given up
 * when memory runs short. A version that does not load never takes the place of one that works. @module
 */
import type { Card } from "../card/card.ts";
import type { Batcher } from "./batcher.ts";
import { OverloadError } from "./batcher.ts";
import type { LoadedModel } from "./compute.ts";

/** A model as a store lists it. */
export interface ListedModel {
  /** Name in the store. */
  name: string;
  /** Rising. */
  versions: string[];
  /** Version that each alias stands for. */
  aliases: Record<string, string>;
  /** Why the aliases cannot be read, if so. */
  aliasProblem?: string;
}

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

/** There is no such model, or no such version of it. */
export class UnknownModelError extends Error {
  /** Tells this error from others. */
  override name = "UnknownModelError";
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

/** Something happened to a model version. */
export interface ModelChange {
  /** Name of the model. */
  model: string;
  /** Version of the model. */
  version: string;
  /** What became of it. */
  what: "loaded" | "unloaded" | "broken";
  /** Time to fetch and load it. */
  ms?: number;
  /** Why it is broken. */
  reason?: string;
}

/** What is known of a model. */
export interface ModelStatus {
  /** Name of the model. */
  name: string;
  /** Versions in the store, rising. */
  versions: string[];
  /** Version that each alias stands for. */
  aliases: Record<string, string>;
  /** The version that answers when a request names none; undefined while there is none that loads. */
  version?: string;
  /** Versions in memory. */
  loaded: string[];
  /** Versions that do not load, and why. */
  broken: Record<string, string>;
  /** What is wrong with what the store says of it, although it may go on answering. */
  problem?: string;
}

/** A model version in use: it stays loaded until `release` is called. */
export interface Lease {
  /** What the batcher knows it by. */
  readonly key: string;
  /** The version's card. */
  readonly card: Card;
  /** What it takes and gives. */
  readonly loaded: LoadedModel;
  /** Lets the version be unloaded. */
  release(): void;
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

interface Entry {
  key: string;
  model: string;
  version: string;
  card: Card;
  loaded: LoadedModel;
  bytes: number;
  users: number;
  lastUse: number;
  retired: boolean;
}

interface Known {
  name: string;
  versions: string[];
  aliases: Record<string, string>;
  active?: string;
  problem?: string;
  unloaded?: boolean;
  broken: Map<string, { reason: string; since: number }>;
}

/** The bytes in memory that workers can share, where the host has such memory. */
function shared(bytes: Uint8Array): Uint8Array {
  if (typeof SharedArrayBuffer === "undefined") return bytes;
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

/** A model is larger than a listing, and may come slowly. */
const FETCH_FACTOR = 10;
/** After so long a look into the store is worth a word. */
const SILENCE_MS = 10_000;

/** Fails where the store does not answer in time. */
function within<T>(work: Promise<T>, timeoutMs: number, location: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Error(`${location} does not answer: waited ${timeoutMs} ms`));
    const timer = setTimeout(late, timeoutMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Follows the models of a store. Nothing is read before the first `refresh`. */
export function createModels(options: ModelsOptions): Models {
  const { store, batcher, reference = "latest", only, maxBytes = 2 ** 31, copies = 2 } = options;
  const { retryMs = 30_000, storeTimeoutMs = 60_000, onChange = () => {} } = options;
  const known = new Map<string, Known>();
  const entries = new Map<string, Entry>();
  const loading = new Map<string, Promise<Entry>>();
  let uses = 0,
    problem: string | undefined = "The store has not been read yet",
    refreshing: Promise<void> | undefined,
    lookingSince: number | undefined;

  const usedBytes = () => [...entries.values()].reduce((sum, { bytes }) => sum + bytes, 0);

  async function drop(entry: Entry): Promise<void> {
    entries.delete(entry.key);
    await batcher.unload(entry.key);
    onChange({ model: entry.model, version: entry.version, what: "unloaded" });
  }

  /** Makes room for `bytes` by giving up what was not used for the longest time. */
  async function makeRoom(what: string, bytes: number): Promise<void> {
    if (bytes > maxBytes) {
      throw new RangeError(
        `Cannot load ${what} as it needs ${bytes} bytes in memory: the limit is ${maxBytes}`,
      );
    }
    while (usedBytes() + bytes > maxBytes) {
      const idle = [...entries.values()].filter(({ users }) =>
        users === 0
      ).sort((a, b) => a.lastUse - b.lastUse)[0];
      if (!idle) throw new OverloadError(`Cannot load ${what} now: all models in memory are in use`, 1000);
      await drop(idle);
    }
  }

  function load(model: string, version: string): Promise<Entry> {
    const key = `${model}/${version}`;
    const there = entries.get(key);
    if (there) return Promise.resolve(there);
    let promise = loading.get(key);
    if (!promise) {
      promise = fetchAndLoad(model, version, key).finally(() => loading.delete(key));
      loading.set(key, promise);
    }
    return promise;
  }

  async function fetchAndLoad(model: string, version: string, key: string): Promise<Entry> {
    const started = performance.now();
    try {
      const fetched = store.fetch(model, version, { files: ["model.onnx"] });
      const { card, files } = await within(fetched, storeTimeoutMs * FETCH_FACTOR, store.location);
      const onnx = files.get("model.onnx");
      if (!onnx) throw new TypeError(`Cannot load ${key} as it has no model.onnx`);
      const bytes = onnx.length * copies;
      await makeRoom(key, bytes);
      const loaded = await batcher.load(key, { card, onnx: shared(onnx) });
      const entry = { key, model, version, card, loaded, bytes, users: 0, lastUse: ++uses, retired: false };
      entries.set(key, entry);
      known.get(model)?.broken.delete(version);
      onChange({ model, version, what: "loaded", ms: performance.now() - started });
      return entry;
    } catch (error) {
      if (!(error instanceof OverloadError)) {
        const reason = error instanceof Error ? error.message : String(error);
        known.get(model)?.broken.set(version, { reason, since: performance.now() });
        onChange({ model, version, what: "broken", reason });
      }
      throw error;
    }
  }

  function lease(entry: Entry): Lease {
    entry.users++;
    entry.lastUse = ++uses;
    let held = true;
    return {
      key: entry.key,
      card: entry.card,
      loaded: entry.loaded,
      release() {
        if (!held) return;
        held = false;
        entry.users--;
        if (entry.retired && entry.users === 0 && entries.get(entry.key) === entry) void drop(entry);
      },
    };
  }

  /** Lets an entry go once nobody uses it. */
  function retire(entry: Entry | undefined): void {
    if (!entry) return;
    entry.retired = true;
    if (entry.users === 0) void drop(entry);
  }

  /** The version that is to answer; undefined where the alias means none. */
  function wantedOf({ versions, aliases }: Known): string | undefined {
    if (reference === "latest") return versions.at(-1);
    return Object.hasOwn(aliases, reference) ? aliases[reference] : undefined;
  }

  /** An alias was taken away: nothing answers in its place. */
  function giveUpActive(model: Known): void {
    model.problem ??= `it has no alias "${reference}"`; // unless the aliases cannot be read
    const entry = entries.get(`${model.name}/${model.active}`);
    model.active = undefined;
    retire(entry);
  }

  async function follow(model: Known): Promise<void> {
    if (model.unloaded) {
      model.problem = "it was unloaded";
      return;
    }
    const wanted = wantedOf(model);
    if (wanted === undefined) return giveUpActive(model);
    if (wanted === model.active) return;
    // The newest first; while nothing answers yet, older ones serve rather than none. An alias means one version only.
    const isLatest = reference === "latest";
    const older = isLatest
      ? model.versions.filter((version) => Number(version) < Number(wanted)).reverse()
      : [];
    for (const version of [wanted, ...(model.active === undefined ? older : [])]) {
      const broken = model.broken.get(version);
      if (broken && performance.now() - broken.since < retryMs) continue;
      try {
        const entry = await load(model.name, version);
        entry.retired = false;
        const previous = model.active === undefined
          ? undefined
          : entries.get(`${model.name}/${model.active}`);
        model.active = version;
        retire(previous);
        return;
      } catch {
        // fetchAndLoad has kept the reason
      }
    }
  }

  async function look(): Promise<void> {
    let found;
    try {
      found = await within(store.list(), storeTimeoutMs, store.location);
      problem = undefined;
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
      return;
    }
    if (found.length === 0 && entries.size > 0) {
      problem = `${store.location} lists no models any more: the last ones go on answering`;
      return;
    }
    const wanted = found.filter(({ name }) => !only || only.includes(name));
    for (const name of known.keys()) {
      if (wanted.some((model) => model.name === name)) continue;
      known.delete(name);
      for (const entry of [...entries.values()]) if (entry.model === name) retire(entry);
    }
    for (const { name, versions, aliases, aliasProblem } of wanted) {
      const model: Known = known.get(name) ?? { name, versions, aliases, broken: new Map() };
      model.versions = versions;
      model.problem = aliasProblem;
      if (aliasProblem === undefined) model.aliases = aliases; // else the last that could be read
      for (const version of [...model.broken.keys()]) {
        if (!versions.includes(version)) model.broken.delete(version);
      }
      known.set(name, model);
      await follow(model);
      if (model.active !== undefined && !versions.includes(model.active)) {
        model.problem = `version ${model.active} is gone from the store and answers from memory`;
      }
    }
  }

  return {
    async acquire(name, version) {
      const model = known.get(name);
      if (!model) {
        const names = [...known.keys()].map((known) => `"${known}"`).join(", ") || "none";
        throw new UnknownModelError(`There is no model "${name}": there are ${names}`);
      }
      if (model.unloaded) throw new OverloadError(`Model "${name}" was unloaded`, 60_000);
      const wanted = version === undefined ? model.active : model.aliases[version] ?? version;
      if (
        wanted === undefined && version === undefined && reference !== "latest" &&
        wantedOf(model) === undefined
      ) {
        throw new UnknownModelError(
          `Model "${name}" has no alias "${reference}": there are versions ${model.versions.join(", ")}`,
        );
      }
      if (wanted === undefined) {
        const reasons = [...model.broken].map(([v, { reason }]) => `version ${v}: ${reason}`).join("; ");
        throw new OverloadError(
          `No version of model "${name}" can be loaded: ${reasons || "still loading"}`,
          1000,
        );
      }
      if (version !== undefined && !model.versions.includes(wanted)) {
        throw new UnknownModelError(
          `There is no version "${version}" of model "${name}": there are ${model.versions.join(", ")}`,
        );
      }
      for (;;) { // what was just loaded may have been given up again before we got hold of it
        const there = entries.get(`${name}/${wanted}`);
        if (there) return lease(there);
        const broken = model.broken.get(wanted);
        if (broken && performance.now() - broken.since < retryMs) {
          throw new OverloadError(
            `Version ${wanted} of model "${name}" does not load: ${broken.reason}`,
            retryMs,
          );
        }
        await load(name, wanted);
      }
    },
    refresh() {
      if (!refreshing) {
        lookingSince = performance.now();
        refreshing = look().finally(() => refreshing = lookingSince = undefined);
      }
      return refreshing;
    },
    retry(name) {
      const model = known.get(name);
      model?.broken.clear();
      if (model) model.unloaded = false;
    },
    unload(name) {
      const model = known.get(name);
      if (!model) throw new UnknownModelError(`There is no model "${name}"`);
      model.unloaded = true;
      model.problem = "it was unloaded";
      model.active = undefined;
      for (const entry of [...entries.values()]) if (entry.model === name) retire(entry);
    },
    status: () =>
      [...known.values()].map(({ name, versions, aliases, active, broken, problem }) => ({
        name,
        versions,
        aliases,
        ...(active === undefined ? {} : { version: active }),
        loaded: versions.filter((version) => entries.has(`${name}/${version}`)),
        broken: Object.fromEntries([...broken].map(([version, { reason }]) => [version, reason])),
        ...(problem === undefined ? {} : { problem }),
      })),
    ready() {
      // A model without the alias is not meant to answer, so it keeps nobody from being ready.
      const meant = [...known.values()].filter((model) => !model.unloaded && wantedOf(model) !== undefined);
      return meant.length > 0 && meant.every(({ active }) => active !== undefined);
    },
    storeError() {
      const silentMs = lookingSince === undefined ? 0 : performance.now() - lookingSince;
      if (silentMs < (options.silenceMs ?? SILENCE_MS)) return problem;
      return `${store.location} has not answered for ${Math.round(silentMs / 1000)} s`;
    },
  };
}
