/** What `deno task serve` does: options, host, socket, events and the end. @module */
import { writeAllSync } from "../lib/base/write_all.ts";
import { type Access, createAccess, parseTokens } from "../lib/serve/access.ts";
import { createDaq } from "../lib/serve/daq.ts";
import type { Place } from "../lib/serve/object_results.ts";
import type { Host, HostOptions } from "../lib/serve/host.ts";
import { openJournal } from "../lib/serve/journal.ts";
import { isLoopback, LOOPBACK_NAMES } from "../lib/serve/origin.ts";
import { createNativeHost } from "../lib/serve/native_host.ts";
import type { LogEntry } from "../lib/serve/service.ts";
import { type Tell, tellTo } from "../lib/serve/tell.ts";
import { S3Blobs, s3OptionsFrom } from "../lib/store/s3.ts";
import config from "../deno.json" with { type: "json" };
import { CliError, type OptionValues, readOptions, runTask } from "./_cli.ts";
import { openPlace } from "./_stores.ts";

const MIB = 1 << 20;

const OPTIONS = {
  store: {
    type: "string",
    default: "file:store",
    hint: "PLACE",
    help: "Models: file:FOLDER or s3://BUCKET/PREFIX",
  },
  port: { type: "integer", default: 8000, min: 0, max: 65535, help: "Port; 0 for any free one" },
  host: {
    type: "string",
    default: "127.0.0.1",
    hint: "ADDRESS",
    help: "Address to listen on; 0.0.0.0 for all",
  },
  models: { type: "list", hint: "A,B,…", help: "Only these models" },
  alias: { type: "string", default: "latest", help: "Which version answers where a request names none" },
  poll: {
    type: "number",
    default: 5,
    min: 0,
    hint: "SECONDS",
    help: "How often the store is looked at; 0 for never",
  },
  memory: { type: "integer", default: 2048, min: 1, hint: "MIB", help: "Most memory for loaded models" },
  workers: { type: "integer", min: 1, help: "Compute workers; as many as there are cores if not given" },
  threads: { type: "integer", default: 1, min: 1, help: "Threads of one operation in ONNX Runtime" },
  maxBatch: { type: "integer", default: 16, min: 1, help: "Most examples in one batch" },
  maxDelay: {
    type: "number",
    default: 0,
    min: 0,
    hint: "MS",
    help: "How long a free worker waits for more examples",
  },
  maxQueue: { type: "integer", default: 256, min: 1, help: "Most examples waiting for one model; then 503" },
  maxBody: { type: "integer", default: 64, min: 1, hint: "MIB", help: "Largest body, packed and unpacked" },
  maxHeld: {
    type: "integer",
    default: 1024,
    min: 1,
    hint: "MIB",
    help: "Most memory that all requests hold together; then 503",
  },
  maxPixels: { type: "integer", default: 1 << 26, min: 1, help: "Most pixels of a picture" },
  deadline: {
    type: "number",
    default: 30,
    min: 0.001,
    hint: "SECONDS",
    help: "An answer that takes longer is given up",
  },
  bodyTimeout: {
    type: "number",
    default: 30,
    min: 0.001,
    hint: "SECONDS",
    help: "A body must have arrived by then",
  },
  tokens: {
    type: "string",
    hint: "FILE",
    help: 'Bearer tokens, a line each: "score TOKEN" or "admin TOKEN"',
  },
  hosts: {
    type: "list",
    hint: "NAMES",
    help: "Names by which this server may be called, * for any; without tokens on loopback only its own",
  },
  cors: { type: "list", hint: "ORIGINS", help: "Origins whose pages may use this server" },
  drain: {
    type: "number",
    default: 30,
    min: 0,
    hint: "SECONDS",
    help: "How long requests in hand may take at the end",
  },
  log: {
    type: "choice",
    choices: ["all", "problems", "none"],
    default: "all",
    help: "Which requests are logged",
  },
  events: {
    type: "list",
    hint: "PLACES",
    help: "Take notifications at /events for objects in s3://BUCKET/PREFIX",
  },
  watch: {
    type: "list",
    hint: "PLACES",
    help: "Look through s3://BUCKET/PREFIX, for servers without notifications",
  },
  watchEvery: {
    type: "number",
    default: 5,
    min: 0.01,
    hint: "SECONDS",
    help: "How often watched places are looked at",
  },
  journal: {
    type: "string",
    hint: "FOLDER",
    help: "Keeps events until they are scored; needed for --events and --watch",
  },
  eventModel: {
    type: "string",
    hint: "MODEL[/VERSION]",
    help: "Scores the objects; the only model if not given",
  },
  results: {
    type: "string",
    default: "results/",
    hint: "PLACE",
    help: "Where <key>.json goes: a prefix or s3://BUCKET/PREFIX",
  },
  dead: {
    type: "string",
    default: "dead-letters/",
    hint: "PLACE",
    help: "Where objects that cannot be scored are listed",
  },
  attempts: {
    type: "integer",
    default: 4,
    min: 1,
    help: "How often an object is tried that cannot be scored",
  },
  s3Endpoint: { type: "string", hint: "URL", help: "S3 server, if not AWS; else AWS_ENDPOINT_URL_S3 counts" },
} as const;

type Options = OptionValues<typeof OPTIONS>;

/** Writes log lines in one piece every now and then: a write for each request would cost more than the request. */
function createLog(which: "all" | "problems" | "none"): { log?: (entry: LogEntry) => void; flush(): void } {
  if (which === "none") return { flush() {} };
  let lines = "", timer: ReturnType<typeof setTimeout> | undefined;
  const encoder = new TextEncoder();
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    const bytes = encoder.encode(lines);
    lines = "";
    writeAllSync(Deno.stdout, bytes);
  };
  const log = (entry: LogEntry) => {
    if (which === "problems" && entry.level === "info" && entry.event === "request") return;
    lines += JSON.stringify(entry) + "\n";
    if (lines.length > 1 << 16) flush();
    else timer ??= setTimeout(flush, 50);
  };
  return { log, flush };
}

/** Tokens of a file, read again when it changes; a file that cannot be read leaves the last good table. */
async function watchTokens(
  path: string,
  tell: Tell,
): Promise<{ access: Access; stop(): void }> {
  const read = async () => {
    try {
      return await parseTokens(await Deno.readTextFile(path));
    } catch (error) {
      throw new CliError(`Cannot use the tokens in "${path}": ${(error as Error).message}`);
    }
  };
  let tokens = await read(), changed = (await Deno.stat(path)).mtime?.getTime();
  const timer = setInterval(async () => {
    try {
      const { mtime } = await Deno.stat(path);
      if (mtime?.getTime() === changed) return;
      tokens = await read();
      changed = mtime?.getTime();
      tell("info", "tokens", { count: tokens.length });
    } catch (error) {
      tell("error", "tokens", { reason: (error as Error).message });
    }
  }, 1000);
  Deno.unrefTimer(timer);
  return { access: createAccess(() => tokens), stop: () => clearInterval(timer) };
}

/** `s3://bucket/prefix` as its parts; a prefix alone where `own` allows it. */
function placeOf(text: string, own: boolean): Partial<Place> {
  const parts = /^s3:\/\/([^/]+)\/?(.*)$/.exec(text);
  if (parts) return { bucket: parts[1], prefix: parts[2] };
  if (!own || /^[a-z0-9]+:/.test(text)) {
    throw new CliError(`"${text}" is not a place in a bucket: use s3://BUCKET/PREFIX`);
  }
  if (text === "") throw new CliError("A prefix in the objects' own bucket must not be empty");
  return { prefix: text };
}

/** What scores the objects of a bucket, if the options ask for it. */
async function eventsOf(options: Options, log?: (entry: LogEntry) => void): Promise<HostOptions["events"]> {
  const sources = [...options.events, ...options.watch].map((text) => placeOf(text, false) as Place);
  if (sources.length === 0) return undefined;
  if (options.journal === undefined) {
    throw new CliError("Events need a folder to be kept in: --journal FOLDER");
  }
  const s3 = s3OptionsFrom(Deno.env.toObject(), options.s3Endpoint);
  const daq = {
    bucket: (name: string) => new S3Blobs(name, "", s3),
    sources,
    watch: options.watch.map((text) => placeOf(text, false) as Place),
    watchMs: options.watchEvery * 1000,
    results: placeOf(options.results, true),
    dead: placeOf(options.dead, true),
    model: options.eventModel,
    attempts: options.attempts,
    log,
  };
  const journal = await openJournal(options.journal);
  const { quarantined } = journal;
  if (quarantined > 0) {
    const reason = `${quarantined} lines are no events and were put into ${options.journal}/events.bad.jsonl`;
    tellTo(log)("error", "journal", { reason });
  }
  return (scorer) => createDaq(scorer, { ...daq, journal });
}

/** Names by which the server may be called; undefined for any. */
function hostsOf({ hosts, host, tokens }: Options): readonly string[] | undefined {
  if (hosts.includes("*")) return undefined;
  if (hosts.length > 0) return [...hosts, ...LOOPBACK_NAMES];
  return tokens === undefined && isLoopback(host) ? [...LOOPBACK_NAMES, host] : undefined;
}

/** Who asks; undefined on this machine, where a proxy may stand for many. */
function clientOf(address: Deno.Addr): string | undefined {
  return "hostname" in address && !isLoopback(address.hostname) ? address.hostname : undefined;
}

/** Resolves at the first signal that asks to stop. */
function stopSignal(): Promise<Deno.Signal> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      Deno.addSignalListener(signal, () => resolve(signal));
    }
  });
}

/** Serves until a signal asks to stop; gives the task's exit code. */
export function serve(args: string[]): Promise<number> {
  return runTask(async () => {
    const { options } = readOptions(args, OPTIONS, {
      usage: "deno task serve",
      summary:
        "Serves the models of a store: the Open Inference Protocol at /v2, pictures at /score/MODEL, a page at /.\n" +
        "Buckets take AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_REGION from the environment.",
      examples: [
        "deno task serve                                  # the folder store/, on port 8000",
        "deno task serve --store s3://models --s3-endpoint http://127.0.0.1:9000 --tokens tokens.txt",
        "deno task serve --host 0.0.0.0 --port 80 --workers 8 --log problems",
        "deno task serve --events s3://daq/frames/ --journal runs/events   # POST /events; results in s3://daq/results/",
      ],
    });
    const store = openPlace(options.store, options.s3Endpoint);
    const { log, flush } = createLog(options.log), tell = tellTo(log);
    const tokens = options.tokens === undefined ? undefined : await watchTokens(options.tokens, tell);
    const events = await eventsOf(options, log);
    const host = createNativeHost({ ...hostOptionsOf(options), store, access: tokens?.access, events, log });
    await serveUntilStopped(host, options, tell);
    tokens?.stop();
    store.close();
    tell("info", "stopped");
    flush();
  });
}

/** What the options say of the server. */
function hostOptionsOf(options: Options) {
  const { workers, threads, maxBatch, maxQueue, maxPixels, cors, models, alias } = options;
  const maxBytes = options.maxBody * MIB;
  return {
    workers,
    threads,
    maxBatch,
    maxDelayMs: options.maxDelay,
    maxQueue,
    limits: {
      maxBytes,
      maxHeldBytes: options.maxHeld * MIB,
      bodyTimeoutMs: options.bodyTimeout * 1000,
      deadlineMs: options.deadline * 1000,
    },
    files: { maxPixels, maxBytes: 4 * maxBytes },
    corsOrigins: cors,
    hosts: hostsOf(options),
    version: config.version,
    reference: alias,
    only: models.length > 0 ? models : undefined,
    maxModelBytes: options.memory * MIB,
    pollMs: options.poll * 1000,
  };
}

/** Answers requests until a signal asks to stop and those in hand are answered. */
async function serveUntilStopped(
  host: Host,
  { port, host: hostname, drain }: Options,
  tell: Tell,
): Promise<void> {
  const stopped = stopSignal();
  const onListen = (at: Deno.NetAddr) =>
    tell("info", "listening", { url: `http://${at.hostname}:${at.port}/` });
  const server = Deno.serve(
    { port, hostname, onListen },
    (request, { remoteAddr }) => host.fetch(request, clientOf(remoteAddr)),
  );
  await host.start();
  tell("info", "started", { ready: host.models.ready() });
  tell("info", "stopping", { signal: await stopped });
  await host.drain(drain * 1000);
  await Promise.race([server.shutdown(), new Promise((resolve) => setTimeout(resolve, 1000))]);
}
