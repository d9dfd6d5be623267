/**
 * The SOCKS5 side of a window's proxy (RFC 1928, 1929): names go to the route as they are, CONNECT is the only command.
 *
 * The protocol is the package's; it leaves three things to do here. It has no time-outs (the proxy has). Its own handler of
 * connections goes straight to the target, so it is replaced before the first connection. And it lets the client's bytes
 * flow before anybody listens.
 */
import type { Duplex } from "node:stream";
import { Socks5Server } from "@pondwader/socks5-server";
import { NetworkError, PolicyError } from "../../core/errors.ts";
import { type Admission, isKnown } from "./admission.ts";
import type { BrowseDialer } from "./browse-dialer.ts";
import { join } from "./join.ts";

type Handler = Socks5Server["connectionHandler"];
type Status = Parameters<Parameters<Handler>[1]>[0];

/** Takes accepted connections. `greeted` is told of each whole request. */
export function createSocksDoor(
  dialer: BrowseDialer,
  admission: Admission,
  greeted: (connection: Duplex) => void,
): (connection: Duplex) => void {
  const server = new Socks5Server();
  server.supportedCommands = new Set(["connect", "bind", "udp"]); // the package's own refusal is cut short
  if (admission.kind === "password") {
    server.setAuthHandler(({ username, password }) => isKnown(admission, username, password));
  }
  server.setConnectionHandler((connection, answer) => {
    greeted(connection.socket);
    queueMicrotask(() => connection.socket.pause()); // after the package's resume, before a byte flows
    if (connection.command === "connect") void connect(dialer, connection, answer);
    else answer("COMMAND_NOT_SUPPORTED");
  });
  // oxlint-disable-next-line no-underscore-dangle -- the package offers it for connections that others accepted
  return (connection) => void server._handleConnection(connection);
}

async function connect(
  dialer: BrowseDialer,
  { socket, destAddress, destPort }: Parameters<Handler>[0],
  answer: Parameters<Handler>[1],
): Promise<void> {
  const gone = new AbortController();
  const leave = () => gone.abort();
  socket.once("close", leave);
  try {
    const far = await dialer.dial(destAddress, destPort, gone.signal);
    socket.off("close", leave);
    answer("REQUEST_GRANTED");
    join(socket, far);
  } catch (error) {
    answer(statusOf(error));
  }
}

function statusOf(error: unknown): Status {
  if (error instanceof NetworkError) return error.code === "route_down" ? "NETWORK_UNREACHABLE" : "HOST_UNREACHABLE";
  if (error instanceof PolicyError && error.code !== "route_missing") return "CONNECTION_NOT_ALLOWED";
  return "GENERAL_FAILURE";
}
