/**
 * Bearer tokens with scopes, compared in constant time and rotated by file. @module
 */
import { HttpProblem } from "./problem.ts";

/** What a token may do: score, or also see metrics and change what is loaded. */
export type Scope = "score" | "admin";

interface Token {
  digest: Uint8Array;
  scopes: readonly Scope[];
}

/** Decides whether a request may do something. */
export interface Access {
  /** @throws {HttpProblem} 401 without a known token, 403 if it lacks the scope. */
  check(request: Request, scope: Scope): Promise<void>;
}

/** Access for everyone, for servers that no stranger reaches. */
export const OPEN_ACCESS: Access = { check: () => Promise.resolve() };

async function digestOf(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/**
 * Reads a table of tokens: one a line, its scopes first, `#` for comments.
 *
 * A token is written as it is or as `sha256:` and 64 hexadecimal digits. "admin" includes "score".
 *
 * @throws {SyntaxError} If a line is not a list of scopes and a token; the token itself is not repeated.
 * @example
 * ```ts
 * import { parseTokens } from "./access.ts";
 * (await parseTokens("score daq-2026-11\nadmin sha256:" + "ab".repeat(32))).length; // 2
 * ```
 */
export async function parseTokens(text: string): Promise<Token[]> {
  const tokens: Token[] = [];
  for (const [number, line] of text.split(/\r?\n/).entries()) {
    const words = line.replace(/#.*$/, "").trim().split(/\s+/);
    if (words[0] === "") continue;
    const scopes = words[0].split(",");
    if (words.length !== 2 || scopes.some((scope) => scope !== "score" && scope !== "admin")) {
      throw new SyntaxError(
        `Cannot read tokens at line ${number + 1}: expected "score TOKEN" or "admin TOKEN"`,
      );
    }
    const hashed = /^sha256:([0-9a-fA-F]{64})$/.exec(words[1]);
    const digest = hashed ? fromHex(hashed[1]) : await digestOf(words[1]);
    tokens.push({ digest, scopes: scopes.includes("admin") ? ["score", "admin"] : ["score"] });
  }
  return tokens;
}

/** Whether two digests are equal, taking the same time wherever they differ. */
function equalDigests(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a[i] ^ b[i];
  return difference === 0;
}

/** Access by tokens. `tokens` is asked at each request, so that the table can change while the server runs. */
export function createAccess(tokens: () => readonly Token[]): Access {
  return {
    async check(request, scope) {
      const given = /^Bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
      const digest = await digestOf(given ?? "");
      let found: Token | undefined;
      for (const token of tokens()) if (equalDigests(token.digest, digest)) found = token; // looks at all of them
      if (given === undefined || !found) {
        throw new HttpProblem(401, "A known bearer token is needed", { "www-authenticate": "Bearer" });
      }
      if (!found.scopes.includes(scope)) {
        throw new HttpProblem(403, `The token does not have the scope "${scope}"`);
      }
    },
  };
}
