import { assertEquals } from "../../assert.ts";
import {
  applyMutation,
  findMutations,
  showMutation,
  switchMutations,
} from "../../../tasks/mutants/_mutations.ts";

/** Every text that one fault makes of a statement. */
const mutantsOf = (source: string) =>
  findMutations(source).map((mutation) => applyMutation(source, mutation));

Deno.test("findMutations() plants every kind of fault", () => {
  const kinds: [source: string, ...mutants: string[]][] = [
    ["const a = b < c;", "const a = b <= c;"],
    ["const a = -b;", "const a =  (b);"],
    ["const a = b ? c : d;", "const a = !(b) ? c : d;"],
    ["const a = true;", "const a = false;"],
    ["const a = 7;", "const a = (7 + 1);"],
    ["f();", ";"],
    ["const a = await f();", "const a = (f());"],
    ["const a = f(b, c, d);", "const a = f(c, b, d);"],
    ["function f() { return a; }", "function f() { return undefined; }"],
    ["if (a) throw new RangeError(`${1 + b}`);", "if (!(a)) throw new RangeError(`${1 + b}`);", "if (a) ;"],
    ["throw bad(`${1 + b}` + `${-c}`, d);", ";", "throw bad(d, `${1 + b}` + `${-c}`);"],
  ];
  for (const [source, ...mutants] of kinds) assertEquals(mutantsOf(source), mutants, source);
});

Deno.test("findMutations() leaves types, imports, joined texts and a loop's step alone", () => {
  for (
    const source of [
      'import { a } from "./a.ts";',
      "type A = 1 | 2;",
      "interface A { b: 3 }",
      'const a = b + "c";',
      "const a = f(b, b);",
      "const a = Math.max(b, c);",
      "const a = tf.add(b, c);",
      "const a = async () => await b();",
      "const a = f(b, ...c);",
    ]
  ) assertEquals(mutantsOf(source), [], source);
  assertEquals(mutantsOf("for (;; i++) {}"), []);
});

Deno.test("findMutations() leaves a returned promise alone where nothing waits for its end", () => {
  const drops = (body: string) =>
    findMutations(`async function f() { ${body} }`).filter(({ kind }) => kind === "dropped await").length;
  assertEquals(drops("return a ? await b() : (await c());"), 0);
  assertEquals(drops("return await a() ? b : c;"), 1);
  assertEquals(drops("try { return await a(); } finally { b(); }"), 1);
  assertEquals(drops("using b = c(); return await a(b);"), 1);
  assertEquals(drops("return [await a()];"), 1);
});

Deno.test("showMutation() shows the whole lines before and after", () => {
  const source = "a;\nconst b = f(\n  1,\n  c,\n);\nd;";
  const swap = findMutations(source).find(({ kind }) => kind === "swapped arguments")!;
  assertEquals(showMutation(source, swap), "- const b = f(\n-   1,\n-   c,\n- );\n+ const b = f(c, 1);");
});

Deno.test("switchMutations() puts every fault behind a choice, one inside the other", () => {
  const source = "if (a?.b(1, c).d) f(); return -x;";
  const all = findMutations(source).map((mutation, id) => ({ ...mutation, id }));
  assertEquals(
    switchMutations(source, all, "is"),
    "if ((is(0) ? (a?.b(c, 1).d) : ((is(1) ? (!(a?.b(1, c).d)) : (a?.b((is(2) ? ((1 + 1)) : (1)), c).d))))) " +
      "{ if (is(3)) { ; } else { f(); } } " +
      "{ if (is(4)) { return undefined; } else { return (is(5) ? ( (x)) : (-x)); } }",
  );
});
