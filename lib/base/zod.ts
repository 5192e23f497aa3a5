/**
 * Zod for all rooms. Every other file imports it from here: in a worker Deno takes some 3 ms to find a package for each file that
 * names it, and thirty files that do, at the start of each of the server's workers, delay its first answer by a tenth of a second.
 *
 * @module
 */
export { z } from "zod";
