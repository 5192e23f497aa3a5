/** W3C Trace Context: a request's place in a trace that began elsewhere. @module */

/** Where a request stands in a trace. */
export interface Trace {
  /** 32 hexadecimal digits, the same for everything that one client's action causes. */
  traceId: string;
  /** 16 hexadecimal digits, of this request alone. */
  spanId: string;
  /** Two hexadecimal digits, as they came. */
  flags: string;
}

function randomHex(bytes: number): string {
  let text = "";
  for (const byte of crypto.getRandomValues(new Uint8Array(bytes))) {
    text += byte.toString(16).padStart(2, "0");
  }
  return text;
}

/**
 * Continues the trace of a `traceparent` field, or begins one where there is none or a malformed one.
 *
 * Source: W3C Trace Context, level 1, section 3.2.
 *
 * @example
 * ```ts
 * import { continueTrace } from "./trace.ts";
 * continueTrace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").traceId; // "4bf92f3577b34da6a3ce929d0e0e4736"
 * ```
 */
export function continueTrace(traceparent: string | null): Trace {
  const parts = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(traceparent ?? "");
  const valid = parts && parts[1] !== "ff" && !(parts[1] === "00" && parts[5]) && !/^0+$/.test(parts[2]) &&
    !/^0+$/.test(parts[3]);
  return {
    traceId: valid ? parts[2] : randomHex(16),
    spanId: randomHex(8),
    flags: valid ? parts[4] : "00",
  };
}

/** A trace as the value of a `traceparent` field. */
export function formatTrace({ traceId, spanId, flags }: Trace): string {
  return `00-${traceId}-${spanId}-${flags}`;
}
