import { blamesInput, isForeseen } from "../../../lib/base/foreseen.ts";
import { assert, assertEquals } from "../../assert.ts";

const nothing = undefined as unknown as Record<string, () => number>;
const number = 3 as unknown as { (): number; new (): number } & Iterable<number>;

/** Mistakes of a program, each with the words of V8 or Node as they are today. */
const MISTAKES: readonly (() => unknown)[] = [
  () => nothing.length,
  () => nothing.a = () => 1,
  () => number(),
  () => new number(),
  () => [...number],
  () => {
    const { a } = nothing;
    return a;
  },
  () => new Uint8Array(-1),
  () => new Array(-1),
  () => new Float32Array(new ArrayBuffer(3)),
  () => new Float32Array(new ArrayBuffer(8), 3),
  () => new Uint8Array(new ArrayBuffer(8), 9),
  () => new Uint8Array(3).set([1, 2], 2),
  () => new DataView(new ArrayBuffer(2)).getUint32(0),
  () => new DataView(new ArrayBuffer(2), 3),
  () => "x".repeat(-1),
  () => "x".repeat(2 ** 30),
  () => BigInt(0.5),
  () => 1n + (2 as unknown as bigint),
  () => Object.defineProperty(Object.freeze({ a: 1 }), "a", { value: 2 }),
  () => structuredClone(() => 1),
  () => JSON.parse("{x"),
  () => new Date(NaN).toISOString(),
  () =>
    (function again(): number {
      return again() + 1;
    })(),
];

Deno.test("isForeseen() knows V8's and Node's own words for a program's mistakes", () => {
  for (const mistake of MISTAKES) {
    let caught: unknown;
    try {
      mistake();
    } catch (error) {
      caught = error;
    }
    assert(caught instanceof Error, String(mistake));
    assert(!isForeseen(caught), `${mistake}: ${caught.message}`);
  }
  assertEquals([isForeseen("text"), isForeseen(new Error(""))], [false, false]);
});

Deno.test("isForeseen() lets pass what was written for people", () => {
  const words = [
    'Cannot decode PNG "a.png" at byte 12: expected chunk "IHDR", found "IDAT"',
    "Cannot create 3 folds of 2 examples",
    'Cannot read HDF5 "a.h5" at "x" as rows 3 to 9 are not inside shape [4]',
    "The body is larger than 10 bytes",
    'There is no model "x": there are none',
  ];
  for (const message of words) assert(isForeseen(new RangeError(message)), message);
});

Deno.test("blamesInput() holds classes that are of what was given, and no others", () => {
  const blaming = [new SyntaxError("a"), new TypeError("b"), new RangeError("c")];
  assertEquals(blaming.map(blamesInput), [true, true, true]);
  assertEquals([new Error("d"), new Deno.errors.NotFound("e"), "f", undefined].map(blamesInput), [
    false,
    false,
    false,
    false,
  ]);
});
