/**
 * Small faults that could stand in a file, found in its syntax tree.
 *
 * Each is one edit of the text. Types, imports and the words of errors are left alone.
 * @module
 */
import ts from "typescript";

/** What a fault is made of. */
export type MutationKind =
  | "operator"
  | "condition"
  | "constant"
  | "dropped statement"
  | "dropped await"
  | "swapped arguments"
  | "returned default";

/** One fault: the text from `start` to before `end` becomes `text`. */
export interface Mutation {
  kind: MutationKind;
  start: number;
  end: number;
  text: string;
  /** The expression or statement that holds it whole, which a choice may stand for: see {@linkcode switchMutations}. */
  scope: { kind: "expression" | "statement"; start: number; end: number };
}

const OPERATORS: Readonly<Partial<Record<ts.SyntaxKind, string>>> = {
  [ts.SyntaxKind.PlusToken]: "-",
  [ts.SyntaxKind.MinusToken]: "+",
  [ts.SyntaxKind.AsteriskToken]: "/",
  [ts.SyntaxKind.SlashToken]: "*",
  [ts.SyntaxKind.PercentToken]: "*",
  [ts.SyntaxKind.AsteriskAsteriskToken]: "*",
  [ts.SyntaxKind.LessThanToken]: "<=",
  [ts.SyntaxKind.LessThanEqualsToken]: "<",
  [ts.SyntaxKind.GreaterThanToken]: ">=",
  [ts.SyntaxKind.GreaterThanEqualsToken]: ">",
  [ts.SyntaxKind.EqualsEqualsEqualsToken]: "!==",
  [ts.SyntaxKind.ExclamationEqualsEqualsToken]: "===",
  [ts.SyntaxKind.AmpersandAmpersandToken]: "||",
  [ts.SyntaxKind.BarBarToken]: "&&",
  [ts.SyntaxKind.PlusEqualsToken]: "-=",
  [ts.SyntaxKind.MinusEqualsToken]: "+=",
  [ts.SyntaxKind.AsteriskEqualsToken]: "/=",
  [ts.SyntaxKind.SlashEqualsToken]: "*=",
  [ts.SyntaxKind.LessThanLessThanToken]: ">>",
  [ts.SyntaxKind.GreaterThanGreaterThanToken]: "<<",
  [ts.SyntaxKind.GreaterThanGreaterThanGreaterThanToken]: "<<",
  [ts.SyntaxKind.AmpersandToken]: "|",
  [ts.SyntaxKind.BarToken]: "&",
};

/**
 * Finds every fault that could be planted in a file, in the order of the text.
 *
 * @example
 * ```ts
 * const faults = findMutations("const half = (n: number) => n / 2;");
 * faults.map(({ kind, text }) => `${kind} ${text}`); // "operator *", "constant (2 + 1)"
 * ```
 */
export function findMutations(source: string): Mutation[] {
  const file = ts.createSourceFile("source.ts", source, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
  const found: Mutation[] = [];
  const visit = (node: ts.Node): void => {
    if (isLeftAlone(node)) return;
    for (const { kind, at, text } of mutationsOf(node)) {
      found.push({ kind, start: at.getStart(file), end: at.end, text, scope: scopeOf(at) });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found.sort((a, b) => a.start - b.start || a.end - b.end);
}

/** An operator stands in its expression, and a call in an optional chain in all of the chain. */
function scopeOf(at: ts.Node): Mutation["scope"] {
  let node = ts.isToken(at) && ts.isBinaryExpression(at.parent) && at.parent.operatorToken === at
    ? at.parent
    : at;
  while (node.flags & ts.NodeFlags.OptionalChain && (node.parent.flags & ts.NodeFlags.OptionalChain)) {
    node = node.parent;
  }
  const kind = ts.isStatement(node) ? "statement" : "expression";
  return { kind, start: node.getStart(), end: node.end };
}

/** What no program's behaviour hangs on: types, imports, and what an error says. */
function isLeftAlone(node: ts.Node): boolean {
  return ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isExportDeclaration(node) ||
    ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) ||
    (ts.isNewExpression(node) && /Error$/.test(node.expression.getText())) ||
    (ts.isTemplateExpression(node) && isThrown(node));
}

/** Whether a text is put together for what is thrown: `throw bad(`…`)`, `throw new Problem(400, `…`)`. */
function isThrown(text: ts.Node): boolean {
  let { parent } = text;
  while (ts.isCallOrNewExpression(parent) || ts.isBinaryExpression(parent)) parent = parent.parent;
  return ts.isThrowStatement(parent);
}

interface Found {
  kind: MutationKind;
  at: ts.Node;
  text: string;
}

function mutationsOf(node: ts.Node): Found[] {
  if (ts.isBinaryExpression(node)) return operatorOf(node);
  if (ts.isPrefixUnaryExpression(node)) {
    const isSign = [ts.SyntaxKind.MinusToken, ts.SyntaxKind.ExclamationToken].includes(node.operator);
    return isSign ? [{ kind: "operator", at: node, text: ` (${node.operand.getText()})` }] : [];
  }
  if (ts.isPostfixUnaryExpression(node)) {
    // A loop that counts the other way only ends at the time limit.
    const isStep = ts.isForStatement(node.parent) && node.parent.incrementor === node;
    const operator = node.operator === ts.SyntaxKind.PlusPlusToken ? "--" : "++";
    return isStep ? [] : [{ kind: "operator", at: node, text: node.operand.getText() + operator }];
  }
  if (ts.isIfStatement(node) || ts.isWhileStatement(node)) return [negated(node.expression)];
  if (ts.isConditionalExpression(node)) return [negated(node.condition)];
  if (ts.isNumericLiteral(node)) {
    const isKey = ts.isPropertyAssignment(node.parent) && node.parent.name === node;
    const change = Number(node.text) < 2 ** 53 ? "+ 1" : "* 2"; // or it is rounded away
    return isKey ? [] : [{ kind: "constant", at: node, text: `(${node.getText()} ${change})` }];
  }
  if (node.kind === ts.SyntaxKind.TrueKeyword) return [{ kind: "constant", at: node, text: "false" }];
  if (node.kind === ts.SyntaxKind.FalseKeyword) return [{ kind: "constant", at: node, text: "true" }];
  if (ts.isExpressionStatement(node)) {
    const isNeeded = /^(super\(|"use )/.test(node.getText());
    return isNeeded ? [] : [{ kind: "dropped statement", at: node, text: ";" }];
  }
  if (ts.isThrowStatement(node)) return [{ kind: "dropped statement", at: node, text: ";" }];
  if (ts.isAwaitExpression(node)) {
    return isReturned(node)
      ? []
      : [{ kind: "dropped await", at: node, text: `(${node.expression.getText()})` }];
  }
  if (ts.isCallExpression(node)) return swappedArguments(node);
  if (
    ts.isReturnStatement(node) && node.expression !== undefined && node.expression.getText() !== "undefined"
  ) {
    return [{ kind: "returned default", at: node, text: "return undefined;" }];
  }
  return [];
}

/** A promise that is returned is awaited by the caller, unless something here waits for its end. */
function isReturned(wait: ts.AwaitExpression): boolean {
  let node: ts.Node = wait;
  while (ts.isParenthesizedExpression(node.parent) || ts.isConditionalExpression(node.parent)) {
    node = node.parent;
  }
  if (ts.isConditionalExpression(node) && node.condition.getText().includes(wait.getText())) return false;
  if (ts.isArrowFunction(node.parent)) return true;
  if (!ts.isReturnStatement(node.parent)) return false;
  while (!ts.isFunctionLike(node) && !ts.isSourceFile(node)) {
    if (ts.isTryStatement(node)) return false;
    node = node.parent;
  }
  return !/\busing\b/.test(node.getText());
}

function operatorOf({ left, right, operatorToken }: ts.BinaryExpression): Found[] {
  const text = OPERATORS[operatorToken.kind];
  const isText = (side: ts.Expression) => ts.isStringLiteralLike(side) || ts.isTemplateExpression(side);
  const joinsTexts = operatorToken.kind === ts.SyntaxKind.PlusToken && (isText(left) || isText(right));
  return text === undefined || joinsTexts ? [] : [{ kind: "operator", at: operatorToken, text }];
}

function negated(condition: ts.Expression): Found {
  return { kind: "condition", at: condition, text: `!(${condition.getText()})` };
}

/** Of these the order of the first two never counts. */
const SYMMETRIC = /^(Math\.(max|min|hypot|imul)|tf\.(maximum|minimum|add|mul))$/;

function swappedArguments(call: ts.CallExpression): Found[] {
  if (SYMMETRIC.test(call.expression.getText())) return [];
  const [first, second, ...rest] = call.arguments.map((argument) => argument.getText());
  if (second === undefined || first === second || call.arguments.some(ts.isSpreadElement)) return [];
  const optional = call.questionDotToken ? "?." : "";
  const text = `${call.expression.getText()}${optional}(${[second, first, ...rest].join(", ")})`;
  return [{ kind: "swapped arguments", at: call, text }];
}

/** The text with a fault in it. */
export function applyMutation(source: string, { start, end, text }: Mutation): string {
  return source.slice(0, start) + text + source.slice(end);
}

/** A fault by its number. */
export interface NumberedMutation extends Mutation {
  id: number;
}

/**
 * The text with all faults in it, each chosen by `planted(id)` while the program runs.
 *
 * @param planted Name of the function that says whether a fault is there.
 * @example
 * ```ts
 * const source = "half = n / 2;";
 * switchMutations(source, [{ ...findMutations(source)[1], id: 7 }], "is"); // "half = (is(7) ? (n * 2) : (n / 2));"
 * ```
 */
export function switchMutations(
  source: string,
  mutations: readonly NumberedMutation[],
  planted: string,
): string {
  const sorted = mutations.toSorted((a, b) => a.scope.start - b.scope.start || b.scope.end - a.scope.end);
  const write = (start: number, end: number, inside: readonly NumberedMutation[]): string => {
    let text = "", at = start, i = 0;
    while (i < inside.length) {
      const mutation = inside[i], { scope } = mutation;
      const next = inside.findIndex((other, k) => k > i && other.scope.start >= scope.end);
      const stop = next < 0 ? inside.length : next;
      const right = write(scope.start, scope.end, inside.slice(i + 1, stop));
      const wrong = source.slice(scope.start, mutation.start) + mutation.text +
        source.slice(mutation.end, scope.end);
      const condition = `${planted}(${mutation.id})`;
      text += source.slice(at, scope.start);
      text += scope.kind === "statement"
        ? `{ if (${condition}) { ${wrong} } else { ${right} } }`
        : `(${condition} ? (${wrong}) : (${right}))`;
      [at, i] = [scope.end, stop];
    }
    return text + source.slice(at, end);
  };
  return write(0, source.length, sorted);
}

/**
 * Shows a fault as the lines that it changes, before and after.
 *
 * @example
 * ```ts
 * const [slash] = findMutations("const half = (n: number) => n / 2;");
 * showMutation("const half = (n: number) => n / 2;", slash);
 * // - const half = (n: number) => n / 2;
 * // + const half = (n: number) => n * 2;
 * ```
 */
export function showMutation(source: string, mutation: Mutation): string {
  const from = source.lastIndexOf("\n", mutation.start - 1) + 1;
  const next = source.indexOf("\n", mutation.end);
  const to = next < 0 ? source.length : next;
  const growth = mutation.text.length - (mutation.end - mutation.start);
  const after = applyMutation(source, mutation).slice(from, to + growth);
  const lines = (sign: string, text: string) => text.split("\n").map((line) => `${sign} ${line}`);
  return [...lines("-", source.slice(from, to)), ...lines("+", after)].join("\n");
}
