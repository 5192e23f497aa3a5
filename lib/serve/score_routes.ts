/**
 * For people and scripts: a file as a user has it, an answer in physics terms.
 *
 * `POST /score/{model}[/{version}]` takes one file as the body, several as multipart/form-data, or a zip; for a model of
 * several inputs a .npz or HDF5 file with an array of each input's name, or a form with a file in each input's field.
 * One example is answered by one object (or as .npy where the client accepts application/x-npy); several by
 * `{ results: […] }`, or line by line as they are ready where the client accepts application/x-ndjson. `?view=1` adds
 * the input as the model sees it and the hits that it was drawn of, `?map=1` how much each part matters, `?page=3` takes one example of a stack, and
 * `?range=0,4095` says what is black and white in the file. @module
 */
import { answersJson } from "../card/answers.ts";
import type { Card } from "../card/card.ts";
import { kindOf } from "../card/outputs/registry.ts";
import { encodeNpy } from "../io/npy.ts";
import type { Scored } from "../score/batcher.ts";
import type { ExampleResult, Item } from "../score/compute.ts";
import { type Found, itemOf } from "../score/found.ts";
import type { Lease } from "../score/models.ts";
import { occlusionMap } from "../score/occlusion.ts";
import { regionFor } from "../score/prepare.ts";
import type { Tensor } from "../score/tensor.ts";
import { parseRange, type ValueRange } from "../score/value_range.ts";
import { readBody } from "./body.ts";
import { faultProblem, HttpProblem, problemOf, reasonOf } from "./problem.ts";
import type { Context } from "./context.ts";
import {
  areInputs,
  examplesOf,
  examplesOfParts,
  examplesOrFault,
  type Opening,
  type Upload,
  uploadsOf,
} from "./uploads.ts";
import { tensorsOf } from "./v2_routes.ts";
import { cropOf, displaysOf, markHits, viewOf } from "./view.ts";

/** GET /models: the cards, for the page and for people. */
export async function listModels({ service }: Context): Promise<Response> {
  const models = [];
  for (const { name, version, versions, aliases, broken, problem } of service.models.status()) {
    const known = { name, versions, aliases, broken, ...(problem === undefined ? {} : { problem }) };
    const lease = version === undefined
      ? undefined
      : await service.models.acquire(name).catch(() => undefined);
    if (!lease) {
      models.push(known); // one that cannot be loaded now hides none of the others
      continue;
    }
    lease.release();
    const { description, experiment, created, inputs, outputs, preprocessing, metrics } = lease.card;
    models.push({
      ...known,
      version,
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

const round = (ms: number) => Math.round(ms * 1000) / 1000;

function isOn(url: URL, name: string): boolean {
  const value = url.searchParams.get(name);
  return value !== null && value !== "0" && value !== "false";
}

/** What a request asks for beside the answers. */
interface Wish {
  /** The input as the model sees it, and answers for eyes. */
  view: boolean;
  /** How much each part matters. */
  map: boolean;
  /** Black and white of the files' values. */
  range?: ValueRange;
}

function wishOf(url: URL): Wish {
  const range = url.searchParams.get("range"), map = isOn(url, "map");
  try {
    return { map, view: map || isOn(url, "view"), ...(range === null ? {} : { range: parseRange(range) }) };
  } catch (error) {
    throw new HttpProblem(400, (error as Error).message);
  }
}

/** The number of the example that a request asks for. */
function pageOf(url: URL): number | undefined {
  const text = url.searchParams.get("page");
  if (text === null) return undefined;
  if (/^[0-9]{1,9}$/.test(text)) return Number(text);
  throw new HttpProblem(400, `page must be a whole number, counted from 0: got "${text.slice(0, 40)}"`);
}

/** How much each part of a picture matters. @throws {HttpProblem} 400 if the model takes no single picture. */
async function mapOf(
  context: Context,
  { card, key }: Lease,
  view: Float32Array,
): Promise<Record<string, unknown>> {
  const { service, deadline, request } = context;
  if (card.inputs.length > 1 || card.inputs[0].shape.length !== 3) {
    throw new HttpProblem(400, "What mattered can only be shown for models of one picture");
  }
  const infer = async (tensor: Tensor) => {
    const scored = await service.batcher.submit(key, { tensors: [tensor] }, {
      deadline,
      signal: () => request.signal,
      owner: context,
    });
    return tensorsOf(scored.result);
  };
  try {
    const { values, rows, columns, output } = await occlusionMap(card, view, infer);
    return { output, rows, columns, values: Array.from(values, (value) => Math.round(value * 1e6) / 1e6) };
  } catch (error) {
    if (error instanceof TypeError) throw new HttpProblem(400, error.message);
    throw error;
  }
}

/** The example's sides, as people say them for what it is. */
function sizeOf(card: Card, shape: readonly number[]): Record<string, unknown> {
  return card.inputs[0].shape.length === 3 ? { height: shape[0], width: shape[1] } : { shape };
}

function viewsOf(card: Card, { view, shape, answers, hits }: ExampleResult): Record<string, unknown> {
  if (!view) return {};
  const index = card.inputs.findIndex(({ shape }) => shape.length >= 3);
  const drawn = index < 0 ? undefined : viewOf(view[index], card.inputs[index]);
  const [height, width] = shape;
  const region = card.inputs[0].shape.length === 3 && shape.length >= 2
    ? cropOf(regionFor(card, height, width), height, width)
    : undefined;
  return {
    ...(drawn ? { view: region ? { ...drawn, crop: region } : drawn } : {}),
    ...(hits && { hits: markHits(hits, answers) }),
    display: displaysOf(answers),
  };
}

/** Computes one example. @throws {HttpProblem} */
async function compute(
  context: Context,
  lease: Lease,
  found: Found,
  wish: Wish,
): Promise<Scored & { result: ExampleResult }> {
  const example = itemOf(found);
  if ("fault" in example) throw new HttpProblem(400, example.fault);
  const { view, range } = wish, asked = { view, ...(range ? { range } : {}) };
  const item: Item = { ...example, ...asked };
  const { service, deadline, request } = context;
  const signal = () => request.signal;
  const scored = await service.batcher.submit(lease.key, item, { deadline, signal, owner: context });
  const { result } = scored;
  if ("fault" in result) throw faultProblem(result.fault);
  if (!("answers" in result)) throw new Error("Tensors came where an example's answer was asked for");
  context.note.batch = scored.batch;
  return { ...scored, result };
}

/** Scores one example and says everything about it. */
async function scoreOne(
  context: Context,
  lease: Lease,
  found: Found,
  wish: Wish,
): Promise<Record<string, unknown>> {
  const { card } = lease;
  const started = performance.now();
  const { result, queueMs, computeMs } = await compute(context, lease, found, wish);
  const map = wish.map && result.view ? await mapOf(context, lease, result.view[0]) : undefined;
  const totalMs = performance.now() - started;
  context.service.metrics.success(card.name, card.version, 1, totalMs / 1000, queueMs / 1000);
  return {
    model: card.name,
    version: card.version,
    name: found.name,
    ...sizeOf(card, result.shape),
    answers: answersJson(result.answers),
    ...(result.warnings.length > 0 ? { warnings: result.warnings } : {}),
    timings: {
      decodeMs: round(result.ms),
      queueMs: round(queueMs),
      computeMs: round(computeMs),
      totalMs: round(totalMs),
    },
    ...viewsOf(card, result),
    ...(map ? { map } : {}),
  };
}

/** One answer as .npy: of the output that `output` names, or of the first that is an array. @throws {HttpProblem} */
async function scoreArray(context: Context, lease: Lease, found: Found, wish: Wish): Promise<Response> {
  const { result } = await compute(context, lease, found, wish);
  const asked = context.url.searchParams.get("output");
  const entries = Object.entries(result.answers);
  const [name, answer] =
    entries.find(([name, answer]) => asked === null ? kindOf(answer).array : name === asked) ?? [];
  const array = answer && kindOf(answer).array?.(answer);
  if (!array) {
    const names = entries.map(([name, answer]) => `"${name}" (${answer.kind})`).join(", ");
    throw new HttpProblem(
      406,
      `No output ${asked === null ? "" : `"${asked}" `}is an array: the model gives ${names}`,
    );
  }
  const headers: Record<string, string> = { "content-type": "application/x-npy", "x-output": name! };
  if (result.warnings.length > 0) headers["x-warnings"] = encodeURIComponent(result.warnings.join("; "));
  return new Response(encodeNpy(array).slice(), { headers });
}

/** As `scoreOne`, with what went wrong as an entry of its own, so that one bad file among many costs only itself. */
async function scoreOrError(
  context: Context,
  lease: Lease,
  found: Found,
  wish: Wish,
): Promise<Record<string, unknown>> {
  const started = performance.now();
  try {
    return await scoreOne(context, lease, found, wish);
  } catch (error) {
    const problem = problemOf(error);
    const { name, version } = lease.card, seconds = (performance.now() - started) / 1000;
    context.service.metrics.failure(name, version, reasonOf(problem, error), seconds);
    return { name: found.name, error: problem.message, status: problem.status };
  }
}

/** How many examples of one request may wait at the same time, so that a large zip does not push everyone else out. */
const AT_ONCE = 32;
/** The same where each one asks for a map, which is some 16 batches. */
const MAPS_AT_ONCE = 2;
/** From so many examples that wait for the model on, one request has only one of them. */
const CROWDED = 64;

/** Results in order, computing some ahead. */
async function* scoreMany(
  context: Context,
  lease: Lease,
  examples: readonly Found[],
  wish: Wish,
): AsyncGenerator<Record<string, unknown>> {
  const ahead: Promise<Record<string, unknown>>[] = [];
  for (let next = 0, done = 0; done < examples.length; done++) {
    const most = wish.map ? MAPS_AT_ONCE : AT_ONCE;
    const isCrowded = () => context.service.batcher.waiting(lease.key) >= CROWDED;
    while (next < examples.length && next - done < most && (ahead.length === 0 || !isCrowded())) {
      ahead.push(scoreOrError(context, lease, examples[next++], wish));
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

/** The examples of a request; one that stands alone is answered by one object. @throws {HttpProblem} */
async function findAll(
  opening: Opening,
  uploads: readonly Upload[],
): Promise<{ examples: Found[]; alone: boolean }> {
  if (areInputs(opening.card, uploads)) {
    const examples = await examplesOfParts(opening, uploads);
    return { examples, alone: examples.length === 1 };
  }
  if (uploads.length === 1) {
    const [upload] = uploads, examples = await examplesOf(opening, upload);
    if (examples.length === 0) throw new HttpProblem(400, "The file holds nothing to score");
    const name = upload.name.replace(/\.gz$/i, "");
    const alone = examples.length === 1 && ("png" in examples[0] || examples[0].name === name);
    return { examples, alone: alone || opening.page !== undefined };
  }
  const examples: Found[] = [];
  for (const upload of uploads) examples.push(...await examplesOrFault(opening, upload));
  return { examples, alone: false };
}

const accepts = (request: Request, types: RegExp) => types.test(request.headers.get("accept") ?? "");

/** POST /score/{model}[/{version}] */
export async function scoreExamples(context: Context): Promise<Response> {
  const { request, service, params: [model, inPath], url, note, room } = context;
  const wish = wishOf(url), page = pageOf(url);
  const lease = await service.models.acquire(model, inPath ?? url.searchParams.get("version") ?? undefined);
  const { card } = lease;
  note.model = card.name;
  note.version = card.version;
  let streaming = false;
  try {
    const body = await readBody(request, service.limits, room);
    const opening: Opening = { decoder: service.decoder, card, page, room };
    const { examples, alone } = await findAll(opening, await uploadsOf(request, body, room));
    if (accepts(request, /\bapplication\/x-npy\b/)) {
      if (!alone) {
        throw new HttpProblem(406, "application/x-npy is the answer for one example: say which by page=");
      }
      return await scoreArray(context, lease, examples[0], wish);
    }
    if (alone) return Response.json(await scoreOne(context, lease, examples[0], wish));
    note.examples = examples.length;
    const results = scoreMany(context, lease, examples, wish);
    if (accepts(request, /\bapplication\/(x-)?ndjson\b|\bapplication\/jsonl\b/)) {
      streaming = true;
      const leave = context.hold(); // a server that is stopping waits for the last line
      return streamLines(results, () => {
        lease.release();
        leave();
      });
    }
    return Response.json({
      model: card.name,
      version: card.version,
      results: await Array.fromAsync(results),
    });
  } finally {
    if (!streaming) lease.release();
  }
}
