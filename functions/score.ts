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
import { type SessionOptions, warmRuntime } from "../lib/score/session.ts";
import type { ModelStore } from "../lib/score/models.ts";
import type { Access } from "../lib/serve/access.ts";
import type { Host } from "../lib/serve/host.ts";

type Setting = (name: string) => string | undefined;

/** A setting by name: from the host's second argument, else from Deno's environment where that may be read. */
function settings(given: unknown): Setting {
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

async function problem(message: string): Promise<Error> {
  const { HttpProblem } = await import("../lib/serve/problem.ts");
  return new HttpProblem(503, message);
}

async function storeOf(setting: Setting): Promise<ModelStore> {
  const addresses = setting("CLOUDCHAMBER_MODELS")?.split(/\s+/).filter((address) => address !== "") ?? [];
  if (addresses.length > 0) return (await import("../lib/score/http_models.ts")).openHttpModels(addresses);
  const location = setting("CLOUDCHAMBER_STORE");
  if (!location) {
    throw await problem("No models are set: CLOUDCHAMBER_MODELS or CLOUDCHAMBER_STORE must say where");
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
  const { createAccess, parseTokens } = await import("../lib/serve/access.ts");
  const tokens = await parseTokens(text);
  return createAccess(() => tokens);
}

async function wasmOf(address: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(address);
  if (!response.ok) {
    throw await problem(`The runtime at CLOUDCHAMBER_WASM cannot be had: ${response.status}`);
  }
  return new Uint8Array(await response.arrayBuffer());
}

/**
 * Puts the service together at the first request.
 *
 * ONNX Runtime comes first, as compiling it takes longest and needs other threads: everything else is loaded meanwhile,
 * which is why it is imported here and not above.
 */
async function start(given: unknown): Promise<Pick<Host, "fetch">> {
  const setting = settings(given);
  const address = setting("CLOUDCHAMBER_WASM");
  const wasmBinary = address ? await wasmOf(address) : undefined;
  const unit: SessionOptions = {
    runtime: setting("CLOUDCHAMBER_RUNTIME") === "native" ? "native" : "wasm",
    wasmBinary,
  };
  await warmRuntime(unit);
  const [{ createEdgeHost }, store, access] = await Promise.all([
    import("../lib/serve/edge_host.ts"),
    storeOf(setting),
    accessOf(setting("CLOUDCHAMBER_TOKENS")),
  ]);
  return createEdgeHost({ store, access, unit });
}

let service: Promise<Pick<Host, "fetch">> | undefined;

/** What `deno serve` and edge hosts take as a service. */
export interface Service {
  /** Answers a request; `environment` is whatever the host hands over beside it. */
  fetch(request: Request, environment?: unknown): Promise<Response>;
}

/** The service itself; settings are read at the first request. */
const endpoint: Service = {
  /** Answers a request; `environment` is whatever the host hands over beside it. */
  async fetch(request: Request, environment?: unknown): Promise<Response> {
    try {
      service ??= start(environment);
      return await (await service).fetch(request);
    } catch (error) {
      service = undefined; // the next request tries again
      const { HttpProblem, problemResponse } = await import("../lib/serve/problem.ts");
      return problemResponse(
        error instanceof HttpProblem ? error : new HttpProblem(503, "The service cannot start"),
      );
    }
  },
};

export default endpoint;
