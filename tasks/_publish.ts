/** A model into a store under names: a run's, for the task and for the winner of a search, or one that was imported. @module */
import { join } from "@std/path";
import { type Card, parseCard } from "../lib/card/card.ts";
import { checkAlias, type Store } from "../lib/store/store.ts";
import { CliError, type Output } from "./_cli.ts";
import { openPlace } from "./_stores.ts";

/** Options of a task that publishes: where to, and under which aliases. */
export const DESTINATION = {
  store: {
    type: "string",
    default: "file:store",
    hint: "PLACE",
    help: "Where to: file:FOLDER or s3://BUCKET/PREFIX",
  },
  alias: { type: "list", hint: "A,B,…", help: "Let these aliases mean the new version" },
  s3Endpoint: { type: "string", hint: "URL", help: "S3 server, if not AWS; else AWS_ENDPOINT_URL_S3 counts" },
} as const;

/** Values of {@linkcode DESTINATION}. */
export interface Destination {
  store: string;
  alias: readonly string[];
  s3Endpoint?: string;
}

/** Where to, and under which names. */
export interface PublishOptions extends Destination {
  /** @default {the card's} */
  name?: string;
}

/**
 * Puts the files that a run's card names into a store as the model's next version.
 *
 * @throws {CliError} If the folder holds no finished run.
 */
export async function publishRun(folder: string, options: PublishOptions, output: Output): Promise<void> {
  await publishVersion(folder, await readCard(folder, options.name), options, output, "published");
}

/**
 * Puts files into a store as a model's next version, lets aliases mean it, and says so.
 *
 * @param files The files by name, or a folder that has those that the card names.
 * @param kind What the record of the version is called.
 * @param next What else is said of it.
 */
export async function publishVersion(
  files: Parameters<Store["publish"]>[0],
  card: Card,
  { store: place, alias: aliases, s3Endpoint }: Destination,
  output: Output,
  kind: string,
  next = "",
): Promise<void> {
  const store = openPlace(place, s3Endpoint);
  try {
    for (const alias of aliases) checkAlias(alias);
    await store.aliases(card.name); // cannot be read: they could not be changed afterwards either
    const version = await store.publish(files, card);
    output.record(
      kind,
      { model: card.name, version, store: store.location },
      `${card.name} version ${version} is in ${store.location}/${card.name}/${version}${next}`,
    );
    for (const alias of aliases) {
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
