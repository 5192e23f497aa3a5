/**
 * A real S3 server for tests: versitygw on a free port of the loopback, with folders of its own.
 *
 * ```ts
 * testWith("versitygw", "openStore() works on S3", async (program) => {
 *   await using server = await startVersitygw(program);
 *   await server.createBucket("models");
 *   openStore("s3://models", { s3: server.options });
 * });
 * ```
 * @module
 */
import { join } from "@std/path";
import type { S3Options } from "../../lib/store/s3.ts";

/** A running server; disposing of it stops it and removes its folders. */
export interface S3Server extends AsyncDisposable {
  endpoint: string;
  /** How to reach it as its owner, for `openStore` and `S3Blobs`. */
  options: S3Options & Required<Pick<S3Options, "endpoint" | "credentials">>;
  /** Its data folder: a bucket is a folder in it, an object a file. */
  folder: string;
  createBucket(name: string): Promise<void>;
}

/** Options for {@linkcode startVersitygw}. */
export interface VersitygwOptions {
  /** Is told of every object created in any bucket; must be up before the server. */
  webhook?: string;
  /** @default {any free one} */
  port?: number;
}

const CREDENTIALS = { accessKeyId: "tester", secretAccessKey: "not-a-secret" };

/** A port of the loopback that was free a moment ago. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}

/**
 * Starts versitygw and waits until it is healthy.
 *
 * @param program Path of the program, as `testWith("versitygw", …)` gives it.
 * @throws {Error} If it ends by itself or is not healthy within 20 s; with what it wrote.
 */
export async function startVersitygw(program: string, options: VersitygwOptions = {}): Promise<S3Server> {
  const root = await Deno.makeTempDir();
  const folder = join(root, "data"), versions = join(root, "versions"), log = join(root, "log");
  await Deno.mkdir(folder);
  await Deno.mkdir(versions);
  const { port = freePort() } = options, endpoint = `http://127.0.0.1:${port}`;
  const args = ["--port", `127.0.0.1:${port}`, "--health", "/health", "--quiet"];
  if (options.webhook) args.push("--event-webhook-url", options.webhook);
  const child = new Deno.Command(program, {
    args: [...args, "posix", "--versioning-dir", versions, folder],
    env: { ROOT_ACCESS_KEY: CREDENTIALS.accessKeyId, ROOT_SECRET_KEY: CREDENTIALS.secretAccessKey },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const writing = Deno.open(log, { write: true, create: true }).then((file) =>
    child.stderr.pipeTo(file.writable)
  );
  let ended = false;
  const status = child.status.finally(() => ended = true);

  const stop = async () => {
    if (!ended) child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), 5000);
    await status;
    clearTimeout(late);
    await writing;
    await Deno.remove(root, { recursive: true });
  };

  for (const deadline = Date.now() + 20_000;;) {
    if (ended || Date.now() > deadline) {
      const words = await Deno.readTextFile(log).catch(() => "");
      await stop();
      throw new Error(`Cannot start "${program}": ${words.trim() || "it does not become healthy"}`);
    }
    const healthy = await fetch(`${endpoint}/health`).then(async (response) => {
      await response.body?.cancel();
      return response.ok;
    }, () => false);
    if (healthy) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }

  return {
    endpoint,
    options: { endpoint, credentials: CREDENTIALS },
    folder,
    async createBucket(name) {
      const { CreateBucketCommand, S3Client } = await import("@aws-sdk/client-s3");
      const client = new S3Client({
        endpoint,
        region: "us-east-1",
        forcePathStyle: true,
        credentials: CREDENTIALS,
      });
      await client.send(new CreateBucketCommand({ Bucket: name }));
      client.destroy();
    },
    [Symbol.asyncDispose]: stop,
  };
}
