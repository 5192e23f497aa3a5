/**
 * Mixed precision: products and convolutions of a model's layers in bfloat16, all else in float32.
 *
 * A bfloat16 has float32's exponent and 8 bits of mantissa, so that no loss needs to be scaled. Factors are rounded to it, sums
 * within a product are float32's, to which a bias between a convolution and its relu belongs; other biases, norms, activations,
 * losses, optimizers and the weights themselves stay float32.
 * @module
 */
import { hasBfloat16 } from "./processor.ts";
import { activeNative, state } from "./state.ts";

/** In which numbers a compiled step multiplies. */
export type Precision = "float32" | "mixed";

/**
 * Why this machine cannot multiply in mixed precision, as one line; undefined where it can.
 *
 * The backend must be TensorFlow's own library, and the processor must be known to have instructions for bfloat16: without
 * them TensorFlow is slow at best, and on older ones it ends the process.
 *
 * @example
 * ```ts
 * import { mixedPrecisionRefusal, startEngine } from "./mod.ts";
 * await startEngine({ backend: "cpu" });
 * mixedPrecisionRefusal(); // "the cpu backend multiplies float32 only"
 * ```
 */
export function mixedPrecisionRefusal(): string | undefined {
  if (!activeNative()) return `the ${state.backend} backend multiplies float32 only`;
  const hasInstructions = hasBfloat16();
  if (hasInstructions) return undefined;
  return hasInstructions === undefined
    ? "nothing here says whether the processor has instructions for bfloat16"
    : "this processor has no instructions for bfloat16 (avx512_bf16, amx_bf16)";
}
