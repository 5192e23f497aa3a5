/**
 * A real S3 server for tests: versitygw on a free port of the loopback, with folders of its own.
 *
 * ```ts ignore
 * testWith("versitygw", "openStore() works on S3", async (program) => {
 *   await using server = await startVersitygw(program);
 *   await server.createBucket("models");
 *   openStore("s3://models", { s3: server.options });
 * });
 * ```
 * @module
 */
import { join } from "@std/path";
import { CREDENTIALS, type S3Server, startS3 } from "./_s3_process.ts";
import { freePort } from "./free_port.ts";

export type { S3Server };

/** Options for {@linkcode startVersitygw}. */
export interface VersitygwOptions {
  /** Is told of every object created in any bucket; must be up before the server. */
  webhook?: string;
  /** @default {any free one} */
  port?: number;
}

/**
 * Starts versitygw and waits until it is healthy.
 *
 * @param program Path of the program, as `testWith("versitygw", …)` gives it.
 * @throws {Error} If it ends by itself or is not healthy in time; with what it wrote.
 */
export async function startVersitygw(program: string, options: VersitygwOptions = {}): Promise<S3Server> {
  const { port = freePort(), webhook } = options;
  const root = await Deno.makeTempDir();
  const folder = join(root, "data"), versions = join(root, "versions");
  await Deno.mkdir(folder);
  await Deno.mkdir(versions);
  const args = ["--port", `127.0.0.1:${port}`, "--health", "/health", "--quiet"];
  if (webhook) args.push("--event-webhook-url", webhook);
  return await startS3({
    program,
    args: [...args, "posix", "--versioning-dir", versions, folder],
    env: { ROOT_ACCESS_KEY: CREDENTIALS.accessKeyId, ROOT_SECRET_KEY: CREDENTIALS.secretAccessKey },
    endpoint: `http://127.0.0.1:${port}`,
    health: "/health",
    root,
    folder,
  });
}
