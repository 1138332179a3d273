/**
 * The commands of {@linkcode FtpServer} that prepare a data connection and use
 * it.
 *
 * @module
 */

import { receiveFile, sendFile, writeAll } from "./ftp_server_data.ts";
import {
  baseName,
  type Entry,
  formatFacts,
  formatUnix,
} from "./ftp_server_files.ts";
import { isConnectionError, Refusal } from "./ftp_server_refusal.ts";
import type { Command, Session } from "./ftp_server_session.ts";

async function type(session: Session, argument: string): Promise<void> {
  const [, form] = /^(A|I|L 8)(?: N)?$/i.exec(argument) ?? [];
  if (form === undefined) throw new Refusal(504, "Only A, I and L 8");
  session.type = /^A/i.test(form) ? "A" : "I";
  await session.reply(200, `TYPE is ${session.type}`);
}

/** MODE and STRU, whose other values are history. */
function only(value: string): Command {
  return async (session, argument) => {
    if (argument.toUpperCase() !== value) {
      throw new Refusal(504, `Only ${value} is known`);
    }
    await session.reply(200, "OK");
  };
}

/** A port on which nobody listens: one that was just given back. */
function deadPort(hostname: string): number {
  using listener = Deno.listen({ hostname, port: 0 });
  return listener.addr.port;
}

function refuseAfterEpsvAll(session: Session): void {
  // RFC 2428 section 4
  if (session.epsvOnly) throw new Refusal(503, "EPSV ALL was given");
}

async function pasv(session: Session): Promise<void> {
  const { features, options } = session.context;
  if (!features.pasv) throw new Refusal(502, "Not implemented");
  refuseAfterEpsvAll(session);
  const { localHostname } = session;
  if (localHostname.includes(":")) throw new Refusal(502, "Use EPSV for IPv6");
  session.data.abort();
  const port = options.pasvPortDead
    ? deadPort(localHostname)
    : session.data.listen(localHostname);
  const host = (options.pasvAddress ?? localHostname).replaceAll(".", ",");
  const numbers = `${host},${port >> 8},${port & 0xff}`;
  await session.reply(227, `Entering Passive Mode (${numbers}).`);
}

async function epsv(session: Session, argument: string): Promise<void> {
  const { features, options } = session.context;
  if (!features.epsv) throw new Refusal(502, "Not implemented");
  if (/^ALL$/i.test(argument)) {
    session.epsvOnly = true;
    return await session.reply(200, "EPSV it is");
  }
  const family = session.localHostname.includes(":") ? "2" : "1";
  if (argument !== "" && argument !== family) {
    throw new Refusal(522, `Network protocol not supported, use (${family})`);
  }
  session.data.abort();
  const port = options.epsvPortDead
    ? deadPort(session.localHostname)
    : session.data.listen(session.localHostname);
  await session.reply(229, `Entering Extended Passive Mode (|||${port}|)`);
}

async function port(session: Session, argument: string): Promise<void> {
  refuseAfterEpsvAll(session);
  const numbers = argument.split(",");
  if (numbers.length !== 6 || !numbers.every((n) => /^\d{1,3}$/.test(n))) {
    throw new Refusal(501, "Six numbers are needed");
  }
  const [high = 0, low = 0] = numbers.slice(4).map(Number);
  await activate(session, numbers.slice(0, 4).join("."), high * 256 + low);
}

async function eprt(session: Session, argument: string): Promise<void> {
  if (!session.context.features.epsv) throw new Refusal(502, "Not implemented");
  refuseAfterEpsvAll(session);
  const [before, family, hostname = "", digits = "", after] = argument
    .split(argument.charAt(0));
  if (before !== "" || after !== "" || !/^\d{1,5}$/.test(digits)) {
    throw new Refusal(501, "Bad syntax");
  }
  if (family !== "1" && family !== "2") {
    throw new Refusal(522, "Network protocol not supported, use (1,2)");
  }
  await activate(session, hostname, Number(digits));
}

async function activate(
  session: Session,
  hostname: string,
  port: number,
): Promise<void> {
  // RFC 2577 section 3: no bounces to other hosts or to well-known ports.
  if (hostname !== session.remoteHostname || port < 1024 || port > 65_535) {
    throw new Refusal(504, "Not to that host and port");
  }
  session.data.target(hostname, port);
  await session.reply(200, "OK");
}

async function rest(session: Session, argument: string): Promise<void> {
  if (!session.context.features.rest) throw new Refusal(502, "Not implemented");
  if (!/^\d{1,15}$/.test(argument)) throw new Refusal(501, "Not a number");
  session.restart = Number(argument);
  await session.reply(350, `Restarting at ${session.restart}`);
}

/**
 * Opens the data connection, does the work and reports.
 *
 * @param opening The text of the 150 reply.
 */
async function transfer(
  session: Session,
  verb: string,
  argument: string,
  opening: string,
  work: (conn: Deno.Conn) => Promise<void>,
): Promise<void> {
  const { data, context } = session;
  const aborted = new Refusal(426, "The transfer was aborted");
  if (session.aborting) throw aborted;
  if (context.options.requireTls && !session.protect) {
    throw new Refusal(522, "PROT P first"); // RFC 4217 section 10.2
  }
  if (!data.prepared) throw new Refusal(425, "PASV, EPSV, PORT or EPRT first");
  await session.reply(150, opening);
  let conn: Deno.Conn;
  try {
    conn = await data.open(session.protect ? context.bridge : undefined);
  } catch {
    data.abort();
    if (session.aborting) throw aborted;
    throw new Refusal(425, "Cannot open the data connection");
  }
  context.dataConnections++;
  try {
    const answer = await Promise.race([
      context.options.onData?.({ verb, argument, conn }, session),
      session.interrupted.then(() => ""),
    ]);
    if (answer === undefined) await work(conn);
    data.finish();
    if (session.aborting) throw aborted;
    if (answer !== undefined) return await session.send(answer);
  } catch (error) {
    data.abort();
    if (session.aborting) throw aborted;
    if (!isConnectionError(error)) throw error;
    throw new Refusal(426, "The data connection was closed");
  }
  await session.reply(226, "Transfer complete");
}

/** Takes the position that REST has set. */
function takeRestart(session: Session): number {
  const { restart } = session;
  session.restart = 0;
  if (restart > 0 && session.type === "A") {
    // A position in the converted text has no fixed place in the file.
    throw new Refusal(554, "REST needs TYPE I");
  }
  return restart;
}

async function retr(session: Session, name: string): Promise<void> {
  const start = takeRestart(session);
  const local = await session.context.tree.filePath(session.path(name));
  using file = await Deno.open(local);
  const { size } = await file.stat();
  // RFC 1123 section 4.1.2.9 has the code for a position that cannot be.
  if (start > size) throw new Refusal(554, "REST is beyond the end");
  await file.seek(start, Deno.SeekMode.Start);
  const opening = `Sending ${size - start} bytes of ${baseName(local)}`;
  await transfer(
    session,
    "RETR",
    name,
    opening,
    (conn) => sendFile(file, conn, session.type === "A"),
  );
}

function store(verb: "STOR" | "APPE"): Command {
  return async (session, name) => {
    const start = takeRestart(session);
    const path = session.path(name);
    const append = verb === "APPE";
    using file = await openForWriting(session, path, append, start);
    await receive(session, verb, name, file, `Receiving ${path}`);
  };
}

async function stou(session: Session): Promise<void> {
  takeRestart(session);
  const name = `ftp-${crypto.randomUUID()}`;
  const path = session.path(name);
  using file = await openForWriting(session, path, false, 0);
  // RFC 1123 section 4.1.2.9 fixes this form.
  await receive(session, "STOU", name, file, `FILE: ${name}`);
}

async function openForWriting(
  session: Session,
  path: string,
  append: boolean,
  start: number,
): Promise<Deno.FsFile> {
  let file: Deno.FsFile;
  try {
    const local = await session.context.tree.writablePath(path);
    file = await Deno.open(local, {
      create: true,
      write: !append,
      append,
      truncate: !append && start === 0,
    });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new Refusal(553, "Cannot write a file of that name");
  }
  if (start > 0 && !append) {
    if (start > (await file.stat()).size) {
      file.close();
      throw new Refusal(554, "REST is beyond the end");
    }
    await file.truncate(start);
    await file.seek(start, Deno.SeekMode.Start);
  }
  return file;
}

async function receive(
  session: Session,
  verb: string,
  argument: string,
  file: Deno.FsFile,
  opening: string,
): Promise<void> {
  await transfer(
    session,
    verb,
    argument,
    opening,
    (conn) => receiveFile(conn, file, session.type === "A"),
  );
}

type Format = (entry: Entry, prefix: string) => string;

/** LIST and NLST, which take the options of `ls` from habit. */
function list(verb: "LIST" | "NLST", format: Format): Command {
  return async (session, argument) => {
    const [, options = "", name = ""] =
      /^((?:-[A-Za-z0-9]+(?: |$))*)(.*)$/s.exec(argument) ?? [];
    const { tree } = session.context;
    const path = session.path(name || ".");
    let lines: string[];
    try {
      // A link to a directory is listed as the directory.
      const local = await tree.existingPath(path);
      const isDirectory = (await Deno.stat(local)).isDirectory;
      const entries = isDirectory ? await tree.list(path) : [
        { ...await tree.entry(path), name },
      ];
      const prefix = name === "" || !isDirectory
        ? ""
        : name.endsWith("/")
        ? name
        : `${name}/`;
      const hidden = /a/i.test(options) || !isDirectory;
      lines = entries.filter((each) => hidden || !each.name.startsWith("."))
        .map((each) => format(each, prefix));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new Refusal(450, "No such file or directory"); // RFC 959, 5.4
    }
    await sendLines(session, verb, argument, lines);
  };
}

async function mlsd(session: Session, name: string): Promise<void> {
  const { features, tree } = session.context;
  if (!features.mlsd) throw new Refusal(502, "Not implemented");
  const path = session.path(name || ".");
  const local = await tree.existingPath(path);
  if (!(await Deno.stat(local)).isDirectory) {
    throw new Refusal(501, "Not a directory"); // RFC 3659 section 7.2.1
  }
  const { facts } = session;
  const itself = await tree.entry(path);
  const parent = await tree.entry(session.path(`${path}/..`));
  await sendLines(session, "MLSD", name, [
    formatFacts(itself, facts, ".", "cdir"),
    formatFacts(parent, facts, "..", "pdir"),
    ...(await tree.list(path)).map((entry) => formatFacts(entry, facts)),
  ]);
}

async function sendLines(
  session: Session,
  verb: string,
  argument: string,
  lines: string[],
): Promise<void> {
  session.restart = 0;
  const bytes = session.encode(lines.map((line) => `${line}\r\n`).join(""));
  await transfer(
    session,
    verb,
    argument,
    "Here is the listing",
    (conn) => writeAll(conn, bytes),
  );
}

/** By verb. */
export const TRANSFER_COMMANDS: Record<string, Command> = {
  TYPE: type,
  MODE: only("S"),
  STRU: only("F"),
  PASV: pasv,
  EPSV: epsv,
  PORT: port,
  EPRT: eprt,
  REST: rest,
  ALLO: (session) => session.reply(202, "No need to allocate"),
  RETR: retr,
  STOR: store("STOR"),
  APPE: store("APPE"),
  STOU: stou,
  LIST: list("LIST", (entry) => formatUnix(entry, new Date())),
  NLST: list("NLST", (entry, prefix) => prefix + entry.name),
  MLSD: mlsd,
};
