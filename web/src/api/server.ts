// Requests to the server that this page came from.
import { Observable } from "../observable.ts";
import { readKey } from "./access_key.ts";
import { messageIn, ServerError } from "./server_error.ts";

/** Whether the last answer said that a key is needed, or that the one given is wrong; how often that was said. */
export const needsKey = new Observable(false);
export const keyRefusals = new Observable(0);

function headers(): Record<string, string> {
  const key = readKey();
  return key ? { authorization: `Bearer ${key}` } : {};
}

/** A response with success; anything else throws ServerError. An abort throws as fetch does. */
async function ask(path: string, options: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { ...options, credentials: "omit", redirect: "error" });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ServerError(0, "no connection");
  }
  if (response.ok) {
    if (readKey()) needsKey.value = false;
    return response;
  }
  if (response.status === 401) {
    needsKey.value = true;
    keyRefusals.value += 1;
  }
  const wait = Number(response.headers.get("retry-after"));
  throw new ServerError(response.status, messageIn(await response.text()), wait > 0 ? wait : undefined);
}

export async function getText(path: string, signal?: AbortSignal): Promise<string> {
  const response = await ask(path, { headers: headers(), ...(signal && { signal }) });
  return response.text();
}

export async function getJson(path: string, signal?: AbortSignal): Promise<unknown> {
  return JSON.parse(await getText(path, signal)) as unknown;
}

export function postJson(path: string, body: unknown, signal: AbortSignal): Promise<Response> {
  return ask(path, {
    method: "POST",
    headers: { ...headers(), "content-type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });
}
