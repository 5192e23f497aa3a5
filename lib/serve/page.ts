/** The page for people: three files that are part of the program, so that it works without network or disk. @module */
import html from "./page/page.html" with { type: "text" };
import css from "./page/page.css" with { type: "text" };
import js from "./page/page.js" with { type: "text" };

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

function asset(body: string, type: string): Response {
  return new Response(body, {
    headers: {
      "content-type": `${type}; charset=utf-8`,
      "content-security-policy": POLICY,
      "cache-control": "no-cache",
    },
  });
}

/** GET / */
export const page = (): Response => asset(html, "text/html");
/** GET /page.css */
export const pageStyle = (): Response => asset(css, "text/css");
/** GET /page.js */
export const pageScript = (): Response => asset(js, "text/javascript");
