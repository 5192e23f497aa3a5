/**
 * Loaded before a test file whose coverage is taken: programs that it starts take none of theirs.
 *
 * Deno hands the folder of its profiles on to them by a variable; each would then count every block of every package it
 * loads, and take up to ten times as long.
 * @module
 */
Deno.env.delete("DENO_COVERAGE_DIR");
