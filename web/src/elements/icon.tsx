// Drawings of 24 by 24, in strokes of the text's colour. They say nothing to screen readers: what they stand on has a name.
const PATHS = {
  send: "M12 20V5m0 0-6 6m6-6 6 6",
  stop: "M7 7h10v10H7z",
  again: "M20 11A8 8 0 1 0 18 17M20 5v6h-6",
  edit: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  copy: "M9 9h10v11H9zM5 15V4h10",
  check: "M5 13l5 5L19 7",
  trash: "M5 7h14M10 4h4M7 7l1 13h8l1-13",
  plus: "M12 5v14M5 12h14",
  tune: "M4 8h8m4 0h4M4 16h4m4 0h8M14 6a2 2 0 1 0 .01 0M10 14a2 2 0 1 0 .01 0",
  list: "M4 6h16M4 12h16M4 18h10",
  key: "M8 12a4 4 0 1 0 .01 0M11 13l9-9M16.5 7.5l3 3M13.5 10.5l2 2",
  close: "M6 6l12 12M18 6L6 18",
  down: "M12 5v14m0 0 6-6m-6 6-6-6",
  sun: "M12 8a4 4 0 1 0 .01 0M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5L19 19M19 5l-1.5 1.5M6.5 17.5L5 19",
  moon: "M20 14A8 8 0 1 1 10 4a6.5 6.5 0 0 0 10 10z",
  contrast: "M12 3a9 9 0 1 0 .01 0M12 3v18",
  save: "M12 4v11m0 0 5-5m-5 5-5-5M5 20h14",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
