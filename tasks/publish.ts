/**
 * `deno task publish`: puts a run's model into a store, in a folder or an S3 bucket, as a new version.
 *
 * The version becomes visible only when all of it is there, so an interruption leaves nothing behind that anybody sees.
 * @module
 */
import { join } from "@std/path";
import { type Card, parseCard } from "../lib/card/card.ts";
import { s3OptionsFrom } from "../lib/store/s3.ts";
import { checkAlias, openStore } from "../lib/store/store.ts";
import { CliError, createOutput, JSON_OPTION, readOptions, runTask } from "./_cli.ts";

const OPTIONS = {
  store: {
    type: "string",
    default: "file:store",
    hint: "PLACE",
    help: "Where to: file:FOLDER or s3://BUCKET/PREFIX",
  },
  name: { type: "string", help: "Publish under this name instead of the card's" },
  alias: { type: "list", hint: "A,B,…", help: "Let these aliases mean the new version" },
  s3Endpoint: { type: "string", hint: "URL", help: "S3 server, if not AWS; else AWS_ENDPOINT_URL_S3 counts" },
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
    const [folder] = words;
    const output = createOutput(options);
    const card = await readCard(folder, options.name);
    const s3 = options.store.startsWith("s3:")
      ? s3OptionsFrom(Deno.env.toObject(), options.s3Endpoint)
      : undefined;
    const store = openStore(options.store, { s3 });
    try {
      for (const alias of options.alias) checkAlias(alias);
      await store.aliases(card.name); // cannot be read: they could not be changed afterwards either
      const version = await store.publish(folder, card);
      const place = `${store.location}/${card.name}/${version}`;
      output.record(
        "published",
        { model: card.name, version, store: store.location },
        `${card.name} version ${version} is in ${place}`,
      );
      for (const alias of options.alias) {
        await store.setAlias(card.name, alias, version);
        output.record(
          "alias",
          { model: card.name, alias, version },
          `${card.name}@${alias} means version ${version} now`,
        );
      }
    } finally {
      store.close();
    }
  });
}

async function readCard(folder: string, name: string | undefined): Promise<Card> {
  const path = join(folder, "model.json");
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
    throw new CliError(`Cannot publish "${folder}" as it is no finished run: there is no "${path}"`);
  }
  const card = parseCard(text, path);
  return name === undefined ? card : parseCard({ ...card, name }, `${path} with --name ${name}`);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
