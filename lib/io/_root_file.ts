/**
 * A ROOT file's directory and the description of its trees, by jsroot over a byte source, each call within a limit of time:
 * some damaged files keep jsroot waiting for ever.
 *
 * Source: https://github.com/root-project/jsroot, modules/io.mjs. @module
 */
import { within } from "../base/within.ts";
import type { ByteSource } from "./byte_source.ts";
import { hearJsroot } from "./_jsroot_complaints.ts";

/** A ROOT list as jsroot gives it. */
export interface RootList<T> {
  arr: ArrayLike<T> & Iterable<T>;
}

/** One leaf of a branch. */
export interface RootLeaf {
  _typename: string;
  fName: string;
  fTitle: string;
  fLen: number;
  fIsUnsigned: boolean;
  fLeafCount?: RootLeaf | null;
}

/** A basket that lies inside its tree's own record. */
export interface HeldBasket {
  fKeylen: number;
  fNevBuf: number;
  fLast: number;
  fEntryOffset?: ArrayLike<number> | null;
  fBufferRef?: { arr: DataView } | null;
}

/** A branch as jsroot gives it. */
export interface RootBranchObject {
  _typename: string;
  fName: string;
  fTitle: string;
  fClassName?: string;
  fType?: number;
  fStreamerType?: number;
  /** Number of the member, in its class, that a branch of a split object holds. */
  fID?: number;
  fEntries: number | bigint;
  fFirstEntry: number | bigint;
  fWriteBasket: number;
  fTotBytes: number | bigint;
  fZipBytes: number | bigint;
  fEntryOffsetLen: number;
  fBasketBytes: ArrayLike<number>;
  fBasketEntry: ArrayLike<number | bigint>;
  fBasketSeek: ArrayLike<number | bigint>;
  fBaskets: RootList<HeldBasket | null>;
  fBranches: RootList<RootBranchObject>;
  fLeaves: RootList<RootLeaf>;
  fFileName?: string;
}

/** A tree as jsroot gives it. */
export interface RootTreeObject {
  _typename: string;
  fName: string;
  fEntries: number | bigint;
  fBranches: RootList<RootBranchObject>;
}

/** An entry of a directory. */
export interface RootKey {
  fName: string;
  fClassName: string;
  fCycle: number;
  /** Where its record begins, the bytes of the record's head and of all of it, and those of the object when unpacked. */
  fSeekKey: number | bigint;
  fKeylen: number;
  fNbytes: number;
  fObjlen: number;
}

interface StreamerInfo {
  fName: string;
  fElements?: RootList<{ fTypeName: string }>;
}

interface JsrootFile {
  fKeys: RootKey[];
  fStreamerInfos?: RootList<StreamerInfo | null> | null;
  readObject(name: string): Promise<unknown>;
}

interface Jsroot {
  openFile(proxy: unknown): Promise<JsrootFile | undefined>;
  FileProxy: new () => object;
  R__unzip(view: DataView, size: number): Promise<DataView | null>;
}

let loading: Promise<Jsroot> | undefined;

/** Loads jsroot's reading part when the first ROOT file is opened. */
export function loadJsroot(): Promise<Jsroot> {
  loading ??= import("jsroot/io") as Promise<unknown> as Promise<Jsroot>;
  return loading;
}

/** An open file. */
export interface RootDirectory {
  /** Paths of objects with their classes; of several cycles of a name, the newest. */
  objects(): Promise<{ path: string; className: string; key: RootKey }[]>;
  /** Reads the description of a tree. */
  tree(path: string): Promise<RootTreeObject>;
  /** The type of a class's member by its number, as the file describes the class. */
  memberType(className: string, id: number): string | undefined;
}

const THE_DIRECTORY = "the file's directory";
/** Most entries of directories that are looked at. */
const MOST_OBJECTS = 100_000;

/**
 * Opens a ROOT file's directory.
 *
 * @param failed How messages begin.
 * @throws {SyntaxError} If it is no ROOT file or damaged, or jsroot does not answer within `timeoutMs`.
 */
export async function openRootDirectory(
  source: ByteSource,
  { failed, timeoutMs }: { failed: string; timeoutMs: number },
): Promise<RootDirectory> {
  const { openFile, FileProxy } = await loadJsroot();
  let failure: unknown; // jsroot swallows some of these
  const proxy = Object.assign(new FileProxy(), {
    openFile: () => Promise.resolve(true),
    getFileName: () => source.name,
    getFileSize: () => source.size,
    async readBuffer(position: number | bigint, size: number) {
      const at = Number(position), length = Math.min(size, source.size - at);
      if (!(at >= 0 && length >= 0)) throw failure = new SyntaxError(`byte ${at} is beyond its end`);
      try {
        const bytes = await source.read(at, length);
        return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      } catch (error) {
        throw failure = error;
      }
    },
  });

  /** Waits for jsroot, in our words where it fails, never ends, or complains. */
  async function ask<T>(what: string, answer: () => Promise<T>): Promise<NonNullable<T>> {
    const { value, complaints } = await hearJsroot(() => askOnce(what, answer));
    if (complaints.length === 0 || what === THE_DIRECTORY) return value; // without streamer info no tree is read
    throw new SyntaxError(`${failed}: ${what} is damaged, or of a kind that is not read`, {
      cause: new Error(complaints.join("\n")),
    });
  }

  async function askOnce<T>(what: string, answer: () => Promise<T>): Promise<NonNullable<T>> {
    const late = () => new SyntaxError(`${failed}: ${what} is damaged: no answer in ${timeoutMs} ms`);
    try {
      failure = undefined;
      const found = await within(answer(), timeoutMs, late);
      if (found) return found;
      throw new Error("nothing was found");
    } catch (error) {
      if (error instanceof SyntaxError && error.message.startsWith(failed)) throw error;
      const cause = failure ?? error;
      if (failure && !(failure instanceof RangeError || failure instanceof SyntaxError)) throw failure;
      throw new SyntaxError(`${failed}: ${what} is damaged or cut off`, { cause });
    }
  }

  const file = await ask(THE_DIRECTORY, () => openFile(proxy));
  const infos = Array.from(file.fStreamerInfos?.arr ?? []);
  const known = new Set(infos.map((info) => info?.fName));

  async function keysOf(path: string, keys: readonly RootKey[], depth: number): Promise<Listed[]> {
    const newest = new Map<string, RootKey>();
    for (const key of keys) {
      if (key.fCycle > (newest.get(key.fName)?.fCycle ?? -1)) newest.set(key.fName, key);
    }
    const found: Listed[] = [];
    for (const key of newest.values()) {
      if (key.fName === "StreamerInfo" && depth === 0) continue;
      const inner = path === "" ? key.fName : `${path}/${key.fName}`;
      found.push({ path: inner, className: key.fClassName, key });
      if (!/^TDirectory/.test(key.fClassName)) continue;
      if (depth > 16 || found.length > MOST_OBJECTS) throw new SyntaxError(`${failed}: too many directories`);
      const directory = await ask(`directory "${inner}"`, () => file.readObject(inner)) as {
        fKeys: RootKey[];
      };
      found.push(...await keysOf(inner, directory.fKeys ?? [], depth + 1));
    }
    return found;
  }

  return {
    memberType(className, id) {
      const elements = infos.find((info) => info?.fName === className)?.fElements?.arr;
      return elements ? Array.from(elements)[id]?.fTypeName : undefined;
    },
    objects: () => keysOf("", file.fKeys ?? [], 0),
    async tree(path) {
      for (const needed of ["TTree", "TBranch", "TLeaf"]) {
        if (known.has(needed)) continue;
        // jsroot only logs what it misses, and gives wrong values.
        throw new TypeError(
          `${failed} at "${path}" as the file does not say what a ${needed} is (no streamer info)`,
        );
      }
      const tree = await ask(`tree "${path}"`, () => file.readObject(path)) as RootTreeObject;
      const entries = Number(tree.fEntries), branches = tree.fBranches?.arr;
      if (
        !(Number.isSafeInteger(entries) && entries >= 0 && branches && Array.from(branches).every(isWhole))
      ) {
        throw new SyntaxError(`${failed}: tree "${path}" is damaged`);
      }
      return tree;
    },
  };
}

/** Whether jsroot could fill all that is used of a branch, and of those in it. */
function isWhole(branch: RootBranchObject | null | undefined): boolean {
  if (!branch || typeof branch.fName !== "string") return false;
  const { fLeaves, fBranches, fBaskets, fBasketSeek, fBasketEntry, fBasketBytes } = branch;
  if (!fLeaves?.arr || !fBranches?.arr || !fBaskets?.arr) return false;
  if (!fBasketSeek || !fBasketEntry || !fBasketBytes) return false;
  const leaves = Array.from(fLeaves.arr), inner = Array.from(fBranches.arr);
  return leaves.every((leaf) => typeof leaf?.fTitle === "string") && inner.every(isWhole);
}

type Listed = { path: string; className: string; key: RootKey };
