import { describeFlakes, readFailed, slowest } from "../../../tasks/test/_junit.ts";
import { assertEquals } from "../../assert.ts";

/** As Deno 2.9 writes it. */
const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="3" failures="2" errors="0" time="0.152">
    <testsuite name="./a_test.ts" tests="3" disabled="0" errors="0" failures="2">
        <testcase name="a &lt; b" classname="./a_test.ts" time="1.500" line="1" col="6">
            <failure message="Uncaught Error: no">Error: no</failure>
        </testcase>
        <testcase name="passes" classname="./a_test.ts" time="2.000" line="2" col="6">
        </testcase>
        <testcase name="a &lt; b &gt; its step" classname="./a_test.ts" time="9.000" line="2" col="6">
        </testcase>
        <testcase name="quick" classname="./a_test.ts" time="0.999" line="3" col="6">
            <failure message="Uncaught Error: no">Error: no</failure>
        </testcase>
    </testsuite>
</testsuites>`;

Deno.test("slowest() lists tests of a second and more, the slowest first, without steps", () => {
  assertEquals(slowest(REPORT), ["Slowest:", "        2.00 s  passes", "        1.50 s  a < b"]);
  assertEquals(slowest(""), []);
});

Deno.test("readFailed() names the tests that failed, each with its file", () => {
  assertEquals(readFailed(REPORT), ["./a_test.ts: a < b", "./a_test.ts: quick"]);
  assertEquals(readFailed(""), []);
});

Deno.test("describeFlakes() says how often each test failed, the most often first", () => {
  assertEquals(describeFlakes(new Map(), 20), ["No test failed in 20 runs"]);
  assertEquals(describeFlakes(new Map([["a", 1], ["b", 3]]), 20), [
    "Failed in 20 runs:",
    "  3 times  b",
    "  1 times  a",
  ]);
});
