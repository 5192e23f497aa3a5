/**
 * The task's side of a process that runs tests one by one.
 * @module
 */
import { join } from "@std/path";
import { readLines } from "../_lines.ts";
import type { Reply, Request } from "./_messages.ts";
import { startGroup, stopGroup } from "./_process_group.ts";

const START_LIMIT_MS = 120_000;

/** A process that has test files of a tree loaded; it ends with the first request that it does not answer in time. */
export class TestProcess {
  readonly #child: Deno.ChildProcess;
  readonly #connection: Deno.Conn;
  readonly #lines: AsyncGenerator<string>;
  #hasEnded = false;

  private constructor(child: Deno.ChildProcess, connection: Deno.Conn) {
    this.#child = child;
    this.#connection = connection;
    this.#lines = readLines(connection.readable);
  }

  /** Starts one in the root of a tree. */
  static async start(root: string): Promise<TestProcess> {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const runner = join("tasks", "mutants", "_runner.ts"), { port } = listener.addr as Deno.NetAddr;
    const child = startGroup(root, "run", [runner, String(port)]);
    const connection = await within(START_LIMIT_MS, Promise.race([listener.accept(), child.status]));
    if (connection === undefined || !("readable" in connection)) {
      stopGroup(child.pid);
      throw new Error("Cannot start a process for the tests: it did not answer");
    }
    return new TestProcess(child, connection);
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Sends a request; the answer is undefined where there was none in time, and the process is then gone. */
  async ask(request: Request, limitMs: number): Promise<Reply | undefined> {
    const bytes = new TextEncoder().encode(JSON.stringify(request) + "\n");
    const answer = this.#connection.write(bytes).then(() => this.#readReply()).catch(() => undefined);
    const reply = await within(limitMs, answer);
    if (reply === undefined) await this.stop();
    return reply;
  }

  /** The next line; one that the process did not live to end is none. */
  async #readReply(): Promise<Reply | undefined> {
    const { value, done } = await this.#lines.next();
    return done ? undefined : JSON.parse(value);
  }

  async stop(): Promise<void> {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    stopGroup(this.#child.pid);
    await this.#child.status;
    try {
      this.#connection.close();
    } catch {
      // The other side closed it.
    }
  }
}

/** What a promise comes to, or undefined after `ms`. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
