/** Hosts that are this machine, whatever the port. Pure. */

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** A host as `URL` writes it, in lower case and an IPv6 address in brackets. */
export function isLoopbackHost(host: string): boolean {
  return LOOPBACK.test(host);
}
