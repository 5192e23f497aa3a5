/**
 * What a kind of output is: everything that reading, printing, drawing, documenting and explaining an output needs to
 * know of it, so that nobody else knows any kind. One kind a file in `outputs/`. @module
 */
import type { z } from "../base/zod.ts";

/** A JSON schema, as OpenAPI has it. */
export type JsonSchema = Record<string, unknown>;

/** One example's part of an output tensor. */
export interface Row {
  /** Without the batch axis. */
  shape: readonly number[];
  /** Row-major. */
  data: ArrayLike<number>;
}

/** One bar of a share, from 0 to 1. */
export interface DisplayBar {
  label: string;
  share: number;
  /** From which share on the label is given, where there is such a threshold. */
  threshold?: number;
}

/** What a colour means: red, green and blue from 0 to 255. */
export interface LegendEntry {
  label: string;
  color: readonly [red: number, green: number, blue: number];
}

/** A label for each place of the input, for whoever draws what is there. */
export interface DisplayMarks {
  /** Number of each place's label, row-major. */
  places: Uint8Array;
  /** The labels by their numbers. */
  legend: LegendEntry[];
}

/** Something to look at. */
export interface DisplayPicture {
  height: number;
  width: number;
  /** 1 grey, 3 RGB, 4 RGB and opacity. */
  channels: 1 | 3 | 4;
  data: Uint8Array;
  /** Whether it is laid over the input (a mask) or stands beside it (an image). */
  over: boolean;
  /** What its colours mean. */
  legend?: LegendEntry[];
}

/** An answer for eyes, in terms that a page, a report or a terminal draws without knowing the kind. */
export interface Display {
  /** In one line. */
  text: string;
  bars?: DisplayBar[];
  picture?: DisplayPicture;
  marks?: DisplayMarks;
}

/** What a file of an answer's array holds. */
export interface AnswerArray {
  data: Float32Array | Uint8Array;
  shape: readonly number[];
}

/** How a report compares predictions of a kind with the truth. */
export type ReportDrawing = "confusion" | "roc" | "regression" | "masks" | "images" | "none";

/**
 * One kind of output.
 *
 * @typeParam O What the card says of such an output.
 * @typeParam A What is answered.
 */
export interface OutputKind<O, A> {
  readonly kind: string;
  /** The card's entry, strict. */
  readonly schema: z.ZodType<O>;
  /** How a report compares predictions with the truth. */
  readonly drawing: ReportDrawing;
  /** Whether the model's tensor can be of this kind; the shape is without the batch axis, -1 for a side that varies. */
  fits(output: O, shape: readonly number[]): boolean;
  /** The shapes that fit, for messages. */
  shapes(output: O): string;
  /** Another output of the model that is read along, such as a σ. */
  companion?(output: O): string | undefined;
  /**
   * The answer for one example, all of whose numbers are finite.
   *
   * @param companion The row of the output that {@linkcode companion} names.
   * @throws {NotWholeError} If the numbers cannot be what the card says, such as a probability of 2.
   */
  read(output: O, row: Row, companion?: Row): A;
  /** The answer as JSON has it: arrays nested, numbers as they are. */
  json(answer: A): unknown;
  /** The schema of {@linkcode json}'s value. */
  readonly answerSchema: JsonSchema;
  display(answer: A): Display;
  /** Columns of a CSV, units in the header. */
  columns(name: string, answer: A): Record<string, string | number>;
  /** The answer as an array for .npy, where it is one. */
  array?(answer: A): AnswerArray;
  /**
   * The number that the answer stands on, as a function of any row: what occlusion watches. Absent where no single
   * number says what is answered.
   *
   * @param whole The row of the untouched picture.
   */
  focus?(output: O, whole: Row): (row: Row) => number;
}
