/** A run's model into a store, for the task of that name and for the winner of a search. @module */
import { join } from "@std/path";
import { type Card, parseCard } from "../lib/card/card.ts";
import { checkAlias } from "../lib/store/store.ts";
import { CliError, type Output } from "./_cli.ts";
import { openPlace } from "./_stores.ts";

/** Where to, and under which names. */
export interface PublishOptions {
  store: string;
  /** @default {the card's} */
  name?: string;
  alias: readonly string[];
  s3Endpoint?: string;
}

/**
 * Puts the files that a run's card names into a store as the model's next version.
 *
 * @throws {CliError} If the folder holds no finished run.
 */
export async function publishRun(folder: string, options: PublishOptions, output: Output): Promise<void> {
  const card = await readCard(folder, options.name), aliases = options.alias;
  const store = openPlace(options.store, options.s3Endpoint);
  try {
    for (const alias of aliases) checkAlias(alias);
    await store.aliases(card.name); // cannot be read: they could not be changed afterwards either
    const version = await store.publish(folder, card);
    output.record(
      "published",
      { model: card.name, version, store: store.location },
      `${card.name} version ${version} is in ${store.location}/${card.name}/${version}`,
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
