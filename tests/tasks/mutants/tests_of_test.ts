import { assertEquals } from "../../assert.ts";
import { findTestsOf } from "../../../tasks/mutants/_tests_of.ts";

Deno.test("findTestsOf() gives tests through few files between, the nearest first", () => {
  const sources = new Map([
    ["lib/io/png.ts", ""],
    ["lib/io/mod.ts", 'export * from "./png.ts";'],
    ["lib/mod.ts", 'export * from "./io/mod.ts";'],
    ["lib/io/worker_owner.ts", 'new Worker(new URL("./png.ts", import.meta.url));'],
    ["tests/lib/a_test.ts", 'import { a } from "../../lib/io/png.ts";'],
    ["tests/lib/io/b_test.ts", 'import { b } from "../../../lib/io/png.ts";'],
    ["tests/lib/io/c_test.ts", 'import { c } from "../../../lib/io/mod.ts";'],
    ["tests/lib/io/d_test.ts", 'import { d } from "../../../lib/io/worker_owner.ts";'],
    ["tests/lib/io/far_test.ts", 'import { e } from "../../../lib/mod.ts";'],
    ["lib/serve/a.ts", 'import { a } from "./b.ts";'],
    ["lib/serve/b.ts", 'import { a } from "./c.ts";'],
    ["lib/serve/c.ts", 'import { a } from "../mod.ts";'],
    ["tests/lib/io/farthest_test.ts", 'import { g } from "../../../lib/serve/a.ts";'],
    ["tests/lib/io/_drawn.ts", 'import { h } from "../../../lib/io/png.ts";'],
    ["tests/lib/io/z_test.ts", 'import { h } from "./_drawn.ts";'],
    ["tests/long/f_test.ts", 'import { f } from "../../lib/io/png.ts";'],
  ]);
  assertEquals(findTestsOf(sources).get("lib/io/png.ts"), [
    "tests/lib/io/b_test.ts",
    "tests/lib/io/z_test.ts",
    "tests/lib/a_test.ts",
    "tests/lib/io/c_test.ts",
    "tests/lib/io/d_test.ts",
    "tests/lib/io/far_test.ts",
  ]);
});

Deno.test("findTestsOf() puts the test that covers a file first", () => {
  const sources = new Map([
    ["lib/train/order.ts", ""],
    ["lib/train/mod.ts", 'export * from "./order.ts";'],
    ["tests/lib/train/a_test.ts", 'import { a } from "../../../lib/train/order.ts";'],
    ["tests/lib/train/fit_test.ts", 'import { a } from "../../../lib/train/mod.ts";'],
  ]);
  const covered = { "tests/lib/train/fit_test.ts": ["lib/train/order.ts"] };
  assertEquals(findTestsOf(sources, covered).get("lib/train/order.ts"), [
    "tests/lib/train/fit_test.ts",
    "tests/lib/train/a_test.ts",
  ]);
});

Deno.test("findTestsOf() puts the test of a file's own name first, however far it lies", () => {
  const sources = new Map([
    ["lib/train/_order.ts", ""],
    ["lib/train/mod.ts", 'export * from "./_order.ts";'],
    ["tests/lib/train/a_test.ts", 'import { a } from "../../../lib/train/_order.ts";'],
    ["tests/lib/train/order_test.ts", 'import { a } from "../../../lib/train/mod.ts";'],
  ]);
  assertEquals(findTestsOf(sources).get("lib/train/_order.ts"), [
    "tests/lib/train/order_test.ts",
    "tests/lib/train/a_test.ts",
  ]);
});
