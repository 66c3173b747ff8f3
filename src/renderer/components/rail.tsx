import { Boxes, ChartColumn, CircleHelp, Clapperboard, LibraryBig, ListVideo, type LucideIcon, Monitor, Moon, Sun } from 'lucide-react'
import { counted } from '../../shared/size-text.ts'
import { useActivity } from '../stores/activity.ts'
import { type Theme, themes, useTheme } from '../stores/theme.ts'
import { useView, type View, views } from '../stores/view.ts'
import mark from '../tarsier.svg'
import { Hint } from './ui/hint.tsx'
import { IconButton } from './ui/icon-button.tsx'

export const viewItems: Readonly<Record<View, { readonly name: string; readonly icon: LucideIcon }>> = {
  clip: { name: 'Clip', icon: Clapperboard },
  library: { name: 'Library', icon: LibraryBig },
  batches: { name: 'Batches', icon: ListVideo },
  models: { name: 'Models', icon: Boxes },
  benchmarks: { name: 'Benchmarks', icon: ChartColumn },
  help: { name: 'Help', icon: CircleHelp },
}

/** Navigation between views, and the current activity of the service. */
export function Rail() {
  return (
    <aside className="flex w-20 shrink-0 flex-col items-center gap-1 border-r border-line bg-sunk/60 py-3">
      <img src={mark} alt="Tarsier Desktop" width="40" height="40" className="mb-3" />
      <nav aria-label="Main navigation" className="flex flex-col gap-1">
        {views.map((view) => (
          <ViewButton key={view} view={view} />
        ))}
      </nav>
      <div className="mt-auto flex flex-col items-center gap-2">
        <ActivityMark />
        <ThemeChoice />
      </div>
    </aside>
  )
}

function ViewButton({ view }: { readonly view: View }) {
  const current = useView((state) => state.view === view)
  const show = useView((state) => state.show)
  const activity = useActivity((state) => state.activity)
  const { name, icon: Icon } = viewItems[view]
  const busy = view === 'batches' ? (activity?.batches ?? 0) > 0 : view === 'models' && (activity?.jobs ?? 0) > 0
  return (
    <button
      type="button"
      aria-current={current ? 'page' : undefined}
      onClick={() => show(view)}
      className="relative flex w-18 flex-col items-center gap-0.5 rounded-xl px-0.5 py-2 text-[0.6875rem] font-medium text-quiet transition-colors hover:bg-sunk hover:text-text aria-[current]:bg-accent-soft aria-[current]:text-accent"
    >
      <Icon size={20} aria-hidden="true" strokeWidth={1.8} />
      {name}
      {busy && (
        <span className="absolute top-1.5 right-3 size-2 rounded-full bg-accent breathing">
          <span className="sr-only">, running</span>
        </span>
      )}
    </button>
  )
}

function ActivityMark() {
  const { activity, connected } = useActivity()
  if (!activity) return null
  const busy = activity.running !== 'nothing'
  const model = activity.model ? `${activity.model} is in memory.` : 'No model is in memory.'
  const text = connected
    ? `${model} ${busy ? 'It is generating an answer.' : 'Idle.'}${activity.waiting > 0 ? ` ${counted(activity.waiting, 'question')} waiting.` : ''}`
    : 'Tarsier does not respond.'
  const colour = connected ? (busy ? 'bg-accent breathing' : 'bg-good') : 'bg-danger'
  return (
    <Hint text={text} side="right">
      <button
        type="button"
        aria-label={text}
        className="grid size-8 place-items-center rounded-lg hover:bg-sunk"
        onClick={() => useView.getState().show('help')}
      >
        <span className={`size-2.5 rounded-full ${colour}`} />
      </button>
    </Hint>
  )
}

const labels = {
  system: { icon: Monitor, name: 'system' },
  light: { icon: Sun, name: 'light' },
  dark: { icon: Moon, name: 'dark' },
} as const

/** Button that cycles through the light, dark and system themes. */
function ThemeChoice() {
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
