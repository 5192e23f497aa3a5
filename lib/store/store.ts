/**
 * Model versions in a folder or a bucket.
 *
 * Layout: `<model>/<version>/` holds the files, the card `model.json` and `manifest.json`; `<model>/aliases.json` names
 * versions. A version is seen only through its manifest, which is written last and holds size and SHA-256 of every
 * file, so a reader never sees half a model. A version's number is claimed by creating `claim.json`, which only one
 * writer can, and which stays when a version fails or is removed: a number never means two models. @module
 */
import { isAbsolute, join, normalize } from "@std/path";
import { fileURLToPath } from "node:url";
import { z } from "../base/zod.ts";
import { sha256 } from "../base/sha256.ts";
import { type Blobs, BlobsError, ConflictError } from "./blobs.ts";
import { type Card, formatCard, parseCard } from "../card/card.ts";
import { type FileEntry, filesSchema, NAME_PATTERN } from "../card/fields.ts";
import { FolderBlobs } from "./folder.ts";
import { IntegrityError } from "./integrity_error.ts";
import { S3Blobs, type S3Options } from "./s3.ts";

export { IntegrityError };

/** There is no such model, version or alias. */
export class NotInStoreError extends Error {
  /** Tells this error from others. */
  override name = "NotInStoreError";
}

/** A model in {@linkcode Store.list}. */
export interface StoredModel {
  /** Name of the model. */
  name: string;
  /** Rising. */
  versions: string[];
  /** Version that each alias stands for. */
  aliases: Record<string, string>;
  /** Why the aliases cannot be read, if so. */
  aliasProblem?: string;
}

/** One change of an alias. */
export interface AliasChange {
  /** Which alias. */
  alias: string;
  /** Undefined where the alias was taken away. */
  version?: string;
  /** When, in ISO 8601. */
  time: string;
}

/** A model version, checked. */
export interface FetchedModel {
  /** The version's card. */
  card: Card;
  /** Content by file name, `model.json` included. */
  files: Map<string, Uint8Array<ArrayBuffer>>;
}

/** Options for {@linkcode openStore}. */
export interface StoreOptions {
  /** Where and as whom to speak to the bucket; needed for `s3://`. */
  s3?: S3Options;
}

/** Options for {@linkcode Store.fetch}. */
export interface FetchOptions {
  /** Only these files, beside the card. @default {all} */
  files?: readonly string[];
}

const OWN_FILES = ["manifest.json", "claim.json"];

const manifestSchema = z.object({
  format: z.literal("cloudchamber-manifest/1"),
  model: z.string(),
  version: z.string(),
  created: z.string(),
  files: filesSchema,
});

const aliasesSchema = z.object({
  format: z.literal("cloudchamber-aliases/1"),
  aliases: z.record(z.string(), z.string()),
  history: z.array(z.object({ alias: z.string(), version: z.string().optional(), time: z.string() })),
});

type Manifest = z.output<typeof manifestSchema>;
type Aliases = z.output<typeof aliasesSchema>;

const encodeJson = (value: unknown) => new TextEncoder().encode(JSON.stringify(value, null, 2) + "\n");

function decodeJson<T>(schema: z.ZodType<T>, bytes: Uint8Array, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new IntegrityError(`Cannot read ${what}: it is not JSON`);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [{ path, message }] = result.error.issues;
  throw new IntegrityError(`Cannot read ${what}: ${path.map(String).join(".")}: ${message}`);
}

function checkName(name: string, what: string): void {
  if (!NAME_PATTERN.test(name)) {
    throw new RangeError(
      `Cannot use "${name}" as ${what} as it must be letters, digits, "_", "-" and ".", not starting with "."`,
    );
  }
}

function checkFileName(name: string): void {
  for (const segment of name.split("/")) checkName(segment, `(part of) the file name "${name}"`);
  if (OWN_FILES.includes(name)) {
    throw new RangeError(`Cannot publish a file called "${name}" as the store writes it`);
  }
}

const isVersion = (text: string) => /^[1-9][0-9]{0,8}$/.test(text);
const byNumber = (a: string, b: string) => Number(a) - Number(b);

/** A store of model versions; made by {@linkcode openStore}. */
export class Store {
  readonly #blobs: Blobs;

  /** A store in one place. @param blobs Where the bytes lie. */
  constructor(blobs: Blobs) {
    this.#blobs = blobs;
  }

  /** Where the store is, as a user would write it. */
  get location(): string {
    return this.#blobs.location;
  }

  /** Drops connections kept open; the store can still be used. */
  close(): void {
    this.#blobs.close?.();
  }

  /**
   * Publishes a model as the next version.
   *
   * @param source A folder, from which the files named in `card.files` are taken and compared with their SHA-256 there;
   *   or the files themselves by name.
   * @param card The model's card; the stored one gets the new version and the sizes and checksums of all files.
   * @returns The new version.
   * @throws {TypeError} If the card does not fit its format.
   * @throws {RangeError} If a name is not allowed, or there are no files.
   * @throws {IntegrityError} If a file in the folder is not the one on the card.
   * @throws {BlobsError} If the store cannot be written; nothing of the version is visible then.
   */
  async publish(source: string | ReadonlyMap<string, Uint8Array>, card: unknown): Promise<string> {
    const checked = parseCard(card);
    const files = typeof source === "string" ? await readFolder(source, checked) : new Map(source);
    files.delete("model.json"); // the store writes the card itself
    if (files.size === 0) throw new RangeError(`Cannot publish "${checked.name}" as there are no files`);
    for (const name of files.keys()) checkFileName(name);

    const entries: Record<string, FileEntry> = {};
    for (const [name, bytes] of files) entries[name] = { bytes: bytes.length, sha256: await sha256(bytes) };
    const version = await this.#claim(checked.name);
    const folder = `${checked.name}/${version}`;
    const cardBytes = new TextEncoder().encode(formatCard({ ...checked, version, files: entries }));
    const written: string[] = [];
    try {
      for (const [name, bytes] of [...files, ["model.json", cardBytes] as const]) {
        written.push(`${folder}/${name}`);
        await this.#blobs.put(`${folder}/${name}`, bytes);
      }
    } catch (error) {
      for (const key of written) await this.#blobs.delete(key).catch(() => {}); // litter, never visible
      throw error;
    }
    await this.#putManifest(folder, {
      format: "cloudchamber-manifest/1",
      model: checked.name,
      version,
      created: new Date().toISOString(),
      files: { ...entries, "model.json": { bytes: cardBytes.length, sha256: await sha256(cardBytes) } },
    });
    return version;
  }

  /** Takes the first number above all that were ever claimed. */
  async #claim(model: string): Promise<string> {
    const claimed = (await this.#blobs.list(`${model}/`)).map(({ key }) => key.split("/")[1]).filter(
      isVersion,
    );
    const claim = encodeJson({ claimed: new Date().toISOString(), by: crypto.randomUUID() });
    for (let number = Math.max(0, ...claimed.map(Number)) + 1;; number++) {
      try {
        await this.#blobs.put(`${model}/${number}/claim.json`, claim, { ifNoneMatch: true });
        return String(number);
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error; // another publisher was faster: the next number then
      }
    }
  }

  /**
   * Makes a version visible. An answer that is lost on its way back leaves open whether the manifest was written, so
   * it is looked up; and the files stay, because a manifest may still arrive.
   */
  async #putManifest(folder: string, manifest: Manifest): Promise<void> {
    const key = `${folder}/manifest.json`, bytes = encodeJson(manifest);
    try {
      await this.#blobs.put(key, bytes, { ifNoneMatch: true });
    } catch (error) {
      const present = await this.#blobs.get(key).catch(() => undefined);
      if (present && await sha256(present.bytes) === await sha256(bytes)) return;
      throw error;
    }
  }

  /** All models that have a visible version, by name. @throws {BlobsError} */
  async list(): Promise<StoredModel[]> {
    const versions = new Map<string, string[]>();
    for (const { key } of await this.#blobs.list("")) {
      const [model, version, file, ...rest] = key.split("/");
      if (file !== "manifest.json" || rest.length > 0 || !isVersion(version)) continue;
      versions.set(model, [...versions.get(model) ?? [], version]);
    }
    const names = [...versions.keys()].filter((name) => NAME_PATTERN.test(name)).sort();
    return await Promise.all(names.map(async (name) => {
      const model = { name, versions: versions.get(name)!.sort(byNumber) };
      try {
        return { ...model, aliases: (await this.#aliases(name)).value.aliases };
      } catch (error) {
        if (!(error instanceof IntegrityError)) throw error;
        return { ...model, aliases: {}, aliasProblem: error.message }; // the others are there none the less
      }
    }));
  }

  /** The visible versions of a model, rising; empty if there is no such model. @throws {BlobsError} */
  async versions(model: string): Promise<string[]> {
    checkName(model, "a model's name");
    const entries = await this.#blobs.list(`${model}/`);
    return entries.map(({ key }) => key.split("/"))
      .filter((parts) => parts.length === 3 && parts[2] === "manifest.json" && isVersion(parts[1]))
      .map((parts) => parts[1]).sort(byNumber);
  }

  /** The aliases of a model and the versions they name. @throws {BlobsError} */
  async aliases(model: string): Promise<Record<string, string>> {
    checkName(model, "a model's name");
    return (await this.#aliases(model)).value.aliases;
  }

  /** Every change of a model's aliases, oldest first: who was in production when. @throws {BlobsError} */
  async aliasHistory(model: string): Promise<AliasChange[]> {
    checkName(model, "a model's name");
    return (await this.#aliases(model)).value.history;
  }

  /**
   * The version that a reference means.
   *
   * @param model Name of the model.
   * @param reference "latest" for the highest version, an alias, or a version. @default {"latest"}
   * @throws {NotInStoreError} If there is none; what there is gets named.
   * @throws {BlobsError} If the store cannot be read.
   */
  async resolve(model: string, reference = "latest"): Promise<string> {
    const versions = await this.versions(model);
    if (versions.length === 0) {
      const names = (await this.list()).map(({ name }) => `"${name}"`).join(", ");
      throw new NotInStoreError(
        `Cannot find model "${model}" in ${this.location}: ${
          names ? `there are ${names}` : "the store is empty"
        }`,
      );
    }
    if (reference === "latest") return versions.at(-1)!;
    const aliases = await this.aliases(model);
    const version = isVersion(reference)
      ? reference
      : Object.hasOwn(aliases, reference)
      ? aliases[reference]
      : "";
    if (versions.includes(version)) return version;
    const known = [`versions ${versions.join(", ")}`];
    if (Object.keys(aliases).length > 0) known.push(`aliases ${Object.keys(aliases).join(", ")}`);
    throw new NotInStoreError(
      `Cannot find "${reference}" of model "${model}" in ${this.location}: there are ${known.join("; ")}`,
    );
  }

  /**
   * Reads a version and checks every byte of it.
   *
   * @param model Name of the model.
   * @param reference "latest", an alias or a version. @default {"latest"}
   * @throws {NotInStoreError} If there is no such version.
   * @throws {IntegrityError} If a file is missing, or its size or SHA-256 differs from the manifest's.
   * @throws {BlobsError} If the store cannot be read.
   */
  async fetch(model: string, reference = "latest", options: FetchOptions = {}): Promise<FetchedModel> {
    const version = await this.resolve(model, reference);
    const folder = `${model}/${version}`, what = `${model}/${version} in ${this.location}`;
    const manifest = await this.#manifest(folder, model, version);
    for (const name of options.files ?? []) {
      if (!Object.hasOwn(manifest.files, name)) {
        const names = Object.keys(manifest.files).join(", ");
        throw new NotInStoreError(`Cannot find file "${name}" of ${what}: there are ${names}`);
      }
    }
    const names = Object.keys(manifest.files)
      .filter((name) => name === "model.json" || !options.files || options.files.includes(name));
    const files = new Map<string, Uint8Array<ArrayBuffer>>();
    for (const name of names) {
      checkFileName(name);
      const blob = await this.#blobs.get(`${folder}/${name}`);
      if (!blob) throw new IntegrityError(`Cannot read ${what}: file "${name}" is missing`);
      const { bytes, sha256: wanted } = manifest.files[name];
      const found = await sha256(blob.bytes);
      if (blob.bytes.length !== bytes || found !== wanted) {
        throw new IntegrityError(
          `Cannot read ${what}: file "${name}" must have ${bytes} bytes with SHA-256 ${wanted}, ` +
            `found ${blob.bytes.length} bytes with ${found}`,
        );
      }
      files.set(name, blob.bytes);
    }
    const text = files.get("model.json");
    if (!text) throw new IntegrityError(`Cannot read ${what}: it has no model.json`);
    return { card: parseCard(new TextDecoder().decode(text), `${folder}/model.json`), files };
  }

  /** The card of a version, checked, without its other files. Throws as {@linkcode Store.fetch} does. */
  async card(model: string, reference = "latest"): Promise<Card> {
    return (await this.fetch(model, reference, { files: [] })).card;
  }

  async #manifest(folder: string, model: string, version: string): Promise<Manifest> {
    const what = `${folder}/manifest.json in ${this.location}`;
    const blob = await this.#blobs.get(`${folder}/manifest.json`);
    if (!blob) throw new NotInStoreError(`Cannot read ${what}: the version was removed meanwhile`);
    const manifest = decodeJson(manifestSchema, blob.bytes, what);
    if (manifest.model !== model || manifest.version !== version) {
      throw new IntegrityError(
        `Cannot read ${what}: it is the manifest of ${manifest.model}/${manifest.version}`,
      );
    }
    return manifest;
  }

  /**
   * Lets an alias mean a version.
   *
   * @param model Name of the model.
   * @param alias Name of the alias; not "latest" and not a number.
   * @param reference "latest", another alias or a version.
   * @returns The version that the alias means now.
   * @throws {NotInStoreError} If there is no such version.
   * @throws {RangeError} If the alias is not a name.
   * @throws {BlobsError} If the store cannot be written.
   */
  async setAlias(model: string, alias: string, reference: string): Promise<string> {
    checkAlias(alias);
    const version = await this.resolve(model, reference);
    await this.#changeAlias(model, alias, version);
    return version;
  }

  /** Takes an alias away; it may be gone already. Throws as {@linkcode Store.setAlias} does. */
  async removeAlias(model: string, alias: string): Promise<void> {
    checkAlias(alias);
    checkName(model, "a model's name");
    await this.#changeAlias(model, alias, undefined);
  }

  async #aliases(model: string): Promise<{ value: Aliases; tag?: string }> {
    const blob = await this.#blobs.get(`${model}/aliases.json`);
    if (!blob) return { value: { format: "cloudchamber-aliases/1", aliases: {}, history: [] } };
    const what = `${model}/aliases.json in ${this.location}`;
    return { value: decodeJson(aliasesSchema, blob.bytes, what), tag: blob.tag };
  }

  /** Compare-and-swap, again and again until no other writer came between. */
  async #changeAlias(model: string, alias: string, version: string | undefined): Promise<void> {
    for (;;) {
      const { value: { format, aliases: { [alias]: before, ...others }, history }, tag } = await this
        .#aliases(model);
      if (before === version) return;
      const aliases = version === undefined ? others : { ...others, [alias]: version };
      const next = {
        format,
        aliases,
        history: [...history, { alias, version, time: new Date().toISOString() }],
      };
      const condition = tag === undefined ? { ifNoneMatch: true } : { ifMatch: tag };
      try {
        await this.#blobs.put(`${model}/aliases.json`, encodeJson(next), condition);
        return;
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
      }
    }
  }

  /**
   * Removes a version: first its manifest, so that it is gone at once, then its files. Its number is not used again.
   *
   * @throws {NotInStoreError} If there is no such version.
   * @throws {RangeError} If an alias still means it.
   * @throws {BlobsError} If the store cannot be written.
   */
  async remove(model: string, version: string): Promise<void> {
    const found = await this.resolve(model, version);
    const alias = Object.entries(await this.aliases(model)).find(([, means]) => means === found)?.[0];
    if (alias) throw new RangeError(`Cannot remove ${model}/${found} as alias "${alias}" still means it`);
    const folder = `${model}/${found}`;
    await this.#blobs.delete(`${folder}/manifest.json`);
    for (const { key } of await this.#blobs.list(`${folder}/`)) {
      if (key !== `${folder}/claim.json`) await this.#blobs.delete(key);
    }
  }

  /**
   * Lets an alias mean what it meant before: the last other version in its history that is still there.
   *
   * @returns The version that the alias means now.
   * @throws {NotInStoreError} If there is none.
   * @throws {BlobsError} If the store cannot be written.
   */
  async rollBack(model: string, alias: string): Promise<string> {
    checkAlias(alias);
    const [versions, aliases, history] = await Promise.all([
      this.versions(model),
      this.aliases(model),
      this.aliasHistory(model),
    ]);
    const current = aliases[alias];
    const before = history.filter((change) => change.alias === alias && change.version !== current)
      .map(({ version }) => version).findLast((version) =>
        version !== undefined && versions.includes(version)
      );
    if (before === undefined) {
      throw new NotInStoreError(
        `Cannot roll "${alias}" of model "${model}" back as it meant no other version that is still there`,
      );
    }
    return await this.setAlias(model, alias, before);
  }

  /**
   * Deletes what publishers that did not finish left behind: files of versions without a manifest, claimed before a
   * time. Their numbers stay taken.
   *
   * @param before Younger ones may be on their way still.
   * @returns The keys that were deleted.
   * @throws {BlobsError} If the store cannot be written.
   */
  async prune(before: Date): Promise<string[]> {
    const files = new Map<string, string[]>();
    for (const { key } of await this.#blobs.list("")) {
      const [model, version, ...rest] = key.split("/");
      if (!isVersion(version ?? "") || rest.length === 0) continue;
      const folder = `${model}/${version}`;
      files.set(folder, [...files.get(folder) ?? [], key]);
    }
    const deleted: string[] = [];
    for (const [folder, keys] of files) {
      if (keys.includes(`${folder}/manifest.json`) || !await this.#isClaimedBefore(folder, before)) continue;
      for (const key of keys.filter((key) => key !== `${folder}/claim.json`)) {
        await this.#blobs.delete(key);
        deleted.push(key);
      }
    }
    return [...deleted, ...await this.#blobs.prune?.(before) ?? []];
  }

  async #isClaimedBefore(folder: string, before: Date): Promise<boolean> {
    const claim = await this.#blobs.get(`${folder}/claim.json`);
    if (!claim) return true; // of a version that was removed, claim and all
    try {
      return Date.parse(JSON.parse(new TextDecoder().decode(claim.bytes)).claimed) < before.getTime();
    } catch {
      return false; // not ours to judge
    }
  }
}

/** Refuses what cannot be an alias. @throws {RangeError} */
export function checkAlias(alias: string): void {
  checkName(alias, "an alias");
  if (alias === "latest" || /^[0-9]+$/.test(alias)) {
    throw new RangeError(`Cannot use "${alias}" as an alias as it means a version already`);
  }
}

/** The files that the card names, read from a folder and compared with the card. */
async function readFolder(folder: string, card: Card): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const [name, { bytes: size, sha256: wanted }] of Object.entries(card.files)) {
    checkFileName(name);
    const path = join(folder, name);
    let bytes: Uint8Array;
    try {
      bytes = await Deno.readFile(path);
    } catch (error) {
      throw new BlobsError(`Cannot read "${path}", which the model card names: ${(error as Error).message}`, {
        cause: error,
      });
    }
    if (bytes.length !== size || await sha256(bytes) !== wanted) {
      throw new IntegrityError(
        `Cannot publish "${path}" as it is not the file on the model card: its SHA-256 differs`,
      );
    }
    files.set(name, bytes);
  }
  return files;
}

/**
 * Opens a store of model versions. Nothing is read or written yet.
 *
 * @param location `file:PATH`, a path, or `s3://bucket/prefix`.
 * @param options How to reach a bucket.
 * @throws {TypeError} If the location is of another kind, or is a bucket without `options.s3`.
 * @example Publish and read back
 * ```ts
 * import { openStore } from "./store.ts";
 * const store = openStore(await Deno.makeTempDir());
 * const version = await store.publish(new Map([["model.onnx", Uint8Array.of(1, 2, 3)]]), {
 *   format: "cloudchamber-model/1",
 *   name: "mnist",
 *   experiment: "mnist",
 *   created: "2026-11-23T04:30:00Z",
 *   inputs: [{ name: "image", shape: [28, 28, 1], dtype: "float32", units: "fraction of full scale" }],
 *   outputs: [{ name: "digit", kind: "classes", labels: ["0", "1"] }],
 * });
 * await store.setAlias("mnist", "champion", version);
 * const { card, files } = await store.fetch("mnist", "champion"); // card.version is "1"
 * ```
 */
export function openStore(location: string, options: StoreOptions = {}): Store {
  const bucket = /^s3:\/\/([^/]+)(?:\/(.*))?$/.exec(location);
  if (bucket) {
    if (!options.s3) {
      throw new TypeError(`Cannot open store "${location}" as it needs an endpoint or a region`);
    }
    return new Store(new S3Blobs(bucket[1], bucket[2] ?? "", options.s3));
  }
  if (location.startsWith("file://")) return new Store(new FolderBlobs(fromFileUrl(location)));
  if (location.startsWith("file:")) location = location.slice("file:".length);
  else if (/^[A-Za-z][A-Za-z0-9+.-]+:/.test(location)) {
    throw new TypeError(
      `Cannot open store "${location}" as it must be a folder, file:PATH or s3://BUCKET/PREFIX`,
    );
  }
  if (location === "") throw new TypeError(`Cannot open a store as its location is empty`);
  return new Store(new FolderBlobs(isAbsolute(location) ? location : normalize(location)));
}

function fromFileUrl(location: string): string {
  if (new URL(location).host !== "") {
    throw new TypeError(`Cannot open store "${location}" as a file: address must have three slashes`);
  }
  return fileURLToPath(location);
}
