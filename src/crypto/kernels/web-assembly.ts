/** The few words of WebAssembly that kernels use: TypeScript declares them for browsers only. */

interface WebAssemblyApi {
  readonly Memory: new (pages: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<string, Readonly<Record<string, object>>>>,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
}

const api = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;
export const Memory: WebAssemblyApi["Memory"] = api.Memory;
export const Module: WebAssemblyApi["Module"] = api.Module;
export const Instance: WebAssemblyApi["Instance"] = api.Instance;
