/** Drawing inputs for the conformance tests. @module */
import type { tf } from "../../../lib/engine/mod.ts";
import { createRng } from "./_rng.ts";

/** Values for a tensor. */
export interface Input {
  values: number[];
  shape: number[];
  dtype: "float32" | "int32" | "bool";
}

/** Random choices and inputs from a seed. */
export class Draw {
  readonly #rng: () => number;

  constructor(seed: number) {
    this.#rng = createRng(seed);
  }

  /** A whole number from `low` to `high`, both included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.#rng() * (high - low + 1));
  }

  yes(): boolean {
    return this.int(0, 1) === 1;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.int(0, choices.length - 1)];
  }

  shape(rank = this.int(1, 4)): number[] {
    return Array.from({ length: rank }, () => this.int(1, 4));
  }

  /** Floats, none within 0.02 of a whole number: there some functions have a kink or a jump. */
  floats(shape: readonly number[], low = -3, high = 3): Input {
    return this.#input(shape, "float32", () => {
      const value = low + this.#rng() * (high - low);
      return Math.abs(value - Math.round(value)) < 0.02 ? value + 0.04 : value;
    });
  }

  ints(shape: readonly number[], low = -5, high = 5): Input {
    return this.#input(shape, "int32", () => this.int(low, high));
  }

  bools(shape: readonly number[]): Input {
    return this.#input(shape, "bool", () => this.int(0, 1));
  }

  /** Of any type. */
  any(shape: readonly number[], dtype: Input["dtype"] = this.pick(["float32", "int32", "bool"])): Input {
    return dtype === "float32"
      ? this.floats(shape)
      : dtype === "int32"
      ? this.ints(shape)
      : this.bools(shape);
  }

  /** The shape with some sides put to 1, and some leading ones left off: it broadcasts to the whole. */
  narrower(shape: readonly number[]): number[] {
    const sides = shape.map((side) => this.int(0, 3) === 0 ? 1 : side);
    return this.int(0, 3) === 0 ? sides.slice(this.int(0, sides.length)) : sides;
  }

  #input(shape: readonly number[], dtype: Input["dtype"], next: () => number): Input {
    const size = shape.reduce((product, side) => product * side, 1);
    return { values: Array.from({ length: size }, next), shape: [...shape], dtype };
  }
}

/** A function of tensors, its inputs, and whether it has a gradient there. */
export interface OpCase {
  /** What was drawn, for messages. */
  name: string;
  inputs: Input[];
  run: (...inputs: tf.Tensor[]) => tf.Tensor;
  smooth: boolean;
}
