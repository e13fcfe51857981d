// Owns the theme: what was chosen, remembered, and what it comes to on this screen. `data-theme` on <html> is always
// `light` or `dark`, so that style sheets and canvases need to look nowhere else.

export const THEME_CHOICES = ['system', 'light', 'dark'] as const;
export type ThemeChoice = (typeof THEME_CHOICES)[number];

const KEPT_AS = 'yardmaster-theme';

/** The choice that was remembered; `system` without one, or where nothing may be remembered. */
export function themeChoice(): ThemeChoice {
  try {
    const kept = localStorage.getItem(KEPT_AS);
    return THEME_CHOICES.find((choice) => choice === kept) ?? 'system';
  } catch {
    return 'system';
  }
}

/** Remembers a choice and applies it. */
export function chooseTheme(choice: ThemeChoice): void {
  try {
    localStorage.setItem(KEPT_AS, choice);
  } catch {
    // It lasts as long as the page then.
  }
  applyTheme(choice);
}

/** Applies what was chosen now, and follows the screen for as long as the page lives. */
export function followTheme(): void {
  const screenTheme = matchMedia('(prefers-color-scheme: dark)');
  screenTheme.addEventListener('change', () => applyTheme(themeChoice()));
  // Another page of this dashboard changed it.
  addEventListener('storage', () => applyTheme(themeChoice()));
  applyTheme(themeChoice());
}

function applyTheme(choice: ThemeChoice): void {
  const isDark = choice === 'system' ? matchMedia('(prefers-color-scheme: dark)').matches : choice === 'dark';
  document.documentElement.dataset.theme = isDark ? 'dark' : 'light';
}

/** Calls back whenever the theme becomes another, until the result is called. */
export function onThemeChange(changed: () => void): () => void {
  const watcher = new MutationObserver(changed);
  watcher.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  return () => watcher.disconnect();
}
