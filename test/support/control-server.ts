/**
 * A tor's control port as a script: it authenticates like Tor, and answers each command as the test says.
 *
 *   const server = await startControlServer(t, { answer: (line) => (line === "GETINFO version" ? ["250-version=1", "250 OK"] : null) });
 */
import { createHmac, randomBytes } from "node:crypto";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { atEnd, temporaryFolder } from "./cleanup.ts";

interface ControlScript {
  /** The lines of the reply to a command; null: none comes. Default: `250 OK`. */
  readonly answer?: (line: string) => readonly string[] | null;
  /** A cookie that the client does not have: the server's hash is wrong. */
  readonly liar?: boolean;
  /** In the place of everything: raw bytes to whatever is asked. */
  readonly raw?: (socket: Socket) => void;
}

export interface ControlServer {
  readonly place: { readonly path: string };
  readonly cookie: Uint8Array;
  /** What it was told after the authentication. */
  readonly commands: string[];
  /** What a liar was told. */
  readonly heard: string[];
  /** Writes lines to everybody who is connected. */
  say(...lines: readonly string[]): void;
  /** Cuts all connections. */
  cut(): void;
}

export async function startControlServer(t: TestContext, script: ControlScript = {}): Promise<ControlServer> {
  const cookie = randomBytes(32);
  const path = join(temporaryFolder(t), "control");
  const sockets = new Set<Socket>();
  const commands: string[] = [];
  const heard: string[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
    if (script.raw) {
      script.raw(socket);
      return;
    }
    const say = (lines: readonly string[]) => void socket.write(lines.map((line) => `${line}\r\n`).join(""));
    const session = { expected: "", open: false };
    readLines(socket, (line) => {
      heard.push(line);
      if (!session.open) {
        say(authenticate(line, script.liar ? randomBytes(32) : cookie, session));
        return;
      }
      commands.push(line);
      const reply = (script.answer ?? (() => ["250 OK"]))(line);
      if (reply) say(reply);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  atEnd(t, () => {
    cut();
    server.close();
  });
  const say = (...lines: readonly string[]) => {
    for (const socket of sockets) socket.write(lines.map((line) => `${line}\r\n`).join(""));
  };
  return { place: { path }, cookie, commands, heard, say, cut };
}

/** The server's half of SAFECOOKIE, written a second time so that a mistake of the client shows. */
function authenticate(line: string, cookie: Buffer, session: { expected: string; open: boolean }): string[] {
  const [keyword, method, value] = line.split(" ");
  if (keyword === "AUTHCHALLENGE" && method === "SAFECOOKIE" && value) {
    const nonce = randomBytes(32);
    const message = Buffer.concat([cookie, Buffer.from(value, "hex"), nonce]);
    const hash = (key: string) => createHmac("sha256", key).update(message).digest("hex").toUpperCase();
    session.expected = hash("Tor safe cookie authentication controller-to-server hash").toLowerCase();
    const serverHash = hash("Tor safe cookie authentication server-to-controller hash");
    return [`250 AUTHCHALLENGE SERVERHASH=${serverHash} SERVERNONCE=${nonce.toString("hex").toUpperCase()}`];
  }
  session.open = keyword === "AUTHENTICATE" && method?.toLowerCase() === session.expected && session.expected !== "";
  return session.open ? ["250 OK"] : ["515 Authentication failed"];
}

function readLines(socket: Socket, take: (line: string) => void): void {
  let rest = "";
  socket.on("data", (bytes) => {
    const lines = (rest + String(bytes)).split("\r\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
  });
}
