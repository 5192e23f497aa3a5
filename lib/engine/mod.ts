/**
 * The engine: TensorFlow.js made fast on Deno.
 * @module
 */
export { tf } from "./tf.ts";
export { type EngineOptions, type EngineReport, engineReport, startEngine } from "./start.ts";
export { compile, type Compiled, type TensorTree } from "./compile.ts";
export { type Held, type HeldData, hold, takeRows } from "./held.ts";
