/** The error of a store that does not hold what was published; apart, as who reads a folder needs no store. @module */

/** What is stored is not what was published: a file is missing, or its size or SHA-256 differs. */
export class IntegrityError extends Error {
  /** Tells this error from others. */
  override name = "IntegrityError";
}
