import { describeFailed, describeFlakes, readFailed, slowest } from "../../../tasks/test/_junit.ts";
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
            <failure message="Uncaught Error: not &lt;this&gt;">Error: not &lt;this&gt;

    at line 3</failure>
        </testcase>
    </testsuite>
</testsuites>`;

Deno.test("slowest() lists tests of a second and more, the slowest first, without steps", () => {
  assertEquals(slowest(REPORT), ["Slowest:", "        2.00 s  passes", "        1.50 s  a < b"]);
  assertEquals(slowest(""), []);
});

Deno.test("readFailed() names the tests that failed, each with its file and what it threw", () => {
  assertEquals(readFailed(REPORT), [
    { name: "./a_test.ts: a < b", message: "Error: no" },
    { name: "./a_test.ts: quick", message: "Error: not <this>\n\n    at line 3" },
  ]);
  assertEquals(readFailed(""), []);
});

Deno.test("describeFailed() keeps the head of what each test threw", () => {
  assertEquals(describeFailed([]), []);
  assertEquals(describeFailed(readFailed(REPORT)), [
    "Failed:",
    "  ./a_test.ts: a < b",
    "    Error: no",
    "  ./a_test.ts: quick",
    "    Error: not <this>",
    "        at line 3",
  ]);
  const long = Array.from({ length: 13 }, (_, i) => String(i).repeat(201)).join("\n");
  const lines = describeFailed([{ name: "long", message: long }]);
  assertEquals(lines.length, 14); // a title, a name and 12 lines
  assertEquals(lines[2], `    ${"0".repeat(200)}`);
});

Deno.test("describeFlakes() says how often each test failed, the most often first", () => {
  const failed = ["a", "b", "b", "b"].map((name) => ({ name, message: "" }));
  assertEquals(describeFlakes([], 20), ["No test failed in 20 runs"]);
  assertEquals(describeFlakes(failed, 20), ["Failed in 20 runs:", "  3 times  b", "  1 times  a"]);
});
