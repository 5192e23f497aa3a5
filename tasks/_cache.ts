/** Where downloads are kept, outside the tree and shared between clones. @module */
import { join } from "@std/path";

/**
 * The cache folder: `CLOUDCHAMBER_CACHE`, else `cloudchamber` in the user's cache folder
 * (`XDG_CACHE_HOME`, `~/Library/Caches`, `%LOCALAPPDATA%` or `~/.cache`). It is not created here.
 */
export function cacheFolder(): string {
  const own = Deno.env.get("CLOUDCHAMBER_CACHE");
  if (own) return own;
  const home = Deno.env.get("HOME") ?? Deno.env.get("USERPROFILE") ?? ".";
  const byPlatform = Deno.build.os === "darwin"
    ? join(home, "Library", "Caches")
    : Deno.build.os === "windows"
    ? Deno.env.get("LOCALAPPDATA") ?? join(home, "AppData", "Local")
    : join(home, ".cache");
  return join(Deno.env.get("XDG_CACHE_HOME") || byPlatform, "cloudchamber");
}
