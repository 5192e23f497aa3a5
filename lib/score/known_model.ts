/** What is known of a model of a store: its versions, which of them is to answer, and which do not load. @module */
import { OverloadError } from "./batcher.ts";

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

/** There is no such model, or no such version of it. */
export class UnknownModelError extends Error {
  /** Tells this error from others. */
  override name = "UnknownModelError";
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

/** How the version that answers is found. */
export interface Following {
  /** "latest" or an alias. */
  reference: string;
  /** A version that did not load is tried again after this time. */
  retryMs: number;
}

/** After so long a model that was unloaded may be asked for again. */
const UNLOADED_MS = 60_000;

/** A model of the store. */
export class KnownModel {
  readonly name: string;
  versions: readonly string[] = [];
  aliases: Readonly<Record<string, string>> = {};
  /** The version that answers. */
  active: string | undefined;
  /** What is wrong with what the store says of it. */
  problem: string | undefined;
  #unloaded = false;
  readonly #broken = new Map<string, { reason: string; since: number }>();
  readonly #following: Following;

  /** Nothing is known of it yet. */
  constructor(name: string, following: Following) {
    this.name = name;
    this.#following = following;
  }

  get unloaded(): boolean {
    return this.#unloaded;
  }

  /** Takes over what a store lists. */
  list({ versions, aliases, aliasProblem }: ListedModel): void {
    this.versions = versions;
    this.problem = aliasProblem;
    if (aliasProblem === undefined) this.aliases = aliases; // else the last that could be read
    for (const version of [...this.#broken.keys()]) {
      if (!versions.includes(version)) this.#broken.delete(version);
    }
  }

  /** The version that is to answer; undefined where the alias means none. */
  get wanted(): string | undefined {
    const { reference } = this.#following;
    if (reference === "latest") return this.versions.at(-1);
    return Object.hasOwn(this.aliases, reference) ? this.aliases[reference] : undefined;
  }

  /** The wanted version; while nothing answers yet, older ones after it. An alias means one version only. */
  versionsToTry(): string[] {
    const { wanted } = this;
    if (wanted === undefined) return [];
    if (this.#following.reference !== "latest" || this.active !== undefined) return [wanted];
    return [wanted, ...this.versions.filter((version) => Number(version) < Number(wanted)).reverse()];
  }

  /** Why a version does not load, until it may be tried again. */
  reasonAgainst(version: string): string | undefined {
    const broken = this.#broken.get(version);
    const { retryMs } = this.#following;
    return broken && performance.now() - broken.since < retryMs ? broken.reason : undefined;
  }

  /** Keeps why a version did not load. */
  setBroken(version: string, reason: string): void {
    this.#broken.set(version, { reason, since: performance.now() });
  }

  /** Forgets that a version did not load. */
  setLoaded(version: string): void {
    this.#broken.delete(version);
  }

  /** Does not answer until {@linkcode retry}. */
  unload(): void {
    this.#unloaded = true;
    this.problem = "it was unloaded";
    this.active = undefined;
  }

  /** Forgets what speaks against trying it. */
  retry(): void {
    this.#broken.clear();
    this.#unloaded = false;
  }

  /**
   * The version that a request means: by its number or an alias, or the one that answers where it names none.
   *
   * @throws {UnknownModelError} There is none.
   * @throws {OverloadError} There is none at present.
   */
  versionFor(asked: string | undefined): string {
    if (this.#unloaded) throw new OverloadError(`Model "${this.name}" was unloaded`, UNLOADED_MS);
    return asked === undefined ? this.#answering() : this.#named(asked);
  }

  #answering(): string {
    const { reference } = this.#following;
    if (this.active !== undefined) return this.active;
    if (reference !== "latest" && this.wanted === undefined) {
      throw new UnknownModelError(
        `Model "${this.name}" has no alias "${reference}": there are versions ${this.versions.join(", ")}`,
      );
    }
    const reasons = [...this.#broken].map(([version, { reason }]) => `version ${version}: ${reason}`);
    throw new OverloadError(
      `No version of model "${this.name}" can be loaded: ${reasons.join("; ") || "still loading"}`,
      1000,
    );
  }

  #named(asked: string): string {
    const version = this.aliases[asked] ?? asked;
    if (this.versions.includes(version)) return version;
    throw new UnknownModelError(
      `There is no version "${asked}" of model "${this.name}": there are ${this.versions.join(", ")}`,
    );
  }

  /** @param isLoaded Whether a version is in memory. */
  status(isLoaded: (version: string) => boolean): ModelStatus {
    const { name, versions, aliases, active, problem } = this;
    return {
      name,
      versions: [...versions],
      aliases: { ...aliases },
      ...(active === undefined ? {} : { version: active }),
      loaded: versions.filter(isLoaded),
      broken: Object.fromEntries([...this.#broken].map(([version, { reason }]) => [version, reason])),
      ...(problem === undefined ? {} : { problem }),
    };
  }
}
