/**
 * Worker threads for work that may hang or die: a task beyond its time or memory takes its thread down with it, and a
 * fresh thread takes its place. A pool that has nothing to do ends its threads, so that it never holds a process.
 *
 * The worker's module calls `answerTasks` of `worker_task.ts` once; this side calls {@linkcode createPool}. @module
 */
import { startThread, type Thread, ThreadMemoryError } from "./_thread.ts";
import type { TaskReply } from "./worker_task.ts";

export { ThreadMemoryError };

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
  /**
   * Longest that a thread may be without a task before it ends, in milliseconds; a new one starts in some 20 ms. Where a
   * process must not wait for it, close the pool. @default {500}
   */
  idleMs?: number;
  /**
   * Most memory of a thread's own objects, in MB; typed arrays do not count, and V8 notices many small objects better
   * than few large ones. Threads with a limit copy what is posted slowly: send and return large arrays in shared memory.
   *
   * @default {no limit}
   */
  heapMegabytes?: number;
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
   * @throws {ThreadMemoryError} (rejects) If it takes more memory than `heapMegabytes`.
   */
  run(message: Message, transfer?: Transferable[], options?: TaskOptions): Promise<Result>;
  /** Threads alive, tasks running, tasks waiting. */
  state(): { threads: number; running: number; waiting: number };
  /** Ends all threads; tasks running or waiting are rejected. */
  close(): void;
}

type Timer = ReturnType<typeof setTimeout>;

interface Task<Message, Result> {
  message: Message;
  transfer: Transferable[];
  timeoutMs: number;
  signal?: AbortSignal;
  onAbort?: () => void;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** A thread of the pool, and what it does. */
interface Member<Message, Result> {
  thread: Thread;
  /** Its modules are loaded; a task's time does not count before. */
  isReady: boolean;
  task?: Task<Message, Result>;
  /** Ends its task when that takes too long, or the thread when it has long had none. */
  timer?: Timer;
}

/** Longest that a new thread may take to load its modules. */
const STARTUP_MS = 60_000;

/**
 * Makes a pool of worker threads.
 *
 * An error thrown by a task rejects its promise here as the same built-in class with the same message.
 *
 * @throws {RangeError} If `size` is not a positive whole number.
 * @example
 * ```ts ignore
 * const pool = createPool<Uint8Array, number>({ url: new URL("../data/sum_worker.ts", import.meta.url), timeoutMs: 500 });
 * await pool.run(Uint8Array.of(1, 2, 3)); // 6
 * pool.close();
 * ```
 */
export function createPool<Message, Result>(options: PoolOptions): Pool<Message, Result> {
  const { url, size = navigator.hardwareConcurrency, timeoutMs = 30_000, maxQueue = Infinity } = options;
  const { setup, idleMs = 500, heapMegabytes } = options;
  if (!(Number.isInteger(size) && size > 0)) {
    throw new RangeError(`Cannot make a pool of ${size} threads as there must be one or more`);
  }
  const queue: Task<Message, Result>[] = [];
  const members = new Set<Member<Message, Result>>();
  let closed = false;

  function start(): Member<Message, Result> {
    const thread = startThread(url, {
      onMessage: (data) => receive(member, data as TaskReply),
      onFailure: (error) => lose(member, error),
    }, heapMegabytes);
    const member: Member<Message, Result> = { thread, isReady: false };
    members.add(member);
    if (setup !== undefined) thread.post({ setup }, []);
    return member;
  }

  function receive(member: Member<Message, Result>, reply: TaskReply): void {
    if ("ready" in reply) {
      member.isReady = true;
      if (member.task) watch(member, member.task);
      return;
    }
    const task = release(member);
    if (!task) return; // given up meanwhile
    if ("result" in reply) task.resolve(reply.result as Result);
    else task.reject(rebuild(reply.error));
    dispatch();
    if (!member.task) rest(member);
  }

  /** Starts a task's time, anew once its thread has loaded its modules: that is not the task's fault. */
  function watch(member: Member<Message, Result>, task: Task<Message, Result>): void {
    clearTimeout(member.timer);
    const over = () => lose(member, new TaskTimeoutError(`Cannot finish a task within ${task.timeoutMs} ms`));
    member.timer = setTimeout(over, task.timeoutMs + (member.isReady ? 0 : STARTUP_MS));
  }

  /** Lets a thread without work end some time later, and the process at once if nothing else holds it. */
  function rest(member: Member<Message, Result>): void {
    member.thread.setBusy(false);
    if (idleMs === Infinity) return;
    member.timer = setTimeout(() => lose(member), idleMs);
    Deno.unrefTimer(member.timer);
  }

  /** Takes a thread's task off it. */
  function release(member: Member<Message, Result>): Task<Message, Result> | undefined {
    const { task } = member;
    clearTimeout(member.timer);
    member.task = undefined;
    if (task?.onAbort) task.signal?.removeEventListener("abort", task.onAbort);
    return task;
  }

  /** Ends a thread and rejects its task, if it has one; the next dispatch starts another thread. */
  function lose(member: Member<Message, Result>, error?: unknown): void {
    if (!members.delete(member)) return;
    member.thread.end();
    release(member)?.reject(error);
    dispatch();
  }

  function dispatch(): void {
    while (queue.length > 0 && !closed) {
      const idle = [...members].find(({ task }) => !task) ?? (members.size < size ? start() : undefined);
      if (!idle) return;
      assign(idle, queue.shift()!);
    }
  }

  function assign(member: Member<Message, Result>, task: Task<Message, Result>): void {
    const { signal } = task;
    if (task.onAbort) signal?.removeEventListener("abort", task.onAbort);
    task.onAbort = () => lose(member, signal!.reason);
    signal?.addEventListener("abort", task.onAbort, { once: true });
    member.task = task;
    member.thread.setBusy(true);
    watch(member, task);
    try {
      member.thread.post({ message: task.message }, task.transfer);
    } catch (error) { // what cannot be cloned
      release(member);
      rest(member);
      task.reject(error);
    }
  }

  return {
    run(message, transfer = [], { timeoutMs: limit = timeoutMs, signal } = {}) {
      return new Promise<Result>((resolve, reject) => {
        if (closed) throw new Error("Cannot run a task as the pool is closed");
        signal?.throwIfAborted();
        const running = runningOf(members);
        if (running >= size && queue.length >= maxQueue) {
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
    state: () => ({ threads: members.size, running: runningOf(members), waiting: queue.length }),
    close() {
      closed = true;
      const error = new Error("Cannot finish a task as the pool was closed");
      for (const member of [...members]) lose(member, error);
      for (const task of queue.splice(0)) {
        if (task.onAbort) task.signal?.removeEventListener("abort", task.onAbort);
        task.reject(error);
      }
    },
  };
}

function runningOf(members: Iterable<{ task?: unknown }>): number {
  return [...members].filter(({ task }) => task).length;
}

/** An error that a thread threw, as the built-in class that it was. */
function rebuild({ name, message, stack }: { name: string; message: string; stack?: string }): Error {
  const classes: Record<string, ErrorConstructor> = { SyntaxError, TypeError, RangeError };
  const error = new (classes[name] ?? Error)(message);
  error.name = name;
  if (stack) error.stack = stack;
  return error;
}
