/** Programs that a test writes and has run. @module */
import { assert } from "./assert.ts";

/**
 * Writes a program.
 *
 * Another process writes it: what this one has open for writing, whatever another test starts at that moment has open as
 * well for a while, and Linux runs no program that somebody may still write ("Text file busy").
 */
export async function writeProgram(path: string, script: string): Promise<void> {
  const child = new Deno.Command("sh", {
    args: ["-c", 'cat > "$0" && chmod 755 "$0"', path],
    stdin: "piped",
  }).spawn();
  await new Blob([script]).stream().pipeTo(child.stdin);
  assert((await child.status).success, path);
}
