// The API key that a person entered: for this tab, or kept on this device.
const NAME = "adze.key";

export function readKey(): string {
  return sessionStorage.getItem(NAME) ?? localStorage.getItem(NAME) ?? "";
}

export function isKeyRemembered(): boolean {
  return localStorage.getItem(NAME) !== null;
}

export function writeKey(key: string, remember: boolean): void {
  sessionStorage.removeItem(NAME);
  localStorage.removeItem(NAME);
  if (key) (remember ? localStorage : sessionStorage).setItem(NAME, key);
}
