/** What keeping things in a mesh needs of a joined one; `mesh-node.ts` gives it. */
import type { Clock } from "../../core/clock.ts";
import type { Note } from "../ledger/entry.ts";
import type { MeshKeys } from "../mesh-keys.ts";
import type { ObjectManifests } from "../objects/object-manifests.ts";
import type { ObjectReader } from "../objects/object-reader.ts";
import type { ObjectWriter } from "../objects/object-writer.ts";
import type { Caretaker } from "../repair/caretaker.ts";
import type { Exchange, Records, Roster } from "../rooms.ts";

export interface MeshEngine {
  readonly roster: Roster;
  readonly records: Records;
  /** In the name of the owner whose keys these are. */
  readonly exchange: Exchange;
  readonly writer: Pick<ObjectWriter, "write" | "redundancy">;
  readonly reader: Pick<ObjectReader, "read">;
  readonly manifests: Pick<ObjectManifests, "find" | "publish" | "rootOf" | "locatorOf">;
  /** Into the ledger of what is signed on this machine in the owner's name. */
  readonly note: Note;
  /** Looks after objects while this machine runs. */
  readonly caretaker: Pick<Caretaker, "care" | "end">;
}

/** A joined mesh, and the keys of the person in whose name it works. */
export interface Owning {
  readonly engine: MeshEngine;
  readonly keys: MeshKeys;
  readonly clock: Clock;
}
