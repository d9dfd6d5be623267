/** A kernel that was built twice: with relaxed SIMD instructions, and without them for engines that lack those. */
import { fromBase64Url } from "../../core/bytes.ts";
import { Module, validate } from "./web-assembly.ts";

export type Simd = "relaxed-simd" | "simd";

/** The same kernel in both builds, base64url. Each is compiled once, when it is first asked for. */
export class SimdKernel {
  readonly #texts: Readonly<Record<Simd, string>>;
  readonly #compiled = new Map<Simd, object | null>();

  constructor(texts: Readonly<Record<Simd, string>>) {
    this.#texts = texts;
  }

  /** The builds that this engine runs, fastest first. */
  builds(): Simd[] {
    const all: readonly Simd[] = ["relaxed-simd", "simd"];
    return all.filter((simd) => this.module(simd) !== null);
  }

  /** Null where the engine does not know its instructions. */
  module(simd: Simd): object | null {
    const known = this.#compiled.get(simd);
    if (known !== undefined) return known;
    const bytes = fromBase64Url(this.#texts[simd]);
    const module = validate(bytes) ? new Module(bytes) : null;
    this.#compiled.set(simd, module);
    return module;
  }
}
