/** Images beside each other as one picture. @module */
import type { NdArray } from "../../data/source.ts";
import type { Picture } from "../../plot/mod.ts";

/**
 * Some square images of a list beside each other, as bytes.
 *
 * @param images [n, side · side], row-major, in fractions of full scale.
 * @param first The leftmost.
 * @param count How many follow each other.
 * @returns [side, count · side]; full scale is 255.
 * @example Two images of four pixels
 * ```ts
 * const images = { data: Float32Array.of(0, 1, 0, 1, 1, 0, 1, 0), shape: [2, 4] };
 * stripOf(images, 0, 2).data; // 0, 255, 255, 0, 0, 255, 255, 0
 * ```
 */
export function stripOf({ data, shape }: NdArray<Float32Array>, first: number, count: number): Picture {
  const pixels = shape[1], side = Math.sqrt(pixels), width = count * side;
  const strip = new Uint8Array(side * width);
  for (let i = 0; i < strip.length; i++) {
    const row = Math.floor(i / width), column = i % width, image = first + Math.floor(column / side);
    strip[i] = 255 * data[image * pixels + row * side + column % side];
  }
  return { data: strip, height: side, width };
}
