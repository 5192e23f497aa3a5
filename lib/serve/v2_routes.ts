/**
 * The Open Inference Protocol v2 over HTTP.
 *
 * Source: kserve/open-inference-protocol, specification/protocol/inference_rest.md; the repository index, the model
 * configuration and statistics as Triton's extensions have them, because its client asks for them. @module
 */
import { within } from "../base/within.ts";
import type { Lease } from "../score/models.ts";
import type { ItemResult } from "../score/compute.ts";
import { readBody } from "./body.ts";
import { isObject, parseJsonObject } from "./json.ts";
import { faultProblem, HttpProblem } from "./problem.ts";
import { joinRows, sliceRows, type Tensor } from "../score/tensor.ts";
import type { Context } from "./context.ts";
import { formatInferResponse, HEADER_LENGTH, parseInferRequest } from "./v2_codec.ts";

const EXTENSIONS = [
  "binary_tensor_data",
  "classification",
  "model_configuration",
  "model_repository",
  "statistics",
];

/** GET /v2 */
export function serverMetadata({ service }: Context): Response {
  return Response.json({ name: "cloudchamber", version: service.version ?? "0", extensions: EXTENSIONS });
}

/** GET /v2/health/live: the process answers. */
export function live(): Response {
  return Response.json({ live: true });
}

/** GET /v2/health/ready: 200 once every model answers, 503 before and while stopping; with names and what is wrong for those who may score. */
export async function ready({ service: { models, access }, request, draining }: Context): Promise<Response> {
  const ok = models.ready() && !draining, status = ok ? 200 : 503;
  const isStranger = await access?.check(request, "score").then(() => false, () => true);
  if (isStranger) return Response.json({ ready: ok, live: true }, { status });
  const storeError = models.storeError();
  const body = {
    ready: ok,
    live: true, // the protocol's text shows this word here
    ...(draining ? { draining } : {}),
    ...(storeError === undefined ? {} : { store: storeError }),
    models: models.status().map(({ name, version, broken, problem }) => ({
      name,
      ready: version !== undefined,
      ...(version === undefined ? {} : { version }),
      ...(problem === undefined ? {} : { problem }),
      ...(Object.keys(broken).length > 0 ? { broken } : {}),
    })),
  };
  return Response.json(body, { status });
}

/** Gets hold of the model that the path names. */
async function leaseOf({ params: [model, version], service, note }: Context): Promise<Lease> {
  const lease = await service.models.acquire(model, version);
  note.model = lease.card.name;
  note.version = lease.card.version;
  return lease;
}

/** GET /v2/models/{model}[/versions/{version}] */
export async function modelMetadata(context: Context): Promise<Response> {
  const lease = await leaseOf(context);
  try {
    const { card, loaded } = lease;
    const { versions } = context.service.models.status().find(({ name }) => name === card.name) ??
      { versions: [] };
    const tensor = ({ name, type, shape }: Lease["loaded"]["inputs"][number]) => ({
      name,
      datatype: type,
      shape,
    });
    return Response.json({
      name: card.name,
      versions,
      platform: "onnxruntime_onnx",
      inputs: loaded.inputs.map(tensor),
      outputs: loaded.outputs.map(tensor),
      parameters: { version: card.version, description: card.description },
    });
  } finally {
    lease.release();
  }
}

/** GET /v2/models/{model}[/versions/{version}]/ready */
export async function modelReady(context: Context): Promise<Response> {
  const lease = await leaseOf(context);
  lease.release();
  return Response.json({ name: lease.card.name, version: lease.card.version, ready: true });
}

/** GET /v2/models/{model}[/versions/{version}]/config */
export async function modelConfig(context: Context): Promise<Response> {
  const lease = await leaseOf(context);
  lease.release();
  const { card, loaded } = lease;
  const tensor = ({ name, type, shape }: Lease["loaded"]["inputs"][number]) => ({
    name,
    data_type: `TYPE_${type}`,
    dims: shape.slice(1),
  });
  return Response.json({
    name: card.name,
    platform: "onnxruntime_onnx",
    backend: "onnxruntime",
    version_policy: { latest: { num_versions: 1 } },
    max_batch_size: loaded.inputs.every(({ shape }) => shape[0] === -1) ? 64 : 0,
    input: loaded.inputs.map(tensor),
    output: loaded.outputs.map(tensor),
    dynamic_batching: {},
  });
}

/** GET /v2/models/stats and /v2/models/{model}[/versions/{version}]/stats: what versions in memory have done. */
export async function modelStatistics(context: Context): Promise<Response> {
  const { params: [model, version], service } = context;
  // A model may be called so; then the path is the one of its metadata.
  const isModel = model === undefined && service.models.status().some(({ name }) => name === "stats");
  if (isModel) return await modelMetadata({ ...context, params: ["stats"] });
  const known = service.models.status().filter(({ name }) => model === undefined || name === model);
  if (known.length === 0 && model !== undefined) throw new HttpProblem(404, `There is no model "${model}"`);
  const versions = known.flatMap(({ name, loaded, aliases }) =>
    loaded.filter((one) => version === undefined || one === version || one === aliases[version])
      .map((one) => service.metrics.statistics.of(name, one))
  );
  if (versions.length === 0 && version !== undefined) {
    throw new HttpProblem(404, `Version "${version}" of model "${model}" is not loaded`);
  }
  return Response.json({ model_stats: versions });
}

/** Turns a fault into the error that it is. */
export function tensorsOf(result: ItemResult): Extract<ItemResult, { tensors: unknown }>["tensors"] {
  if ("fault" in result) throw faultProblem(result.fault);
  if (!("tensors" in result)) throw new Error("A picture's result came where tensors were asked for");
  return result.tensors;
}

/** The deadline that a request asks for in `parameters.timeout` (microseconds, as Triton has it), never later than ours. */
function deadlineOf(context: Context, parameters: Record<string, unknown>): number {
  const { timeout } = parameters;
  if (timeout === undefined) return context.deadline;
  if (typeof timeout !== "number" || !(timeout >= 0)) {
    throw new HttpProblem(400, "request.parameters.timeout must be a number of microseconds from 0");
  }
  return timeout === 0 ? context.deadline : Math.min(context.deadline, context.started + timeout / 1000);
}

/** Most examples of one request that are computed in one go. */
const MOST_ROWS = 64;

/** Runs the model on a request's examples, a part after the other where there are many, so that others get their turn. */
async function inferParts(
  context: Context,
  { key, loaded }: Lease,
  inputs: Tensor[],
  deadline: number,
): Promise<{ outputs: Tensor[]; queueMs: number; batch: number }> {
  const rows = inputs[0].shape[0] ?? 1;
  const varies = [...loaded.inputs, ...loaded.outputs].every(({ shape }) => shape[0] === -1);
  const isSplit = varies && rows > MOST_ROWS && inputs.every(({ shape }) => shape[0] === rows);
  const step = isSplit ? MOST_ROWS : rows;
  const parts: Tensor[][] = [];
  let queueMs = 0, batch = 0;
  for (let first = 0; first === 0 || first < rows; first += step) {
    const tensors = isSplit
      ? inputs.map((tensor) => sliceRows(tensor, first, Math.min(first + step, rows)))
      : inputs;
    const signal = () => context.request.signal;
    const scored = await context.service.batcher.submit(key, { tensors }, {
      deadline,
      signal,
      owner: context,
    });
    parts.push(tensorsOf(scored.result));
    queueMs += scored.queueMs;
    batch = Math.max(batch, scored.batch);
    if (step === 0) break;
  }
  const outputs = parts.length === 1
    ? parts[0]
    : parts[0].map((_, i) => joinRows(parts.map((part) => part[i])));
  return { outputs, queueMs, batch };
}

/** POST /v2/models/{model}[/versions/{version}]/infer */
export async function infer(context: Context): Promise<Response> {
  const { request, service, started, room } = context;
  const lease = await leaseOf(context);
  try {
    const body = await readBody(request, service.limits, room);
    const parsed = parseInferRequest(body, request.headers.get(HEADER_LENGTH), lease.loaded.inputs, room);
    const wanted = parsed.outputs.find(({ name }) =>
      !lease.loaded.outputs.some((output) => output.name === name)
    );
    if (wanted) throw new HttpProblem(400, `Model "${lease.card.name}" has no output "${wanted.name}"`);
    const deadline = deadlineOf(context, parsed.parameters);
    const { outputs, queueMs, batch } = await inferParts(context, lease, parsed.inputs, deadline);
    const { name: model, version, outputs: described } = lease.card;
    context.note.batch = batch;
    const response = formatInferResponse({ model, version, id: parsed.id }, outputs, parsed, (name) => {
      const output = described.find((output) => output.name === name);
      return output && "labels" in output ? output.labels : undefined;
    });
    const rows = parsed.inputs[0].shape[0] ?? 1;
    service.metrics.success(model, version, rows, (performance.now() - started) / 1000, queueMs / 1000);
    return response;
  } finally {
    lease.release();
  }
}

/** Bodies that ask for one thing, if anything. */
const SMALL = { maxBytes: 1 << 16 };

/** POST /v2/repository/index */
export async function repositoryIndex({ request, service, room }: Context): Promise<Response> {
  const body = await readBody(request, SMALL, room);
  let onlyReady = false;
  if (body.length > 0) {
    const value = (() => {
      try {
        return JSON.parse(new TextDecoder().decode(body));
      } catch {
        throw new HttpProblem(400, "The body is not JSON");
      }
    })();
    onlyReady = isObject(value) && value.ready === true;
  }
  const index = service.models.status().flatMap(({ name, versions, loaded, broken }) =>
    versions.map((version) => {
      if (loaded.includes(version)) return { name, version, state: "READY", reason: "" };
      return { name, version, state: "UNAVAILABLE", reason: broken[version] ?? "not loaded" };
    })
  );
  return Response.json(index.filter(({ state }) => !onlyReady || state === "READY"));
}

/** Refuses what Triton's extension can ask of a load, and this server cannot: another configuration, or other files. */
function refuseOverrides(body: Uint8Array<ArrayBuffer>): void {
  if (body.length === 0) return;
  const { parameters } = parseJsonObject(body);
  const [name] = isObject(parameters) ? Object.keys(parameters) : [];
  if (name !== undefined) {
    throw new HttpProblem(
      400,
      `The parameter "${name}" is not possible here: a model is loaded as the store has it`,
    );
  }
}

/** Waits for a look into the store, but not beyond the request's deadline. @throws {HttpProblem} 503 */
function inTime(look: Promise<void>, { deadline, service }: Context): Promise<void> {
  return within(look, Math.max(deadline - performance.now(), 0), () => {
    const why = service.models.storeError() ?? "The store has not answered yet";
    return new HttpProblem(503, `${why}: the model is loaded once it does`, { "retry-after": "5" });
  });
}

/** POST /v2/repository/models/{model}/unload: frees the model's memory; it answers again once it is loaded. */
export async function repositoryUnload(
  { params: [model], request, service, room }: Context,
): Promise<Response> {
  await readBody(request, SMALL, room);
  service.models.unload(model);
  return Response.json({ name: model });
}

/** POST /v2/repository/models/{model}/load: looks into the store now, and tries again what did not load. */
export async function repositoryLoad(context: Context): Promise<Response> {
  const { params: [model], request, service, room } = context;
  refuseOverrides(await readBody(request, SMALL, room));
  service.models.retry(model);
  await inTime(service.models.refresh(), context);
  const status = service.models.status().find(({ name }) => name === model);
  if (!status) throw new HttpProblem(404, `There is no model "${model}" in the store`);
  const newest = status.versions.at(-1);
  if (status.version === undefined || (newest !== undefined && status.broken[newest] !== undefined)) {
    throw new HttpProblem(
      400,
      `Version ${newest} of model "${model}" does not load: ${status.broken[newest ?? ""]}`,
    );
  }
  return Response.json({ name: model, version: status.version });
}
