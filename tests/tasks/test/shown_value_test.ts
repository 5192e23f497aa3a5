import { assert, assertEquals, assertThrows } from "../../assert.ts";
import { checkShown, findDifference, readShown } from "../../../tasks/test/_shown_value.ts";

const differs = (actual: unknown, comment: string) => findDifference(actual, readShown(comment)!);

Deno.test("readShown() leaves words alone and refuses what only starts as a value", () => {
  for (const words of ["closes the file", "(as above)", "<svg …", "", "trueish"]) {
    assertEquals(readShown(words), undefined, words);
  }
  assertThrows(() => readShown("0, 1, and more"), SyntaxError, 'expected a value at " more"');
  assertThrows(() => readShown("[1, 2"), SyntaxError, 'expected "," or "]"');
  assertThrows(() => readShown("{ a 1 }"), SyntaxError, 'expected ":"');
  assertThrows(() => readShown("[…, 2]"), SyntaxError, 'expected "]" behind "…"');
  assertThrows(() => readShown("3 times"), SyntaxError, 'expected "," or the end');
});

Deno.test("findDifference() takes whole numbers exactly, others as single precision, cut digits as cut", () => {
  assertEquals(differs(3, "3"), undefined);
  assertEquals(differs(3.0000001, "3"), undefined);
  assertEquals(differs(1e9 + 1, "1_000_000_000"), "");
  assertEquals(differs(Math.fround(0.1), "0.1"), undefined);
  assertEquals(differs(0.1001, "0.1"), "");
  assertEquals(differs(0.69314, "0.6931…"), undefined);
  assertEquals(differs(0.6933, "0.6931…"), "");
  assertEquals(differs(-0.69314, "-0.6931…"), undefined);
  assertEquals(differs(1.25e-7, "1.2e-7…"), undefined);
  assertEquals(differs(1.45e-7, "1.2e-7…"), "");
  assertEquals(differs(NaN, "NaN"), undefined);
  assertEquals(differs(Infinity, "-Infinity"), "");
  assertEquals(differs(NaN, "1"), "");
  assertEquals(differs("3", "3"), "");
});

Deno.test("findDifference() compares arrays of every kind by values and length", () => {
  assertEquals(differs(Float32Array.of(1, 2), "1, 2"), undefined);
  assertEquals(differs([[0, 2], [], [1]], "[0, 2], [], [1]"), undefined);
  assertEquals(differs([[0, 2], [1]], "[[0, 2], [3]]"), "[1][0]");
  assertEquals(differs([1, 2, 3], "1, 2"), ".length");
  assertEquals(differs([1, 2, 3], "1, 2, …"), undefined);
  assertEquals(differs([1], "1, 2, …"), ".length");
  assertEquals(differs(Float32Array.of(25), "25"), undefined, "one value stands for an array of one");
  assertEquals(differs([true], "true"), undefined);
  assertEquals(differs([], "[]"), undefined);
  assertEquals(differs(undefined, "0, 2"), "");
  assertEquals(differs(BigInt64Array.of(3n), "3n"), undefined);
});

Deno.test("findDifference() compares texts with their cuts and objects with all their properties", () => {
  assertEquals(differs("Handwritten digits, from 0", '"Handwritten digits, …"'), undefined);
  assertEquals(differs("aXb", '"a…b"'), undefined);
  assertEquals(differs("ab", '"ab…b"'), "");
  assertEquals(differs("axcyb", '"a…c…b"'), undefined);
  assertEquals(differs({ low: 1, high: 2 }, "{ low: 1, high: 2 }"), undefined);
  assertEquals(differs({ low: 1, high: 2 }, "{ low: 1 }"), ".high");
  assertEquals(differs({ low: 1, high: 2 }, '{ "low": 1, … }'), undefined);
  assertEquals(differs({ low: [1] }, "{ low: [2] }"), ".low[0]");
  assertEquals(differs(null, "undefined"), "");
  assertEquals(differs(undefined, "undefined"), undefined);
});

Deno.test("checkShown() gives the result back, or says where the comment is not true", () => {
  assertEquals(checkShown(7, "7"), 7);
  assertEquals(checkShown(7, "the seventh"), 7);
  const { message } = assertThrows(() => checkShown({ a: [1] }, "{ a: [2] }"), Error, "at .a[0]");
  assert(message.includes("it says { a: [2] }, got { a: [ 1 ] }"), message);
});
