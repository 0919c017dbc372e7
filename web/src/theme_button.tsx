import { Icon, type IconName } from "./elements/icon.tsx";
import { useObserved } from "./observable.ts";
import { nextTheme, theme, type Theme } from "./theme.ts";

const LOOKS: Record<Theme, { icon: IconName; name: string }> = {
  system: { icon: "contrast", name: "as the system has it" },
  light: { icon: "sun", name: "light" },
  dark: { icon: "moon", name: "dark" },
};

export function ThemeButton() {
  const { icon, name } = LOOKS[useObserved(theme)];
  return (
    <button type="button" class="quiet" onClick={nextTheme} aria-label={`Colours: ${name}`} title={`Colours: ${name}`}>
      <Icon name={icon} />
    </button>
  );
}
