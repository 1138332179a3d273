/**
 * Whether an address is this machine's own, so that nobody else can listen:
 * 127.0.0.0/8, also as IPv6 has it, and ::1. A name is no address: what it
 * stands for is for others to say.
 */
export function isLoopback(address: string): boolean {
  return address === "::1" || /^(::ffff:)?127(\.\d{1,3}){3}$/.test(address);
}
