import { create } from 'zustand'

export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

const STORAGE_KEY = 'tarsier-theme'

interface ThemeState {
  readonly theme: Theme
  readonly choose: (theme: Theme) => void
}

/** Colour theme: light, dark or the system's. Stored on this device. */
export const useTheme = create<ThemeState>((set) => ({
  theme: themes.find((theme) => theme === localStorage.getItem(STORAGE_KEY)) ?? 'system',
  choose: (theme) => {
    localStorage.setItem(STORAGE_KEY, theme)
    set({ theme })
  },
}))

/** Updates the attribute that the style sheet uses when the theme changes. */
export function followTheme(element: HTMLElement): void {
  const apply = ({ theme }: ThemeState) => {
    element.dataset.theme = theme
    window.tarsier?.setTheme(theme)
  }
  apply(useTheme.getState())
  useTheme.subscribe(apply)
}
