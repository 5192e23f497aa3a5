/** Where Keras 3 keeps the weights of each layer: under its class, numbered class by class. @module */

/** `MaxPooling2D` to `max_pooling2d`, as Keras does. */
export function snakeCase(className: string): string {
  return className.replace(/(.)([A-Z][a-z]+)/g, "$1_$2").replace(/([a-z])([A-Z])/g, "$1_$2").toLowerCase();
}

/** Numbers layers of one class: `dense`, `dense_1`, and so on. */
export function numberedPaths(classNames: readonly string[]): string[] {
  const used = new Map<string, number>();
  return classNames.map((className) => {
    const name = snakeCase(className), count = used.get(name) ?? 0;
    used.set(name, count + 1);
    return count === 0 ? name : `${name}_${count}`;
  });
}
