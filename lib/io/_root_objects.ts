/** Branches that are no columns, read by jsroot's selector, an object an entry. @module */
import { within } from "../base/within.ts";
import { hearJsroot } from "./_jsroot_complaints.ts";
import type { RootBranchObject, RootTreeObject } from "./_root_file.ts";

interface Selector {
  addBranch(branch: unknown, name: string): void;
  tgtobj: Record<string, unknown>;
  Process: () => void;
  Terminate: (isDone: boolean) => void;
}

interface JsrootTree {
  TSelector: new () => Selector;
  treeProcess(tree: unknown, selector: Selector, options: object): Promise<unknown>;
}

/**
 * Reads entries of a branch as jsroot understands them.
 *
 * jsroot ends early, without an error, on what it cannot read: entries are counted.
 *
 * @throws {SyntaxError} If not all entries come, or not within `timeoutMs`.
 */
export async function readObjects(
  tree: RootTreeObject,
  branch: RootBranchObject,
  [first, end]: readonly [number, number],
  timeoutMs: number,
): Promise<unknown[]> {
  const { TSelector, treeProcess } = await import("jsroot/tree") as unknown as JsrootTree;
  const selector = new TSelector(), values: unknown[] = [];
  if (first === end) return values;
  selector.addBranch(branch, "value");
  selector.Process = function (this: Selector) {
    values.push(structuredCloneOf(this.tgtobj.value));
  };
  selector.Terminate = () => {};
  const range = { firstentry: first, numentries: end - first };
  const late = () => new SyntaxError(`no answer in ${timeoutMs} ms`);
  try {
    const { complaints } = await hearJsroot(() =>
      within(treeProcess(tree, selector, range), timeoutMs, late)
    );
    if (complaints.length > 0) throw new Error(complaints.join("\n"));
  } catch (error) {
    if (error instanceof SyntaxError) throw error;
    throw new SyntaxError(`entry ${first + values.length}: jsroot cannot read it`, { cause: error });
  }
  if (values.length !== end - first) {
    throw new SyntaxError(`entry ${first + values.length}: jsroot reads no further`);
  }
  return values;
}

/** jsroot fills the same object for every entry. */
function structuredCloneOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  try {
    return structuredClone(value);
  } catch {
    return JSON.parse(JSON.stringify(value));
  }
}
