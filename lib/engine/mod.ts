/**
 * The engine: TensorFlow.js made fast on Deno.
 * @module
 */
import "./inspect.ts";
import "./layers/convolution_layers.ts";
import "./ops/gradients.ts";
import "./layers/layer_overrides.ts";

export { tf } from "./tf.ts";
export { type EngineOptions, type EngineReport, engineReport, startEngine } from "./start.ts";
export {
  compile,
  type Compiled,
  type CompileOptions,
  type FunctionProfile,
  type TensorTree,
} from "./compile.ts";
export { afterAll } from "./after_all.ts";
export { onePass, prepareOnePass } from "./one_pass.ts";
export { freezeGraph, type NamedTensors } from "./freeze.ts";
export { type Held, type HeldData, takeRows, toDevice } from "./held.ts";
export { type LastActivation, lastActivations, logitOutputs, outputNames } from "./last_activation.ts";
export { type ApplyOptions, applySharded, splitBatch } from "./shards.ts";
export type { OpRun } from "./native/step_stats.ts";
export { mixedPrecisionRefusal, type Precision } from "./precision.ts";
export { type Tuning, useTuning, type Way } from "./ops/convolution_way.ts";
export { processorName } from "./processor.ts";
export { tuneConvolutions, type TuneOptions } from "./tune.ts";
export { inFloat32, inPart } from "./trace_scope.ts";
export * as random from "./random/random.ts";
export * as losses from "./ops/losses.ts";
export { withoutGradient } from "./ops/without_gradient.ts";
export { affine, type AffineOptions, type AffineSizeOptions } from "./ops/affine.ts";
export { gatherRows } from "./ops/gather_rows.ts";
export { type Border, type ImagePlace, resampleAffine, resampleAt, type Sampling } from "./ops/resample.ts";
export { convolveStrided } from "./ops/strided_convolution.ts";
export { warp } from "./ops/warp.ts";
export { builtModel } from "./model_graph.ts";
export {
  breakPoint,
  gatherFromWorkers,
  sumOverWorkers,
  timingExchange,
  workerCount,
} from "./workers/collectives.ts";
export type { WorkerGroup } from "./workers/server_def.ts";
export { evenParts, rowsOfAll, type StepRows, withStepRows } from "./workers/step_rows.ts";
export type { Doing } from "./workers/hub.ts";
export { type Joined, type JoinOptions, joinWorkers, type Place } from "./workers/join.ts";
export { slurmPlace } from "./workers/slurm_place.ts";
export { deviceCount, onShardsDevice } from "./devices.ts";
