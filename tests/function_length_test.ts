/**
 * No function does several jobs: none is longer than a screen, what functions inside it do left out. A factory may be longer
 * than that as a whole where it is a list of short functions over one state.
 * @module
 */
import ts from "typescript";
import { assertEquals } from "./assert.ts";
import { readSource, sourcesIn } from "./sources.ts";

/** Most lines of a function, without the functions inside it. */
const MOST = 60;

/** Functions that are longer, and why. */
const LONGER: Readonly<Record<string, string>> = {
  "lib/engine/wasm/wasm_micro.ts rowsKernel": "one loop in WebAssembly, written out",
  "lib/layers/keras_settings.ts settingFromKeras": "a table: one setting a line",
};

/** A function with a body of statements. */
function hasStatements(node: ts.Node): node is ts.FunctionLikeDeclaration {
  return ts.isFunctionLike(node) && "body" in node &&
    (node.body as ts.Node | undefined)?.kind === ts.SyntaxKind.Block;
}

/** Every function of a source that is longer than it may be, with its lines. */
function longFunctions(file: string, text: string): [name: string, lines: number][] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const lineAt = (position: number) => source.getLineAndCharacterOfPosition(position).line;
  const linesOf = (node: ts.Node) => lineAt(node.getEnd()) - lineAt(node.getStart()) + 1;
  const found: [string, number][] = [];
  /** Visits what is in a node; gives the lines of the functions in it that count for themselves. */
  const visit = (node: ts.Node): number => {
    let inside = 0;
    ts.forEachChild(node, (child) => void (inside += visit(child)));
    if (!hasStatements(node)) return inside;
    const lines = linesOf(node), own = lines - inside;
    if (own > MOST) {
      const { name } = node.name ? node : node.parent as unknown as { name?: ts.Node };
      found.push([`${file} ${name?.getText() ?? "a function without a name"}`, own]);
    }
    return lines > 2 ? lines : 0;
  };
  visit(source);
  return found;
}

Deno.test("no function is longer than sixty lines of its own", () => {
  const files = ["lib", "tasks", "functions"].flatMap(sourcesIn);
  const long = files.flatMap((file) => longFunctions(file, readSource(file)));
  assertEquals(long.filter(([name]) => !Object.hasOwn(LONGER, name)), []);
  const names = long.map(([name]) => name);
  assertEquals(
    Object.keys(LONGER).filter((name) => !names.includes(name)),
    [],
    "no longer than others any more",
  );
});

Deno.test("longFunctions() counts a function without those inside it", () => {
  const inner = `const f = () => {\n${"x;\n".repeat(50)}};\n`;
  const outer = (own: number) => `function g() {\n${inner}${"y;\n".repeat(own)}}\n`;
  assertEquals(longFunctions("a.ts", outer(58)), []);
  assertEquals(longFunctions("a.ts", outer(59)), [["a.ts g", 61]]);
});
