/** By what a file is known again when it is chosen another time: a browser tells no more of it. */
const MARK = "browser";

export function fingerprintOf({ name, size, lastModified }: Pick<File, "name" | "size" | "lastModified">): string {
  return `${MARK} ${size} ${lastModified} ${name}`;
}

/** Whether an upload came from a browser, so that a file chosen here can continue it. */
export function isFromBrowser(fingerprint: string): boolean {
  return fingerprint.startsWith(`${MARK} `);
}
