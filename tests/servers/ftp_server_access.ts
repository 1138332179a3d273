/**
 * The commands of {@linkcode FtpServer} that log in, secure the connection, and
 * tell what the server is.
 *
 * @module
 */

import { statPath } from "./ftp_server_commands.ts";
import { FACTS } from "./ftp_server_files.ts";
import { Refusal } from "./ftp_server_refusal.ts";
import type { Command, Session } from "./ftp_server_session.ts";

/** Logs in, unless an account is still to be given. */
async function logIn(session: Session, account?: string): Promise<void> {
  const { candidate, context } = session;
  const wanted = context.options.accounts?.[candidate!];
  if (wanted !== undefined && account === undefined) {
    return await session.reply(332, "An account is needed");
  }
  if (wanted !== account) throw new Refusal(530, "Login incorrect");
  session.user = candidate;
  session.candidate = undefined;
  await session.reply(230, `Logged in as ${session.user}`);
}

async function user(session: Session, name: string): Promise<void> {
  if (session.context.options.requireTls && !session.secure) {
    throw new Refusal(530, "AUTH TLS first");
  }
  if (name === "") throw new Refusal(501, "A user name is missing");
  session.logOut();
  session.candidate = name;
  if (name !== "anonymous" && session.context.users[name] === "") {
    session.passwordGiven = true;
    return await logIn(session);
  }
  // Unknown names are asked too, so as not to tell which names are known.
  await session.reply(331, "A password is needed");
}

async function pass(session: Session, password: string): Promise<void> {
  const { candidate, context: { users } } = session;
  if (candidate === undefined) throw new Refusal(503, "USER first");
  const known = Object.hasOwn(users, candidate) &&
    (candidate === "anonymous" || users[candidate] === password);
  if (!known) {
    session.candidate = undefined;
    throw new Refusal(530, "Login incorrect");
  }
  session.passwordGiven = true;
  await logIn(session);
}

async function acct(session: Session, account: string): Promise<void> {
  if (session.user !== undefined) {
    return await session.reply(202, "No account is needed");
  }
  if (session.candidate === undefined || !session.passwordGiven) {
    throw new Refusal(503, "USER and PASS first");
  }
  await logIn(session, account);
}

async function auth(session: Session, mechanism: string): Promise<void> {
  const { bridge } = session.context;
  if (!bridge) throw new Refusal(502, "There is no TLS here");
  if (session.secure) throw new Refusal(503, "TLS is on already");
  if (!/^(TLS|TLS-C|SSL)$/i.test(mechanism)) {
    throw new Refusal(504, "Only TLS is known");
  }
  await session.reply(234, "Begin the handshake");
  // RFC 4217 section 4.2: nothing said before TLS counts.
  session.logOut();
  await session.secureControl(bridge);
}

async function pbsz(session: Session, size: string): Promise<void> {
  if (!session.secure) throw new Refusal(503, "AUTH first");
  if (!/^\d+$/.test(size)) throw new Refusal(501, "Not a number");
  session.bufferSizeGiven = true;
  await session.reply(200, size === "0" ? "OK" : "PBSZ=0");
}

async function prot(session: Session, level: string): Promise<void> {
  if (!session.bufferSizeGiven) throw new Refusal(503, "PBSZ first");
  switch (level.toUpperCase()) {
    case "C":
      if (session.context.options.requireTls) {
        throw new Refusal(534, "Only PROT P is allowed");
      }
      session.protect = false;
      return await session.reply(200, "Data connections are in the clear");
    case "P":
      session.protect = true;
      return await session.reply(200, "Data connections are private");
    case "S":
    case "E":
      throw new Refusal(536, "TLS has no such level");
    default:
      throw new Refusal(504, "Unknown level");
  }
}

function ccc(session: Session): Promise<void> {
  throw session.secure
    ? new Refusal(534, "The control connection stays private")
    : new Refusal(533, "The control connection is not private");
}

async function feat(session: Session): Promise<void> {
  const { features, bridge } = session.context;
  if (!features.feat) throw new Refusal(502, "Not implemented");
  const hashes = features.hash.filter((name) => name !== "CRC32")
    .map((name) => name === session.hash ? `${name}*` : name).join(";");
  const facts = FACTS
    .map((fact) => session.facts.includes(fact) ? `${fact}*;` : `${fact};`);
  const lines: [boolean, string][] = [
    [bridge !== undefined, "AUTH TLS"],
    [bridge !== undefined, "PBSZ"],
    [bridge !== undefined, "PROT"],
    [features.epsv, "EPRT"],
    [features.epsv, "EPSV"],
    [hashes !== "", `HASH ${hashes}`],
    [features.mdtm, "MDTM"],
    [features.mfmt, "MFMT"],
    [features.mlsd, `MLST ${facts.join("")}`],
    [features.pasv, "PASV"],
    [features.rest, "REST STREAM"],
    [features.size, "SIZE"],
    [true, "TVFS"],
    [features.utf8, "UTF8"],
    ...features.hash.map((name): [boolean, string] => [true, xName(name)]),
  ];
  const offered = lines.filter(([on]) => on).map(([, line]) => line);
  await session.reply(211, "Features:", ...offered, "End");
}

/** The older command for a hash: `SHA-256` has XSHA256, `CRC32` has XCRC. */
function xName(hash: string): string {
  return hash === "CRC32" ? "XCRC" : "X" + hash.replace("-", "");
}

async function opts(session: Session, argument: string): Promise<void> {
  const { features } = session.context;
  const [, name = "", value = ""] = /^(\S+)(?: (.*))?$/.exec(argument) ?? [];
  switch (name.toUpperCase()) {
    case "UTF8":
    case "UTF-8":
      if (!features.utf8) break;
      if (!/^(ON)?$/i.test(value)) throw new Refusal(504, "UTF8 stays on");
      return await session.reply(200, "UTF8 is on");
    case "MLST": { // RFC 3659 section 7.9
      if (!features.mlsd) break;
      const wanted = value.toLowerCase().split(";");
      session.facts = FACTS
        .filter((fact) => wanted.includes(fact.toLowerCase()));
      const facts = session.facts.map((fact) => `${fact};`).join("");
      return await session.reply(200, `MLST OPTS ${facts}`.trimEnd());
    }
    case "HASH": {
      if (features.hash.length === 0) break;
      const hash = value === "" ? session.hash : value.toUpperCase();
      if (!features.hash.includes(hash)) throw new Refusal(504, "Unknown hash");
      session.hash = hash;
      return await session.reply(200, hash);
    }
  }
  throw new Refusal(501, "Unknown option");
}

async function help(session: Session): Promise<void> {
  await session.reply(214, "RFC 959, 1123, 2389, 2428, 3659, 4217", "Help OK");
}

async function stat(session: Session): Promise<void> {
  await session.reply(
    211,
    "Status:",
    `Connected from ${session.remoteHostname}`,
    `Logged in as ${session.user}`,
    `TYPE: ${session.type}; STRU: F; MODE: S`,
    `Control connection is ${session.secure ? "private" : "in the clear"}`,
    "End",
  );
}

async function quit(session: Session): Promise<void> {
  session.ending = true;
  await session.reply(221, "Goodbye");
}

async function rein(session: Session): Promise<void> {
  session.logOut();
  await session.reply(220, "Ready for a new user");
}

/** By verb. */
export const ACCESS_COMMANDS: Record<string, Command> = {
  USER: user,
  PASS: pass,
  ACCT: acct,
  REIN: rein,
  QUIT: quit,
  AUTH: auth,
  PBSZ: pbsz,
  PROT: prot,
  CCC: ccc,
  FEAT: feat,
  OPTS: opts,
  HELP: help,
  NOOP: (session) => session.reply(200, "OK"),
  SYST: (session) => session.reply(215, "UNIX Type: L8"),
  ABOR: (session) => session.answerAbort(),
  STAT: (session, argument) =>
    argument === "" ? stat(session) : statPath(session, argument),
};
