/**
 * The scoring service against FastAPI, LitServe and BentoML on the same model and picture; what it adds to a bare call;
 * cold starts; and a soak under reloads and hostile requests.
 * @module
 */
import { join } from "@std/path";
import { startEngine } from "../../lib/engine/mod.ts";
import { encodeOnnx } from "../../lib/export/onnx_write.ts";
import { createRng, drawNormal } from "../../lib/base/rng.ts";
import { regionOf } from "../../lib/image/preprocessing/mod.ts";
import { decodePng, encodePng } from "../../lib/io/png.ts";
import { encodeZip } from "../../lib/io/zip.ts";
import { buildRecoilCnn } from "../../lib/models/recoil_cnn.ts";
import { createBatcher } from "../../lib/score/batcher.ts";
import { spawnUnit } from "../../lib/score/compute_pool.ts";
import { prepareImage } from "../../lib/score/prepare.ts";
import { openSession } from "../../lib/score/session.ts";
import { type Card, parseCard } from "../../lib/card/card.ts";
import { openJournal } from "../../lib/serve/journal.ts";
import { openStore, type Store } from "../../lib/store/store.ts";
import { bundleEdge } from "../_bundle.ts";
import { CliError } from "../_cli.ts";
import { freePort } from "../../lib/base/free_port.ts";
import { compileProgram, writeProgram } from "../compile.ts";
import {
  alternate,
  type BenchContext,
  type BenchRow,
  type BenchTable,
  chooseParts,
  median,
  readProgram,
} from "./_bench.ts";
import { processMebibytes } from "./_memory.ts";

/** Name on the command line. */
export const name = "serving";
/** What it measures. */
export const summary =
  "Scoring over HTTP against FastAPI, LitServe and BentoML; overhead, cold starts; serving:soak";

const ROOT = join(import.meta.dirname!, "..", "..");
const PEERS = join(import.meta.dirname!, "peers");
const SIDE = 576, CROP = 128, LOW = 60, HIGH = 130;

/** Everything but the soak, which is long and runs only when it is named. */
const PARTS: Readonly<Record<string, (context: BenchContext, bed: Bed) => Promise<BenchTable>>> = {
  load: benchLoad,
  zip: benchZip,
  overhead: benchOverhead,
  cold: benchCold,
  journal: benchJournal,
};

/** Runs all parts, or those named. */
export async function run(context: BenchContext): Promise<BenchTable[]> {
  const { parts, say } = context;
  const all: typeof PARTS = { ...PARTS, soak: benchSoak };
  const chosen = chooseParts(parts, Object.keys(all), Object.keys(PARTS));
  const bed = await makeBed(context);
  const tables: BenchTable[] = [];
  for (const part of chosen) {
    say(`serving:${part}`);
    tables.push(await all[part](context, bed));
  }
  return tables;
}

/** What all parts need: a model in a store and a frame. */
interface Bed {
  onnx: Uint8Array;
  card: Card;
  store: Store;
  storePath: string;
  onnxPath: string;
  png: Uint8Array<ArrayBuffer>;
}

/** A recoil CNN with fresh weights, as its time does not depend on them, and a frame of camera noise. */
async function makeBed({ folder }: BenchContext): Promise<Bed> {
  await startEngine({ backend: "cpu" });
  const model = buildRecoilCnn({ side: CROP, seed: 7 });
  const onnx = encodeOnnx(model, { outputs: ["nuclear", "energy"] });
  model.dispose();
  const card = parseCard({
    format: "cloudchamber-model/1",
    name: "recoil",
    experiment: "bench",
    created: new Date().toISOString(),
    inputs: [{ name: "image", shape: [CROP, CROP, 1], dtype: "float32", units: "fraction of the window" }],
    preprocessing: [{ op: "cropCenter", size: CROP }, { op: "window", low: LOW, high: HIGH }],
    outputs: [
      { name: "nuclear", kind: "probability", labels: ["ER", "NR"] },
      { name: "energy", kind: "value", units: "keV", factor: 30, uncertainty: { column: 1 } },
    ],
  });
  const rng = createRng(7);
  const data = Uint8Array.from({ length: SIDE * SIDE }, () => 99 + 3.2 * drawNormal(rng));
  const png = encodePng({ data, height: SIDE, width: SIDE }).slice() as Uint8Array<ArrayBuffer>;
  const storePath = join(folder, "store"), onnxPath = join(folder, "model.onnx");
  const store = openStore(storePath);
  await store.publish(new Map([["model.onnx", onnx]]), card);
  await Deno.writeFile(onnxPath, onnx);
  return { onnx, card, store, storePath, onnxPath, png };
}

/** A server in a process of its own. */
interface Server extends AsyncDisposable {
  url: string;
  pid: number;
}

/** The processes that a process has started, and theirs. */
async function descendantsOf(pid: number): Promise<number[]> {
  const listed = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`).catch(() => "");
  const children = listed.split(" ").filter((word) => word !== "").map(Number);
  return [...children, ...(await Promise.all(children.map(descendantsOf))).flat()];
}

/** Starts a server and waits until `path` answers. */
async function startServer(
  program: string,
  args: readonly string[],
  port: number,
  path: string,
  options: { env?: Record<string, string>; pollMs?: number } = {},
): Promise<Server> {
  const child = new Deno.Command(program, {
    args: [...args],
    cwd: ROOT,
    env: options.env,
    stdin: "null",
    stdout: "null",
    stderr: Deno.env.get("CLOUDCHAMBER_STACK") === "1" ? "inherit" : "null",
  }).spawn();
  let ended = false;
  const status = child.status.finally(() => ended = true);
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    const family = await descendantsOf(child.pid); // LitServe's outlive their parent
    if (!ended) child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), 15_000);
    await status;
    clearTimeout(late);
    for (const pid of family) {
      try {
        Deno.kill(pid, "SIGKILL");
      } catch {
        // it has gone with its parent
      }
    }
  };
  for (const end = performance.now() + 240_000;;) {
    const [ok, answer] = await fetch(url + path).then(
      async (response) => [response.ok, await response.text()] as const,
      () => [false, "no answer"] as const,
    );
    if (/"broken"/.test(answer)) {
      await stop();
      throw new CliError(`"${program} ${args.join(" ")}" cannot serve: ${answer}`);
    }
    if (ok) return { url, pid: child.pid, [Symbol.asyncDispose]: stop };
    if (ended || performance.now() > end) {
      await stop();
      throw new CliError(
        `"${program} ${args.join(" ")}" does not answer: CLOUDCHAMBER_STACK=1 shows what it says`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, options.pollMs ?? 50));
  }
}

/** Our server over the bench's store. */
function startOurs(bed: Bed, more: readonly string[] = []): Promise<Server> {
  const port = freePort();
  const args = [
    "run",
    "--no-prompt",
    "-A",
    "tasks/serve.ts",
    "--store",
    bed.storePath,
    "--log",
    "none",
    "--port",
    String(port),
  ];
  return startServer(Deno.execPath(), [...args, ...more], port, "/v2/health/ready");
}

/** What wrk measured. */
interface Load {
  perSecond: number;
  p50: number;
  p99: number;
}

const MS: Readonly<Record<string, number>> = { us: 1e-3, ms: 1, s: 1e3, m: 6e4 };

async function measureLoad(
  wrk: string,
  script: string,
  url: string,
  connections: number,
  seconds: number,
): Promise<Load> {
  const load = ["-t1", `-c${connections}`, `-d${seconds}s`];
  const text = await readProgram(wrk, [...load, "--latency", "--timeout", "10s", "-s", script, url]);
  if (/Non-2xx|Socket errors/.test(text)) throw new CliError(`${url} failed under load: ${text}`);
  const percentile = (share: string) => {
    const found = new RegExp(`${share}%\\s+([0-9.]+)(us|ms|s|m)`).exec(text);
    return found ? Number(found[1]) * MS[found[2]] : NaN;
  };
  return {
    perSecond: Number(/Requests\/sec:\s+([0-9.]+)/.exec(text)?.[1]),
    p50: percentile("50"),
    p99: percentile("99"),
  };
}

/** A script that makes wrk post the frame, as it is or in a form. */
async function wrkScript(folder: string, png: Uint8Array, field?: string): Promise<string> {
  const frame = join(folder, "frame.png"), path = join(folder, `${field ?? "raw"}.lua`);
  await Deno.writeFile(frame, png);
  const read = `local f = io.open(${
    JSON.stringify(frame)
  }, "rb")\nlocal png = f:read("*a")\nf:close()\nwrk.method = "POST"\n`;
  const head =
    `--x\\r\\nContent-Disposition: form-data; name=\\"${field}\\"; filename=\\"frame.png\\"\\r\\nContent-Type: image/png\\r\\n\\r\\n`;
  const post = field === undefined
    ? 'wrk.body = png\nwrk.headers["Content-Type"] = "image/png"\n'
    : `wrk.body = "${head}" .. png .. "\\r\\n--x--\\r\\n"\nwrk.headers["Content-Type"] = "multipart/form-data; boundary=x"\n`;
  await Deno.writeTextFile(path, read + post);
  return path;
}

const CONNECTIONS = [1, 8, 64], SECONDS = 3;
/** Requests a second of ours, divided by a peer's, at these connections; and of the slowest hundredth's time. */
const LOAD_BARS: Readonly<Record<string, readonly number[]>> = {
  FastAPI: [2.2, 2.7, 2.7],
  LitServe: [3, 3, 3],
  BentoML: [3, 3, 3],
};
const P99_BAR = 0.6;

async function benchLoad(context: BenchContext, bed: Bed): Promise<BenchTable> {
  const { folder, need, rounds, say } = context;
  const wrk = need("wrk");
  const notes = [
    "All with two workers and one ONNX Runtime thread in each. LitServe and BentoML take the file in a form, as they take no bare body.",
  ];
  say("starting ours");
  await using ours = await startOurs(bed);
  await using running = new AsyncDisposableStack();
  const targets: Record<string, Target> = {
    cloudchamber: { url: `${ours.url}/score/recoil`, script: await wrkScript(folder, bed.png) },
    ...await startPeers(context, bed, running, notes),
  };
  for (const { url, script } of Object.values(targets)) await measureLoad(wrk, script, url, 4, 2); // warm
  const rows: BenchRow[] = [];
  for (const connections of CONNECTIONS) {
    say(`connections: ${connections}`);
    const measures = Object.fromEntries(
      Object.entries(targets).map((
        [who, { url, script }],
      ) => [who, () => measureLoad(wrk, script, url, connections, SECONDS)]),
    );
    rows.push(...loadRows(connections, await alternate(rounds, measures)));
  }
  return {
    title:
      `A ${SIDE} × ${SIDE} PNG posted, decoded, cropped and scored (${SECONDS} s a round, wrk on the same cores)`,
    rows,
    notes,
  };
}

/** What a load is put on. */
interface Target {
  url: string;
  /** The file that tells wrk what to post. */
  script: string;
}

/** Starts each peer that is installed; notes say of the others. */
async function startPeers(
  { folder, need, say }: BenchContext,
  bed: Bed,
  running: AsyncDisposableStack,
  notes: string[],
): Promise<Record<string, Target>> {
  const python = need("servers"), targets: Record<string, Target> = {};
  const env = { MODEL: bed.onnxPath, BENTOML_DO_NOT_TRACK: "1", BENTOML_HOME: join(folder, "bentoml") };
  const script = (name: string) => (port: number) =>
    startServer(python, [join(PEERS, name), bed.onnxPath, String(port)], port, "/health", { env });
  const bento = ["-m", "bentoml", "serve", "serve_bentoml:Recoil", "--working-dir", PEERS, "--port"];
  const startBento = (port: number) =>
    startServer(python, [...bento, String(port)], port, "/readyz", { env });
  const peers = [
    { who: "FastAPI", module: "fastapi", path: "/score", start: script("serve_fastapi.py") },
    {
      who: "LitServe",
      module: "litserve",
      path: "/predict",
      field: "request",
      start: script("serve_litserve.py"),
    },
    { who: "BentoML", module: "bentoml", path: "/score", field: "image", start: startBento },
  ];
  for (const { who, module, path, field, start } of peers) {
    const { success } = await new Deno.Command(python, { args: ["-c", `import ${module}`], stderr: "null" })
      .output();
    if (!success) {
      notes.push(`${who} was not measured: it is not installed.`);
      continue;
    }
    say(`starting ${who}`);
    const server = running.use(await start(freePort()));
    targets[who] = { url: server.url + path, script: await wrkScript(folder, bed.png, field) };
  }
  return targets;
}

/** Ours beside each peer under a number of connections. */
function loadRows(connections: number, loads: Readonly<Record<string, Load[]>>): BenchRow[] {
  const values = (who: string, what: keyof Load) => loads[who].map((load) => load[what]);
  const what = `${connections} connection${connections > 1 ? "s" : ""}`;
  const ours = (measure: keyof Load) => values("cloudchamber", measure);
  const beside = Object.keys(loads).filter((who) => who !== "cloudchamber").flatMap((peer): BenchRow[] => [
    {
      what,
      unit: "requests/s",
      better: "higher",
      ours: ours("perSecond"),
      peer,
      theirs: values(peer, "perSecond"),
      bar: LOAD_BARS[peer][CONNECTIONS.indexOf(connections)],
    },
    { what: `${what}, p99`, unit: "ms", ours: ours("p99"), peer, theirs: values(peer, "p99"), bar: P99_BAR },
  ]);
  return [...beside, { what: `${what}, p50`, unit: "ms", ours: ours("p50") }];
}

const PICTURES = 1000, THREADS = 2;

/**
 * Posts a body over a bare connection and gives the answer's text: of 175 MB, Deno's `fetch` takes more of the cores that it
 * shares with the server than the server does.
 */
async function postBare(url: string, body: Uint8Array): Promise<string> {
  const { hostname, port, pathname, host } = new URL(url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const head =
    `POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
  for (const bytes of [new TextEncoder().encode(head), body]) {
    for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at, at + (1 << 22)));
  }
  const text = await new Response(connection.readable).text();
  return text.slice(text.indexOf("\r\n\r\n") + 4);
}

/** A zip of a thousand frames, beside what decoding and scoring them alone takes by the same threads as in the server. */
async function benchZip({ rounds, say }: BenchContext, bed: Bed): Promise<BenchTable> {
  const entries = Array.from({ length: PICTURES }, (_, i) => ({ name: `${i}.png`, bytes: bed.png }));
  const body = encodeZip(entries) as Uint8Array<ArrayBuffer>;
  say("starting ours");
  await using ours = await startOurs(bed, ["--max-body", "512"]);
  const perSecond = (start: number) => PICTURES / ((performance.now() - start) / 1000);
  const served = async () => {
    const start = performance.now();
    const answer = JSON.parse(await postBare(`${ours.url}/score/recoil`, body)), rate = perSecond(start);
    if (answer.results?.length !== PICTURES) {
      throw new CliError(`The zip was not answered: ${JSON.stringify(answer).slice(0, 300)}`);
    }
    return rate;
  };
  const batcher = createBatcher(Array.from({ length: THREADS }, () => spawnUnit()), { maxQueue: PICTURES });
  await batcher.load("recoil", bed);
  const png = new Uint8Array(bed.png.length + 1).subarray(1); // a part of more, as in the zip: threads get a copy
  png.set(bed.png);
  const alone = async () => {
    const start = performance.now();
    await Promise.all(entries.map(() => batcher.submit("recoil", { png })));
    return perSecond(start);
  };
  try {
    for (const step of [served, alone]) await step(); // warm
    const rates = await alternate(rounds, { served, alone });
    return {
      title: `A zip of ${PICTURES} frames of ${SIDE} × ${SIDE} in one request`,
      rows: [{
        what: "pictures of the zip",
        unit: "pictures/s",
        better: "higher",
        ours: rates.served,
        peer: `decoding and scoring alone, ${THREADS} threads`,
        theirs: rates.alone,
        bar: 0.9,
      }],
    };
  } finally {
    await batcher.close();
  }
}

/** The middle of many times of one step after another, in ms. */
async function medianTime(count: number, step: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await step();
    times.push(performance.now() - start);
  }
  return median(times);
}

/** A server in a process of its own that reads a body and does nothing else. */
const EMPTY = `Deno.serve(
  { port: Number(Deno.args[0]), hostname: "127.0.0.1", onListen() {} },
  async (request) => Response.json({ byteLength: (await request.bytes()).byteLength }),
)`;

async function benchOverhead({ rounds, folder, need }: BenchContext, bed: Bed): Promise<BenchTable> {
  const wrk = need("wrk"), script = await wrkScript(folder, bed.png);
  const session = await openSession(bed.onnx, { threads: 1 });
  const port = freePort(), program = join(folder, "empty.ts");
  await Deno.writeTextFile(program, EMPTY);
  const args = ["run", "--no-prompt", "--no-config", "--allow-net", program, String(port)];
  await using ours = await startOurs(bed);
  await using nothing = await startServer(Deno.execPath(), args, port, "/");
  const bare = async () => {
    const data = prepareImage(
      bed.card,
      decodePng(bed.png, regionOf(bed.card.preprocessing, [SIDE, SIDE, 1])),
    );
    await session.run([{ name: "image", type: "FP32", shape: [1, CROP, CROP, 1], data }]);
  };
  const fetched = async () => {
    const response = await fetch(`${ours.url}/score/recoil`, { method: "POST", body: bed.png });
    await response.json();
  };
  const loaded = async (url: string) => (await measureLoad(wrk, script, url, 1, SECONDS)).p50;
  for (const step of [bare, fetched]) await medianTime(100, step);
  for (const url of [`${ours.url}/score/recoil`, nothing.url]) await loaded(url); // warm
  const times = await alternate(rounds, {
    bare: () => medianTime(500, bare),
    served: () => loaded(`${ours.url}/score/recoil`),
    empty: () => loaded(nothing.url),
    fetched: () => medianTime(500, fetched),
  });
  await session.close();
  const beyond = (what: readonly number[], ...less: (readonly number[])[]) =>
    what.map((value, i) => less.reduce((rest, times) => rest - times[i], value));
  return {
    title: "What HTTP and the service add to decoding and a bare ONNX Runtime call (p50, one client)",
    rows: [
      { what: "decode and ONNX Runtime in this process", unit: "ms", ours: times.bare },
      { what: "the same over HTTP, by wrk", unit: "ms", ours: times.served },
      { what: "added by HTTP and service", unit: "ms", ours: beyond(times.served, times.bare), limit: 0.5 },
      { what: "a Deno server that only reads the body, by wrk", unit: "ms", ours: times.empty },
      {
        what: "added by the service beyond an empty server",
        unit: "ms",
        ours: beyond(times.served, times.bare, times.empty),
        limit: 0.35,
      },
      { what: "added, when Deno's fetch is the client", unit: "ms", ours: beyond(times.fetched, times.bare) },
    ],
    notes: ["Deno's fetch shares the cores with the server and takes more of them than wrk."],
  };
}

/** Time from starting a program to the first answer to the posted frame, in ms. */
async function firstAnswer(
  program: string,
  args: string[],
  port: number,
  bed: Bed,
  env: Record<string, string> = {},
): Promise<number> {
  const start = performance.now();
  const child = new Deno.Command(program, {
    args,
    cwd: ROOT,
    env,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    for (const end = start + 60_000;;) {
      const status = await fetch(`http://127.0.0.1:${port}/score/recoil`, { method: "POST", body: bed.png })
        .then(async (response) => {
          await response.body?.cancel();
          return response.status;
        }, () => 0);
      if (status === 200) return performance.now() - start;
      if (performance.now() > end) throw new CliError(`"${program} ${args.join(" ")}" gives no answer`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
}

/** The store and ONNX Runtime's .wasm file at web addresses, as an edge host would fetch them. */
function serveFiles(bed: Bed, wasm: string): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async ({ url }) => {
    const { pathname } = new URL(url);
    const bytes = await Deno.readFile(pathname === "/ort.wasm" ? wasm : join(bed.storePath, pathname))
      .catch(() => undefined);
    return bytes ? new Response(bytes) : new Response(null, { status: 404 });
  });
}

async function benchCold({ rounds, folder, say }: BenchContext, bed: Bed): Promise<BenchTable> {
  const deno = Deno.execPath();
  const bundle = join(folder, "edge"), program = join(folder, "program"), binary = join(folder, "serve");
  say("making the edge bundle and the binary");
  await bundleEdge(bundle);
  await writeProgram(program);
  const failure = await compileProgram(program, binary).then(
    () => undefined,
    ({ message }) => message as string,
  );
  await using files = serveFiles(
    bed,
    new URL("ort-wasm-simd-threaded.wasm", import.meta.resolve("onnxruntime-web/wasm")).pathname,
  );
  const address = `http://127.0.0.1:${files.addr.port}`;
  const [{ name, versions }] = await bed.store.list();

  const server = (command: string, args: readonly string[]) => () => {
    const port = freePort();
    const options = ["--store", bed.storePath, "--port", String(port), "--log", "none"];
    return firstAnswer(command, [...args, ...options], port, bed);
  };
  const edge = (file: string, env: Record<string, string>, allow: readonly string[]) => () => {
    const port = freePort();
    const socket = ["--host", "127.0.0.1", "--port", String(port)];
    return firstAnswer(deno, ["serve", "--no-prompt", ...allow, ...socket, file], port, bed, env);
  };
  const times = await alternate(rounds, {
    native: server(deno, ["run", "--no-prompt", "-A", "tasks/serve.ts"]),
    compiled: failure === undefined
      ? server(binary, [])
      : server(deno, ["run", "--no-prompt", "-A", join(program, "serve.js")]),
    bundle: edge(join(bundle, "score.js"), {
      CLOUDCHAMBER_MODELS: `${address}/${name}/${versions.at(-1)}`,
      CLOUDCHAMBER_WASM: `${address}/ort.wasm`,
    }, ["--no-config", "--allow-net", "--allow-env"]),
    source: edge("functions/score.ts", { CLOUDCHAMBER_STORE: `file:${bed.storePath}` }, [
      "--allow-read",
      "--allow-env",
    ]),
  });
  return {
    title: "Cold start: from starting the process to the first answer",
    rows: [
      { what: "deno run tasks/serve.ts, native", unit: "ms", ours: times.native, limit: 200 },
      failure === undefined
        ? { what: "compiled binary, native", unit: "ms", ours: times.compiled, limit: 500 }
        : { what: "the binary's program run by deno, native", unit: "ms", ours: times.compiled },
      { what: "edge bundle, all from web addresses, wasm", unit: "ms", ours: times.bundle, limit: 350 },
      { what: "deno serve functions/score.ts, wasm", unit: "ms", ours: times.source, limit: 400 },
    ],
    notes: failure === undefined ? [] : [`The binary itself was not measured: ${failure}`],
  };
}

/** Events that come and are done, so many at a time. */
const EVENTS = 200_000, TOGETHER = 1000;

/** A journal of many events: how fast they are kept, what is left of them, how long it takes to open. */
async function benchJournal({ folder, say }: BenchContext): Promise<BenchTable> {
  const place = join(folder, "journal"), start = performance.now();
  say(`${EVENTS} events`);
  const journal = await openJournal(place);
  for (let first = 0; first < EVENTS; first += TOGETHER) {
    await Promise.all(Array.from({ length: TOGETHER }, (_, i) => {
      const number = first + i, sequencer = number.toString(16).padStart(16, "0");
      return journal.add({ bucket: "daq", key: `run/${number}.png`, eTag: sequencer, sequencer });
    }));
    await Promise.all([...journal.pending()].map((entry) => journal.settle(entry, { state: "done" })));
  }
  await journal.close();
  const seconds = (performance.now() - start) / 1000, again = performance.now();
  const opened = await openJournal(place), ms = performance.now() - again;
  const { done } = opened.counts();
  await opened.close();
  if (done !== EVENTS) throw new CliError(`The journal counts ${done} of ${EVENTS} events`);
  const { size } = await Deno.stat(join(place, "events.jsonl"));
  return {
    title: `A journal of ${EVENTS} events that came and were done, ${TOGETHER} at a time`,
    rows: [
      {
        what: "events kept and done, both on the disk",
        unit: "events/s",
        better: "higher",
        ours: [EVENTS / seconds],
      },
      { what: "the file, which keeps the last 100,000", unit: "MB", ours: [size / 1e6] },
      { what: "to open it again", unit: "ms", ours: [ms] },
    ],
  };
}

/** Seconds of the soak, and of finding out what full load is. */
const SOAK_SECONDS = 600, CALIBRATION_SECONDS = 10;

async function benchSoak({ say }: BenchContext, bed: Bed): Promise<BenchTable> {
  const seconds = Number(Deno.env.get("CLOUDCHAMBER_SOAK_SECONDS") ?? SOAK_SECONDS);
  await using ours = await startOurs(bed, ["--poll", "1"]);
  const url = `${ours.url}/score/recoil`;
  let good = 0, failed = 0, hostile = 0, crashed = 0, reloads = 0;
  const health: number[] = [], memory: number[] = [], running = new Set<Promise<void>>();
  const one = async () => {
    const ok = await fetch(url, { method: "POST", body: bed.png }).then(async (response) => {
      await response.body?.cancel();
      return response.ok;
    }, () => false);
    ok ? good++ : failed++;
  };
  // What server and this client, which is heavier than wrk, can do together.
  const full = performance.now() + CALIBRATION_SECONDS * 1000;
  await Promise.all(Array.from({ length: 8 }, async () => {
    while (performance.now() < full) await one();
  }));
  const perSecond = good / CALIBRATION_SECONDS, gap = 1000 / (0.8 * perSecond);
  good = 0;
  let sent = 0;
  const begin = performance.now(), end = begin + seconds * 1000;
  const every = async (ms: number, act: (turn: number) => void | Promise<void>) => {
    for (let turn = 0, next = performance.now(); performance.now() < end; turn++) {
      await act(turn);
      next += ms;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())));
    }
  };
  await Promise.all([
    every(5, () => { // timers are no finer: all that is due by now
      for (const due = (performance.now() - begin) / gap; sent < due; sent++) {
        const request = one();
        running.add(request);
        void request.finally(() => running.delete(request));
      }
      return Promise.resolve();
    }),
    every(10_000, async () => {
      await bed.store.publish(new Map([["model.onnx", bed.onnx]]), bed.card);
      reloads++;
    }),
    every(1000, async (turn) => {
      const body = bed.png.slice(0, (turn * 7919) % bed.png.length);
      if (body.length > 40) body[turn % body.length] ^= 0xff;
      const response = await fetch(url, { method: "POST", body });
      await response.body?.cancel();
      response.status >= 500 && response.status !== 503 ? crashed++ : hostile++;
    }),
    every(500, async () => {
      const start = performance.now();
      await (await fetch(`${ours.url}/v2/health/live`)).body?.cancel();
      health.push(performance.now() - start);
    }),
    every(5000, () => void memory.push(processMebibytes("VmRSS", ours.pid))),
  ]);
  await Promise.all(running);
  const third = Math.max(1, Math.floor(memory.length / 3));
  const growth = median(memory.slice(-third)) /
    median(memory.slice(third, 2 * third).length > 0 ? memory.slice(third, 2 * third) : memory);
  say(`${good} answers, ${reloads} reloads, ${hostile} hostile requests`);
  const slowest = [...health].sort((a, b) => a - b)[Math.floor(health.length * 0.99)];
  return {
    title: `${seconds} s at 80 % load (${Math.round(sent / seconds)} of ${
      Math.round(perSecond)
    } requests/s), a new version every 10 s, a hostile request each second`,
    rows: [
      { what: "good requests that failed", unit: "requests", ours: [failed], limit: 0 },
      {
        what: "hostile requests answered with a 5xx other than 503",
        unit: "requests",
        ours: [crashed],
        limit: 0,
      },
      { what: "health, p99", unit: "ms", ours: [slowest], limit: 50 },
      { what: "resident memory, last third over middle third", unit: "×", ours: [growth], limit: 1.1 },
      { what: "resident memory at the end", unit: "MiB", ours: [memory[memory.length - 1] ?? NaN] },
    ],
    notes: [`${good} answers, ${reloads} reloads`, "Load generator and server share the cores"],
  };
}
