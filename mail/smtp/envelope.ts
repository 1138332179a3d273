/** What the caller's envelope may hold: looked at before anything is sent. */
import { checkAddress, type EnvelopeAddress } from "./address.ts";
import type { SmtpEnvelope } from "./types.ts";

/** An envelope that was looked at. */
export interface CheckedEnvelope {
  from: EnvelopeAddress;
  to: EnvelopeAddress[];
  options: SmtpEnvelope;
}

/** Refuses what does not fit with a `TypeError`. */
export function checkEnvelope(envelope: SmtpEnvelope): CheckedEnvelope {
  const { from, to, body, size } = envelope;
  if (typeof from !== "string") fail("from", from);
  const recipients = typeof to === "string" ? [to] : to;
  if (!Array.isArray(recipients) || recipients.length === 0) {
    throw new TypeError("Cannot send: there is no recipient");
  }
  for (const one of recipients) if (typeof one !== "string") fail("to", one);
  const checked = {
    from: checkAddress("the sender", from),
    to: recipients.map((one) => checkAddress("a recipient", one)),
    // The caller may use his for the next message before this one is sent.
    options: structuredClone(envelope),
  };
  if (checked.to.some(({ address }) => address === "")) {
    throw new TypeError("Cannot send: a recipient is empty");
  }
  if (body && !["7bit", "8bitmime", "binarymime"].includes(body)) {
    fail("body", body);
  }
  if (size !== undefined && !(Number.isSafeInteger(size) && size >= 0)) {
    fail("size", size);
  }
  checkOptions(envelope);
  checkDsn(envelope, recipients);
  return checked;
}

function checkOptions(envelope: SmtpEnvelope): void {
  const { deliverBy, priority, mailOptions = [], rcptOptions = [] } = envelope;
  if (priority !== undefined) {
    const fits = Number.isInteger(priority) && Math.abs(priority) <= 9;
    if (!fits) fail("priority", priority);
  }
  if (deliverBy) {
    const { seconds, mode } = deliverBy;
    if (mode !== "notify" && mode !== "return") fail("deliverBy.mode", mode);
    // RFC 2852 section 4: nine digits, and nothing to return a message at once.
    const fits = Number.isInteger(seconds) && Math.abs(seconds) < 1e9 &&
      (mode === "notify" || seconds > 0);
    if (!fits) fail("deliverBy.seconds", seconds);
  }
  for (const list of [mailOptions, rcptOptions]) {
    if (!Array.isArray(list)) fail("mailOptions or rcptOptions", list);
  }
  for (const option of [...mailOptions, ...rcptOptions]) {
    // esmtp-param of RFC 5321 section 4.1.2, with UTF-8 (RFC 6531).
    if (!/^[a-z\d][a-z\d-]*(=[^\s=\p{Cc}]+)?$/iu.test(option)) {
      fail("mailOptions or rcptOptions", option);
    }
  }
  if (mailOptions.some((option) => /^BODY=BINARYMIME$/i.test(option))) {
    throw new TypeError(
      'Cannot send with mailOptions BODY=BINARYMIME: use body: "binarymime"',
    );
  }
}

function checkDsn({ dsn }: SmtpEnvelope, recipients: string[]): void {
  if (!dsn) return;
  const { ret, envId, notify, orcpt } = dsn;
  if (ret && ret !== "full" && ret !== "headers") fail("dsn.ret", ret);
  // RFC 3461 section 4.4.
  if (envId !== undefined && !/^[ -~]{1,100}$/.test(envId)) {
    fail("dsn.envId", envId);
  }
  const events = ["success", "failure", "delay"];
  const fits = notify === undefined || notify === "never" ||
    (Array.isArray(notify) && notify.length > 0 &&
      notify.every((one) => events.includes(one)));
  if (!fits) fail("dsn.notify", notify);
  for (const [recipient, original] of Object.entries(orcpt ?? {})) {
    if (!recipients.includes(recipient)) fail("dsn.orcpt for", recipient);
    if (!/^[^\p{Cc}]{1,500}$/u.test(original)) fail("dsn.orcpt", original);
  }
}

function fail(name: string, value: unknown): never {
  throw new TypeError(`Cannot send with ${name} ${JSON.stringify(value)}`);
}
