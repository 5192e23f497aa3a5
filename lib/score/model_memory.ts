/** Model versions in memory: loaded on demand, given up when memory runs short, never while they are in use. @module */
import type { Card } from "../card/card.ts";
import { type Batcher, OverloadError } from "./batcher.ts";
import type { LoadedModel } from "./compute.ts";

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

/** A version in memory. */
interface Entry {
  key: string;
  model: string;
  version: string;
  card: Card;
  loaded: LoadedModel;
  bytes: number;
  users: number;
  lastUse: number;
  /** Whether it goes once nobody uses it. */
  retired: boolean;
}

/** What {@linkcode ModelMemory} needs. */
export interface ModelMemoryOptions {
  /** The files of a version. */
  fetch(model: string, version: string): Promise<{ card: Card; files: ReadonlyMap<string, Uint8Array> }>;
  /** What computes them. */
  batcher: Batcher;
  /** Most bytes of loaded models, counting every copy. */
  maxBytes: number;
  /** Copies of a model in memory. */
  copies: number;
  /** Told of each change. */
  onChange(change: ModelChange): void;
}

/** The bytes in memory that workers can share, where the host has such memory. */
function shared(bytes: Uint8Array): Uint8Array {
  if (typeof SharedArrayBuffer === "undefined") return bytes;
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

/** What the batcher knows a version by. */
const keyOf = (model: string, version: string): string => `${model}/${version}`;

/** The versions in memory. */
export class ModelMemory {
  readonly #options: ModelMemoryOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #loading = new Map<string, Promise<void>>();
  #uses = 0;

  /** Nothing is in memory yet. */
  constructor(options: ModelMemoryOptions) {
    this.#options = options;
  }

  /** Versions that are loaded. */
  get size(): number {
    return this.#entries.size;
  }

  has(model: string, version: string): boolean {
    return this.#entries.has(keyOf(model, version));
  }

  /**
   * Loads a version, unless it is in memory.
   *
   * @throws {OverloadError} Memory is short and everything loaded is in use.
   * @throws {Error} The version does not load.
   */
  load(model: string, version: string): Promise<void> {
    const key = keyOf(model, version);
    if (this.#entries.has(key)) return Promise.resolve();
    let loading = this.#loading.get(key);
    if (!loading) {
      loading = this.#fetchAndLoad(model, version).finally(() => this.#loading.delete(key));
      this.#loading.set(key, loading);
    }
    return loading;
  }

  async #fetchAndLoad(model: string, version: string): Promise<void> {
    const { fetch, batcher, copies, onChange } = this.#options;
    const started = performance.now(), key = keyOf(model, version);
    try {
      const { card, files } = await fetch(model, version);
      const onnx = files.get("model.onnx");
      if (!onnx) throw new TypeError(`Cannot load ${key} as it has no model.onnx`);
      const bytes = onnx.length * copies;
      await this.#makeRoom(key, bytes);
      const loaded = await batcher.load(key, { card, onnx: shared(onnx) });
      const used = { users: 0, lastUse: ++this.#uses, retired: false };
      this.#entries.set(key, { key, model, version, card, loaded, bytes, ...used });
      onChange({ model, version, what: "loaded", ms: performance.now() - started });
    } catch (error) {
      if (!(error instanceof OverloadError)) {
        const reason = error instanceof Error ? error.message : String(error);
        onChange({ model, version, what: "broken", reason });
      }
      throw error;
    }
  }

  /** Makes room for `bytes` by giving up what was not used for the longest time. */
  async #makeRoom(what: string, bytes: number): Promise<void> {
    const { maxBytes } = this.#options;
    if (bytes > maxBytes) {
      throw new RangeError(
        `Cannot load ${what} as it needs ${bytes} bytes in memory: the limit is ${maxBytes}`,
      );
    }
    while (this.#usedBytes() + bytes > maxBytes) {
      const idle = [...this.#entries.values()].filter(({ users }) => users === 0);
      const [oldest] = idle.sort((a, b) => a.lastUse - b.lastUse);
      if (!oldest) throw new OverloadError(`Cannot load ${what} now: all models in memory are in use`, 1000);
      await this.#drop(oldest);
    }
  }

  #usedBytes(): number {
    return [...this.#entries.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  async #drop({ key, model, version }: Entry): Promise<void> {
    this.#entries.delete(key);
    await this.#options.batcher.unload(key);
    this.#options.onChange({ model, version, what: "unloaded" });
  }

  /** Gets hold of a version; nothing where it is not in memory. */
  lease(model: string, version: string): Lease | undefined {
    const entry = this.#entries.get(keyOf(model, version));
    if (!entry) return undefined;
    entry.users++;
    entry.lastUse = ++this.#uses;
    let held = true;
    const { key, card, loaded } = entry;
    const release = () => {
      if (!held) return;
      held = false;
      entry.users--;
      if (entry.retired && this.#entries.get(key) === entry) this.#retire(entry);
    };
    return { key, card, loaded, release };
  }

  /** Keeps a version that was to go. */
  keep(model: string, version: string): void {
    const entry = this.#entries.get(keyOf(model, version));
    if (entry) entry.retired = false;
  }

  /** Lets a version of a model go once nobody uses it, or all of them. */
  retire(model: string, version?: string): void {
    for (const entry of [...this.#entries.values()]) {
      if (entry.model === model && (version === undefined || entry.version === version)) this.#retire(entry);
    }
  }

  #retire(entry: Entry): void {
    entry.retired = true;
    if (entry.users === 0) void this.#drop(entry);
  }
}
