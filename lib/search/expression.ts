/**
 * The conditions that a space file may state, such as `filters1 <= filters2 and rate * batch < 1`.
 *
 * Numbers, text in quotes, `true`, `false`, names of parameters, `+ - * / %`, `< <= > >= == !=`, `and or not`, brackets.
 * Nothing else, and no code: a space file may come from anybody. @module
 */
import { nearest } from "../base/nearest.ts";

/** A value in an expression. */
export type ExpressionValue = string | number | boolean;

/** An expression that was read; see {@linkcode parseExpression}. */
export interface Expression {
  readonly text: string;
  /** The parameters that it names. */
  readonly names: readonly string[];
  /** Its value; undefined where a parameter that it needs has none. */
  evaluate(values: Readonly<Record<string, ExpressionValue>>): ExpressionValue | undefined;
}

type Values = Readonly<Record<string, ExpressionValue>>;
type Evaluate = (values: Values) => ExpressionValue | undefined;
interface Token {
  kind: "number" | "text" | "name" | "sign" | "end";
  text: string;
  at: number;
}

/** Signs by how strongly they bind, the weakest first. */
const LEVELS = [["or"], ["and"], ["<", "<=", ">", ">=", "==", "!="], ["+", "-"], ["*", "/", "%"]];

/**
 * Reads an expression.
 *
 * @throws {SyntaxError} If it is none, with the place.
 * @example
 * ```ts
 * const condition = parseExpression("a <= 2 * b and kind != 'none'");
 * condition.evaluate({ a: 3, b: 2, kind: "all" }); // true
 * ```
 */
export function parseExpression(text: string): Expression {
  const tokens = tokensOf(text);
  const names = new Set<string>();
  let next = 0;
  const peek = () => tokens[next];
  const refuse = (wanted: string): never => {
    const { text: found, at, kind } = peek();
    const what = kind === "end" ? "the end" : `"${found}"`;
    throw new SyntaxError(`Cannot read condition "${text}" at ${at}: expected ${wanted}, found ${what}`);
  };
  const take = (sign: string) => peek().text === sign && peek().kind !== "text" && next++ >= 0;

  function level(depth: number): Evaluate {
    if (depth === LEVELS.length) return factor();
    let left = level(depth + 1);
    for (;;) {
      const sign = LEVELS[depth].find(take);
      if (sign === undefined) return left;
      const [before, after] = [left, level(depth + 1)];
      left = (values) => combine(sign, before(values), () => after(values));
    }
  }
  function factor(): Evaluate {
    if (take("not")) {
      const inner = level(2);
      return (values) => {
        const value = inner(values);
        return value === undefined ? undefined : !value;
      };
    }
    if (take("-")) {
      const inner = factor();
      return (values) => combine("-", 0, () => inner(values));
    }
    if (take("(")) {
      const inner = level(0);
      if (!take(")")) refuse('")"');
      return inner;
    }
    const token = peek();
    if (token.kind === "end" || token.kind === "sign") refuse("a value");
    next++;
    if (token.kind === "number") return () => Number(token.text);
    if (token.kind === "text") return () => token.text;
    if (token.text === "true" || token.text === "false") return () => token.text === "true";
    names.add(token.text);
    return (values) => Object.hasOwn(values, token.text) ? values[token.text] : undefined;
  }

  const evaluate = level(0);
  if (peek().kind !== "end") refuse("the end");
  return { text, names: [...names], evaluate };
}

/** Checks that all names of an expression are known. @throws {SyntaxError} Naming the nearest. */
export function checkNames({ text, names }: Expression, known: readonly string[]): void {
  for (const name of names) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    const hint = near === undefined ? "" : ` (nearest: "${near}")`;
    throw new SyntaxError(`Cannot use condition "${text}": no parameter is named "${name}"${hint}`);
  }
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern =
    /\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|(?:"([^"]*)"|'([^']*)')|([A-Za-z_]\w*)|(<=|>=|==|!=|[-+*/%<>()]))/y;
  let at = 0;
  while (at < text.trimEnd().length) {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (!found) {
      throw new SyntaxError(
        `Cannot read condition "${text}" at ${at}: nothing begins with "${text.slice(at, at + 8)}"`,
      );
    }
    const [, number, double, single, name, sign] = found;
    const quoted = double ?? single;
    if (number !== undefined) tokens.push({ kind: "number", text: number, at });
    else if (quoted !== undefined) tokens.push({ kind: "text", text: quoted, at });
    else if (name !== undefined) tokens.push({ kind: "name", text: name, at });
    else tokens.push({ kind: "sign", text: sign, at });
    at = pattern.lastIndex;
  }
  tokens.push({ kind: "end", text: "", at: text.length });
  return tokens;
}

function combine(
  sign: string,
  left: ExpressionValue | undefined,
  rightOf: () => ExpressionValue | undefined,
): ExpressionValue | undefined {
  if (left === undefined) return undefined;
  if (sign === "and" && !left) return false;
  if (sign === "or" && left) return true;
  const right = rightOf();
  if (right === undefined) return undefined;
  const [a, b] = [left as number, right as number];
  switch (sign) {
    case "and":
    case "or":
      return Boolean(right);
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    case ">=":
      return a >= b;
    case "==":
      return left === right;
    case "!=":
      return left !== right;
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    default:
      return a % b;
  }
}
