/** A service in this process, over a store in memory, for tests that need no socket. */
import { createUnit } from "../../../lib/score/compute.ts";
import { createPicturePool } from "../../../lib/score/picture_pool.ts";
import type { ModelStore } from "../../../lib/score/models.ts";
import { createHost, type Host, type HostOptions } from "../../../lib/serve/host.ts";
import type { Card } from "../../../lib/card/card.ts";
import { encodePng } from "../../../lib/io/png.ts";
import { tinyCard, tinyOnnx } from "../../tiny_model.ts";

export const BASE = "http://test";

/** A store in memory whose models a test can change. */
export interface MemoryStore extends ModelStore {
  models: Map<string, { card: Card; onnx: Uint8Array }[]>;
  aliases: Record<string, Record<string, string>>;
  fault?: Error;
  add(onnx?: Uint8Array, card?: Card): string;
}

export function memoryStore(): MemoryStore {
  const models: MemoryStore["models"] = new Map();
  return {
    location: "memory",
    models,
    aliases: {},
    add(onnx = tinyOnnx(), card = tinyCard()) {
      const versions = models.get(card.name) ?? [];
      const version = String(versions.length + 1);
      models.set(card.name, [...versions, { card: { ...card, version }, onnx }]);
      return version;
    },
    list() {
      if (this.fault) return Promise.reject(this.fault);
      return Promise.resolve([...models].map(([name, versions]) => ({
        name,
        versions: versions.map((_, i) => String(i + 1)),
        aliases: this.aliases[name] ?? {},
      })));
    },
    fetch(model, version) {
      const found = models.get(model)?.[Number(version) - 1];
      if (!found) return Promise.reject(new Error("no such version"));
      return Promise.resolve({ card: found.card, files: new Map([["model.onnx", found.onnx]]) });
    },
  };
}

/** Runs `test` against a started host. */
export async function withHost(
  test: (host: Host, store: MemoryStore) => Promise<void>,
  options: Partial<HostOptions> = {},
  store = memoryStore(),
): Promise<void> {
  if (store.models.size === 0) store.add();
  const host = createHost({
    store,
    units: [createUnit()],
    decoder: createPicturePool({ timeoutMs: 20_000 }),
    pollMs: 0,
    ...options,
  });
  await host.start();
  try {
    await test(host, store);
  } finally {
    await host.drain(0);
  }
}

/** A grey PNG whose pixels all have the same counts. */
export function flatPng(counts: number, side = 8): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(side * side).fill(counts);
  return encodePng({ data, height: side, width: side, channels: 1 }).slice();
}

export const get = (host: Host, path: string, init?: RequestInit) =>
  host.fetch(new Request(BASE + path, init));
export const post = (
  host: Host,
  path: string,
  body?: BodyInit | null,
  headers: Record<string, string> = {},
) => host.fetch(new Request(BASE + path, { method: "POST", body, headers }));
