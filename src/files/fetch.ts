/** What this layer asks of the web. Where the bytes leave is not its business: it is handed in. */

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;
