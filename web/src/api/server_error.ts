// What went wrong with a request, in words for people.

export class ServerError extends Error {
  constructor(
    /** HTTP status; 0: the server was not reached. */
    readonly status: number,
    message: string,
    readonly retryAfterSeconds?: number,
  ) {
    super(message);
    this.name = "ServerError";
  }
}

/** The message in an error document of any of the server's dialects. */
export function messageIn(text: string): string {
  try {
    const document = JSON.parse(text) as { error?: unknown };
    const error = document.error;
    if (typeof error === "string") return error;
    if (error && typeof error === "object" && "message" in error) return String(error.message);
  } catch {
    // not JSON: a proxy's own page, for example
  }
  return text.trim().startsWith("<") ? "" : text.trim().slice(0, 300);
}

export interface Explanation {
  title: string;
  detail: string;
  needsKey: boolean;
}

const TITLES: Record<number, string> = {
  0: "The server cannot be reached",
  401: "This server needs an API key",
  403: "This is not allowed",
  404: "The server does not have this",
  413: "This is too long for the server",
  429: "Too many requests",
  503: "The server is busy",
};

const ADVICE: Record<number, string> = {
  0: "Is it still running? Your conversation is kept; try again in a moment.",
  401: "Enter a key that was made with adze serve --add-key.",
};

export function explain(error: unknown): Explanation {
  if (!(error instanceof ServerError)) {
    return { title: "Something went wrong", detail: error instanceof Error ? error.message : String(error), needsKey: false };
  }
  const waits = error.retryAfterSeconds ? ` Try again in ${error.retryAfterSeconds} s.` : "";
  return {
    title: TITLES[error.status] ?? (error.status >= 500 ? "The server failed" : "The server refused this"),
    detail: (ADVICE[error.status] ?? error.message) + waits,
    needsKey: error.status === 401,
  };
}
