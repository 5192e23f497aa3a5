/** The threads' side of a pool: what a worker's module calls to do a pool's tasks. @module */
import { parentPort } from "node:worker_threads";

/** What a thread is sent. */
export type TaskOrder = { setup: unknown } | { message: unknown };

/** What a thread sends: that its modules are loaded, and then one reply a task. */
export type TaskReply =
  | { ready: true }
  | { result: unknown }
  | { error: { name: string; message: string; stack?: string } };

/** What a worker's task gives back: the result, and the buffers in it that move instead of being copied. */
export interface TaskResult<Result> {
  /** What `run` resolves to. */
  result: Result;
  /** Buffers inside it. */
  transfer?: Transferable[];
}

/** The part of a worker's global scope that is used here; the library's types describe the main thread. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<TaskOrder>) => void) | null;
  postMessage(message: unknown, transfer: Transferable[]): void;
}

/** Where this thread's messages come from and go to, in a thread of either kind. */
function openChannel(
  receive: (order: TaskOrder) => void,
): (reply: TaskReply, transfer?: Transferable[]) => void {
  if (parentPort) {
    const port = parentPort;
    // From a timer, as Deno does not report that memory ran out while a message was handled.
    port.on("message", (order: TaskOrder) => setTimeout(receive, 0, order));
    return (reply, transfer = []) => port.postMessage(reply, transfer as ArrayBuffer[]);
  }
  const scope = globalThis as unknown as WorkerScope;
  scope.onmessage = ({ data }) => receive(data);
  return (reply, transfer = []) => scope.postMessage(reply, transfer);
}

/**
 * Makes this worker answer the tasks of a pool; called once, at the top of the worker's module.
 *
 * @param handle Does one task; `setup` is the pool's, or undefined. What it throws reaches the caller of `run`.
 */
export function answerTasks<Message, Result, Setup = undefined>(
  handle: (message: Message, setup: Setup) => TaskResult<Result> | Promise<TaskResult<Result>>,
): void {
  let setup: unknown;
  const send = openChannel(async (order) => {
    if ("setup" in order) {
      setup = order.setup;
      return;
    }
    try {
      const { result, transfer } = await handle(order.message as Message, setup as Setup);
      send({ result }, transfer);
    } catch (thrown) {
      const { name, message, stack } = thrown instanceof Error ? thrown : new Error(String(thrown));
      send({ error: { name, message, stack } });
    }
  });
  send({ ready: true });
}
