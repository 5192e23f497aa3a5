/**
 * Tests that need a program from outside npm: a real S3 server, Jupyter, a browser, Keras.
 *
 * ```ts
 * testWith("versitygw", "openStore() claims versions without races on S3", async (versitygw) => {
 *   // start the program at the path `versitygw`
 * });
 * ```
 * @module
 */
import { type ComponentName, findComponent } from "../tasks/_components.ts";

export { type ComponentName, findComponent };

/**
 * Registers a test that runs where its components are found.
 *
 * Elsewhere it is skipped, with the reason and the command that installs what is missing; in continuous
 * integration (`CI=true`) it fails instead, so that nothing goes untested unseen.
 *
 * @param needs One component or several, as {@linkcode findComponent} knows them.
 * @param name The test's name.
 * @param fn Gets the path of each component, in the order of `needs`.
 */
export function testWith(
  needs: ComponentName | readonly ComponentName[],
  name: string,
  fn: (...paths: string[]) => void | Promise<void>,
): void {
  const names = typeof needs === "string" ? [needs] : needs;
  const paths: string[] = [], missing: string[] = [];
  for (const component of names) {
    const found = findComponent(component);
    if (found.path !== undefined) paths.push(found.path);
    else missing.push(`${component} (${found.reason})`);
  }
  if (missing.length === 0) {
    Deno.test(name, () => fn(...paths));
    return;
  }
  const reason = `needs ${missing.join(", ")}: deno task setup --with ${names.join(",")}`;
  const inIntegration = Deno.env.get("CI") === "true";
  Deno.test({
    name: `${name} [${reason}]`,
    ignore: !inIntegration,
    fn() {
      throw new Error(`"${name}" ${reason}`);
    },
  });
}
