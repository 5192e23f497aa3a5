/** Clouds put into voxels, against sums by hand. */
import { createCloudKernel } from "../../../lib/simulate/cloud_kernel.ts";
import { assert, assertEquals } from "../../assert.ts";

Deno.test("createCloudKernel() adds what rows, columns and depth have to each voxel, and to no other", () => {
  const kernel = createCloudKernel(5), voxels = kernel.voxels(40); // 2 rows of 2 columns of 10
  kernel.inY.set([2, 3]);
  kernel.inX.set([1, 10]);
  kernel.inZ.set([1, 2, 4, 8, 16]);
  kernel.add(1, 20, 10, 2, 2);
  const column = (factor: number) => [0, ...[1, 2, 4, 8, 16].map((share) => factor * share), 0, 0, 0, 0];
  const once = [2, 20, 3, 30].flatMap(column);
  assertEquals(Array.from(voxels.subarray(0, 40)), once);
  kernel.add(1, 20, 10, 1, 1); // what was there stays
  assertEquals(Array.from(voxels.subarray(0, 10)), column(4));
  assertEquals(Array.from(voxels.subarray(10, 40)), once.slice(10));
});

Deno.test("createCloudKernel() grows its grid, keeps what is in it, and adds to its last voxel", () => {
  const kernel = createCloudKernel(17), size = 100_000;
  kernel.voxels(10)[3] = 7;
  kernel.inX[0] = 1;
  const voxels = kernel.voxels(size);
  assert(voxels.length >= size, `${voxels.length} voxels`);
  assertEquals([voxels[3], kernel.inX[0]], [7, 1]);
  kernel.inY[0] = 5;
  kernel.inZ[0] = 2;
  kernel.add(voxels.length - 1, 0, 0, 1, 1); // the zeros behind it have room
  assertEquals(voxels[voxels.length - 1], 10);
  assertEquals(kernel.voxels(size).length, voxels.length, "large enough already");
});
