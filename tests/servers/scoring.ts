/**
 * The scoring server as users start it, in a process of its own, for tests that kill, drain or overload it.
 * @module
 */
import { join } from "@std/path";
import { until } from "../until.ts";
import { freePort } from "./free_port.ts";
import { isWell } from "./is_well.ts";
import { readLines } from "../../tasks/_lines.ts";
import { taskArguments } from "../task_command.ts";
import type { S3Options } from "../../lib/store/s3.ts";

/** A running server; disposing of it kills it. */
export interface ScoringServer extends AsyncDisposable {
  url: string;
  port: number;
  child: Deno.ChildProcess;
  status: Promise<Deno.CommandStatus>;
  /** What it wrote, line by line. */
  lines: Record<string, unknown>[];
  /** Its standard error so far. */
  errors(): string;
}

/** Options for {@linkcode startScoring}. */
export interface ScoringOptions {
  port?: number;
  /** The bucket's server, for the environment. */
  s3?: S3Options;
  /** @default {true: wait until every model answers} */
  ready?: boolean;
  /** Put before the command, such as `["prlimit", "--fsize=1000"]`. */
  wrap?: string[];
  /** What Deno runs with the task's permissions. @default {tasks/serve.ts} */
  program?: string;
}

const root = join(import.meta.dirname!, "..", "..");

/** Reads a stream's lines until it ends. */
async function collect(stream: ReadableStream<Uint8Array>, each: (line: string) => void): Promise<void> {
  for await (const line of readLines(stream)) each(line);
}

/** Starts `deno task serve` with these options, without the task runner in between. */
export async function startScoring(args: string[], options: ScoringOptions = {}): Promise<ScoringServer> {
  const { port = freePort(), s3, ready = true, wrap = [] } = options;
  const task = taskArguments("serve");
  if (options.program) task.splice(-1, 1, options.program);
  const deno = [Deno.execPath(), ...task, "--port", String(port), ...args];
  const [program, ...rest] = [...wrap, ...deno];
  const child = new Deno.Command(program, {
    args: rest,
    cwd: root,
    env: {
      ...s3?.endpoint ? { AWS_ENDPOINT_URL_S3: s3.endpoint } : {},
      ...s3?.credentials
        ? {
          AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
          AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
        }
        : {},
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const lines: Record<string, unknown>[] = [];
  let errors = "", ended = false;
  const reading = Promise.all([
    collect(child.stdout, (line) => lines.push(JSON.parse(line))),
    collect(child.stderr, (line) => errors += line + "\n"),
  ]);
  const status = child.status.then(async (status) => {
    ended = true;
    await reading;
    return status;
  });
  const url = `http://127.0.0.1:${port}`;
  const server: ScoringServer = {
    url,
    port,
    child,
    status,
    lines,
    errors: () => errors,
    async [Symbol.asyncDispose]() {
      if (!ended) child.kill("SIGKILL");
      await status;
    },
  };
  const health = `${url}/v2/health/${ready ? "ready" : "live"}`;
  try {
    await until("its first answer", async () => ended || await isWell(health));
    if (ended) throw new Error("it ended");
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    const said = [errors, ...lines.map((line) => JSON.stringify(line))].join("\n");
    throw new Error(`The server did not start: ${(error as Error).message}\n${said}`);
  }
}
