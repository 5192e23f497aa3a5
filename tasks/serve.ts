/**
 * `deno task serve`: the models of a store over HTTP, until SIGTERM or SIGINT. A worker reads its modules while this
 * thread reads the server's.
 * @module
 */
import { startWorkerAhead } from "../lib/score/compute_pool.ts";

/** Runs the task; see `--help`. */
export async function main(args: string[]): Promise<number> {
  startWorkerAhead();
  const { serve } = await import("./_serve.ts");
  return await serve(args);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
