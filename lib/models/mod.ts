/** Architectures, one a file, and their registry. @module */
export * from "./alexnet.ts";
export * from "./compact_resnet.ts";
export * from "./conv3d_net.ts";
export * from "./course_cnn.ts";
export * from "./custom_cnn.ts";
export * from "./dcgan.ts";
export * from "./lens_net.ts";
export * from "./model.ts";
export * from "./pybia_resnet18.ts";
export * from "./recoil_cnn.ts";
export * from "./registry.ts";
export * from "./resnet18.ts";
export * from "./stacked_cnn.ts";
export * from "./summary.ts";
export * from "./tutorial_cnn.ts";
export * from "./vgg16.ts";
