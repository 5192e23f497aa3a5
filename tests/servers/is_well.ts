/** Asking a server how it is. @module */

/** Whether a server answers an address with a status of success; not, where nobody answers. */
export function isWell(url: string): Promise<boolean> {
  return fetch(url).then(async (response) => {
    await response.body?.cancel();
    return response.ok;
  }, () => false);
}
