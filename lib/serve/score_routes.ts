/**
 * For people and scripts: a picture as a user has it, an answer in physics terms.
 *
 * `POST /score/{model}[/{version}]` takes one file as the body, several as multipart/form-data, or a zip. One picture is
 * answered by one object; several by `{ results: […] }`, or line by line as they are ready where the client accepts
 * application/x-ndjson. `?view=1` adds the picture as the model sees it, `?map=1` how much each part matters. @module
 */
import { answersJson } from "../card/answers.ts";
import { occlusionMap } from "../score/occlusion.ts";
import type { Item } from "../score/compute.ts";
import type { Lease } from "../score/models.ts";
import { type Found, kindOfFile } from "../score/pictures.ts";
import type { Tensor } from "../score/tensor.ts";
import { readBody } from "./body.ts";
import { faultProblem, HttpProblem, problemOf, reasonOf } from "./problem.ts";
import type { Context } from "./service.ts";
import { tensorsOf } from "./v2_routes.ts";

/** GET /models: the cards, for the page and for people. */
export async function listModels({ service }: Context): Promise<Response> {
  const models = [];
  for (const { name, version, versions, aliases, broken } of service.models.status()) {
    if (version === undefined) {
      models.push({ name, versions, aliases, broken });
      continue;
    }
    const lease = await service.models.acquire(name);
    lease.release();
    const { description, experiment, created, inputs, outputs, preprocessing, metrics } = lease.card;
    models.push({
      name,
      version,
      versions,
      aliases,
      broken,
      description,
      experiment,
      created,
      inputs,
      preprocessing,
      outputs,
      metrics,
    });
  }
  return Response.json({ models });
}

interface Upload {
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** The files of a body: one, or the parts of a form. */
async function uploadsOf(request: Request, body: Uint8Array<ArrayBuffer>): Promise<Upload[]> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^multipart\/form-data\b/i.test(type)) {
    const named = /filename="?([^";\r\n]{1,255})"?/.exec(request.headers.get("content-disposition") ?? "")
      ?.[1];
    return [{ name: named ?? "file", bytes: body }];
  }
  let form: FormData;
  try {
    form = await new Response(body, { headers: { "content-type": type } }).formData();
  } catch {
    throw new HttpProblem(400, "The body is not valid multipart/form-data");
  }
  const uploads: Upload[] = [];
  for (const [field, value] of form) {
    if (typeof value === "string") continue;
    uploads.push({ name: value.name || field, bytes: new Uint8Array(await value.arrayBuffer()) });
  }
  if (uploads.length === 0) throw new HttpProblem(400, "The form holds no file");
  return uploads;
}

/** Pictures of one upload; a PNG goes on as it is. */
async function picturesOf(context: Context, { name, bytes }: Upload): Promise<Found[]> {
  if (bytes.length === 0) throw new HttpProblem(400, "The body is empty: a picture is needed");
  const kind = kindOfFile(bytes);
  if (kind === "png") return [{ name, png: bytes }];
  if (kind === undefined) {
    throw new HttpProblem(
      415,
      "The file is none of PNG, JPEG, TIFF, .npy, .npz, FITS, idx, or a zip of these",
    );
  }
  try {
    return await context.service.decoder.decode(bytes, name);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError || error instanceof RangeError) {
      throw new HttpProblem(error instanceof RangeError ? 413 : 400, error.message);
    }
    throw error;
  }
}

/** Values as bytes from darkest to brightest, in base64: small, and all that a page needs to draw. */
function viewOf(values: Float32Array, shape: readonly number[]): Record<string, unknown> {
  const [height, width, channels = 1] = shape;
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const scale = high > low ? 255 / (high - low) : 0;
  const bytes = Uint8Array.from(values, (value) => Math.round((value - low) * scale));
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return { height, width, channels, low, high, data: btoa(text) };
}

const round = (ms: number) => Math.round(ms * 1000) / 1000;

function isOn(url: URL, name: string): boolean {
  const value = url.searchParams.get(name);
  return value !== null && value !== "0" && value !== "false";
}

/** Scores one picture and says everything about it. */
async function scoreOne(context: Context, lease: Lease, found: Found): Promise<Record<string, unknown>> {
  if ("fault" in found) throw new HttpProblem(400, found.fault);
  const { service, url, deadline, request } = context;
  const { card, key } = lease;
  const started = performance.now();
  const wantsMap = isOn(url, "map"), view = isOn(url, "view") || wantsMap;
  const item: Item = "png" in found ? { png: found.png, view } : { image: found.image, view };
  const { result, queueMs, computeMs, batch } = await service.batcher.submit(key, item, {
    deadline,
    signal: () => request.signal,
  });
  if ("fault" in result) throw faultProblem(result.fault);
  if (!("answers" in result)) throw new Error("Tensors came where a picture's answer was asked for");
  context.note.batch = batch;
  const { shape } = card.inputs[0];
  let map: Record<string, unknown> | undefined;
  if (wantsMap && result.view) {
    const infer = async (tensor: Tensor) => {
      const scored = await service.batcher.submit(key, { tensors: [tensor] }, {
        deadline,
        signal: () => request.signal,
      });
      return tensorsOf(scored.result);
    };
    const { values, rows, columns, output } = await occlusionMap(card, result.view, infer);
    map = { output, rows, columns, values: Array.from(values, (value) => Math.round(value * 1e6) / 1e6) };
  }
  const totalMs = performance.now() - started;
  service.metrics.success(card.name, card.version, 1, totalMs / 1000, queueMs / 1000);
  return {
    model: card.name,
    version: card.version,
    name: found.name,
    height: result.height,
    width: result.width,
    answers: answersJson(result.answers),
    timings: {
      decodeMs: round(result.ms),
      queueMs: round(queueMs),
      computeMs: round(computeMs),
      totalMs: round(totalMs),
    },
    ...(view && result.view ? { view: viewOf(result.view, shape) } : {}),
    ...(map ? { map } : {}),
  };
}

/** As `scoreOne`, with what went wrong as an entry of its own, so that one bad file among many costs only itself. */
async function scoreOrError(context: Context, lease: Lease, found: Found): Promise<Record<string, unknown>> {
  const started = performance.now();
  try {
    return await scoreOne(context, lease, found);
  } catch (error) {
    const problem = problemOf(error);
    const { name, version } = lease.card, seconds = (performance.now() - started) / 1000;
    context.service.metrics.failure(name, version, reasonOf(problem, error), seconds);
    return { name: found.name, error: problem.message, status: problem.status };
  }
}

/** How many pictures of one request may wait at the same time, so that a large zip does not push everyone else out. */
const AT_ONCE = 32;

/** Results in order, computing some ahead. */
async function* scoreMany(
  context: Context,
  lease: Lease,
  pictures: readonly Found[],
): AsyncGenerator<Record<string, unknown>> {
  const ahead: Promise<Record<string, unknown>>[] = [];
  for (let next = 0, done = 0; done < pictures.length; done++) {
    while (next < pictures.length && next - done < AT_ONCE) {
      ahead.push(scoreOrError(context, lease, pictures[next++]));
    }
    yield await (ahead.shift() as Promise<Record<string, unknown>>);
  }
}

/** JSON lines as the results come; the lease is given back when the last one is sent or the client goes. */
function streamLines(results: AsyncGenerator<Record<string, unknown>>, done: () => void): Response {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done: last } = await results.next();
      if (!last) return controller.enqueue(encoder.encode(JSON.stringify(value) + "\n"));
      done();
      controller.close();
    },
    async cancel() {
      await results.return(undefined);
      done();
    },
  });
  return new Response(body, { headers: { "content-type": "application/x-ndjson" } });
}

/** POST /score/{model}[/{version}] */
export async function scorePictures(context: Context): Promise<Response> {
  const { request, service, params: [model, inPath], url, note } = context;
  const lease = await service.models.acquire(model, inPath ?? url.searchParams.get("version") ?? undefined);
  note.model = lease.card.name;
  note.version = lease.card.version;
  let streaming = false;
  try {
    const body = await readBody(request, service.limits);
    const uploads = await uploadsOf(request, body);
    if (uploads.length === 1) {
      const pictures = await picturesOf(context, uploads[0]);
      const many = pictures.length !== 1 || pictures[0].name !== uploads[0].name;
      if (!many) return Response.json(await scoreOne(context, lease, pictures[0]));
      if (pictures.length === 0) throw new HttpProblem(400, "The file holds no picture");
    }
    const pictures: Found[] = [];
    for (const upload of uploads) {
      try {
        pictures.push(...await picturesOf(context, upload));
      } catch (error) {
        pictures.push({ name: upload.name, fault: problemOf(error).message });
      }
    }
    note.pictures = pictures.length;
    const results = scoreMany(context, lease, pictures);
    if (/\bapplication\/(x-)?ndjson\b|\bapplication\/jsonl\b/.test(request.headers.get("accept") ?? "")) {
      streaming = true;
      return streamLines(results, lease.release);
    }
    return Response.json({
      model: lease.card.name,
      version: lease.card.version,
      results: await Array.fromAsync(results),
    });
  } finally {
    if (!streaming) lease.release();
  }
}
