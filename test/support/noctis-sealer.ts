/** The payload that `src/files/sealing.ts` writes under noctis-256, in one stream and one thread: both must agree. */
import { concatBytes } from "../../src/core/bytes.ts";
import { type ByteTransform, ChunkedSealer } from "../../src/crypto/chunked-stream.ts";
import { beginNoctisPayload, noctisCipher } from "../../src/crypto/noctis-payload.ts";
import { PayloadSealer } from "../../src/crypto/payload.ts";

/** As `PayloadSealer`: write `header` (of the outer payload) first, then what `update` and `finish` return. */
export class NoctisPayloadSealer implements ByteTransform {
  readonly header: Uint8Array;
  readonly #outer: PayloadSealer;
  readonly #inner: ChunkedSealer;
  /** Inner bytes that the outer payload has not taken yet: the prefix, until the first call. */
  #prefix: Uint8Array;

  constructor(key: Uint8Array, context: Uint8Array) {
    const { outerKey, innerKey, prefix } = beginNoctisPayload(key);
    this.#outer = new PayloadSealer(outerKey, context);
    this.header = this.#outer.header;
    this.#prefix = prefix;
    this.#inner = new ChunkedSealer(noctisCipher(innerKey, prefix));
  }

  update(data: Uint8Array): Uint8Array {
    return this.#outer.update(this.#withPrefix(this.#inner.update(data)));
  }

  finish(): Uint8Array {
    const last = this.#outer.update(this.#withPrefix(this.#inner.finish()));
    return concatBytes(last, this.#outer.finish());
  }

  #withPrefix(inner: Uint8Array): Uint8Array {
    if (this.#prefix.length === 0) return inner;
    const joined = concatBytes(this.#prefix, inner);
    this.#prefix = new Uint8Array(0);
    return joined;
  }
}
