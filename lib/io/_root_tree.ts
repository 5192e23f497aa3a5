/** What a ROOT file says of a tree and its branches: where baskets are, and what stands in them. @module */
import { joinParts, type Part, u8 } from "./_parts.ts";
import { type Branch, type Kind, product } from "./_root_branch.ts";
import {
  ascii,
  counted,
  f64,
  fillStyle,
  i16,
  i32,
  i64,
  ioFeatures,
  lineStyle,
  markerStyle,
  objArray,
  pointer,
  str,
  tnamed,
} from "./_root_encode.ts";

/** A tree that is written. */
export interface WrittenTree {
  name: string;
  branches: readonly Branch[];
  entries: number;
  /** Bytes of all baskets, plain and packed. */
  plainBytes: number;
  packedBytes: number;
  /** ROOT's number of the way in which baskets are packed. */
  compression: number;
}

/** Stands where a branch's leaf is meant: by its place in the record. */
type Reference = (branch: string) => Part;

/** Bytes of a basket that ROOT would fill, and of the places of its entries. */
const BASKET_BYTES = 32000, PLACES_BYTES = 1000;
/** Fewest baskets that a branch has room for. */
const LEAST_SLOTS = 10;

/**
 * The record of a tree.
 *
 * @param keyLength Bytes of the key before it.
 */
export function treeRecord(tree: WrittenTree, keyLength: number): Uint8Array {
  // A reference is the place of what it means; sizes do not depend on it, so a first build finds the places.
  const draft = joinParts(treeParts(tree, () => i32(0)));
  const places = new Map<string, number>();
  let at = 0;
  for (const { name, isVector, number } of tree.branches) {
    const leaf = isVector ? "TLeafElement" : number.leaf, mark = joinParts([i32(-1), ascii(leaf), u8(0)]);
    while (!mark.every((byte, i) => draft[at + i] === byte)) at++;
    places.set(name, at - 4 + keyLength + 2);
    at += mark.length;
  }
  return joinParts(treeParts(tree, (name) => i32(places.get(name)!)));
}

function treeParts(tree: WrittenTree, reference: Reference): Part {
  const { name, branches, entries, plainBytes, packedBytes } = tree;
  const [firstCluster = -3e7] = branches[0].baskets.map(({ entries }) => entries);
  return counted(
    20,
    [tnamed(name, ""), lineStyle, fillStyle, markerStyle],
    [i64(entries), i64(plainBytes), i64(packedBytes), i64(0), i64(0), f64(1)],
    [i32(0), i32(25), i32(0), i32(1000), i32(0)],
    [i64(1e12), i64(1e12), i64(0), i64(-3e8), i64(firstCluster), i64(1e6), u8(0), u8(0), ioFeatures],
    objArray(...branches.map((branch) => branchRecord(branch, tree, reference))),
    objArray(...branches.map(({ name }) => reference(name))),
    new Array(7).fill(i32(0)), // aliases, two empty arrays, index, friends, user info, branch reference
  );
}

/** Name of a branch's values as C++ declares them. */
function labelOf({ name, shape, counter }: Branch): string {
  return counter === undefined ? name + shape.map((side) => `[${side}]`).join("") : `${name}[${counter}]`;
}

/** What stands in an entry. */
function leafRecord(branch: Branch, { branches }: WrittenTree, reference: Reference): Part {
  const { name, number, isVector, counter, shape } = branch;
  const counts = branches.filter((other) => other.counter === name);
  const base = counted(
    2,
    tnamed(name, labelOf(branch)),
    [
      i32(isVector ? 1 : product(shape)),
      i32(isVector ? 0 : number.size),
      i32(0),
      u8(counts.length > 0 ? 1 : 0),
    ],
    [u8(!isVector && number.unsigned ? 1 : 0), counter === undefined ? i32(0) : reference(counter)],
  );
  if (isVector) return pointer("TLeafElement", counted(1, base, i32(-1), i32(-1)));
  const most = Math.max(0, ...counts.map((other) => other.most));
  return pointer(number.leaf, counted(1, base, rangeOf(number, most)));
}

function branchRecord(branch: Branch, tree: WrittenTree, reference: Reference): Part {
  const { name, number, isVector, counter, baskets, type } = branch;
  const slots = Math.max(LEAST_SLOTS, baskets.length + 1);
  const padded = (values: Part[], width: number): Part => [
    u8(1),
    values,
    new Uint8Array((slots - values.length) * width),
  ];
  let entry = 0;
  const firsts = [i64(0), ...baskets.map(({ entries }) => i64(entry += entries))];
  const isJagged = isVector || counter !== undefined;
  const body = counted(
    13,
    [tnamed(name, isVector ? name : `${labelOf(branch)}/${number.letter}`), fillStyle],
    [i32(tree.compression), i32(BASKET_BYTES), i32(isJagged ? PLACES_BYTES : 0), i32(baskets.length)],
    [i64(tree.entries), ioFeatures, i32(0), i32(slots), i32(isVector ? 99 : 0)],
    [i64(tree.entries), i64(0), i64(branch.plainBytes), i64(branch.packedBytes)],
    [objArray(), objArray(leafRecord(branch, tree, reference)), objArray()],
    padded(baskets.map(({ bytes }) => i32(bytes)), 4),
    padded(firsts, 8),
    padded(baskets.map(({ at }) => i64(at)), 8),
    str(""),
  );
  return isVector ? pointer("TBranchElement", vectorRecord(body, type)) : pointer("TBranch", body);
}

/** What is said of a branch of vectors beside what is said of any. */
function vectorRecord(body: Part, type: string): Part {
  const zero = i32(0), none = i32(-1);
  return counted(10, body, [
    [str(type), str(""), str("")],
    [zero, i16(6), none, zero, none],
    [zero, zero, zero],
  ]);
}

/** A leaf's least and greatest value; of a counter, the most values of an entry. */
function rangeOf({ leaf }: Kind, most: number): Part {
  switch (leaf) {
    case "TLeafD":
      return [f64(0), f64(0)];
    case "TLeafF":
      return [i32(0), i32(0)];
    case "TLeafL":
      return [i64(0), i64(0)];
    case "TLeafI":
      return [i32(0), i32(most)];
    case "TLeafS":
      return [i16(0), i16(0)];
    default:
      return [u8(0), u8(0)];
  }
}
