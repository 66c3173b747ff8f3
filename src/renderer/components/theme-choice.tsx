import { themes, useTheme } from '../stores/theme.ts'

export function ThemeChoice() {
  const { theme, choose } = useTheme()
  return (
    <fieldset className="themes">
      <legend>Appearance</legend>
      {themes.map((name) => (
        <label key={name}>
          <input type="radio" name="theme" value={name} checked={theme === name} onChange={() => choose(name)} />
          <span>{name}</span>
        </label>
      ))}
    </fieldset>
  )
}
