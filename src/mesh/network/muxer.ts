/**
 * yamux, whose errors stay within their connection.
 *
 * libp2p-yamux 8.0.1 tells the other side of a new stream a microtask after it made it. When the connection ends just then
 * (the other machine died, or hung up on purpose), that throws where nobody catches it, and Node ends the whole program:
 * any peer could end a node by leaving at the right moment. Here, a connection that takes no bytes is closed instead, and
 * all its streams with it.
 */
import { yamux } from "@chainsafe/libp2p-yamux";
import type { MessageStream, StreamMuxer, StreamMuxerFactory } from "@libp2p/interface";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";

/** Often enough for routers, which forget a connection that is silent. */
const KEEP_ALIVE_MS = 60_000;

/** For libp2p's `streamMuxers`. */
export function streamMuxer(): () => StreamMuxerFactory {
  const make = yamux({
    keepAliveInterval: KEEP_ALIVE_MS,
    streamOptions: { maxStreamWindowSize: MESH_LIMITS.lineBytes },
  });
  return () => {
    const factory = make();
    return {
      protocol: factory.protocol,
      createStreamMuxer: (connection): StreamMuxer => factory.createStreamMuxer(closingOnFailure(connection)),
    };
  };
}

/** The same object: `send` closes it when it throws, and says that it is full. */
function closingOnFailure(connection: MessageStream): MessageStream {
  const send = connection.send.bind(connection);
  connection.send = (bytes) => {
    try {
      return send(bytes);
    } catch (error) {
      connection.abort(error instanceof Error ? error : new Error("closed"));
      return false;
    }
  };
  return connection;
}
