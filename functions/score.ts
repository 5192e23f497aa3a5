/**
 * The scoring service as a function: `export default { fetch }`, for `deno serve` and for edge hosts.
 *
 * Importing this file touches no file, environment or native code. At the first request the settings are read from what
 * the host hands to `fetch` beside the request, or from the environment where Deno allows it:
 *
 * - `CLOUDCHAMBER_MODELS`: web addresses of model versions as a store publishes them, with spaces between;
 * - `CLOUDCHAMBER_STORE`: instead, a store: `file:FOLDER` or `s3://BUCKET/PREFIX` with the usual AWS variables;
 * - `CLOUDCHAMBER_RUNTIME`: `wasm` (default) or `native`;
 * - `CLOUDCHAMBER_WASM`: web address of ONNX Runtime's .wasm file, where the host has no npm packages;
 * - `CLOUDCHAMBER_TOKENS`: bearer tokens, a line each, as in a file for `deno task serve`.
 *
 * ```sh
 * CLOUDCHAMBER_STORE=file:store deno serve --allow-read --allow-env --allow-net functions/score.ts
 * ```
 * @module
 */
import { createUnit, type UnitOptions } from "../lib/score/compute.ts";
import { openHttpModels } from "../lib/score/http_models.ts";
import type { ModelStore } from "../lib/score/models.ts";
import { warmRuntime } from "../lib/score/session.ts";
import { findPictures, type PictureLimits } from "../lib/score/pictures.ts";
import { type Access, createAccess, parseTokens } from "../lib/serve/access.ts";
import { createHost, type Host, type HostOptions } from "../lib/serve/host.ts";
import { problemResponse } from "../lib/serve/service.ts";
import { HttpProblem } from "../lib/serve/problem.ts";

/** Limits for a host whose memory is small and whose thread also answers. */
const PICTURES: Required<PictureLimits> = { maxPixels: 1 << 24, maxPictures: 256, maxBytes: 1 << 26 };
const LIMITS = { maxBytes: 16 << 20 };

/** What {@linkcode createFunction} needs. */
export interface FunctionOptions extends Omit<HostOptions, "units" | "decoder" | "events"> {
  unit?: UnitOptions;
}

/**
 * Makes a function that scores in the thread that calls it.
 *
 * Models are loaded by the first request and looked for again at most every `pollMs`.
 */
export function createFunction(options: FunctionOptions): Pick<Host, "fetch"> {
  const { unit, pollMs = 5000, ...rest } = options;
  const host = createHost({
    limits: LIMITS,
    ...rest,
    pollMs: 0, // an edge host may freeze a function between requests: no timer of its own
    units: [createUnit({ runtime: "wasm", maxPixels: PICTURES.maxPixels, ...unit })],
    decoder: { decode: (bytes, name) => findPictures(bytes, { ...PICTURES, name }) },
  });
  let started: Promise<void> | undefined, looked = 0;
  return {
    async fetch(request) {
      if (!started) {
        looked = Date.now();
        started = host.start();
      }
      await started;
      if (Date.now() - looked > pollMs) {
        looked = Date.now();
        await host.models.refresh();
      }
      return await host.fetch(request);
    },
  };
}

/** A setting by name: from the host's second argument, else from Deno's environment where that may be read. */
function settings(given: unknown): (name: string) => string | undefined {
  const bag = typeof given === "object" && given !== null ? given as Record<string, unknown> : {};
  return (name) => {
    if (typeof bag[name] === "string") return bag[name];
    try {
      return globalThis.Deno?.env.get(name);
    } catch {
      return undefined; // not permitted: not set
    }
  };
}

async function storeOf(setting: (name: string) => string | undefined): Promise<ModelStore> {
  const addresses = setting("CLOUDCHAMBER_MODELS")?.split(/\s+/).filter((address) => address !== "") ?? [];
  if (addresses.length > 0) return openHttpModels(addresses);
  const location = setting("CLOUDCHAMBER_STORE");
  if (!location) {
    throw new HttpProblem(503, "No models are set: CLOUDCHAMBER_MODELS or CLOUDCHAMBER_STORE must say where");
  }
  const { openStore } = await import("../lib/store/store.ts");
  const { s3OptionsFrom } = await import("../lib/store/s3.ts");
  const names = [
    "ACCESS_KEY_ID",
    "SECRET_ACCESS_KEY",
    "SESSION_TOKEN",
    "REGION",
    "DEFAULT_REGION",
    "ENDPOINT_URL",
    "ENDPOINT_URL_S3",
  ];
  const env = Object.fromEntries(names.map((name) => [`AWS_${name}`, setting(`AWS_${name}`)]));
  return openStore(location, { s3: location.startsWith("s3:") ? s3OptionsFrom(env) : undefined });
}

async function accessOf(text: string | undefined): Promise<Access | undefined> {
  if (!text) return undefined;
  const tokens = await parseTokens(text);
  return createAccess(() => tokens);
}

async function wasmOf(address: string | undefined): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (!address) return undefined;
  const response = await fetch(address);
  if (!response.ok) {
    throw new HttpProblem(503, `The runtime at CLOUDCHAMBER_WASM cannot be had: ${response.status}`);
  }
  return new Uint8Array(await response.arrayBuffer());
}

async function start(given: unknown): Promise<Pick<Host, "fetch">> {
  const setting = settings(given);
  const runtime = setting("CLOUDCHAMBER_RUNTIME") === "native" ? "native" : "wasm";
  const binary = wasmOf(setting("CLOUDCHAMBER_WASM"));
  binary.then((wasmBinary) => warmRuntime({ runtime, wasmBinary }), () => {}); // while models are fetched
  const [store, access, wasmBinary] = await Promise.all([
    storeOf(setting),
    accessOf(setting("CLOUDCHAMBER_TOKENS")),
    binary,
  ]);
  return createFunction({ store, access, unit: { runtime, wasmBinary } });
}

let service: Promise<Pick<Host, "fetch">> | undefined;

export default {
  /** Answers a request; `environment` is whatever the host hands over beside it. */
  async fetch(request: Request, environment?: unknown): Promise<Response> {
    try {
      service ??= start(environment);
      return await (await service).fetch(request);
    } catch (error) {
      service = undefined; // the next request tries again
      return problemResponse(
        error instanceof HttpProblem ? error : new HttpProblem(503, "The service cannot start"),
      );
    }
  },
};
