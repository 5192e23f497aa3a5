/**
 * An RNTuple's fields as columns.
 *
 * A field that holds numbers, texts, or lists of numbers up to two deep is a column; so are members of records, and of
 * records in lists, by their paths with points. Variants, maps' pairs deeper than that, and what ROOT streamed whole are not
 * read, and say so.
 *
 * Source: ROOT's specification of its binary format 1.0, and uproot 5 for how fields are called. @module
 */
import type { ByteSource } from "./byte_source.ts";
import { NPY_ARRAYS, type NpyType, type NpyValues } from "./npy_type.ts";
import type { BranchKind, RootColumn } from "./_root_columns.ts";
import type { RootKey } from "./_root_file.ts";
import { joinColumns } from "./_root_join.ts";
import {
  entryRange,
  findBranch,
  type RootBranch,
  type RootReadOptions,
  type RootTree,
} from "./_root_tree_type.ts";
import {
  type NtupleCluster,
  type NtupleColumn,
  type NtupleDescription,
  type NtupleField,
  readNtupleDescription,
  ROLE,
} from "./_rntuple_description.ts";
import { columnType, isLetters, isOffsets, readElements } from "./_rntuple_pages.ts";

/** A field that can be read, with the columns that it takes. */
interface NtupleBranch extends RootBranch {
  /** Numbers of columns: where lists end, the outermost first, then the values; of a text its end and its letters. */
  columns: readonly number[];
  /** Whether only the lengths of lists are asked for. */
  isCount: boolean;
}

/**
 * Opens an RNTuple.
 *
 * @param key Its entry in the directory.
 * @param failed How messages begin.
 * @throws {SyntaxError} If its description is damaged or cut off.
 */
export async function openNtuple(
  source: ByteSource,
  key: RootKey,
  name: string,
  failed: string,
): Promise<RootTree> {
  const description = await readNtupleDescription(source, key).catch((error) => {
    if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
    throw new SyntaxError(`${failed}: ${error.message}`, { cause: error });
  });
  const { entries } = description, branches = listFields(description);
  const readRange = (branch: NtupleBranch, [first, end]: readonly [number, number]) =>
    readBranch(source, description, branch, first, end, `${failed}, field "${branch.name}"`);
  return {
    name,
    entries,
    branches: branches.map(({ columns: _, isCount: __, ...branch }) => ({
      ...branch,
      shape: [...branch.shape],
    })),
    async read<Name extends string>(names: readonly Name[], options: RootReadOptions = {}) {
      const range = entryRange(options, entries, failed), { maxBytes = 2 ** 30 } = options;
      const chosen = names.map((wanted) => findBranch(branches, wanted, ".", failed));
      checkSize(description, chosen, range, { maxBytes, failed });
      const columns = {} as Record<Name, RootColumn>;
      for (const [i, branch] of chosen.entries()) {
        if (branch.kind === "text" || branch.kind === "object") {
          const instead = branch.kind === "text" ? "readTexts reads it" : "it is not read";
          throw new TypeError(
            `${failed}, field "${branch.name}" as a column of numbers: it is of type ${branch.type} (${instead})`,
          );
        }
        columns[names[i]] = await readRange(branch, range);
      }
      return columns;
    },
    async readTexts(wanted, options = {}) {
      const range = entryRange(options, entries, failed), branch = findBranch(branches, wanted, ".", failed);
      if (branch.kind === "text") return textsOf(await readRange(branch, range));
      throw new TypeError(`${failed}, field "${branch.name}" as texts: it is of type ${branch.type}`);
    },
    readObjects(wanted) {
      const { name, type, kind } = findBranch(branches, wanted, ".", failed);
      const instead = kind === "object"
        ? "it is not read"
        : kind === "text"
        ? "readTexts reads it"
        : "read reads it";
      return Promise.reject(
        new TypeError(`${failed}, field "${name}" as objects: it is of type ${type} (${instead})`),
      );
    },
  };
}

/** The same before it is known which names are taken twice. */
type ListedBranch = NtupleBranch & { fullName: string };

/** Where a walk through the fields is. */
interface Place {
  path: string;
  /** The same with base classes, for members that two of them call alike. */
  fullPath: string;
  /** Columns that say where the lists end that it is in. */
  lists: readonly number[];
  shape: readonly number[];
  /** Type of the outermost field. */
  type: string;
}

/** All fields that hold values, those inside others by their path. */
function listFields({ fields, columns }: NtupleDescription): NtupleBranch[] {
  const inside = new Map<number, number[]>(), columnsOf = new Map<number, number[]>();
  fields.forEach(({ parent }, i) => {
    if (parent !== i) inside.set(parent, [...inside.get(parent) ?? [], i]);
  });
  columns.forEach(({ field, representation }, i) => {
    if (representation === 0) columnsOf.set(field, [...columnsOf.get(field) ?? [], i]);
  });

  function walk(id: number, place: Place): ListedBranch[] {
    const field = fields[id], { lists, shape } = place, children = inside.get(id) ?? [];
    const own = columnsOf.get(field.source ?? id) ?? [];
    const unread = () => [branchOf(place, "object")];
    const into = (child: number, changes: Partial<Place> = {}) => walk(child, { ...place, ...changes });
    switch (field.role) {
      case ROLE.record:
        return children.flatMap((child) => into(child, below(place, fields[child])));
      case ROLE.collection: {
        if (own.length !== 1 || shape.length > 0) return unread();
        return children.flatMap((child) => into(child, { lists: [...lists, own[0]] }));
      }
      case ROLE.leaf:
        if (field.repetition > 0) {
          const inner = [...shape, field.repetition];
          if (children.length === 0) return leaf({ ...place, shape: inner }, field, own, columns); // a bitset
          return children.flatMap((child) => into(child, { shape: inner }));
        }
        if (own.length === 0) return children.flatMap((child) => into(child)); // std::atomic
        return leaf(place, field, own, columns);
      default:
        return unread();
    }
  }

  const found = fields.flatMap(({ parent, name, type }, id) =>
    parent === id ? walk(id, { path: name, fullPath: name, lists: [], shape: [], type }) : []
  );
  const called = new Map<string, number>();
  for (const { name } of found) called.set(name, (called.get(name) ?? 0) + 1);
  return found.map(({ fullName, ...branch }) =>
    called.get(branch.name)! > 1 ? { ...branch, name: fullName } : branch
  );
}

/** The path of a member; a base class says nothing by its name, which is its number, and is left out, as uproot does. */
function below({ path, fullPath }: Place, { name, type }: NtupleField): Pick<Place, "path" | "fullPath"> {
  const link = fullPath.endsWith("::") ? "" : ".";
  if (/^:_\d+$/.test(name)) return { path, fullPath: `${fullPath}${link}${type}::` };
  return { path: `${path}.${name}`, fullPath: `${fullPath}${link}${name}` };
}

function branchOf(
  { path, fullPath, lists, shape, type }: Place,
  kind: BranchKind,
  { columns = [], dtype, isCount = false }: {
    columns?: readonly number[];
    dtype?: NpyType;
    isCount?: boolean;
  } = {},
): ListedBranch {
  return {
    name: path,
    fullName: fullPath,
    kind,
    dtype,
    shape: [...shape],
    type,
    columns: [...lists, ...columns],
    isCount,
  };
}

const KINDS = ["fixed", "jagged", "nested"] as const;

/** A field with columns of its own. */
function leaf(
  place: Place,
  { type }: NtupleField,
  own: readonly number[],
  columns: readonly NtupleColumn[],
): ListedBranch[] {
  const kinds = own.map((column) => columns[column]), depth = place.lists.length;
  const isText = own.length === 2 && isOffsets(kinds[0]) && isLetters(kinds[1]);
  if (isText && depth === 0 && place.shape.length === 0) return [branchOf(place, "text", { columns: own })];
  const dtype = own.length === 1 ? columnType(kinds[0]) : undefined;
  if (!dtype || depth > 2) return [branchOf(place, "object")];
  const isCount = isOffsets(kinds[0]);
  if (isCount && (!type.includes("RNTupleCardinality") || depth > 0)) return [branchOf(place, "object")];
  return [branchOf(place, KINDS[depth], { columns: own, dtype, isCount })];
}

/** Says before anything is read that it would be too much. */
function checkSize(
  { columns, clusters, entries }: NtupleDescription,
  chosen: readonly NtupleBranch[],
  [first, end]: readonly [number, number],
  { maxBytes, failed }: { maxBytes: number; failed: string },
): void {
  let bytes = 0;
  for (const branch of chosen) {
    for (const column of branch.columns) {
      const elements = clusters.reduce(
        (sum, { pages }) => sum + (pages[column] ?? []).reduce((all, page) => all + page.elements, 0),
        0,
      );
      const width = NPY_ARRAYS[columnType(columns[column])!].BYTES_PER_ELEMENT;
      bytes += width * elements * (end - first) / Math.max(1, entries);
    }
    if (bytes <= maxBytes) continue;
    throw new RangeError(
      `${failed} as ${chosen.length} fields hold more than ${maxBytes} bytes: read fewer entries at once`,
    );
  }
}

/** What was read of a cluster: of each level of lists where they end, from 0 on, and the values. */
interface Levels {
  ends: Uint32Array[];
  values: NpyValues;
}

/** Reads a branch cluster by cluster. */
async function readBranch(
  source: ByteSource,
  { columns, clusters }: NtupleDescription,
  branch: NtupleBranch,
  first: number,
  end: number,
  failed: string,
): Promise<RootColumn> {
  const parts: RootColumn[] = [];
  for (const cluster of clusters) {
    const from = Math.max(first, cluster.first), to = Math.min(end, cluster.first + cluster.entries);
    if (from >= to) continue;
    try {
      parts.push(
        await readCluster(source, columns, cluster, branch, from - cluster.first, to - cluster.first),
      );
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
      throw new SyntaxError(`${failed}, entry ${from}: ${error.message}`, { cause: error });
    }
  }
  return parts.length > 0 ? joinColumns(parts, branch.name) : asColumn(branch, nothingOf(branch));
}

/** What is read of no entries, however deep lists lie. */
const nothingOf = ({ dtype = "u1" }: NtupleBranch): Levels => ({
  ends: [new Uint32Array(1), new Uint32Array(1)],
  values: new NPY_ARRAYS[dtype](0),
});

/** The way in which a cluster keeps a column: the first representation that it does not leave out. */
function keptColumn(columns: readonly NtupleColumn[], { pages }: NtupleCluster, wanted: number): number {
  if (wanted >= pages.length || pages[wanted]) return wanted;
  const { field } = columns[wanted];
  const own = (representation: number) =>
    columns.flatMap((column, i) =>
      column.field === field && column.representation === representation ? [i] : []
    );
  const place = own(0).indexOf(wanted), most = columns.filter((column) => column.field === field).length;
  for (let representation = 1; representation < most; representation++) {
    const other = own(representation)[place];
    if (other !== undefined && pages[other]) return other;
  }
  throw new SyntaxError("its cluster keeps its values in no way");
}

async function readCluster(
  source: ByteSource,
  columns: readonly NtupleColumn[],
  cluster: NtupleCluster,
  branch: NtupleBranch,
  first: number,
  end: number,
): Promise<RootColumn> {
  const ends: Uint32Array[] = [];
  let from = first, to = end;
  const read = (wanted: number, from: number, to: number, depth: number, each = 1) => {
    const kept = keptColumn(columns, cluster, wanted),
      column = columns[kept],
      pages = cluster.pages[kept] ?? [];
    const held = pages.reduce((sum, { elements }) => sum + elements, 0);
    // Only of what each entry has is it known how much there must be.
    const missing = column.isDeferred && depth === 0 ? Math.max(0, cluster.entries * each - held) : 0;
    const dtype = columnType(columns[wanted]);
    return readElements(source, column, pages, { first: from * each, end: to * each, missing, dtype });
  };
  const [value, ...lists] = [...branch.columns].reverse(), each = branch.shape.reduce((a, b) => a * b, 1);
  const levels = branch.isCount ? [value] : lists.reverse();
  for (const [depth, column] of levels.entries()) {
    const found = await read(column, Math.max(0, from - 1), to, depth) as Uint32Array;
    const own = new Uint32Array(to - from + 1);
    own.set(found, own.length - found.length);
    if (own.some((place, i) => i > 0 && place < own[i - 1])) {
      throw new SyntaxError("its lists' ends are damaged");
    }
    [from, to] = [own[0], own[own.length - 1]];
    ends.push(own.map((place) => place - from));
  }
  const values = branch.isCount ? new Uint8Array(0) : await read(value, from, to, levels.length, each);
  return asColumn(branch, { ends, values });
}

function asColumn(
  { kind, shape, isCount }: NtupleBranch,
  { ends: [offsets, inner], values }: Levels,
): RootColumn {
  if (isCount) return { data: offsets.slice(1).map((place, i) => place - offsets[i]), shape: [] };
  if (kind === "fixed") return { data: values, shape: [...shape] };
  return { data: values, shape: [...shape], offsets, ...(kind === "nested" && { inner }) };
}

function textsOf({ offsets, data }: RootColumn): string[] {
  const decoder = new TextDecoder(), ends = offsets!, letters = data as Uint8Array;
  return Array.from(
    { length: ends.length - 1 },
    (_, i) => decoder.decode(letters.subarray(ends[i], ends[i + 1])),
  );
}
