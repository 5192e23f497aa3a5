/**
 * `deno task publish`: puts a run's model into a store, in a folder or an S3 bucket, as a new version.
 *
 * The version becomes visible only when all of it is there, so an interruption leaves nothing behind that anybody sees.
 * @module
 */
import { createOutput, JSON_OPTION, readOptions, runTask } from "./_cli.ts";
import { DESTINATION, publishRun } from "./_publish.ts";

const { store, ...others } = DESTINATION;
const OPTIONS = {
  store,
  name: { type: "string", help: "Publish under this name instead of the card's" },
  ...others,
  json: JSON_OPTION,
} as const;

/** Runs the task; see `--help`. */
export function main(args: string[]): Promise<number> {
  return runTask(async () => {
    const { options, words } = readOptions(args, OPTIONS, {
      usage: "deno task publish RUN_FOLDER",
      summary:
        "Puts the files that RUN_FOLDER/model.json names into a store as the next version of the model.\n" +
        "Buckets take AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_REGION from the environment.",
      examples: [
        "deno task publish runs/mnist/latest                           # into the folder store/",
        "deno task publish runs/cygno/best --store file:/data/models --alias champion",
        "deno task publish runs/cygno/best --store s3://models --s3-endpoint http://127.0.0.1:9000",
      ],
      words: [1, 1],
    });
    await publishRun(words[0], options, createOutput(options));
  });
}

if (import.meta.main) Deno.exit(await main(Deno.args));
