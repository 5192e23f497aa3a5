/**
 * The examples of the docs as test files, with what each `// value` comment says compared with the result.
 *
 * `deno test --doc` runs an example and drops its results. Here an example becomes a module of its own, as there,
 * with the names of its file at hand; a statement that is an expression with a comment behind it on its line is
 * wrapped in `checkShown`.
 * @module
 */
import { basename, dirname, join, resolve } from "@std/path";
import { pathToFileURL } from "node:url";
import ts from "typescript";
import { readShown } from "./_shown_value.ts";

/** One example of a file's docs. */
export interface DocExample {
  /** Line of the file on which the example's code begins, from 1. */
  line: number;
  code: string;
}

const FENCE = /^```(ts|js|typescript|javascript)[ \t]*\n([\s\S]*?)^```[ \t]*$/gm;

/**
 * Reads the examples in a file's doc comments: every fenced block of TypeScript but those marked `ignore`.
 *
 * @example
 * ```ts
 * const fence = "`".repeat(3);
 * const source = ["/**", ` * ${fence}ts`, " * 1 + 1; // 2", ` * ${fence}`, " *" + "/", "export {};"].join("\n");
 * findDocExamples(source); // [{ line: 3, code: "1 + 1; // 2\n" }]
 * ```
 */
export function findDocExamples(source: string): DocExample[] {
  const examples: DocExample[] = [];
  for (const [start, end] of docComments(source)) {
    const text = source.slice(start, end).replaceAll(/^[ \t]*\* ?/gm, "");
    const firstLine = source.slice(0, start).split("\n").length;
    for (const match of text.matchAll(FENCE)) {
      const before = text.slice(0, match.index).split("\n").length - 1;
      examples.push({ line: firstLine + before + 1, code: match[2] });
    }
  }
  return examples;
}

/** Start and end of every doc comment, in their order. */
function docComments(source: string): [start: number, end: number][] {
  const file = parse(source);
  const comments = new Map<number, number>();
  const visit = (node: ts.Node): void => {
    for (const { pos, end } of ts.getLeadingCommentRanges(source, node.getFullStart()) ?? []) {
      if (source.startsWith("/**", pos)) comments.set(pos, end);
    }
    node.getChildren(file).forEach(visit);
  };
  visit(file);
  return [...comments].sort(([a], [b]) => a - b);
}

function parse(source: string): ts.SourceFile {
  return ts.createSourceFile("example.ts", source, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
}

/**
 * Wraps every expression that has a value in the comment behind it, so that it is compared.
 *
 * @throws {SyntaxError} A comment starts as a value does and does not end as one.
 * @example
 * ```ts
 * compareComments("1 + 1; // 2\n"); // "checkShown(1 + 1, \"2\"); // 2\n"
 * compareComments("await close(); // frees the file\n"); // "await close(); // frees the file\n"
 * ```
 */
export function compareComments(code: string): string {
  const edits: { start: number; end: number; text: string }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isExpressionStatement(node)) {
      const comment = commentBehind(code, node.end);
      if (comment !== undefined && readShown(comment) !== undefined) {
        const start = node.expression.getStart(), end = node.expression.end;
        const text = `checkShown(${code.slice(start, end)}, ${JSON.stringify(comment)})`;
        edits.push({ start, end, text });
        return;
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(parse(code));
  return edits.reduceRight(
    (text, { start, end, text: by }) => text.slice(0, start) + by + text.slice(end),
    code,
  );
}

/** The text of the comment that begins on the line where a statement ends. */
function commentBehind(code: string, end: number): string | undefined {
  return /^[ \t]*\/\/(.*)/.exec(code.slice(end))?.[1].trim();
}

/**
 * A module that registers the test of one example.
 *
 * @param file The file whose docs hold the example, as its path from `root`.
 * @param example The example.
 * @param root The tree that holds the file.
 */
export function exampleModule(file: string, example: DocExample, root = "."): string {
  const name = JSON.stringify(`${file}:${example.line} (example)`);
  let code;
  try {
    code = compareComments(example.code);
  } catch (error) { // the other examples run all the same
    return `Deno.test(${name}, () => { throw new SyntaxError(${
      JSON.stringify((error as Error).message)
    }); });\n`;
  }
  const tree = parse(code);
  const isImport = (statement: ts.Statement) => ts.isImportDeclaration(statement);
  const imports = tree.statements.filter(isImport).map((statement) =>
    statement.getText().replace(
      /(["'])(\.[^"']*)\1/,
      (_, quote, path) => quote + pathToFileURL(resolve(root, dirname(file), path)).href + quote,
    )
  );
  const body = tree.statements.filter((statement) => !isImport(statement))
    .map((statement) => statement.getFullText().replace(/^(\s*)export /, "$1")).join("");
  const trailing = code.slice(tree.statements.at(-1)?.end ?? 0);
  const names = freeNames(tree);
  return `import { checkShown } from ${url(join(import.meta.dirname!, "_shown_value.ts"))};
import * as documented from ${url(resolve(root, file))};
${imports.join("\n")}
Deno.test(${name}, async () => {
const { ${names.join(", ")} } = documented;
${body}${trailing}
});
`;
}

const url = (path: string) => JSON.stringify(pathToFileURL(resolve(path)).href);

/** Names that an example uses and neither it nor the world declares: those of its file. */
function freeNames(tree: ts.SourceFile): string[] {
  const used = new Set<string>(), declared = new Set<string>(["checkShown", "undefined"]);
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node)) return;
    if (ts.isIdentifier(node)) {
      const { parent } = node;
      const isDeclared = (ts.isVariableDeclaration(parent) || ts.isBindingElement(parent) ||
        ts.isFunctionDeclaration(parent) || ts.isClassDeclaration(parent) || ts.isImportSpecifier(parent) ||
        ts.isImportClause(parent) || ts.isNamespaceImport(parent) || ts.isParameter(parent)) &&
        parent.name === node;
      const isProperty = (ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent)) &&
        parent.name === node;
      if (isDeclared) declared.add(node.text);
      else if (!isProperty) used.add(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return [...used].filter((name) => !declared.has(name) && !(name in globalThis));
}

/**
 * Writes the tests of every example in files or folders.
 *
 * @param paths Files, or folders that are searched for `.ts` files.
 * @param folder Where the tests are written: one file an example, in the folders of its source.
 * @param root The tree that holds the paths.
 * @returns How many examples there are.
 */
export async function writeExampleTests(
  paths: readonly string[],
  folder: string,
  root = ".",
): Promise<number> {
  let count = 0;
  for (const file of (await Promise.all(paths.map((path) => sourcesIn(path, root)))).flat()) {
    for (const example of findDocExamples(await Deno.readTextFile(resolve(root, file)))) {
      const target = join(folder, dirname(file), `${basename(file, ".ts")}_${example.line}_test.ts`);
      await Deno.mkdir(dirname(target), { recursive: true });
      await Deno.writeTextFile(target, exampleModule(file, example, root));
      count++;
    }
  }
  return count;
}

async function sourcesIn(path: string, root: string): Promise<string[]> {
  if ((await Deno.stat(resolve(root, path))).isFile) return path.endsWith(".ts") ? [path] : [];
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(resolve(root, path))) {
    if (isDirectory || name.endsWith(".ts")) found.push(...await sourcesIn(join(path, name), root));
  }
  return found.sort();
}
