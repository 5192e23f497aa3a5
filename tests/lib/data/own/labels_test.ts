import { type LabelColumns, readLabels } from "../../../../lib/data/own/labels.ts";
import { parseTable } from "../../../../lib/data/own/table.ts";
import { assertEquals, assertThrows } from "../../../assert.ts";

Deno.test("readLabels() tells classes, labels and values apart by what they look like", () => {
  const cases: [LabelColumns, string][] = [
    [{ kind: ["cat", "dog"] }, "classes"],
    [{ kind: ["0", "1", "0", "1"] }, "classes"],
    [{ kind: ["0", "1.5", "2"] }, "value"],
    [{ kind: ["1e-3", "-2.5"] }, "value"],
    [{ kind: ["a;b", "a"] }, "labels"],
    [{ a: ["0", "1"], b: ["1", "0"] }, "classes"],
    [{ a: ["0", "1"], b: ["1", "1"] }, "labels"],
  ];
  for (const [columns, task] of cases) assertEquals(readLabels(columns).task, task, JSON.stringify(columns));
});

Deno.test("readLabels() takes whole numbers as classes, whichever number they begin with", () => {
  const { task, values, ...rest } = readLabels({ digit: ["1", "2", "10", "2.0", "10", "1"] });
  assertEquals([task, [...values], rest], [
    "classes",
    [0, 1, 2, 1, 2, 0],
    { column: "digit", names: ["1", "2", "10"] },
  ]);
});

Deno.test("readLabels() names classes by the names that are given, and refuses another number of them", () => {
  const digit = ["0", "1", "0", "1"];
  const labels = readLabels({ digit }, { names: ["even", "odd"] });
  assertEquals(labels.task === "classes" && labels.names, ["even", "odd"]);
  assertThrows(
    () => readLabels({ digit }, { names: ["even"] }),
    RangeError,
    "Cannot name 2 classes (0, 1) by 1 names: even",
  );
});

Deno.test("readLabels() gives a row of marks for several labels, none where a cell is empty", () => {
  const labels = readLabels({ seen: ["star; galaxy", "", "star"] });
  assertEquals(labels, {
    task: "labels",
    column: "seen",
    names: ["galaxy", "star"],
    values: Float32Array.of(1, 1, 0, 0, 0, 1),
  });
});

Deno.test("readLabels() refuses what can be two things, or holds nothing to learn", () => {
  const counts = Array.from({ length: 30 }, (_, i) => String(i));
  const cases: [() => unknown, string][] = [
    [() => readLabels({ hits: counts }), "say --task classes or --task value"],
    [() => readLabels({ kind: ["cat", "cat"] }), 'there is one class only: "cat"'],
    [() => readLabels({ kind: ["cat", "", "dog"] }), "example 2 has none"],
    [() => readLabels({ kind: ["", "cat", "dog"] }), "example 1 has none"],
    [() => readLabels({ energy: ["1.5", "1.5"] }), "as it is 1.5 for all 2 examples"],
    [() => readLabels({ x: ["1.5", "2"], y: ["1", "2"] }), "say --column x, or --column y"],
    [() => readLabels({ energy: ["1"], kind: ["2"] }, { column: "enrgy" }), '(nearest: "energy")'],
    [() => readLabels({ e: ["1", "x"] }, { task: "value" }), 'example 2 has "x"'],
  ];
  for (const [read, words] of cases) assertThrows(read, Error, words);
});

Deno.test("parseTable() reads commas, tabs, quotes and line ends of every system", () => {
  const wanted = { columns: ["file", "label"], rows: [["a, b.png", 'say "x"'], ["c.png", ""]] };
  assertEquals(parseTable('\ufefffile,label\r\n"a, b.png","say ""x"""\r\n\r\nc.png,\r\n', "t"), wanted);
  assertEquals(parseTable("file\tlabel\nc.png\tx;y", "t").rows, [["c.png", "x;y"]]);
  assertThrows(
    () => parseTable("a,b\n1,2\n3\n", "t.csv"),
    SyntaxError,
    'table "t.csv" at row 3: expected 2 cells',
  );
  assertThrows(() => parseTable('a,b\n"1,2\n', "t.csv"), SyntaxError, "has no end");
  assertThrows(() => parseTable("a,b\n", "t.csv"), SyntaxError, "has no rows");
});
