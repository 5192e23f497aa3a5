/** What the images of each class have in common. @module */
import { type ImageGridOptions, plotImageGrid } from "./image_grid.ts";
import type { Picture } from "./picture.ts";
import type { Spec } from "./spec.ts";

/**
 * The mean of each class's pictures.
 *
 * Shapes: n pictures of one size, [n] class numbers; a picture a class, nothing for one without pictures.
 *
 * @throws {RangeError} If the lengths differ, or pictures differ in size.
 * @example Two pictures of one pixel
 * ```ts
 * const picture = (value: number) => ({ data: [value], height: 1, width: 1 });
 * classMeans([picture(2), picture(4)], [0, 0], 1)[0]?.data; // 3
 * ```
 */
export function classMeans(
  pictures: readonly Picture[],
  labels: ArrayLike<number>,
  classes: number,
): ((Picture & { count: number }) | undefined)[] {
  if (pictures.length !== labels.length) {
    throw new RangeError(`Cannot average ${pictures.length} pictures of ${labels.length} classes`);
  }
  const means = Array.from(
    { length: classes },
    () => undefined as (Picture & { data: Float64Array; count: number }) | undefined,
  );
  for (const [i, { data, height, width, channels = 1 }] of pictures.entries()) {
    const mean = means[labels[i]] ??= {
      data: new Float64Array(data.length),
      height,
      width,
      channels,
      count: 0,
    };
    if (mean.data.length !== data.length || mean.width !== width) {
      throw new RangeError(
        `Cannot average pictures as picture ${i} has ${height} × ${width} × ${channels}: ` +
          `those before it have ${mean.height} × ${mean.width} × ${mean.channels}`,
      );
    }
    for (let p = 0; p < data.length; p++) mean.data[p] += data[p];
    mean.count++;
  }
  for (const mean of means) if (mean) mean.data.forEach((sum, p) => mean.data[p] = sum / mean.count);
  return means;
}

/**
 * The mean picture of each class, with how many it is of.
 *
 * @param classNames One name a class.
 * @throws {RangeError} If there is no picture, the lengths differ, or pictures differ in size.
 * @example Two classes
 * ```ts
 * import { picturesOf } from "./picture.ts";
 * plotClassMeans(picturesOf(new Uint8Array(8), [2, 2, 2]), [0, 1], ["cat", "dog"]);
 * ```
 */
export function plotClassMeans(
  pictures: readonly Picture[],
  labels: ArrayLike<number>,
  classNames: readonly string[],
  options: ImageGridOptions = {},
): Spec {
  const means = classMeans(pictures, labels, classNames.length);
  const present = means.flatMap((mean, label) => mean ? [{ mean, name: classNames[label] }] : []);
  return plotImageGrid(present.map(({ mean }) => mean), {
    captions: present.map(({ mean, name }) => `${name}\n${mean.count.toLocaleString("en")}`),
    title: "Mean image of each class",
    limit: present.length,
    ...options,
  });
}
