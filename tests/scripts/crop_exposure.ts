/** An analyst's script: cutouts of a FITS exposure at places that an HDF5 file lists, turned copies of them, as .npy. @module */
import { augment, createRng, image, io } from "../../lib/mod.ts";

const [exposureFile, placesFile] = Deno.args, SIZE = 16, COPIES = 3;
const [exposure] = io.decodeFits(await Deno.readFile(exposureFile));
const picture = io.fitsPicture(exposure);
using file = await io.openHdf5(placesFile);
const { data: places, shape: [n] } = await file.read("stars/place"); // [n, (row, column)]

const cutouts = new Float32Array(n * SIZE * SIZE);
for (let i = 0; i < n; i++) {
  const center = [Number(places[2 * i]), Number(places[2 * i + 1])] as const;
  cutouts.set(image.cropCenter(picture, SIZE, { center }).data, i * SIZE * SIZE);
}
const steps: augment.AugmentationStep[] = [{ op: "rotate", degrees: 180, fill: "reflect" }];
const rng = createRng(7), role = "image";
const copies = Array.from({ length: COPIES }, () => {
  const draws = augment.sampleDraws(steps, rng, n, { cutout: { role, shape: [SIZE, SIZE, 1] } });
  const array = { data: cutouts, shape: [n, SIZE, SIZE, 1] };
  return augment.applyDraws(steps, draws, { cutout: { array, role } }).cutout.array.data;
});
const all = Float32Array.from([cutouts, ...copies].flatMap((part) => [...part]));
await Deno.writeFile("cutouts.npy", io.encodeNpy({ data: all, shape: [(1 + COPIES) * n, SIZE, SIZE] }));
console.log(
  `${n} cutouts and ${COPIES * n} turned copies; counts from ${Math.min(...all)} to ${Math.max(...all)}`,
);
