/**
 * What a kind of input is: how an array from a file becomes examples of it. One kind a file in `inputs/`. @module
 */

/** How the values of an array make up examples. */
export interface Layout {
  /** How many examples there are. */
  examples: number;
  /** Shape of each, with channels last. */
  shape: readonly number[];
  /** The array has its bands before rows and columns, and they are to go last. */
  bandsFirst?: boolean;
}

/** One kind of input. */
export interface InputKind {
  readonly kind: string;
  /** In a word or two, for messages: "a picture". */
  readonly noun: string;
  /** Whether a model's input of this shape (without the batch axis) can be of this kind. */
  fits(shape: readonly number[]): boolean;
  /** The shapes that fit, for messages. */
  readonly shapes: string;
  /**
   * How an array from a file is to be taken; undefined if it cannot be of this kind.
   *
   * @param wanted The model's input, without the batch axis; pictures may be larger where they are cropped.
   * @param shape The array's.
   */
  layout(wanted: readonly number[], shape: readonly number[]): Layout | undefined;
}
