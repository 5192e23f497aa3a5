import { countCombinations, listCombinations, permuted, valuesOf } from "../../../lib/search/combinations.ts";
import { parseExpression } from "../../../lib/search/expression.ts";
import { checkParams, defineSpace, spaceFromOptions } from "../../../lib/search/space.ts";
import { fromUnit, toUnit } from "../../../lib/search/unit_cube.ts";
import { assertClose, assertEquals, assertThrows } from "../../assert.ts";

Deno.test("countCombinations() gives the true number of source 001's scan", () => {
  const [filters, kernels] = [[32, 64, 96], [1, 3, 5]];
  const space = defineSpace({
    activation: ["relu", "elu"],
    filters_1: filters,
    kernal_1: kernels,
    filters_2: filters,
    kernal_2: kernels,
    dense_1: filters,
    dense_2: filters,
  });
  assertEquals(countCombinations(space), { count: 1458, exact: true }); // the document says 486
  assertEquals(listCombinations(space).length, 1458);
});

Deno.test("countCombinations() leaves out what a condition or a constraint leaves out", () => {
  const space = defineSpace({
    optimizer: ["adam", "sgd"],
    momentum: { low: 0, high: 0.9, step: 0.3, when: { optimizer: "sgd" } },
    nesterov: { choices: [true, false], when: { optimizer: "sgd", momentum: [0.3, 0.6, 0.9] } },
    layers: { low: 1, high: 3 },
    units: [8, 16],
  });
  assertEquals(countCombinations(space).count, (1 + 1 + 3 * 2) * 3 * 2);
  const limited = defineSpace({ ...space.spec, constraints: ["layers * units <= 24", "momentum < 0.9"] });
  // layers × units: 8, 16, 24, 16 of six; momentum 0, 0.3, 0.6
  assertEquals(countCombinations(limited), { count: (1 + 1 + 2 * 2) * 4, exact: true });
  assertEquals(countCombinations(defineSpace({ a: [1], b: { low: 0, high: 0.5 } })).count, Infinity);
});

Deno.test("defineSpace() reads Talos's (min, max, steps)", () => {
  // numpy.arange(0.5, 5, 4.5 / 3); numpy.unique(numpy.arange(0, 10, 10 / 4).astype(int)); arange(2, 5, 3 / 6) the same
  const space = defineSpace({ a: { talos: [0.5, 5, 3] }, b: { talos: [0, 10, 4] }, c: { talos: [2, 5, 6] } });
  assertEquals(space.dimensions.map(valuesOf), [[0.5, 2, 3.5], [0, 2, 5, 7], [2, 3, 4]]);
});

Deno.test("defineSpace() says what is wrong, and where", () => {
  const cases: [unknown, string][] = [
    [{}, "Cannot search an empty space"],
    [[1], "must be an object of parameters: got [1]"],
    [{ a: [] }, 'parameter "a" of a space: the list is empty'],
    [{ a: [1, 1] }, "a value stands twice"],
    [{ a: [null] }, "found null"],
    [{ a: 3 }, "expected a list or a range, found 3"],
    [{ a: { low: 2, high: 1 } }, '"low" must be below "high", found 2 and 1'],
    [{ a: { low: 0, high: 1, log: true } }, '"low" must be above 0'],
    [{ a: { low: 0, high: "1" } }, '"high" must be a finite number, found "1"'],
    [{ a: { low: 0, hihg: 1 } }, 'unknown field "hihg" (nearest: "high")'],
    [{ rate: { low: 0, high: 1, when: { optimiser: 1 } }, optimizer: [1] }, '(nearest: "optimizer")'],
    [{ a: { low: 0, high: 1, when: { b: "c" } }, b: ["d"] }, 'wants "c" of "b", which it never is'],
    ...[3, null, [1]].map((when): [unknown, string] => [
      { a: { low: 0, high: 1, when } },
      `"when" must be an object of other parameters' values, found ${JSON.stringify(when)}`,
    ]),
    [{ a: { choices: [1], when: { b: 1 } }, b: { choices: [1], when: { a: 1 } } }, "go in a circle"],
    [{ a: [1], constraints: ["a <"] }, "expected a value, found the end"],
    [{ a: [1], constraints: ["a < bb"] }, 'no parameter is named "bb"'],
    [{ a: [1], constraints: ["a; b"] }, "nothing begins with"],
  ];
  for (const [spec, message] of cases) {
    assertThrows(() => defineSpace(spec as Record<string, never>), SyntaxError, message);
  }
});

Deno.test("spaceFromOptions() takes the options that say a range", () => {
  const space = spaceFromOptions({
    rate: { type: "number", default: 0.001, range: [1, 10], log: true, help: "" },
    units: { type: "integer", range: [8, 64], help: "" },
    model: { type: "choice", choices: ["a", "b", "c"], range: ["a", "c"], help: "" },
    seed: { type: "integer", help: "" },
  });
  assertEquals(space.spec, {
    rate: { low: 1, high: 10, log: true, float: true },
    units: { low: 8, high: 64, log: false, float: false },
    model: ["a", "c"],
  });
  assertEquals(space.dimensions.map(({ kind }) => kind), ["float", "integer", "choice"]);
  assertThrows(
    () => spaceFromOptions({ seed: { type: "integer", help: "" } }),
    RangeError,
    "none says a range",
  );
  assertThrows(
    () => spaceFromOptions({ seed: { type: "integer", help: "" } }, ["seed"]),
    RangeError,
    '"seed"',
  );
});

Deno.test("spaceFromOptions() tries all values of a choice that is named, and its range where it says one", () => {
  const table = {
    network: { type: "choice", choices: ["a", "b"], help: "" },
    model: { type: "choice", choices: ["a", "b", "c"], range: ["a", "c"], help: "" },
    skips: { type: "boolean", help: "" },
    rate: { type: "number", range: [1, 10], help: "" },
  } as const;
  assertEquals(spaceFromOptions(table, ["network", "model", "skips"]).spec, {
    network: ["a", "b"],
    model: ["a", "c"],
    skips: [false, true],
  });
  assertEquals(Object.keys(spaceFromOptions(table).spec), ["model", "rate"]);
});

Deno.test("toUnit() and fromUnit() are each other's inverse, and every value has a fair share", () => {
  const space = defineSpace({
    choice: ["x", "y", "z"],
    whole: { low: 3, high: 12, step: 3 },
    power: { low: 1, high: 1024, log: true },
    stepped: { low: 0.1, high: 0.5, step: 0.2 },
  });
  for (const dimension of space.dimensions) {
    const values = valuesOf(dimension);
    for (const value of values) assertEquals(fromUnit(dimension, toUnit(dimension, value)), value);
    assertEquals([fromUnit(dimension, 0), fromUnit(dimension, 1)], [values[0], values.at(-1)]);
  }
  const shares = new Map<unknown, number>();
  for (let i = 0; i < 900; i++) {
    const value = fromUnit(space.dimensions[3], (i + 0.5) / 900);
    shares.set(value, (shares.get(value) ?? 0) + 1);
  }
  assertEquals([...shares], [[0.1, 300], [0.3, 300], [0.5, 300]]);
  const [rate] = defineSpace({ rate: { low: 1e-4, high: 1e-2, log: true } }).dimensions;
  assertClose(fromUnit(rate, 0.5) as number, 1e-3, 1e-12);
});

Deno.test("checkParams() names what does not fit", () => {
  const space = defineSpace({
    a: { low: 1, high: 9, step: 2 },
    b: { choices: ["x"], when: { a: 3 } },
    constraints: ["a != 9"],
  });
  checkParams(space, { a: 1 });
  checkParams(space, { a: 3, b: "x" });
  assertThrows(
    () => checkParams(space, { a: 2 }),
    RangeError,
    'parameter "a" as a value of this space: got 2',
  );
  assertThrows(
    () => checkParams(space, { a: 3 }),
    RangeError,
    'parameter "b" as a value of this space: it is missing',
  );
  assertThrows(() => checkParams(space, { a: 1, b: "x" }), RangeError, "its condition does not hold");
  assertThrows(() => checkParams(space, { a: 9 }), RangeError, "a constraint does not hold: a != 9");
});

Deno.test("parseExpression() binds as in arithmetic", () => {
  const cases: [string, unknown][] = [
    ["1 + 2 * 3 == 7", true],
    ["(1 + 2) * 3", 9],
    ["-x % 4 + 10 / 4 - 1", -0.5],
    ["not x > 2 or x == 2 and name != 'b'", true],
    ["not (x == 2)", false],
    ['name == "a"', true],
    ["gone > 3", undefined],
    ["true and 1e-3 < .5", true],
  ];
  for (const [text, value] of cases) {
    assertEquals(parseExpression(text).evaluate({ x: 2, name: "a" }), value, text);
  }
});

Deno.test("permuted() gives every number once, in another order for another seed", () => {
  for (const size of [1, 2, 14, 1458]) {
    const order = Array.from({ length: size }, (_, n) => permuted(n, size, 3));
    assertEquals([...order].sort((a, b) => a - b), order.map((_, i) => i));
  }
  const [a, b] = [3, 4].map((seed) => Array.from({ length: 50 }, (_, n) => permuted(n, 1000, seed)));
  assertEquals(a.filter((value, i) => value === b[i]).length < 5, true);
  assertThrows(() => permuted(3, 3, 0), RangeError, "Cannot take number 3 of 3");
});
