import { findTests, groupTests, inParts } from "../../../tasks/test/_test_files.ts";
import { assert, assertEquals } from "../../assert.ts";

Deno.test("findTests() finds every file of tests below a folder, in order, and takes a file as it is", async () => {
  const found = await findTests("tests/tasks/test");
  assert(found.includes("tests/tasks/test/test_files_test.ts"));
  assertEquals(found, found.toSorted());
  assertEquals((await findTests("./tests")).filter((file) => file.startsWith("tests/tasks/test/")), found);
  assertEquals(await findTests("./tests/assert.ts"), ["tests/assert.ts"]);
});

Deno.test("inParts() cuts files as Deno takes them, the notebooks with the tests of tasks", async () => {
  const files = await findTests("tests"), parts = inParts(files);
  assertEquals(parts.flat(), files);
  assert(parts.every((part) => part.length <= 120) && parts.length > 1);
  const { plain } = await groupTests(files, true);
  assertEquals(inParts(plain.filter((file) => !file.startsWith("tests/long/"))).length, 1);
  assertEquals(inParts(["a_test.ts"]), [["a_test.ts"]]);
  assertEquals(inParts([]), []);
});

Deno.test("groupTests() counts the tests of lib but for those that say why not", async () => {
  const files = [
    "tests/assert_test.ts",
    "tests/lib/base/nearest_test.ts",
    "tests/lib/base/worker_pool_test.ts",
    "tests/lib/engine/memory_alone_test.ts",
  ];
  assertEquals(await groupTests(files, true), {
    alone: files.slice(3),
    plain: [files[0], files[2]],
    counted: [files[1]],
  });
  assertEquals(await groupTests(files, false), {
    alone: files.slice(3),
    plain: files.slice(0, 3),
    counted: [],
  });
});
