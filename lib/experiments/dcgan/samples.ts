/** What the generator makes of the same noise, epoch after epoch. @module */
import type { NdArray } from "../../data/source.ts";
import { fromArrays } from "../../data/source.ts";
import type { tf } from "../../engine/mod.ts";
import { type Callback, predict } from "../../train/mod.ts";

/** Images of one epoch in grey, [images, height, width]. */
export interface EpochSamples {
  epoch: number;
  pixels: Uint8Array;
}

/** Values in [-1, 1] as grey levels. */
export function toGreyLevels(values: Float32Array): Uint8Array {
  return Uint8Array.from(values, (value) => Math.round(Math.min(1, Math.max(0, (value + 1) / 2)) * 255));
}

/**
 * Keeps what a generator makes of some noise after every epoch; the history's `states.samples` has it.
 *
 * @param noise [images, latent].
 */
export function keepSamples(generator: tf.LayersModel, noise: NdArray<Float32Array>): Callback {
  let kept: { epoch: number; pixels: string }[] = [];
  return {
    name: "samples",
    begin() {
      kept = [];
    },
    async onEpoch({ epoch }) {
      const [{ data }] = Object.values(await predict(generator, fromArrays({ noise }), { batch: 64 }));
      kept.push({ epoch, pixels: toGreyLevels(data).toBase64() });
    },
    state: () => kept,
    restore(saved) {
      kept = [...saved as typeof kept];
    },
  };
}

/** Reads what {@linkcode keepSamples} kept. */
export function readSamples(state: unknown): EpochSamples[] {
  return (state as { epoch: number; pixels: string }[] ?? [])
    .map(({ epoch, pixels }) => ({ epoch, pixels: Uint8Array.fromBase64(pixels) }));
}
