/**
 * Small signed things that everybody hears, over gossip: announcements of nodes, heads of logs, what agents say.
 *
 *   publish(bytes) ~> each node: judge(bytes) -> "take": told to listeners, and passed on
 *                                             -> "ignore": neither, and nobody is blamed (known, too often)
 *                                             -> "reject": neither, and who passed it on loses standing
 *
 * Messages carry no sender: what counts is signed inside, and a message is known by its hash.
 */
import type { GossipSub } from "@libp2p/gossipsub";
import { TopicValidatorResult } from "@libp2p/gossipsub";
import { NetworkError, UsageError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";

export const TOPICS = ["nodes", "heads", "agents"] as const;
export type TopicName = (typeof TOPICS)[number];

export type Verdict = "take" | "ignore" | "reject";

export interface Topic {
  /** To all who are there. Throws NetworkError `mesh_unreachable` if nobody is, UsageError `message_too_long` beyond MESH_LIMITS.gossipBytes. */
  publish(bytes: Uint8Array): Promise<void>;
  /** Neighbours that joined it. */
  listeners(): number;
  /** What was judged "take", once each; not what this node published. Returns how to stop listening. */
  onMessage(listener: (bytes: Uint8Array) => void): () => void;
}

export function topicText(name: TopicName): string {
  return `/nocturne/gossip/${name}/1`;
}

const RESULTS = {
  take: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
} as const;

/** Joins the topic. `judge` is quick, and never throws. */
export function joinTopic(gossip: GossipSub, name: TopicName, judge: (bytes: Uint8Array) => Verdict): Topic {
  const topic = topicText(name);
  gossip.topicValidators.set(topic, (_, { data }) =>
    data.length > MESH_LIMITS.gossipBytes ? TopicValidatorResult.Reject : RESULTS[judge(new Uint8Array(data))],
  );
  gossip.subscribe(topic);
  return {
    publish: async (bytes) => {
      if (bytes.length > MESH_LIMITS.gossipBytes) {
        throw new UsageError("message_too_long", "This is too long to be told to the whole mesh.");
      }
      const { recipients } = await gossip.publish(topic, bytes);
      if (recipients.length === 0)
        throw new NetworkError("mesh_unreachable", "No node of the mesh is there to hear this.");
    },
    listeners: () => gossip.getSubscribers(topic).length,
    onMessage: (listener) => {
      const heard = ({ detail }: { detail: { topic: string; data: Uint8Array } }): void => {
        if (detail.topic === topic) listener(new Uint8Array(detail.data));
      };
      gossip.addEventListener("message", heard);
      return () => gossip.removeEventListener("message", heard);
    },
  };
}
