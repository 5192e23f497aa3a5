/** HDF5 files that must not exist yet. @module */
import { dirname } from "@std/path";
import { createHdf5File, type Hdf5AttributeValue, type Hdf5Writer } from "../io/hdf5_write.ts";
import { refuseExisting } from "./new_file.ts";

/**
 * Has a file written row after row; it appears whole, or not at all if `fill` fails. Folders on the way are made.
 *
 * @param attributes Attributes of the file's root.
 * @throws {Deno.errors.AlreadyExists} If there is one of that name.
 */
export async function writeNewHdf5(
  path: string,
  attributes: Readonly<Record<string, Hdf5AttributeValue>>,
  fill: (file: Hdf5Writer) => Promise<void>,
): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  const file = createHdf5File(path, attributes);
  try {
    await fill(file);
    await refuseExisting([path], "finish the file");
    file.close();
  } catch (error) {
    file.abort();
    throw error;
  }
}
