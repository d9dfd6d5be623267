/** The few words of WebAssembly that kernels use: TypeScript declares them for browsers only. */

interface WebAssemblyApi {
  readonly Memory: new (pages: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<string, Readonly<Record<string, object>>>>,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
  readonly validate: (bytes: Uint8Array) => boolean;
}

const api = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;
export const Memory: WebAssemblyApi["Memory"] = api.Memory;
export const Module: WebAssemblyApi["Module"] = api.Module;
export const Instance: WebAssemblyApi["Instance"] = api.Instance;
/** Whether this machine's engine runs the module: older ones lack SIMD or its relaxed instructions. */
export const validate: WebAssemblyApi["validate"] = api.validate;
/** Memory comes in pages of so many bytes. */
export const PAGE_BYTES = 65_536;
