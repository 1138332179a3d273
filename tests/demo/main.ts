/**
 * Shows the library at work, on servers of its own or on the one that a URL
 * names, from which it only reads; to a mail server it sends nothing, and it
 * deletes nothing.
 *
 * ```sh
 * deno task demo
 * deno task demo ftp://user:password@ftp.example.com/directory/
 * deno task demo ftps://ftp.example.com/
 * deno task demo "ftp://ftp.example.com/?tls=starttls"
 * deno task demo "smtp://user:password@mail.example.com:587/?tls=starttls"
 * deno task demo pop3s://user:password@mail.example.com/
 * deno task demo nntp://news.example.com/comp.example
 * ```
 *
 * @module
 */

import { readFtp, showFtp } from "./ftp.ts";
import { showMail } from "./mail.ts";
import { readNews, showNews } from "./news.ts";
import { readPop3, showPop3 } from "./pop3.ts";
import { forPeople, say } from "./say.ts";
import { readSmtp, showSmtp } from "./smtp.ts";

type Show = (signal: AbortSignal) => Promise<void>;
type Read = (url: URL, signal: AbortSignal) => Promise<void>;

/** One for each protocol. */
const SHOWS: Show[] = [showFtp, showSmtp, showPop3, showMail, showNews];
const READERS: Record<string, Read> = {
  "ftp:": readFtp,
  "ftps:": readFtp,
  "smtp:": readSmtp,
  "smtps:": readSmtp,
  "pop3:": readPop3,
  "pop3s:": readPop3,
  "nntp:": readNews,
  "nntps:": readNews,
};

if (import.meta.main) Deno.exitCode = await main(Deno.args);

async function main(args: string[]): Promise<number> {
  // Not the runtime's way to end, which would leave the temporary files.
  const stop = new AbortController();
  Deno.addSignalListener("SIGINT", () => stop.abort(new Error("Interrupted")));
  const secrets: string[] = [];
  try {
    const [text, ...rest] = args;
    if (rest.length > 0) throw new TypeError("Cannot show more than one URL");
    if (text === undefined) {
      for (const show of SHOWS) await show(stop.signal);
    } else {
      const url = parseUrl(text);
      secrets.push(...spellings(url.password));
      const read = READERS[url.protocol];
      if (!read) {
        throw new TypeError(
          `Cannot read ${url.protocol} URLs, only ` +
            Object.keys(READERS).join(", "),
        );
      }
      await read(url, stop.signal);
    }
    say("All is well.");
    return 0;
  } catch (error) {
    console.error(`error: ${forPeople(error, secrets)}`);
    return 1;
  }
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  // The text itself is not said: it may hold a password.
  if (!url) throw new TypeError("Cannot read the URL: it is not one");
  if (url.hostname === "") {
    throw new TypeError("Cannot read the URL: it names no host");
  }
  return url;
}

/** A password as it stands in the URL and as it goes to the server. */
function spellings(password: string): string[] {
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}
