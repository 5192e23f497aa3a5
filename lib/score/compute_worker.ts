/** A {@linkcode ComputeUnit} in a worker of its own: messages in, messages out. @module */
import { workerScope } from "../base/worker_scope.ts";
import {
  type ComputeUnit,
  createUnit,
  type Item,
  type ItemResult,
  type ModelSource,
  type UnitOptions,
} from "./compute.ts";
import { warmRuntime } from "./session.ts";

/** What the owner of the worker asks for. */
export type ComputeRequest =
  & { id: number }
  & (
    | { ask: "warm" }
    | { ask: "open"; options: UnitOptions }
    | { ask: "load"; key: string; source: ModelSource }
    | { ask: "unload"; key: string }
    | { ask: "run"; key: string; items: readonly Item[] }
  );

/** What the worker answers: a value, or why there is none. */
export type ComputeReply = { id: number; value?: unknown; error?: string };

let unit: ComputeUnit;

function answer(request: ComputeRequest): Promise<unknown> | void {
  switch (request.ask) {
    case "warm":
      return warmRuntime();
    case "open":
      unit = createUnit(request.options);
      return;
    case "load":
      return unit.load(request.key, request.source);
    case "unload":
      return unit.unload(request.key);
    case "run":
      return unit.run(request.key, request.items);
  }
}

/** The buffers of a batch's results, each owned by one result alone. */
function buffersOf(results: readonly ItemResult[]): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const result of results) {
    if ("tensors" in result) {
      for (const { data } of result.tensors) buffers.add(data.buffer as ArrayBuffer);
    } else if ("view" in result) {
      for (const view of result.view ?? []) buffers.add(view.buffer as ArrayBuffer);
    }
  }
  return [...buffers];
}

let last: Promise<void> = Promise.resolve();

/** Requests are answered one after the other, in the order they came: a batch never runs before its model is loaded. */
workerScope.onmessage = ({ data }: MessageEvent<ComputeRequest>) => {
  last = last.then(async () => {
    try {
      const value = await answer(data);
      const report = value as { results?: ItemResult[] } | undefined;
      workerScope.postMessage({ id: data.id, value }, buffersOf(report?.results ?? []));
    } catch (error) {
      workerScope.postMessage({ id: data.id, error: error instanceof Error ? error.message : String(error) });
    }
  });
};
