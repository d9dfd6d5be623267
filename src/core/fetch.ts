/** What rooms ask of the web. Where the bytes leave is not their business: it is handed in. */

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;
