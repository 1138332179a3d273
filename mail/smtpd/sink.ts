/**
 * A sink for mail, to see what a program sends: prints each message, or keeps
 * it as a file, and passes nothing on.
 *
 * ```sh
 * deno run -A mail/smtpd/sink.ts
 * deno run -A mail/smtpd/sink.ts --port=2525 --dir=received
 * ```
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { SmtpServer } from "./server.ts";
import type { ReceivedEnvelope } from "./types.ts";

const USAGE = `Receives mail and shows it.

  --hostname=NAME  address to listen at (127.0.0.1)
  --port=NUMBER    port to listen at (1025); 0: any that is free
  --dir=DIRECTORY  keep each message there as a file instead of printing it`;

async function main(args: string[]): Promise<number> {
  let options: ReturnType<typeof parseOptions>;
  try {
    options = parseOptions(args);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  try {
    await run(options);
    return 0;
  } catch (error) {
    console.error(`error: ${(error as Error).message}`);
    return 1;
  }
}

function parseOptions(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      hostname: { type: "string", default: "127.0.0.1" },
      port: { type: "string", default: "1025" },
      dir: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port > 65_535) {
    throw new TypeError(`Cannot listen at port ${values.port}`);
  }
  return { ...values, port };
}

async function run(
  { hostname, port, dir }: { hostname: string; port: number; dir?: string },
): Promise<void> {
  if (dir !== undefined) await Deno.mkdir(dir, { recursive: true });
  const server = new SmtpServer({
    hostname,
    port,
    // Whoever tries a program out should not have to set up users.
    authenticate: () => true,
    allowInsecureAuth: true,
    maxSize: 2 ** 40,
    async onMessage(envelope, body) {
      try {
        if (dir !== undefined) await keep(dir, envelope, body);
        else await print(envelope, body);
      } catch (error) {
        // Why a real server might refuse it, too.
        const why = visible((error as Error).message);
        console.log(`---------- refused ${describe(envelope)}: ${why}`);
        throw error;
      }
    },
  });
  const { hostname: address, port: bound } = server.address;
  console.log(`Listening at ${address} port ${bound}; Ctrl-C ends`);
  const stop = () => {
    // A second one ends at once.
    Deno.removeSignalListener("SIGINT", stop);
    server.shutdown();
  };
  Deno.addSignalListener("SIGINT", stop);
  await server.serveForever();
  Deno.removeSignalListener("SIGINT", stop);
}

/** Messages that come together must not be printed into one another. */
let printing = Promise.resolve();

async function print(
  envelope: ReceivedEnvelope,
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): Promise<void> {
  // Read first, so that a message that breaks off is not printed in part.
  const text = await new Response(body).text();
  printing = printing.then(() => {
    console.log(`---------- ${describe(envelope)}`);
    console.log(visible(text).trimEnd());
    console.log("---------- end");
  });
  await printing;
}

let count = 0;

/** Writes under another name first: what stands there is whole. */
async function keep(
  dir: string,
  envelope: ReceivedEnvelope,
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): Promise<void> {
  const time = new Date().toISOString().replace(/\D/g, "").slice(0, 17);
  const name = `${time}-${String(++count).padStart(6, "0")}.eml`;
  const part = join(dir, `.${name}.part`);
  try {
    const file = await Deno.open(part, { write: true, createNew: true });
    await body.pipeTo(file.writable);
    await Deno.rename(part, join(dir, name));
  } catch (error) {
    await Deno.remove(part).catch(() => {});
    throw error;
  }
  console.log(`${name} ${describe(envelope)}`);
}

function describe({ from, to }: ReceivedEnvelope): string {
  return visible(`from <${from}> to ${to.map((one) => `<${one}>`).join(", ")}`);
}

/** A message must not write anywhere on the user's screen. */
function visible(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(
    // deno-lint-ignore no-control-regex
    /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g,
    (one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

if (import.meta.main) Deno.exitCode = await main(Deno.args);
