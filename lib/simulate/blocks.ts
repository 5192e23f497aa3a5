/** Events made by several threads, a block at a time, and handed out in order. @module */
import { heedStop } from "../base/stop_button.ts";
import { createPool } from "../base/worker_pool.ts";

/** A run of events, `first` to before `first + count`. */
export interface Block {
  first: number;
  count: number;
}

/** Options for {@linkcode simulateBlocks}. */
export interface BlockOptions {
  /** Events a block. @default {256} */
  size?: number;
  /** Threads. @default {one a core} */
  workers?: number;
  /** Stops between two blocks, with the signal's reason. */
  signal?: AbortSignal;
  /** Sent once to every thread: what all blocks share. */
  setup?: unknown;
}

/** Longest that a block may take; a thread that hangs is an error, never a wait without end. */
const BLOCK_MS = 600_000;

/**
 * Has all events made, block by block, by threads that answer {@linkcode Block}; at most two blocks a thread are under way or waiting.
 *
 * An event's random numbers must depend on the seed and its own number alone: then the result does not depend on how
 * many threads there are, nor on the size of a block.
 *
 * @param url The worker's module, which calls `answerTasks`.
 * @param events How many there are.
 */
export async function* simulateBlocks<Reply>(
  url: URL,
  events: number,
  options: BlockOptions = {},
): AsyncGenerator<{ block: Block; reply: Reply }, void, void> {
  const { size = 256, workers = navigator.hardwareConcurrency, setup } = options;
  using stop = heedStop(options.signal);
  const { signal } = stop;
  const blocks = Math.ceil(events / size);
  const threads = Math.max(1, Math.min(workers, blocks));
  const pool = createPool<Block, Reply>({ url, size: threads, timeoutMs: BLOCK_MS, setup });
  const running: { block: Block; reply: Promise<Reply> }[] = [];
  let asked = 0;
  const ask = () => {
    if (asked >= blocks) return;
    const first = asked++ * size;
    const block = { first, count: Math.min(size, events - first) };
    const reply = pool.run(block, [], { signal });
    reply.catch(() => {}); // told where it is awaited
    running.push({ block, reply });
  };
  try {
    for (let i = 0; i < 2 * threads; i++) ask();
    while (running.length > 0) {
      const { block, reply } = running.shift()!;
      const made = await reply;
      signal?.throwIfAborted();
      ask();
      yield { block, reply: made };
    }
  } finally {
    pool.close();
  }
}
