// Numbers as people read them.

/** Three significant digits at most, without trailing zeros. */
function short(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return String(Number(value.toFixed(digits)));
}

/** 98362432 -> "98.4 MB". */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${short(value)} ${units[unit]}`;
}

/** 134515008 -> "135 M". */
export function formatCount(count: number): string {
  const units = ["", "k", "M", "G", "T"];
  let unit = 0;
  let value = count;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return unit === 0 ? short(value) : `${short(value)} ${units[unit]}`;
}

/** 8192 -> "8,192". */
export function formatWhole(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

/** 0.0123 -> "12.3 ms", 75 -> "1 min 15 s". */
export function formatSeconds(seconds: number): string {
  if (seconds < 0.9995) return `${short(seconds * 1000)} ms`;
  if (seconds < 60) return `${short(seconds)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** 23.456 -> "23.5". */
export function formatRate(perSecond: number): string {
  if (perSecond === 0) return "0";
  return perSecond >= 100 ? perSecond.toFixed(0) : perSecond.toFixed(1);
}

/** 0.051613 -> "0.0516": three significant digits, as divergences need them. */
export function formatSignificant(value: number): string {
  if (value === 0) return "0";
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

/** 0.8696 -> "87 %". */
export function formatShare(share: number): string {
  return `${(share * 100).toFixed(share > 0.995 && share < 1 ? 1 : 0)} %`;
}
