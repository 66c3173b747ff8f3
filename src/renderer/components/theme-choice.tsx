import { Monitor, Moon, Sun } from 'lucide-react'
import { type Theme, themes, useTheme } from '../stores/theme.ts'
import { IconButton } from './ui/icon-button.tsx'

const labels = {
  system: { icon: Monitor, name: 'system' },
  light: { icon: Sun, name: 'light' },
  dark: { icon: Moon, name: 'dark' },
} as const

/** Button that cycles through the light, dark and system themes. */
export function ThemeChoice() {
  const { theme, choose } = useTheme()
  const next = themes[(themes.indexOf(theme) + 1) % themes.length] as Theme
  return (
    <IconButton
      icon={labels[theme].icon}
      label={`Colour theme: ${labels[theme].name}. Switch to ${labels[next].name}`}
      side="right"
      onClick={() => choose(next)}
    />
  )
}
