import { dirname, join } from "@std/path";
import { assertEquals } from "../../assert.ts";
import { withFolder } from "../../folder.ts";
import { copyTree } from "../../../tasks/mutants/_copy.ts";
import { findMutations, showMutation } from "../../../tasks/mutants/_mutations.ts";
import { Room } from "../../../tasks/mutants/_room.ts";

const SOURCE = `
export const START = 5;
let kept;
export const TABLE = [1, 2];
export function next(n) { return n + 1; }
export function keep(n) { return kept ??= n * 2; }
let table;
export const pair = () => table ??= [7, 8];
export function unused(n) { return n - 1; }
export function count(n) { let sum = 0; while (sum < n) { sum++; } return sum; }
export async function say(text) { await Promise.reject(new Error(text)); }
`;
const TESTS = `
import { count, keep, next, pair, say, START, TABLE } from "../lib/sums.ts";
const equal = (a, b) => { if (a !== b) throw new Error(a + " is not " + b); };
Deno.test("1/2 is first", () => equal(TABLE[0], 1));
Deno.test("starts", () => equal(START, 5));
Deno.test("goes on", () => equal(next(START) > START, true));
Deno.test("keeps", () => equal(keep(3), 6));
Deno.test("makes 7", () => equal(pair()[0], 7));
Deno.test("makes 8", () => equal(pair()[1], 8));
Deno.test("counts 1/2 of (8), and more", () => equal(count(4), 4));
Deno.test("says", async () => { try { await say("no"); } catch { return; } throw new Error("silent"); });
`;

/** Most tries of a fault that is late, and should not be: any is where the machine stands still for a second. */
const TRIES = 5;

/** What becomes of each fault, by what it makes of its line. */
const OUTCOMES: Readonly<Record<string, string>> = {
  "export const START = (5 + 1);": "killed", // come to at loading only
  "export const TABLE = [(1 + 1), 2];": "killed", // by a test whose name has a slash, in a fresh process
  "export const TABLE = [1, (2 + 1)];": "survived",
  "export function next(n) { return undefined; }": "killed",
  "export function next(n) { return n - 1; }": "killed",
  "export function next(n) { return n + (1 + 1); }": "survived", // the test asks for more, not how much
  "export function keep(n) { return undefined; }": "killed",
  "export function keep(n) { return kept ??= n / 2; }": "killed", // in a fresh process: the value is kept
  "export function keep(n) { return kept ??= n * (2 + 1); }": "killed",
  "export const pair = () => table ??= [(7 + 1), 8];": "killed",
  "export const pair = () => table ??= [7, (8 + 1)];": "killed", // by a test that finds the list made already
  "export function unused(n) { return undefined; }": "untested",
  "export function unused(n) { return n + 1; }": "untested",
  "export function unused(n) { return n - (1 + 1); }": "untested",
  "export function count(n) { let sum = (0 + 1); while (sum < n) { sum++; } return sum; }": "survived",
  "export function count(n) { let sum = 0; while (!(sum < n)) { sum++; } return sum; }": "killed",
  "export function count(n) { let sum = 0; while (sum <= n) { sum++; } return sum; }": "killed",
  "export function count(n) { let sum = 0; while (sum < n) { ; } return sum; }": "timeout",
  "export function count(n) { let sum = 0; while (sum < n) { sum--; } return sum; }": "timeout",
  "export function count(n) { let sum = 0; while (sum < n) { sum++; } return undefined; }": "killed",
  "export async function say(text) { ; }": "killed",
  "export async function say(text) { (Promise.reject(new Error(text))); }": "killed",
};

Deno.test("Room.tryOut() tells killed, late, unseen and unreached faults apart", async () => {
  await withFolder(async (folder) => {
    const runner = ["_lines.ts", "mutants/_messages.ts", "mutants/_planted.ts", "mutants/_runner.ts"];
    const texts = new Map([["lib/sums.ts", SOURCE], ["tests/sums_test.ts", TESTS], ["deno.json", "{}"]]);
    for (const name of runner) texts.set(`tasks/${name}`, await Deno.readTextFile(join("tasks", name)));
    for (const [file, text] of texts) {
      await Deno.mkdir(dirname(join(folder, file)), { recursive: true });
      await Deno.writeTextFile(join(folder, file), text);
    }
    const faults = findMutations(SOURCE).map((mutation, id) => ({ ...mutation, id, file: "lib/sums.ts" }));
    const found: Record<string, string> = {};
    await using copy = await copyTree([...texts.keys()], folder);
    {
      await using room = await Room.open(copy, texts, faults, {
        soundMs: 60_000,
        faultMs: 30_000,
        slackMs: 1000,
      });
      for (const fault of faults) {
        const after = showMutation(SOURCE, fault).split("\n").at(-1)!.slice(2);
        for (let tries = 0; tries < TRIES; tries++) {
          found[after] = await room.tryOut(fault, ["tests/sums_test.ts"]);
          if (found[after] !== "timeout" || OUTCOMES[after] === "timeout") break;
        }
      }
    }
    assertEquals(await Deno.readTextFile(join(copy.root, "lib/sums.ts")), SOURCE);
    assertEquals(found, OUTCOMES);
  });
});
