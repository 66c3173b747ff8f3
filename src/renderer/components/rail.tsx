import {
  Boxes,
  ChartColumn,
  CircleHelp,
  Clapperboard,
  LibraryBig,
  ListVideo,
  type LucideIcon,
  Monitor,
  Moon,
  Settings,
  Sun,
} from 'lucide-react'
import { t } from '../../shared/text.ts'
import { viewNames } from '../lib/view-names.ts'
import { useActivity } from '../stores/activity.ts'
import { usePanel } from '../stores/panel.ts'
import { type Theme, themes, useTheme } from '../stores/theme.ts'
import { useView, type View, views } from '../stores/view.ts'
import mark from '../tarsier.svg'
import { Hint } from './ui/hint.tsx'
import { IconButton } from './ui/icon-button.tsx'

const icons: Readonly<Record<View, LucideIcon>> = {
  clip: Clapperboard,
  library: LibraryBig,
  batches: ListVideo,
  models: Boxes,
  benchmarks: ChartColumn,
  help: CircleHelp,
}

/** Navigation between views: a column at the left, or a bar at the bottom of a narrow window. */
export function Rail() {
  return (
    <aside className="flex shrink-0 items-center justify-between gap-1 border-line bg-ground max-wide:order-last max-wide:border-t max-wide:px-2 max-wide:py-1 wide:w-14 wide:flex-col wide:border-r wide:py-2.5">
      <img src={mark} alt="Tarsier Desktop" width="34" height="34" className="mb-3 max-wide:hidden" />
      <nav aria-label={t('Main navigation')} className="flex gap-1.5 max-wide:flex-1 max-wide:justify-around wide:flex-col">
        {views.map((view) => (
          <ViewButton key={view} view={view} />
        ))}
      </nav>
      <div className="flex items-center gap-1 wide:mt-auto wide:flex-col">
        <ThemeChoice />
        <IconButton
          icon={Settings}
          label={t('Settings')}
          side="rail"
          aria-haspopup="dialog"
          onClick={() => usePanel.getState().showSettings(true)}
          className="size-10"
        />
      </div>
    </aside>
  )
}

function ViewButton({ view }: { readonly view: View }) {
  const current = useView((state) => state.view === view)
  const show = useView((state) => state.show)
  const activity = useActivity((state) => state.activity)
  const name = viewNames[view]
  const Icon = icons[view]
  const busy = view === 'batches' ? (activity?.batches ?? 0) > 0 : view === 'models' && (activity?.jobs ?? 0) > 0
  return (
    <Hint text={name} side="rail">
      <button
        type="button"
        aria-label={busy ? t('{name}, running', { name }) : name}
        aria-current={current ? 'page' : undefined}
        onClick={() => show(view)}
        className="relative grid size-10 place-items-center rounded-control text-quiet transition-colors hover:bg-sunk hover:text-text aria-[current]:bg-accent-soft aria-[current]:text-accent"
      >
        <Icon size={19} aria-hidden="true" strokeWidth={1.8} />
        {busy && <span className="breathing absolute top-1.5 right-1.5 size-2 rounded-full bg-accent" />}
      </button>
    </Hint>
  )
}

const labels = {
  system: { icon: Monitor, name: t('system') },
  light: { icon: Sun, name: t('light') },
  dark: { icon: Moon, name: t('dark') },
} as const

/** Button that cycles through the light, dark and system themes. */
function ThemeChoice() {
  const { theme, choose } = useTheme()
  const next = themes[(themes.indexOf(theme) + 1) % themes.length] as Theme
  return (
    <IconButton
      icon={labels[theme].icon}
      label={t('Colour theme: {now}. Switch to {next}', { now: labels[theme].name, next: labels[next].name })}
      side="rail"
      onClick={() => choose(next)}
      className="size-10"
    />
  )
}
