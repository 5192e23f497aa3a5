/**
 * Model versions at plain web addresses, for hosts that have `fetch` and nothing else: each address is the folder of one
 * version as a store publishes it, with its manifest. @module
 */
import { parseCard } from "../card/card.ts";
import { sha256 } from "../base/sha256.ts";
import type { ModelStore } from "./models.ts";

interface Manifest {
  model: string;
  version: string;
  files: Record<string, { bytes: number; sha256: string }>;
}

/** Options for {@linkcode openHttpModels}. */
export interface HttpModelsOptions {
  /** Header fields of every request, such as `authorization`. */
  headers?: Readonly<Record<string, string>>;
  /** @default {the host's fetch} */
  fetch?: (url: string, init: { headers: Record<string, string> }) => Promise<Response>;
}

/**
 * Reads model versions from web addresses.
 *
 * @param folders Addresses such as `https://models.example.org/cygno/3`; a later one of the same model counts as newer
 *   only if its version is higher.
 * @returns A store that can be listed and read; every byte is compared with the manifest.
 */
export function openHttpModels(folders: readonly string[], options: HttpModelsOptions = {}): ModelStore {
  const { headers = {}, fetch = globalThis.fetch } = options;
  const manifests = new Map<string, Promise<Manifest>>();

  async function read(url: string): Promise<Uint8Array<ArrayBuffer>> {
    const response = await fetch(url, { headers: { ...headers } });
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`Cannot read ${url}: the answer was ${response.status}`);
    }
    return new Uint8Array(await response.arrayBuffer());
  }

  function manifestOf(folder: string): Promise<Manifest> {
    const base = folder.replace(/\/$/, "");
    let found = manifests.get(base);
    if (!found) {
      found = read(`${base}/manifest.json`).then((bytes) => JSON.parse(new TextDecoder().decode(bytes)));
      found.catch(() => manifests.delete(base)); // looked at again the next time
      manifests.set(base, found);
    }
    return found;
  }

  return {
    location: folders.join(" "),
    async list() {
      const models = new Map<string, string[]>();
      for (const { model, version } of await Promise.all(folders.map(manifestOf))) {
        models.set(model, [...models.get(model) ?? [], version].sort((a, b) => Number(a) - Number(b)));
      }
      return [...models].map(([name, versions]) => ({ name, versions, aliases: {} }));
    },
    async fetch(model, version, { files: wanted = ["model.onnx"] } = {}) {
      for (const folder of folders) {
        const manifest = await manifestOf(folder);
        if (manifest.model !== model || manifest.version !== version) continue;
        const files = new Map<string, Uint8Array<ArrayBuffer>>();
        const names = new Set(["model.json", ...wanted]);
        await Promise.all([...names].map(async (name) => {
          const bytes = await read(`${folder.replace(/\/$/, "")}/${name}`);
          const entry = manifest.files[name];
          if (!entry || bytes.length !== entry.bytes || await sha256(bytes) !== entry.sha256) {
            throw new Error(`Cannot use ${folder}/${name} as it is not what its manifest says`);
          }
          files.set(name, bytes);
        }));
        return { card: parseCard(new TextDecoder().decode(files.get("model.json"))), files };
      }
      throw new Error(`There is no version ${version} of model "${model}"`);
    },
  };
}
