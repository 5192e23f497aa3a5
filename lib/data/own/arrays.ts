/** Sets in arrays: one array a class, or images and labels, told apart by names and shapes. @module */
import { nearest } from "../../base/nearest.ts";
import type { FileArray } from "../../io/file_array.ts";
import type { FindOptions, FoundSet, Part } from "./found_set.ts";
import { partOf } from "./found_set.ts";
import type { LabelColumns } from "./labels.ts";
import { checkAxes, guessAxes, imagesOf } from "./stacks.ts";

const IMAGE_WORDS = new Set(["x", "image", "images", "img", "imgs", "data", "pixels", "pictures", "frames"]);
const LABEL_WORDS = new Set(["y", "label", "labels", "target", "targets", "class", "classes"]);

/** Images and their labels, of one part of a set. */
interface Pair {
  images: FileArray;
  labels: FileArray;
  part?: Part;
}

const wordsOf = ({ name }: FileArray) => name.toLowerCase().split(/[^a-z0-9]+/).filter((word) => word !== "");
const isImages = ({ shape }: FileArray) => shape.length >= 3;
const isLabels = ({ shape }: FileArray) => shape.length === 1 || shape.length === 2;
const shapesOf = (arrays: readonly FileArray[]) =>
  arrays.map(({ name, shape }) => `"${name}" [${shape.join(", ")}]`).join(", ");

function findNamed(arrays: readonly FileArray[], name: string, place: string): FileArray {
  const found = arrays.find((array) => array.name === name);
  if (found) return found;
  const near = nearest(name, arrays.map((array) => array.name));
  throw new RangeError(
    `Cannot read "${name}" of "${place}" as there is no such array${near ? ` (nearest: "${near}")` : ""}: ` +
      `it has ${shapesOf(arrays)}`,
  );
}

/** Pairs by their names: `x_train` and `y_train`, `images` and `labels`. */
function pairsByName(arrays: readonly FileArray[]): Pair[] {
  const key = (array: FileArray) => wordsOf(array).map(partOf).find((part) => part !== undefined);
  const like = (words: ReadonlySet<string>) => (array: FileArray) =>
    wordsOf(array).some((word) => words.has(word));
  const images = arrays.filter((array) => isImages(array) && like(IMAGE_WORDS)(array));
  const labels = arrays.filter((array) => isLabels(array) && like(LABEL_WORDS)(array));
  const pairs = images.flatMap((array) => {
    const own = labels.filter((other) => key(other) === key(array));
    return own.length === 1 ? [{ images: array, labels: own[0], part: key(array) }] : [];
  });
  const differ = new Set(pairs.map(({ part }) => part)).size === pairs.length;
  return pairs.length === images.length && differ ? pairs : [];
}

/** The pairs of a set; none where it is one array a class. @throws {TypeError} If arrays can be taken in no or two ways. */
function findPairs(arrays: readonly FileArray[], place: string, { images, labels }: FindOptions): Pair[] {
  if (images !== undefined || labels !== undefined) {
    if (images === undefined || labels === undefined) {
      throw new RangeError(`Cannot read "${place}" by one name as both are needed: --images X --labels Y`);
    }
    return [{ images: findNamed(arrays, images, place), labels: findNamed(arrays, labels, place) }];
  }
  const named = pairsByName(arrays);
  if (named.length > 0) return named;
  const pictures = arrays.filter(isImages), rest = arrays.filter(isLabels);
  if (pictures.length === 1 && rest.length === 1) return [{ images: pictures[0], labels: rest[0] }];
  if (pictures.length === arrays.length && pictures.length > 1) return [];
  if (pictures.length === 1 && arrays.length === 1) {
    throw new TypeError(
      `Cannot learn from "${place}" as it holds images of one class, or without labels: ${
        shapesOf(arrays)
      }; ` +
        `add an array of labels, or an array for each other class`,
    );
  }
  throw new TypeError(
    `Cannot tell images from labels in "${place}": say --images NAME --labels NAME, of ${shapesOf(arrays)}`,
  );
}

/** An array of labels as columns of texts. */
async function columnsOf(array: FileArray): Promise<LabelColumns> {
  const { data, shape } = await array.read(), [count, width = 1] = shape;
  const text = (i: number) => String(Number(data[i]));
  const column = (c: number) => Array.from({ length: count }, (_, i) => text(i * width + c));
  if (width === 1) return { label: column(0) };
  return Object.fromEntries(Array.from({ length: width }, (_, c) => [String(c), column(c)]));
}

function joinColumns(all: readonly LabelColumns[]): LabelColumns {
  const names = Object.keys(all[0]);
  if (all.some((columns) => Object.keys(columns).join() !== names.join())) {
    throw new TypeError("Cannot read labels as those of the parts differ in their number of columns");
  }
  return Object.fromEntries(names.map((name) => [name, all.flatMap((columns) => columns[name])]));
}

/**
 * A set in arrays.
 *
 * @throws {TypeError} If it cannot be told what is what.
 * @throws {RangeError} If there are more images than labels or the other way round.
 */
export async function readArraySet(
  arrays: readonly FileArray[],
  place: string,
  options: FindOptions,
): Promise<FoundSet> {
  const given = options.axes === undefined ? undefined : checkAxes(options.axes);
  const axesOf = (array: FileArray) =>
    given ?? guessAxes(array.name || place, array.shape, true, options.planes);
  const pairs = findPairs(arrays, place, options);
  if (pairs.length === 0) {
    const sets = arrays.map((array) => imagesOf(array, array.name, axesOf(array)));
    return {
      form: "an array a class",
      images: sets.flat(),
      columns: { class: sets.flatMap((images, i) => images.map(() => arrays[i].name)) },
      notes: [],
    };
  }
  for (const { images, labels } of pairs) {
    if (images.shape[0] !== labels.shape[0]) {
      throw new RangeError(
        `Cannot pair "${images.name}" with "${labels.name}" as there are ${images.shape[0]} images and ` +
          `${labels.shape[0]} labels`,
      );
    }
  }
  const parted = pairs.every(({ part }) => part !== undefined);
  return {
    form: pairs.length > 1 ? `${pairs.length} pairs of arrays` : "an array of images and one of labels",
    images: pairs.flatMap(({ images }) => imagesOf(images, images.name || place, axesOf(images))),
    columns: joinColumns(await Promise.all(pairs.map(({ labels }) => columnsOf(labels)))),
    parts: parted
      ? pairs.flatMap(({ images, part }) => new Array<Part>(images.shape[0]).fill(part!))
      : undefined,
    notes: [],
  };
}
