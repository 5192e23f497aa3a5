/**
 * Augmentation inside a compiled step: drawn once for a batch, applied to every array of it by tensor ops.
 * @module
 */
import { affine, gatherRows, tf, warp } from "../engine/mod.ts";
import { TENSORS } from "./algebra.ts";
import { perExample } from "./broadcast.ts";
import { drawTensor } from "./laws.ts";
import { type Motion, resampling, REST, then } from "./motion.ts";
import { checkFollowers, checkMix, drawsOf, lawsOf, plan, siteOf, type Stage } from "./plan.ts";
import type { ArraySite, Resampling, Role, Site } from "./step.ts";
import { type AugmentationStep, parseAugmentation, type ParsedStep } from "./steps.ts";

/** A tensor of a batch, and what it is to the steps. */
export interface AlignedTensor {
  /** [batch, …] */
  tensor: tf.Tensor;
  role: Role;
  /**
   * How values change where images move, such as the angle of a track: takes this tensor and the motion, each of its
   * numbers [batch]; see {@linkcode Motion}. Called once for every row of motions in the list.
   */
  follow?: (values: tf.Tensor, motion: Motion<tf.Tensor>) => tf.Tensor;
}

/** All arrays of a batch that are to stay true to each other. */
export type Aligned = Readonly<Record<string, AlignedTensor>>;

/** What was drawn for a batch: tensors [batch, …] by the step's place in the list and the draw's name, `0.degrees`. */
export type Draws = Readonly<Record<string, tf.Tensor>>;

/** A list of steps, ready for a batch. */
export interface Augmentation {
  /** The steps with their defaults filled in. */
  readonly steps: readonly ParsedStep[];
  /** Whether a step mixes examples, so that it needs the whole batch at once. */
  readonly mixes: boolean;
  /** Draws for a batch of arrays of these roles and shapes (of one example). */
  sample(batch: number, arrays: Readonly<Record<string, ArraySite>>): Draws;
  /** Applies draws to a whole batch; the same draws give the same result. */
  apply(arrays: Aligned, draws: Draws): Aligned;
  /**
   * Applies draws of a whole batch to its shards, in order. Steps that mix examples mix across shards, so what comes
   * out never depends on how the batch was cut.
   */
  applyShards(shards: readonly Aligned[], draws: Draws): Aligned[];
}

/**
 * Makes an augmentation of a list of steps, for use inside a compiled step.
 *
 * Shapes: images [batch, height, width, bands] or [batch, frames, height, width, bands], all frames and bands by one
 * draw; other arrays by their {@linkcode Role}. Tensors that come in stay the caller's, those that come out become it.
 * Not differentiable.
 *
 * @throws {TypeError} If a step is not one; when applied, if an array does not fit its role.
 * @throws {RangeError} When applied, if a step does not fit the images.
 * @example An image and its mask, turned alike
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const turned = augmentation([{ op: "flip", horizontal: true }, { op: "rotate", degrees: 10 }]);
 * const arrays = {
 *   image: { tensor: tf.ones([2, 8, 8, 3]), role: "image" },
 *   mask: { tensor: tf.ones([2, 8, 8], "int32"), role: "mask" },
 * } as const;
 * const draws = turned.sample(2, {
 *   image: { role: "image", shape: [8, 8, 3] },
 *   mask: { role: "mask", shape: [8, 8] },
 * });
 * turned.apply(arrays, draws).mask.tensor.shape; // [2, 8, 8]
 * ```
 */
export function augmentation(steps: readonly AugmentationStep[]): Augmentation {
  const parsed = parseAugmentation(steps);
  const applyShards = (shards: readonly Aligned[], draws: Draws): Aligned[] =>
    tf.tidy(() => {
      const first = Object.entries(shards[0]).map(([name, { tensor, role }]) =>
        [name, { role, shape: tensor.shape.slice(1) }] as const
      );
      const sizes = shards.map((shard) => Object.values(shard)[0].tensor.shape[0]);
      const site = siteOf(sizes.reduce((sum, size) => sum + size, 0), Object.fromEntries(first));
      let parts: readonly Aligned[] = shards;
      for (const stage of plan(parsed, site)) parts = applyStage(stage, parts, sizes, draws);
      return parts.map((part, i) => owned(part, shards[i])) as never;
    }) as Aligned[];
  return {
    steps: parsed,
    mixes: parsed.some(({ op }) => op === "blend" || op === "mixup" || op === "cutmix"),
    sample(batch, arrays) {
      const laws = lawsOf(plan(parsed, siteOf(batch, arrays)));
      return Object.fromEntries(Object.entries(laws).map(([name, law]) => [name, drawTensor(law, batch)]));
    },
    apply: (arrays, draws) => applyShards([arrays], draws)[0],
    applyShards,
  };
}

/** Clones what no step touched, so that all that comes out is the caller's. */
function owned(after: Aligned, before: Aligned): Aligned {
  return mapped(
    after,
    (array, name) => array.tensor === before[name].tensor ? tf.clone(array.tensor) : array.tensor,
  );
}

function mapped(arrays: Aligned, change: (array: AlignedTensor, name: string) => tf.Tensor): Aligned {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, array]) => [name, { ...array, tensor: change(array, name) }]),
  );
}

/** The draws that a shard's examples have. */
function sliced(draws: Draws, from: number, size: number): Draws {
  return Object.fromEntries(
    Object.entries(draws).map(([name, draw]) => {
      if (size === draw.shape[0]) return [name, draw];
      const begin = draw.shape.map((_, axis) => axis === 0 ? from : 0);
      return [name, tf.slice(draw, begin, [size, ...draw.shape.slice(1)])];
    }),
  );
}

function applyStage(
  stage: Stage,
  parts: readonly Aligned[],
  sizes: readonly number[],
  draws: Draws,
): readonly Aligned[] {
  if (stage.kind === "mix") return mix(stage, parts, sizes, draws);
  let from = 0;
  return parts.map((part, i) => {
    const own = stageDraws(stage, draws, from, sizes[i]);
    from += sizes[i];
    const site = { ...stage.site, batch: sizes[i] };
    if (stage.kind === "move") return move({ ...stage, site }, part, own);
    if (stage.kind === "warp") return bend({ ...stage, site }, part, own[0]);
    return mapped(
      part,
      ({ tensor, role }, name) =>
        role === "image" ? stage.does.tensor(stage.step, floats(tensor), own[0], name) : tensor,
    );
  });
}

/** Draws of each step of a stage for the examples of a shard. */
function stageDraws(stage: Stage, draws: Draws, from: number, size: number): Draws[] {
  if (stage.kind !== "move") {
    return [sliced(drawsOf(draws, stage.index, stage.does.laws(stage.step, stage.site)), from, size)];
  }
  return stage.members.map(({ index, step, kind }) =>
    sliced(drawsOf(draws, index, kind.laws(step, stage.onGrid)), from, size)
  );
}

function floats(tensor: tf.Tensor): tf.Tensor {
  return tensor.dtype === "float32" ? tensor : tf.cast(tensor, "float32");
}

// --- motions -------------------------------------------------------------------------------------------------------

type MoveStage = Extract<Stage, { kind: "move" }>;

function move(stage: MoveStage, part: Aligned, draws: readonly Draws[]): Aligned {
  const { site, window, members } = stage, { batch } = site;
  let motion: Motion<tf.Tensor> = REST;
  members.forEach(({ step, kind }, i) =>
    motion = then(motion, kind.motion(step, draws[i], TENSORS), TENSORS)
  );
  const column = (value: tf.Tensor | number) => typeof value === "number" ? tf.fill([batch], value) : value;
  // TensorFlow reverses faster than it samples; in JavaScript it is the other way round by far.
  const exchanges = stage.flipsOnly && (members.length === 0 || tf.getBackend() === "tensorflow");
  let transforms: tf.Tensor2D | undefined;
  const asTransforms = () =>
    transforms ??= tf.stack(
      [...resampling(motion, [site.height, site.width], window, TENSORS), 0, 0].map(column),
      1,
    ) as tf.Tensor2D;
  return mapped(part, ({ tensor, role, follow }) => {
    if (role === "points") return movePoints(tensor, motion, site, window);
    if (role === "image" || role === "mask") {
      return exchanges ? cut(flipped(tensor, draws), stage) : onPlanes(tensor, batch, (planes, frames) => {
        const rule = { ...stage.resampling };
        if (role === "mask") rule.value = 0;
        if (role === "mask" || stage.onGrid) rule.interpolation = "nearest";
        return moved(planes, repeated(asTransforms(), frames) as tf.Tensor2D, rule, window);
      });
    }
    if (!follow || members.length === 0) return tensor;
    const { xx, xy, yx, yy, x, y } = motion;
    return follow(tensor, {
      xx: column(xx),
      xy: column(xy),
      yx: column(yx),
      yy: column(yy),
      x: column(x),
      y: column(y),
    });
  });
}

/** Flips by exchanging pixels: no sampling, no rounding, any type. */
function flipped(tensor: tf.Tensor, draws: readonly Draws[]): tf.Tensor {
  const rows = tensor.rank === 3 ? 1 : tensor.rank - 3, columns = rows + 1;
  const turned = tensor.shape.map((_, axis) => axis === rows ? columns : axis === columns ? rows : axis);
  const ways = {
    horizontal: (x: tf.Tensor) => tf.reverse(x, columns),
    vertical: (x: tf.Tensor) => tf.reverse(x, rows),
    transpose: (x: tf.Tensor) => tf.transpose(x, turned),
  };
  let result = tensor;
  for (const drawn of draws) {
    for (const way of ["horizontal", "vertical", "transpose"] as const) {
      if (!drawn[way]) continue;
      const some = perExample(tf.greater(drawn[way], 0.5), tensor.rank);
      result = tf.where(some, ways[way](result), result);
    }
  }
  return result;
}

/** Keeps the window of a stage. */
function cut(tensor: tf.Tensor, { window, site }: MoveStage): tf.Tensor {
  if (window.height === site.height && window.width === site.width) return tensor;
  const rows = tensor.rank === 3 ? 1 : tensor.rank - 3;
  const begin = tensor.shape.map((_, axis) =>
    axis === rows ? window.top : axis === rows + 1 ? window.left : 0
  );
  const size = tensor.shape.map((side, axis) =>
    axis === rows ? window.height : axis === rows + 1 ? window.width : side
  );
  return tf.slice(tensor, begin, size);
}

/** Runs `change` on float32 [batch · frames, height, width, bands] and gives back the tensor's own rank and type. */
function onPlanes(
  tensor: tf.Tensor,
  batch: number,
  change: (planes: tf.Tensor4D, frames: number) => tf.Tensor4D,
): tf.Tensor {
  const { rank, shape, dtype } = tensor;
  const [height, width] = rank === 3 ? shape.slice(1) : shape.slice(-3);
  const frames = rank === 5 ? shape[1]! : 1, bands = rank === 3 ? 1 : shape[rank - 1];
  const planes = tf.reshape(floats(tensor), [batch * frames, height, width, bands]) as tf.Tensor4D;
  const result = change(planes, frames), [, rows, columns] = result.shape;
  const back = rank === 3
    ? [batch, rows, columns]
    : [batch, ...(rank === 5 ? [frames] : []), rows, columns, bands];
  const values = tf.reshape(result, back);
  return dtype === "float32" ? values : tf.cast(tf.round(values), dtype);
}

/** [batch, …] with each example as often as it has frames: [batch · frames, …]. */
function repeated(tensor: tf.Tensor, frames: number): tf.Tensor {
  if (frames === 1) return tensor;
  const [batch, ...rest] = tensor.shape;
  const tiled = tf.tile(tf.reshape(tensor, [batch, 1, ...rest]), [1, frames, ...rest.map(() => 1)]);
  return tf.reshape(tiled, [batch * frames, ...rest]);
}

function moved(
  planes: tf.Tensor4D,
  transforms: tf.Tensor2D,
  { fill, value, interpolation }: Resampling,
  { height, width }: { height: number; width: number },
): tf.Tensor4D {
  const options = { interpolation, fillMode: fill, fillValue: value };
  if (fill !== "wrap") return affine(planes, transforms, { ...options, size: [height, width] });
  // TensorFlow's own wrap has the wrong period: the places are worked out here.
  const [a, b, c, d, e, f] = tf.unstack(transforms, 1).map((column) => tf.reshape(column, [-1, 1, 1]));
  const x = tf.reshape(tf.range(0, width), [1, 1, width]),
    y = tf.reshape(tf.range(0, height), [1, height, 1]);
  const columns = tf.add(tf.add(tf.mul(a, x), tf.mul(b, y)), c);
  const rows = tf.add(tf.add(tf.mul(d, x), tf.mul(e, y)), f);
  return warp(planes, tf.stack([rows, columns], 3) as tf.Tensor4D, options);
}

function movePoints(
  points: tf.Tensor,
  motion: Motion<tf.Tensor>,
  { height, width }: Site,
  window: { top: number; left: number },
): tf.Tensor {
  const { add, sub, mul } = TENSORS, columns = tf.unstack(floats(points), 2); // each [batch, points]
  const [row, column] = columns.slice(-2), middleY = (height - 1) / 2, middleX = (width - 1) / 2;
  const wide = (value: tf.Tensor | number) => typeof value === "number" ? value : tf.expandDims(value, 1);
  const y = sub(row, middleY), x = sub(column, middleX);
  const through = (p: tf.Tensor | number, q: tf.Tensor | number, shift: tf.Tensor | number, to: number) =>
    add(add(add(mul(wide(p), x), mul(wide(q), y)), wide(shift)), to) as tf.Tensor;
  const moved = [
    through(motion.yx, motion.yy, motion.y, middleY - window.top),
    through(motion.xx, motion.xy, motion.x, middleX - window.left),
  ];
  return tf.stack([...columns.slice(0, -2), ...moved], 2);
}

// --- elastic deformation -------------------------------------------------------------------------------------------

/** Rounds of finding where a point went: each halves the error many times over for bends that do not fold. */
const ROUNDS = 5;

function bend(stage: Extract<Stage, { kind: "warp" }>, part: Aligned, draws: Draws): Aligned {
  const { site, resampling: { fill, value, interpolation } } = stage, { batch, height, width } = site;
  const bends = stage.does.tensor(stage.step, site, draws) as tf.Tensor4D; // [batch, height, width, 2]
  const rows = tf.reshape(tf.range(0, height), [1, height, 1]),
    columns = tf.reshape(tf.range(0, width), [1, 1, width]);
  const grid = tf.stack([
    tf.tile(rows, [1, 1, width]),
    tf.tile(columns, [1, height, 1]),
  ], 3);
  const places = tf.add(grid, bends) as tf.Tensor4D;
  return mapped(part, ({ tensor, role }) => {
    if (role === "image" || role === "mask") {
      return onPlanes(
        tensor,
        batch,
        (planes, frames) =>
          warp(planes, repeated(places, frames) as tf.Tensor4D, {
            fillMode: fill,
            fillValue: role === "mask" ? 0 : value,
            interpolation: role === "mask" ? "nearest" : interpolation,
          }),
      );
    }
    if (role !== "points") return tensor;
    const split = tensor.shape[2]! - 2, count = tensor.shape[1]!;
    const before = tf.slice(floats(tensor), [0, 0, split], [batch, count, 2]);
    let after = before;
    for (let round = 0; round < ROUNDS; round++) {
      const at = tf.reshape(after, [batch, count, 1, 2]) as tf.Tensor4D;
      after = tf.sub(before, tf.reshape(warp(bends, at, { fillMode: "nearest" }), [batch, count, 2]));
    }
    return split === 0
      ? after
      : tf.concat([tf.slice(floats(tensor), [0, 0, 0], [batch, count, split]), after], 2);
  });
}

// --- mixtures ------------------------------------------------------------------------------------------------------

function mix(
  stage: Extract<Stage, { kind: "mix" }>,
  parts: readonly Aligned[],
  sizes: readonly number[],
  draws: Draws,
): Aligned[] {
  const { step, does, site } = stage;
  const own = drawsOf(draws, stage.index, does.laws(step, site));
  checkFollowers(step, Object.values(parts[0]).map(({ role }) => role));
  const partners = tf.unstack(tf.cast(own.partner, "int32"), 1);
  const results: Record<string, tf.Tensor>[] = parts.map(() => ({}));
  for (const [name, { role, tensor: { dtype } }] of Object.entries(parts[0])) {
    const tensors = parts.map((part) => part[name].tensor);
    checkMix(step, does.blendsMasks, name, role, dtype !== "float32" && role !== "image");
    if (role !== "image" && role !== "mask" && role !== "label") continue;
    const whole = tensors.length === 1 ? tensors[0] : tf.concat(tensors, 0);
    const values = role === "image" ? floats(whole) : whole;
    const others = partners.map((rows) => gatherRows(values, rows));
    const mixed = does.tensor(step, site, role, values, others, own);
    const cuts = tensors.length === 1 ? [mixed] : tf.split(mixed, [...sizes], 0);
    cuts.forEach((part, i) => results[i][name] = part);
  }
  return parts.map((part, i) => mapped(part, ({ tensor }, name) => results[i][name] ?? tensor));
}
