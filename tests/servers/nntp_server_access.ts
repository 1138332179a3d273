/**
 * The commands of {@linkcode NntpServer} that sign in and change the
 * connection: AUTHINFO, STARTTLS and COMPRESS.
 *
 * @module
 */
import { plainServer, ScramServer } from "../../mail/sasl/server.ts";
import type { SaslServer } from "../../mail/sasl/types.ts";
import { toText } from "./nntp_server_channel.ts";
import type { Command, Session } from "./nntp_server_session.ts";
import { badSyntax, Refusal } from "./nntp_server_syntax.ts";

const MECHANISMS = ["SCRAM-SHA-256", "PLAIN"];

function mechanisms(session: Session): string[] {
  if (!session.offers("AUTHINFO", "SASL")) return [];
  return MECHANISMS.filter((name) => session.offers("SASL", name));
}

/** What may be used now (RFC 4643, RFC 4642 and RFC 8054, section 2.1 each). */
export function accessCapabilities(session: Session): string[] {
  const { channel, host, user } = session;
  const sasl = mechanisms(session);
  const lines: string[] = [];
  if (user === undefined && !channel.compressed && session.offers("AUTHINFO")) {
    const ways = [
      ...(session.offers("AUTHINFO", "USER") ? ["USER"] : []),
      ...(sasl.length > 0 ? ["SASL"] : []),
    ];
    lines.push(["AUTHINFO", ...ways].join(" "));
  }
  if (sasl.length > 0 && session.offers("AUTHINFO")) {
    lines.push(["SASL", ...sasl].join(" "));
  }
  const free = host.bridge && !channel.secure && user === undefined &&
    !channel.compressed;
  if (free && session.offers("STARTTLS")) lines.push("STARTTLS");
  if (!channel.compressed && session.offers("COMPRESS", "DEFLATE")) {
    lines.push("COMPRESS DEFLATE");
  }
  return lines;
}

/** AUTHINFO (RFC 4643 section 2, RFC 2980 section 3.1). */
async function authinfo(
  session: Session,
  args: string[],
  line: string,
): Promise<void> {
  session.demandReaderMode();
  const way = args[0]!.toUpperCase();
  const { old } = session.host.options;
  const known = way === "USER" || way === "PASS" || (way === "SASL" && !old);
  const offered = way === "SASL"
    ? mechanisms(session).length > 0
    : session.offers("AUTHINFO", "USER");
  if (!known || !offered) throw badSyntax("unknown way to sign in");
  if (session.user !== undefined) throw new Refusal(502, "Signed in already");
  if (session.channel.compressed) {
    throw new Refusal(502, "Not under compression");
  }
  if (args.length < 2) throw badSyntax("too few arguments");
  // Spaces are theirs where they stand.
  const rest = /^\s*\S+\s+\S+\s(.*)$/.exec(line)![1]!;
  if (way === "USER") {
    session.named = rest;
    return session.channel.say("381 Password required");
  }
  if (way === "PASS") return pass(session, rest);
  if (args.length > 3) throw badSyntax("too many arguments");
  session.named = undefined;
  await sasl(session, args[1]!.toUpperCase(), args[2]);
}

function pass(session: Session, password: string): void {
  const { host: { users, options }, named } = session;
  if (named === undefined) throw new Refusal(482, "Say AUTHINFO USER first");
  session.named = undefined;
  if (users.get(toText(named)) !== toText(password)) {
    throw new Refusal(options.old ? 482 : 481, "Wrong user or password");
  }
  enter(session, toText(named));
  session.channel.say("281 Authentication accepted");
}

function enter(session: Session, user: string): void {
  session.user = user;
}

/** An exchange as RFC 4643 section 2.4.2 frames it. */
async function sasl(
  session: Session,
  name: string,
  initial: string | undefined,
): Promise<void> {
  const mechanism = mechanismOf(session, name);
  let step = await mechanism.next(
    initial === undefined ? undefined : decode(initial),
  );
  while ("challenge" in step) {
    const { challenge } = step;
    if (isProof(challenge)) {
      // Success data goes with the success.
      step = await mechanism.next(new Uint8Array());
      if (!("user" in step)) break;
      enter(session, step.user);
      return session.channel.say(`283 ${challenge.toBase64()}`);
    }
    session.channel.say(`383 ${challenge.toBase64() || "="}`);
    const line = await session.channel.readLine();
    if (line === undefined || line === "*") throw new Refusal(481, "Given up");
    step = await mechanism.next(decode(line));
  }
  if (!("user" in step)) throw new Refusal(481, "Wrong user or password");
  enter(session, step.user);
  session.channel.say("281 Authentication accepted");
}

/** Whether it is SCRAM's server-final-message. */
function isProof(challenge: Uint8Array): boolean {
  return challenge[0] === 0x76 && challenge[1] === 0x3d;
}

function decode(text: string): Uint8Array {
  if (text === "=") return new Uint8Array();
  const whole =
    /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
  if (text === "" || !whole.test(text)) throw new Refusal(504, "Not base64");
  return Uint8Array.fromBase64(text);
}

function mechanismOf(session: Session, name: string): SaslServer {
  const { users, keys } = session.host;
  if (!mechanisms(session).includes(name)) {
    throw new Refusal(503, "Mechanism not recognized");
  }
  if (name === "PLAIN") {
    return plainServer((user, password) => users.get(user) === password);
  }
  return new ScramServer((user) => keys.get(user), new Uint8Array(16));
}

/** STARTTLS (RFC 4642 section 2.2). */
async function startTls(session: Session): Promise<void> {
  session.demandReaderMode();
  const { channel, host, user } = session;
  if (channel.secure || user !== undefined || channel.compressed) {
    throw new Refusal(502, "Not now");
  }
  if (!host.bridge) throw new Refusal(580, "Cannot start TLS");
  channel.say("382 Continue with TLS negotiation");
  await channel.acceptTls(host.bridge);
  session.forget();
}

/** COMPRESS (RFC 8054 section 2.2). */
async function compress(session: Session, [name]: string[]): Promise<void> {
  session.demandReaderMode();
  if (session.channel.compressed) throw new Refusal(502, "Compressed already");
  const algorithm = name!.toUpperCase();
  if (algorithm !== "DEFLATE" || !session.offers("COMPRESS", algorithm)) {
    throw new Refusal(503, "Compression algorithm not supported");
  }
  session.channel.say("206 Compression active");
  await session.channel.compress();
}

/** The commands by name. */
export const ACCESS: Record<string, Command> = {
  AUTHINFO: { args: [1, Infinity], open: true, run: authinfo },
  STARTTLS: { args: [0, 0], recent: true, open: true, run: startTls },
  COMPRESS: { args: [1, 1], recent: true, open: true, run: compress },
};
