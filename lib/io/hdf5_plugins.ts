/** Filters of HDF5 files that the library itself does not have, for readers in other rooms. @module */
export { installPlugin } from "./_hdf5_library.ts";
