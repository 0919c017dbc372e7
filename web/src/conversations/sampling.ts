// The settings that a person can make about answers: one table, from which the form and requests are made.

export interface Setting {
  name: SettingName;
  label: string;
  help: string;
  minimum: number;
  maximum: number;
  isWhole?: boolean;
}

export type SettingName = "temperature" | "top_p" | "top_k" | "min_p" | "repeat_penalty" | "max_tokens" | "seed";
/** What is absent is left to the model's own defaults. */
export type Sampling = Partial<Record<SettingName, number>>;

export const SETTINGS: readonly Setting[] = [
  { name: "temperature", label: "Temperature", help: "0 always takes the likeliest token; more is more varied", minimum: 0, maximum: 5 },
  { name: "top_p", label: "Top p", help: "keep the likeliest tokens that have this share together", minimum: 0, maximum: 1 },
  { name: "top_k", label: "Top k", help: "keep so many tokens; 0 keeps all", minimum: 0, maximum: 100000, isWhole: true },
  { name: "min_p", label: "Min p", help: "keep tokens with this share of the likeliest one's", minimum: 0, maximum: 1 },
  { name: "repeat_penalty", label: "Repeat penalty", help: "above 1 says less again what was said", minimum: 0.1, maximum: 3 },
  { name: "max_tokens", label: "Most tokens", help: "the longest answer; empty: what the context has room for", minimum: 1, maximum: 1000000, isWhole: true },
  { name: "seed", label: "Seed", help: "the same seed gives the same answer again", minimum: 0, maximum: 4294967295, isWhole: true },
];

/** A number, nothing for an empty text, or why it is neither. */
export function parseSetting(setting: Setting, text: string): number | undefined | { problem: string } {
  const trimmed = text.trim().replace(",", ".");
  if (trimmed === "") return undefined;
  const value = Number(trimmed);
  if (!Number.isFinite(value)) return { problem: `${setting.label} must be a number` };
  if (setting.isWhole && !Number.isInteger(value)) return { problem: `${setting.label} must be a whole number` };
  if (value < setting.minimum || value > setting.maximum) {
    return { problem: `${setting.label} must be from ${setting.minimum} to ${setting.maximum}` };
  }
  return value;
}

/** With the setting, or without it. */
export function withSetting(sampling: Sampling, name: SettingName, value: number | undefined): Sampling {
  const { [name]: _, ...others } = sampling;
  return value === undefined ? others : { ...others, [name]: value };
}
