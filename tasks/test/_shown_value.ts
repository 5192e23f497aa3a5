/**
 * What a `// value` comment in a doc example says, and whether a result agrees with it.
 *
 * A comment shows a value as a reader would write it down: `0.75`, `"a.png"`, `[1, 2]`, `{ low: 97 }`, and
 * `1, 2, 3` for the values of any array. `…` stands for what was cut: digits (`0.6931…`), the end or the middle of a
 * text, the last elements of an array, further properties of an object.
 * @module
 */

/** A value as a comment shows it. */
export type Shown =
  | {
    kind: "number";
    value: number; /** How far from `value` a result may be, where digits were cut. */
    unit?: number;
  }
  | { kind: "exact"; value: string | boolean | bigint | null | undefined }
  | { kind: "text"; /** What stands between the cuts. */ parts: readonly string[] }
  | {
    kind: "list";
    items: readonly Shown[]; /** Without brackets: of any array. */
    bare: boolean;
    cut: boolean;
  }
  | { kind: "object"; properties: ReadonlyMap<string, Shown>; cut: boolean };

/** Single precision carries 24 bits: what a written decimal may differ by once it has been through it. */
const SINGLE = 2 ** -22;

const WORDS: Readonly<Record<string, Shown>> = {
  true: { kind: "exact", value: true },
  false: { kind: "exact", value: false },
  null: { kind: "exact", value: null },
  undefined: { kind: "exact", value: undefined },
  NaN: { kind: "number", value: NaN },
  Infinity: { kind: "number", value: Infinity },
  "-Infinity": { kind: "number", value: -Infinity },
};

/**
 * Reads the comment behind an expression.
 *
 * @returns The value, or undefined where the comment is words: it then starts with a letter, or `(`, and is no value.
 * @throws {SyntaxError} The comment starts as a value does but does not end as one.
 * @example A value, and words
 * ```ts
 * readShown("0.25")?.kind; // "number"
 * readShown("closes the file"); // undefined
 * ```
 */
export function readShown(comment: string): Shown | undefined {
  const text = comment.trim();
  const word = /^[A-Za-z_(<]\w*/.exec(text)?.[0];
  if (text === "" || (word !== undefined && !Object.hasOwn(WORDS, word))) return undefined;
  const reader = new Reader(text);
  const { items, cut } = reader.list("");
  if (items.length === 1 && !cut) return items[0];
  return { kind: "list", items, bare: true, cut };
}

/** Reads values one after another. */
class Reader {
  #at = 0;
  constructor(readonly text: string) {}

  /** The values up to `close`, which is read too; "" stands for the end of the text. */
  list(close: string): { items: Shown[]; cut: boolean } {
    const items: Shown[] = [];
    while (!this.#reads(close)) {
      if (this.#reads("…")) {
        if (!this.#reads(close)) this.#refuse(`"${close}" behind "…"`);
        return { items, cut: true };
      }
      items.push(this.value());
      this.#separate(close);
    }
    return { items, cut: false };
  }

  value(): Shown {
    if (this.#reads("[")) return { kind: "list", bare: false, ...this.list("]") };
    if (this.#reads("{")) return this.#object();
    const word = this.#match(/-?[A-Za-z]+/y);
    if (word !== undefined) return WORDS[word] ?? this.#refuse("a value");
    const text = this.#match(/"(?:[^"\\]|\\.)*"/y);
    if (text !== undefined) return textOf(JSON.parse(text));
    const number = this.#match(/-?\d[\d_]*(?:\.\d+)?(?:e[-+]?\d+)?(?:…|n\b)?/y);
    return number === undefined ? this.#refuse("a value") : numberOf(number.replaceAll("_", ""));
  }

  #object(): Shown {
    const properties = new Map<string, Shown>();
    while (!this.#reads("}")) {
      if (this.#reads("…")) {
        if (!this.#reads("}")) this.#refuse('"}" behind "…"');
        return { kind: "object", properties, cut: true };
      }
      const key = this.#match(/"(?:[^"\\]|\\.)*"|[\w$]+/y) ?? this.#refuse("the name of a property");
      if (!this.#reads(":")) this.#refuse('":"');
      properties.set(key.startsWith('"') ? JSON.parse(key) : key, this.value());
      this.#separate("}");
    }
    return { kind: "object", properties, cut: false };
  }

  /** A comma, unless `close` is next. */
  #separate(close: string): void {
    if (this.#reads(",")) return;
    const start = this.#at;
    if (!this.#reads(close)) this.#refuse(`"," or ${close === "" ? "the end" : `"${close}"`}`);
    this.#at = start;
  }

  #reads(word: string): boolean {
    this.#match(/\s*/y);
    if (word === "") return this.#at === this.text.length;
    if (!this.text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    return true;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #refuse(wanted: string): never {
    throw new SyntaxError(
      `Cannot read the comment "${this.text}" as a value: expected ${wanted} at "${
        this.text.slice(this.#at)
      }"`,
    );
  }
}

function textOf(text: string): Shown {
  return text.includes("…") ? { kind: "text", parts: text.split("…") } : { kind: "exact", value: text };
}

function numberOf(text: string): Shown {
  if (text.endsWith("n")) return { kind: "exact", value: BigInt(text.slice(0, -1)) };
  if (!text.endsWith("…")) return { kind: "number", value: Number(text) };
  const digits = text.slice(0, -1);
  const [mantissa, exponent = "0"] = digits.split("e");
  const places = mantissa.split(".")[1]?.length ?? 0;
  return { kind: "number", value: Number(digits), unit: 10 ** (Number(exponent) - places) };
}

/**
 * Says how a result differs from what a comment shows.
 *
 * A whole number is compared exactly, any other as a number of single precision; one with cut digits agrees with all
 * that it may be cut from, or rounded from.
 *
 * @returns Undefined where they agree, else where they differ, such as `.low`.
 * @example Digits that were cut
 * ```ts
 * findDifference(Math.log(2), readShown("0.6931…")!); // undefined
 * findDifference({ low: 1 }, readShown("{ low: 2 }")!); // ".low"
 * ```
 */
export function findDifference(actual: unknown, shown: Shown): string | undefined {
  switch (shown.kind) {
    case "exact":
      if (Object.is(actual, shown.value)) return undefined;
      return differenceInside(actual, shown);
    case "text":
      return typeof actual === "string" && holdsParts(actual, shown.parts) ? undefined : "";
    case "number":
      if (typeof actual === "number") return isNear(actual, shown.value, shown.unit) ? undefined : "";
      return differenceInside(actual, shown);
    case "list":
      return differenceOfList(actual, shown);
    case "object":
      return differenceOfObject(actual, shown);
  }
}

/** One value alone may stand for an array of one. */
function differenceInside(actual: unknown, shown: Shown): string | undefined {
  const items = itemsOf(actual);
  return items?.length === 1 && itemsOf(items[0]) === undefined ? findDifference(items[0], shown) : "";
}

function isNear(actual: number, value: number, unit: number | undefined): boolean {
  if (!Number.isFinite(value) || !Number.isFinite(actual)) return Object.is(actual, value);
  const slack = Number.isInteger(value) && unit === undefined && Number.isInteger(actual)
    ? 0
    : SINGLE * Math.abs(value);
  return Math.abs(actual - value) <= (unit ?? 0) + slack;
}

function holdsParts(text: string, parts: readonly string[]): boolean {
  const [first] = parts, last = parts[parts.length - 1];
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at + last.length <= text.length;
}

/** The elements of an array or a typed array. */
function itemsOf(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  const isTyped = ArrayBuffer.isView(value) && !(value instanceof DataView);
  return isTyped ? Array.from(value as unknown as ArrayLike<unknown>) : undefined;
}

function differenceOfList(actual: unknown, { items, cut }: Shown & { kind: "list" }): string | undefined {
  const found = itemsOf(actual);
  if (found === undefined) return "";
  if (cut ? found.length < items.length : found.length !== items.length) return ".length";
  for (const [i, item] of items.entries()) {
    const inside = findDifference(found[i], item);
    if (inside !== undefined) return `[${i}]${inside}`;
  }
  return undefined;
}

function differenceOfObject(
  actual: unknown,
  { properties, cut }: Shown & { kind: "object" },
): string | undefined {
  if (typeof actual !== "object" || actual === null) return "";
  for (const [key, value] of properties) {
    const inside = findDifference((actual as Record<string, unknown>)[key], value);
    if (inside !== undefined) return `.${key}${inside}`;
  }
  const further = Object.keys(actual).find((key) => !properties.has(key));
  return cut || further === undefined ? undefined : `.${further}`;
}

/**
 * Fails unless a result agrees with the comment behind it; examples of the docs are rewritten to call this.
 *
 * @param actual The result.
 * @param comment The comment.
 * @returns The result.
 * @throws {Error} Naming where they differ, and both.
 */
export function checkShown<T>(actual: T, comment: string): T {
  const shown = readShown(comment);
  const difference = shown === undefined ? undefined : findDifference(actual, shown);
  if (difference === undefined) return actual;
  const where = difference === "" ? "" : ` at ${difference}`;
  throw new Error(
    `The example's comment is not true${where}: it says ${comment}, got ${
      Deno.inspect(actual, { depth: 4 })
    }`,
  );
}
