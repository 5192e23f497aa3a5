/**
 * Worker threads for work that may hang or die: a task beyond its time takes its thread down with it, and a fresh thread
 * takes its place.
 *
 * The worker's file calls {@linkcode answerTasks} once; this side calls {@linkcode createPool}. @module
 */

/** Options for {@linkcode createPool}. */
export interface PoolOptions {
  /** The worker's module: `new URL("../data/my_worker.ts", import.meta.url)`. */
  url: URL | string;
  /** Threads at most; they start when first needed. @default {navigator.hardwareConcurrency} */
  size?: number;
  /** Longest that a task may run on a thread that is ready, in milliseconds. @default {30_000} */
  timeoutMs?: number;
  /** Tasks that may wait for a thread; one more is refused. @default {Infinity} */
  maxQueue?: number;
  /** Sent to every new thread before its first task: settings that all tasks share. */
  setup?: unknown;
}

/** Options of a single task. */
export interface TaskOptions {
  /** Instead of the pool's. */
  timeoutMs?: number;
  /** Gives the task up; if it is running, its thread is replaced. */
  signal?: AbortSignal;
}

/** Refused as too many tasks are waiting; a server answers 503. */
export class PoolFullError extends Error {
  /** Told apart by this across threads. */
  override name = "PoolFullError";
}

/** Given up as it ran longer than allowed. */
export class TaskTimeoutError extends Error {
  /** Told apart by this across threads. */
  override name = "TaskTimeoutError";
}

/** A pool of worker threads; see {@linkcode createPool}. */
export interface Pool<Message, Result> {
  /**
   * Runs one task on the next free thread, first come first served.
   *
   * @param transfer Buffers inside `message` that move to the thread instead of being copied.
   * @throws {PoolFullError} (rejects) If `maxQueue` tasks are waiting already.
   * @throws {TaskTimeoutError} (rejects) If it takes too long; other tasks are not disturbed.
   */
  run(message: Message, transfer?: Transferable[], options?: TaskOptions): Promise<Result>;
  /** Threads alive, tasks running, tasks waiting. */
  state(): { threads: number; running: number; waiting: number };
  /** Ends all threads; tasks running or waiting are rejected. */
  close(): void;
}

interface Task<Message, Result> {
  message: Message;
  transfer: Transferable[];
  timeoutMs: number;
  signal?: AbortSignal;
  onAbort?: () => void;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** Longest that a new thread may take to load its modules. */
const STARTUP_MS = 20_000;

type Reply<Result> = { ready: true } | { result: Result } | {
  error: { name: string; message: string; stack?: string };
};

/**
 * Makes a pool of worker threads.
 *
 * An error thrown by a task rejects its promise here as the same built-in class with the same message.
 *
 * @example
 * ```ts ignore
 * const pool = createPool<Uint8Array, number>({ url: new URL("../data/sum_worker.ts", import.meta.url), timeoutMs: 500 });
 * await pool.run(Uint8Array.of(1, 2, 3)); // 6
 * pool.close();
 * ```
 */
export function createPool<Message, Result>(options: PoolOptions): Pool<Message, Result> {
  const { url, size = navigator.hardwareConcurrency, timeoutMs = 30_000, maxQueue = Infinity, setup } =
    options;
  if (!(Number.isInteger(size) && size > 0)) {
    throw new RangeError(`Cannot make a pool of ${size} threads as there must be one or more`);
  }
  const queue: Task<Message, Result>[] = [], idle: Worker[] = [];
  const ready = new WeakSet<Worker>();
  const busy = new Map<Worker, { task: Task<Message, Result>; timer: ReturnType<typeof setTimeout> }>();
  let closed = false;

  function start(): Worker {
    const worker = new Worker(url, { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<Reply<Result>>) => {
      if ("ready" in data) {
        ready.add(worker);
        const job = busy.get(worker);
        if (job) watch(worker, job.task);
        return;
      }
      const task = release(worker);
      if (!task) return; // given up meanwhile
      idle.push(worker);
      if ("result" in data) task.resolve(data.result);
      else task.reject(rebuild(data.error));
      dispatch();
    };
    worker.onerror = (event) => {
      event.preventDefault(); // the error belongs to the task, not to the process
      replace(worker, new Error(`Cannot finish a task as its thread failed: ${event.message}`));
    };
    worker.onmessageerror = () => replace(worker, new TypeError("Cannot read a thread's reply"));
    if (setup !== undefined) worker.postMessage({ setup });
    return worker;
  }

  /** Starts a task's time, anew once its thread has loaded its modules: that is not the task's fault. */
  function watch(worker: Worker, task: Task<Message, Result>): void {
    clearTimeout(busy.get(worker)?.timer);
    const over = () =>
      replace(worker, new TaskTimeoutError(`Cannot finish a task within ${task.timeoutMs} ms`));
    const timer = setTimeout(over, task.timeoutMs + (ready.has(worker) ? 0 : STARTUP_MS));
    busy.set(worker, { task, timer });
  }

  /** Takes a thread's task off it. */
  function release(worker: Worker): Task<Message, Result> | undefined {
    const job = busy.get(worker);
    if (!job) return undefined;
    busy.delete(worker);
    clearTimeout(job.timer);
    if (job.task.onAbort) job.task.signal?.removeEventListener("abort", job.task.onAbort);
    return job.task;
  }

  /** Ends a thread and rejects its task; the next dispatch starts another thread. */
  function replace(worker: Worker, error: unknown): void {
    worker.terminate();
    const task = release(worker), at = idle.indexOf(worker);
    if (at >= 0) idle.splice(at, 1);
    task?.reject(error);
    dispatch();
  }

  function dispatch(): void {
    while (queue.length > 0 && !closed) {
      const worker = idle.pop() ?? (busy.size < size ? start() : undefined);
      if (!worker) return;
      const task = queue.shift()!;
      if (task.onAbort) task.signal?.removeEventListener("abort", task.onAbort);
      task.onAbort = () => replace(worker, task.signal!.reason);
      task.signal?.addEventListener("abort", task.onAbort, { once: true });
      watch(worker, task);
      try {
        worker.postMessage({ message: task.message }, task.transfer);
      } catch (error) { // what cannot be cloned
        release(worker);
        idle.push(worker);
        task.reject(error);
      }
    }
  }

  return {
    run(message, transfer = [], { timeoutMs: limit = timeoutMs, signal } = {}) {
      return new Promise<Result>((resolve, reject) => {
        if (closed) throw new Error("Cannot run a task as the pool is closed");
        signal?.throwIfAborted();
        if (busy.size >= size && queue.length >= maxQueue) {
          throw new PoolFullError(`Cannot run a task as ${queue.length} are waiting, the most allowed`);
        }
        const task: Task<Message, Result> = { message, transfer, timeoutMs: limit, signal, resolve, reject };
        task.onAbort = () => {
          queue.splice(queue.indexOf(task), 1);
          reject(signal!.reason);
        };
        signal?.addEventListener("abort", task.onAbort, { once: true });
        queue.push(task);
        dispatch();
      });
    },
    state: () => ({ threads: idle.length + busy.size, running: busy.size, waiting: queue.length }),
    close() {
      closed = true;
      const error = new Error("Cannot finish a task as the pool was closed");
      for (const worker of [...busy.keys()]) replace(worker, error);
      for (const worker of idle.splice(0)) worker.terminate();
      for (const task of queue.splice(0)) {
        if (task.onAbort) task.signal?.removeEventListener("abort", task.onAbort);
        task.reject(error);
      }
    },
  };
}

/** What a worker's task gives back: the result, and the buffers in it that move instead of being copied. */
export interface TaskResult<Result> {
  /** What `run` resolves to. */
  result: Result;
  /** Buffers inside it. */
  transfer?: Transferable[];
}

/** The part of a worker's global scope that is used here; the library's types describe the main thread. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<{ setup: unknown } | { message: unknown }>) => void) | null;
  postMessage(message: unknown, transfer: Transferable[]): void;
}

/**
 * Makes this worker answer the tasks of a pool; called once, at the top of the worker's module.
 *
 * @param handle Does one task; `setup` is the pool's, or undefined. What it throws reaches the caller of `run`.
 */
export function answerTasks<Message, Result, Setup = undefined>(
  handle: (message: Message, setup: Setup) => TaskResult<Result> | Promise<TaskResult<Result>>,
): void {
  const scope = globalThis as unknown as WorkerScope;
  let setup: unknown;
  scope.onmessage = async ({ data }) => {
    if ("setup" in data) {
      setup = data.setup;
      return;
    }
    try {
      const { result, transfer = [] } = await handle(data.message as Message, setup as Setup);
      scope.postMessage({ result }, transfer);
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      scope.postMessage({ error: { name: error.name, message: error.message, stack: error.stack } }, []);
    }
  };
  scope.postMessage({ ready: true }, []);
}

/** An error that a thread threw, as the built-in class that it was. */
function rebuild({ name, message, stack }: { name: string; message: string; stack?: string }): Error {
  const classes: Record<string, ErrorConstructor> = { SyntaxError, TypeError, RangeError };
  const error = new (classes[name] ?? Error)(message);
  error.name = name;
  if (stack) error.stack = stack;
  return error;
}
