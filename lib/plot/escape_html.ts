/** Text in a page or a picture, where it cannot become markup. @module */

/** Text as HTML text. */
export function escapeHtml(text: unknown): string {
  return String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
