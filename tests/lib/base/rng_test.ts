import { assert, assertEquals, assertThrows } from "../../assert.ts";
import { createRng, drawInteger, drawNormal, shuffle } from "../../../lib/base/rng.ts";

// Printed by the authors' xoshiro128starstar.c, its four words taken from their splitmix64.c: low and high half of the first
// output, then of the second. The last number is the 1,001st.
const REFERENCE: [seed: number, first: number[], later: number][] = [
  [0, [3737715805, 2584255861, 2876756834, 3286328325, 1553311962], 2542587513],
  [7, [1801096769, 1554325924, 2992800842, 3588980540, 2077056966], 2295570337],
  [9007199254740991, [1233166643, 1287031142, 661813442, 2960669951, 2601079046], 513094572],
];

Deno.test("createRng() gives the numbers of the reference implementation", () => {
  for (const [seed, first, later] of REFERENCE) {
    const rng = createRng(seed), numbers = Array.from({ length: 1001 }, () => rng() * 2 ** 32);
    assertEquals(numbers.slice(0, 5), first);
    assertEquals(numbers[1000], later);
  }
});

Deno.test("createRng() gives streams that repeat and differ", () => {
  const numbers = (seed: number, stream?: number) => {
    const rng = createRng(seed, stream);
    return [rng(), rng(), rng()];
  };
  assertEquals(numbers(7, 3), numbers(7, 3));
  assertEquals(numbers(7, 0), numbers(7));
  assertEquals(new Set([numbers(7), numbers(7, 1), numbers(7, 2), numbers(8, 1)].map(String)).size, 4);
});

Deno.test("createRng() refuses what is no seed", () => {
  for (const seed of [-1, 0.5, NaN, 2 ** 53]) assertThrows(() => createRng(seed), RangeError, `got ${seed}`);
  assertThrows(() => createRng(1, -1), RangeError, "stream");
});

Deno.test("createRng() is uniform and drawNormal() normal, within five standard errors", () => {
  const rng = createRng(1), n = 100_000;
  let sum = 0, squares = 0, normal = 0, normalSquares = 0;
  for (let i = 0; i < n; i++) {
    const u = rng(), z = drawNormal(rng);
    assert(u >= 0 && u < 1);
    sum += u;
    squares += u * u;
    normal += z;
    normalSquares += z * z;
  }
  const within = (value: number, wanted: number, deviation: number) =>
    assert(Math.abs(value - wanted) < 5 * deviation / Math.sqrt(n), `${value} is not near ${wanted}`);
  within(sum / n, 1 / 2, Math.sqrt(1 / 12));
  within(squares / n, 1 / 3, Math.sqrt(4 / 45));
  within(normal / n, 0, 1);
  within(normalSquares / n, 1, Math.sqrt(2));
});

Deno.test("shuffle() keeps all values, repeats by seed, and reaches every order equally often", () => {
  const order = () => Int32Array.of(0, 1, 2);
  assertEquals(shuffle(order(), createRng(5)), shuffle(order(), createRng(5)));
  const rng = createRng(6), counts = new Map<string, number>();
  for (let i = 0; i < 6000; i++) {
    const key = shuffle(order(), rng).join("");
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  assertEquals(counts.size, 6);
  // 1,000 each; five standard deviations of a binomial count are 144.
  for (const count of counts.values()) assert(Math.abs(count - 1000) < 144, `${count}`);
});

Deno.test("drawInteger() gives every number below its bound", () => {
  const rng = createRng(2);
  assertEquals([...new Set(Array.from({ length: 200 }, () => drawInteger(rng, 5)))].sort(), [0, 1, 2, 3, 4]);
});
