/**
 * To which part of a step the ops of a trace belong, those of its gradient among them: a profile tells by it where time goes, and
 * mixed precision is the layers' alone.
 * @module
 */
import type { TraceScope } from "./native/native_trace.ts";
import { state } from "./state.ts";
import { tf } from "./tf.ts";

/** What is read of TensorFlow.js's gradient tape. */
interface TapeNode {
  gradient?: (dys: unknown) => Record<string, () => tf.Tensor>;
}

function tape(): TapeNode[] | undefined {
  return (tf.engine() as unknown as { state: { activeTape?: TapeNode[] } }).state.activeTape;
}

/** Runs `fn` with the trace in another scope. */
function within<T>(scope: TraceScope, fn: () => T): T {
  const tracer = state.tracer!, outer = tracer.scope;
  tracer.scope = scope;
  try {
    return fn();
  } finally {
    tracer.scope = outer;
  }
}

/** Has the gradient of what was taken down go where the op itself went. */
function keepScope(node: TapeNode, scope: TraceScope): void {
  const { gradient } = node, backward = { ...scope, gradient: true };
  if (!gradient) return;
  node.gradient = (dys) => {
    const slopes = within(backward, () => gradient(dys));
    return Object.fromEntries(
      Object.entries(slopes).map(([input, slope]) => [input, () => within(backward, slope)]),
    );
  };
}

/** Runs `fn`, so that its ops in a trace, and later their gradients, are in this scope; outside of traces it just runs. */
function inScope<T>(change: (outer: TraceScope) => TraceScope, fn: () => T): T {
  if (!state.tracer) return fn();
  const scope = change(state.tracer.scope), before = tape()?.length ?? 0;
  const result = within(scope, fn);
  // Nodes that an inner scope has wrapped already keep it, since it is the last to be entered.
  for (const node of tape()?.slice(before) ?? []) keepScope(node, scope);
  return result;
}

/** Runs `fn` as part of a layer. */
export function inLayer<T>(name: string, fn: () => T): T {
  return inScope(
    ({ part, layer, ...outer }) => ({
      ...outer,
      part: part && layer ? `${part}/${name}` : name,
      layer: true,
    }),
    fn,
  );
}

/**
 * Runs `fn` as a part of a step that is no layer, such as its optimizer: a profile counts it under this name.
 *
 * @example
 * ```ts
 * import { inPart, startEngine } from "./mod.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * inPart("loss", () => tf.square(3)).dataSync(); // 9
 * ```
 */
export function inPart<T>(name: string, fn: () => T): T {
  return inScope((outer) => outer.layer ? outer : { ...outer, part: name }, fn);
}

/**
 * Runs `fn` with products in float32, those of its gradient too, where the rest of a layer may be in mixed precision: for moments,
 * norms and whatever subtracts large numbers.
 *
 * @example
 * ```ts
 * import { inFloat32, startEngine } from "./mod.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * inFloat32(() => tf.matMul(tf.ones([1, 3]), tf.ones([3, 1]))).dataSync(); // 3
 * ```
 */
export function inFloat32<T>(fn: () => T): T {
  return inScope((outer) => ({ ...outer, exact: true }), fn);
}
