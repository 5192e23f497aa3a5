/** Who is at fault: whether an error was thrown on purpose, and of what was given, or at a defect of the program. @module */

/** How V8, WebAssembly and Node's own checks word what a program did wrong; no message of ours begins or ends so. */
const BY_THE_ENGINE = new RegExp(
  [
    "^Cannot (read|set|delete|define) (private )?(propert|member)",
    "^Cannot (access|convert|destructure|assign|mix|redefine|perform) ",
    "^Cannot create a (Buffer|string) ",
    " is not (a function|defined|iterable|a constructor|extensible)",
    "^(Invalid (array|typed array|string|count) |Invalid time value|Maximum call stack|Array buffer allocation)",
    "^(Unexpected (token|end|identifier|number|string)|Assertion failed|Failed to execute)",
    "^(Expected|Unexpected|Bad|Unterminated|No number|Exponent) .* in JSON at position",
    "outside the bounds|out of bounds|should be a multiple of|could not be cloned|^unreachable",
    '^The ("[^"]*" argument|value of "|argument \'|number \\S+ cannot be converted|first argument must)',
  ].join("|"),
);

/**
 * Whether a message was written for people, and not by V8 about a program's own mistake.
 *
 * @example
 * ```ts
 * isForeseen(new RangeError("Cannot crop 5 × 5 pixels")); // true
 * isForeseen(new TypeError("Cannot read properties of undefined (reading 'length')")); // false
 * ```
 */
export function isForeseen(error: unknown): boolean {
  return error instanceof Error && error.message !== "" && !BY_THE_ENGINE.test(error.message);
}

/**
 * Whether an error is of a class that says that what was given is wrong, and that nobody else is at fault.
 *
 * @example
 * ```ts
 * blamesInput(new SyntaxError('Cannot decode PNG "a.png"')); // true
 * blamesInput(new Error("no space left on the disk")); // false
 * ```
 */
export function blamesInput(error: unknown): error is SyntaxError | TypeError | RangeError {
  return error instanceof SyntaxError || error instanceof TypeError || error instanceof RangeError;
}
