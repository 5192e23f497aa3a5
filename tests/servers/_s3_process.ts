/** What the S3 servers of the tests have in common: a process, a health check, buckets. @module */
import type { S3Options } from "../../lib/store/s3.ts";
import { until } from "../until.ts";
import { isWell } from "./is_well.ts";

/** A running server; disposing of it stops it and removes its folders. */
export interface S3Server extends AsyncDisposable {
  endpoint: string;
  /** How to reach it as its owner, for `openStore` and `S3Blobs`. */
  options: S3Options & Required<Pick<S3Options, "endpoint" | "credentials">>;
  /** Its data folder; with versitygw a bucket is a folder in it, and an object a file. */
  folder: string;
  createBucket(name: string): Promise<void>;
}

/** How to start a server. */
export interface S3Command {
  program: string;
  args: string[];
  env: Record<string, string>;
  endpoint: string;
  /** Path that answers 200 once the server is ready. */
  health: string;
  /** Folder that is removed in the end. */
  root: string;
  /** Its data folder. */
  folder: string;
}

/** The owner of every server here. */
export const CREDENTIALS = { accessKeyId: "tester", secretAccessKey: "not-a-secret" };

/**
 * Starts a server and waits until it is healthy.
 *
 * @throws {Error} If it ends by itself or is never healthy; with what it wrote.
 */
export async function startS3(command: S3Command): Promise<S3Server> {
  const { program, args, env, endpoint, health, root, folder } = command;
  const child = new Deno.Command(program, { args, env, stdin: "null", stdout: "null", stderr: "piped" })
    .spawn();
  const words = new Response(child.stderr).text();
  let ended = false;
  const status = child.status.finally(() => ended = true);

  const stop = async () => {
    if (!ended) child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), 5000);
    await status;
    clearTimeout(late);
    await words;
    await Deno.remove(root, { recursive: true });
  };

  try {
    await until("its health", async () => ended || await isWell(`${endpoint}${health}`));
    if (ended) throw new Error("it ended");
  } catch (error) {
    await stop();
    throw new Error(`Cannot start "${program}": ${(error as Error).message}: ${(await words).trim()}`);
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
