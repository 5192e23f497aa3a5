/** The global scope of a worker's module, without a directive for its types, which a package may not hold. @module */

/** What a worker's module needs of its global scope. */
export interface WorkerScope {
  /** Takes each message of the owner. */
  onmessage: ((event: MessageEvent) => void) | null;
  /** Sends to the owner; buffers that are transferred are moved instead of copied. */
  postMessage(message: unknown, transfer?: Transferable[]): void;
  /** Ends the worker. */
  close(): void;
}

/** The scope that this module runs in; in a worker only. */
export const workerScope: WorkerScope = globalThis as unknown as WorkerScope;
