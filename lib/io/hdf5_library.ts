/** What readers in other rooms use of the HDF5 library here: its filters and its file system. @module */
export { installPlugin, type PlacedFile, placeFile } from "./_hdf5_library.ts";
