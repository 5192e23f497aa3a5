/** Programs that are started by another path, or in another environment, than what is tested asks for. @module */

/**
 * Runs a test in which every program is started as `change` says.
 *
 * @param change Gets the program and the options that are asked for.
 */
export async function withCommands(
  change: (program: string, options: Deno.CommandOptions) => readonly [string, Deno.CommandOptions],
  test: () => Promise<void>,
): Promise<void> {
  const { Command } = Deno;
  Deno.Command = class extends Command {
    constructor(program: string | URL, options: Deno.CommandOptions = {}) {
      super(...change(String(program), options));
    }
  };
  try {
    await test();
  } finally {
    Deno.Command = Command;
  }
}
