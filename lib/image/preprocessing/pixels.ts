/** One example on its way to a model: values of any rank, the last axis its channels. @module */
import { type BandedFrame, type FrameData, sameType } from "../frame.ts";

/** One example: [height, width, channels] or [frames, height, width, channels], row-major. */
export interface Pixels<T extends FrameData = Float32Array> {
  /** Values, as many as the shape says. */
  data: T;
  /** Without a batch axis. */
  shape: readonly number[];
}

/** A shape as a message shows it: [28,28,1]. */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(",")}]`;
}

/** How many values a shape has. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

/** The two sides and the channels at a shape's end, and the axes before them. */
export interface Axes {
  /** [] or [frames]. */
  before: readonly number[];
  /** Rows. */
  height: number;
  /** Columns. */
  width: number;
  /** Values a pixel. */
  channels: number;
}

/**
 * Reads a shape as frames of pixels.
 *
 * @throws {TypeError} If it is not [height, width, channels] or [frames, height, width, channels].
 */
export function axesOf(shape: readonly number[]): Axes {
  const sides = shape.every((side) => Number.isInteger(side) && side > 0);
  if (!sides || shape.length < 3 || shape.length > 4) {
    throw new TypeError(
      "Cannot preprocess an array as its shape must be [height, width, channels] or " +
        `[frames, height, width, channels]: got ${shapeText(shape)}`,
    );
  }
  const [height, width, channels] = shape.slice(-3);
  return { before: shape.slice(0, -3), height, width, channels };
}

/** Applies a function of one frame to each frame of an example; no copy where there is only one. */
export function mapFrames<Out extends FrameData>(
  pixels: Pixels<FrameData>,
  change: (frame: BandedFrame) => BandedFrame<Out>,
): Pixels<Out> {
  const { before, height, width, channels } = axesOf(pixels.shape);
  const frames = sizeOf(before), size = height * width * channels;
  const changed = Array.from({ length: frames }, (_, i) => {
    const data = frames === 1 ? pixels.data : pixels.data.subarray(i * size, (i + 1) * size);
    return change({ data, height, width, channels });
  });
  const [first] = changed;
  const shape = [...before, first.height, first.width, first.channels];
  if (frames === 1) return { data: first.data, shape };
  const data = sameType(first.data, frames * first.data.length);
  changed.forEach((frame, i) => data.set(frame.data, i * first.data.length));
  return { data, shape };
}

/** New values for all, and the same shape; the loop stays with the step, where V8 compiles it for that step alone. */
export function emptyLike({ data, shape }: Pixels<FrameData>): Pixels {
  return { data: new Float32Array(data.length), shape };
}
